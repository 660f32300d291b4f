"""Files on their way to Telegram: uploaded once, from then on sent by their id."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct

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
            if not any(known.values()):
                raise
        return await self._try(sending, {})  # an id may have died; the bytes have not

    async def _try(self, sending: Sending, known: Mapping[str, str]) -> tuple[MessageId, ...]:
        files = sending.message.files
        places = {file.id: known.get(file.id, f"{_ATTACHED}f{index}") for index, file in enumerate(files)}
        method, fields = _album(sending, places) if len(files) > 1 else _single(sending, places)
        uploads = {
            places[file.id].removeprefix(_ATTACHED): self._upload(file) for file in files if file.id not in known
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


def _single(sending: Sending, places: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    (file,) = sending.message.files
    how = media.form(file)
    caption = {} if how.field == "sticker" else _caption(sending.words)
    said = {name: value if isinstance(value, str) else json.dumps(value) for name, value in caption.items()}
    return how.method, {**_where(sending.message), how.field: places[file.id], **media.facts(file), **said}


def _album(sending: Sending, places: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    items = [media.item(file, places[file.id]) for file in sending.message.files]
    items[0] |= _caption(sending.words)
    return "sendMediaGroup", {**_where(sending.message), "media": json.dumps(items)}


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
