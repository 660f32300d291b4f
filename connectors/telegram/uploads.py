"""Files on their way to Telegram: uploaded once, from then on sent by their id."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from bridge import Host, MessageId, Outgoing
from bridge.errors import Unsupported
from bridge.events import File
from connectors.telegram import media
from connectors.telegram.addresses import chat_id, reply_parameters, topic
from connectors.telegram.errors import translated
from connectors.telegram.files import DAYS_OF_AN_ID
from connectors.telegram.format import Formatted
from connectors.telegram.outgoing import native_entities
from connectors.telegram.wire import Upload, Wire

_ID_LIFE: Final = timedelta(days=DAYS_OF_AN_ID)
_ATTACHED: Final = "attach://"
_SMALL: Final = "s"
"""Behind the name of a file in a call: its thumbnail."""


class Sending(Struct, frozen=True):
    """The message that carries the files, and the words under the first of them."""

    message: Outgoing
    words: Formatted


class Uploads:
    """Sends files for one account; what was uploaded once is remembered by its content."""

    def __init__(self, host: Host, wire: Wire, base_url: str) -> None:
        self._host = host
        self._wire = wire
        self._base_url = base_url

    async def send(self, sending: Sending) -> tuple[MessageId, ...]:
        """One file by its own method, several as an album, which arrives as a whole or not at all."""
        files = sending.message.files
        known = {file.id: await self._host.recall(_name(file)) for file in files}
        try:
            return await self._try(sending, {name: value for name, value in known.items() if value})
        except Unsupported:
            if not any(known.values()) and not any(file.thumbnail for file in files):
                raise
        return await self._try(_plain(sending), {})  # an id may have died; the bytes have not

    async def _try(self, sending: Sending, known: Mapping[str, str]) -> tuple[MessageId, ...]:
        files = sending.message.files
        places = {file.id: known.get(file.id, f"{_ATTACHED}f{index}") for index, file in enumerate(files)}
        method, fields = _album(sending, places) if len(files) > 1 else _single(sending, places)
        uploads = {
            place.removeprefix(_ATTACHED): self._upload(one)
            for file in files
            for place, one in _attached(file, places[file.id])
        }
        results = await self._wire.send_files(f"{self._base_url}/{method}", fields, uploads)
        with translated():
            ids = media.natives(results)
        for file, result in zip(files, results, strict=False):
            if file.id not in known and (native := media.file_id(result)) is not None:
                await self._host.remember(_name(file), native, _ID_LIFE)
        return tuple(MessageId(str(one)) for one in ids)

    def _upload(self, file: File) -> Upload:
        return Upload(name=file.name, mime=file.mime, size=file.size, read=lambda: self._read(file))

    def _read(self, file: File) -> AsyncIterator[bytes]:
        return self._host.read(file)


def _plain(sending: Sending) -> Sending:
    """Without thumbnails: what was refused may have been one of them."""
    files = tuple(replace(file, thumbnail=None) for file in sending.message.files)
    return replace(sending, message=replace(sending.message, files=files))


def _single(sending: Sending, places: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    (file,) = sending.message.files
    how = media.form(file)
    caption = {} if how.field == "sticker" else _caption(sending.words)
    said = {name: value if isinstance(value, str) else json.dumps(value) for name, value in caption.items()}
    return how.method, {
        **_where(sending.message),
        how.field: places[file.id],
        **media.facts(file),
        **said,
        **_in_front(file, places[file.id]),
    }


def _album(sending: Sending, places: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    items = [media.item(file, place) | _in_front(file, place) for file, place in _placed(sending, places)]
    items[0] |= _caption(sending.words)
    return "sendMediaGroup", {**_where(sending.message), "media": json.dumps(items)}


def _placed(sending: Sending, places: Mapping[str, str]) -> Sequence[tuple[File, str]]:
    return [(file, places[file.id]) for file in sending.message.files]


def _attached(file: File, place: str) -> Sequence[tuple[str, File]]:
    """What is uploaded of a file, and where it stands in the call: nothing of one that is known by its id."""
    if not place.startswith(_ATTACHED):
        return ()
    small = media.thumbnail(file)
    return ((place, file),) if small is None else ((place, file), (f"{place}{_SMALL}", small))


def _in_front(file: File, place: str) -> dict[str, str]:
    """Where the thumbnail of a file stands in the call."""
    small = [at for at, one in _attached(file, place) if one is not file]
    return {"thumbnail": small[0]} if small else {}


def _caption(words: Formatted) -> dict[str, Any]:
    if not words.text:
        return {}
    entities = [one.to_dict() for one in native_entities(words.entities) or ()]
    return {"caption": words.text, **({"caption_entities": entities} if entities else {})}


def _where(message: Outgoing) -> dict[str, str]:
    """The parameters that say where a message goes, as a form has them."""
    thread, reply = topic(message.thread), reply_parameters(message.in_reply_to)
    return {
        "chat_id": str(chat_id(message.room)),
        **({} if thread is None else {"message_thread_id": str(thread)}),
        **({} if reply is None else {"reply_parameters": reply.to_json()}),
    }


def _name(file: File) -> str:
    """An id belongs to a way of sending: the same picture as a document has another."""
    return f"file {media.form(file).method} {file.sha256}"
