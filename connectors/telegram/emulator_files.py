"""Files in the emulated Bot API: what it takes, under which names it keeps them, and how a reader sees them."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from bridge.events import Kind
from bridge.testing.holdings import Filed
from connectors.telegram.emulator_rules import ApiError, Call, Limits, bad
from connectors.telegram.emulator_world import Json
from connectors.telegram.format import utf16

_PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8")
_PNG: Final = _PICTURES[1]
_MOST_PIXELS, _WIDEST = 10_000, 20
_FIELDS: Final = {
    "sendphoto": "photo",
    "sendvideo": "video",
    "sendanimation": "animation",
    "sendaudio": "audio",
    "sendvoice": "voice",
    "sendsticker": "sticker",
    "senddocument": "document",
}
METHODS: Final = frozenset(_FIELDS)
"""Methods that send one file."""
_KINDS: Final = {
    "photo": Kind.IMAGE,
    "video": Kind.VIDEO,
    "animation": Kind.VIDEO,
    "audio": Kind.AUDIO,
    "voice": Kind.VOICE,
    "sticker": Kind.STICKER,
    "document": Kind.FILE,
}
_TYPES: Final = {"photo", "video", "audio", "document"}
_THUMBNAILED: Final = {"video", "animation", "audio", "document"}
_MOST_THUMBNAIL: Final = 200_000
_ALONE: Final = {"audio", "document"}
_PATH: Final = re.compile(r"[a-z]+/file_\d+(\.\w+)?")
_STICKERS: Final = {b"RIFF": "image/webp", b"\x1f\x8b": "application/x-tgsticker", b"\x1aE\xdf\xa3": "video/webm"}


class Part(Struct, frozen=True):
    """A file inside of a request."""

    name: str
    mime: str
    data: bytes


class Stored(Struct, frozen=True):
    """A file that the server keeps; `field` is what it is: a photo, a document and so on."""

    field: str
    name: str
    mime: str
    data: bytes
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    emoji: str = ""
    moves: bool = False
    thumbnail: bytes = b""


class Files:
    """All files of the emulated server, by id; `uploaded` counts those that came with a request."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.stored: dict[str, Stored] = {}
        self.uploaded = 0

    def keep(self, file: Stored) -> str:
        """Store a file and name it."""
        name = f"BQAC{len(self.stored) + 1:06}"
        self.stored[name] = file
        return name

    def single(self, call: Call) -> Json:
        """The content of a message that one of the methods makes."""
        field = _FIELDS[call.method]
        return self.content(field, self._taken(field, call.fields.get(field), call, call.fields))

    def album(self, call: Call) -> list[tuple[Json, Json]]:
        """What each message of an album carries, and the item that asked for it."""
        items = call.items("media") or []
        if not 2 <= len(items) <= 10:
            raise bad("there must be 2-10 items in an album")
        types = {str(one.get("type")) for one in items}
        if unknown := types - _TYPES:
            raise bad(f"can't use media of the type {min(unknown)} in the album")
        if len(types) > 1 and types & _ALONE:
            raise bad("document and audio can't be mixed with other media types")
        kept = [self._taken(str(one["type"]), one.get("media"), call, one) for one in items]
        pairs = zip(items, kept, strict=True)
        return [(self.content(str(one["type"]), name), one) for one, name in pairs]

    def content(self, field: str, name: str) -> Json:
        """What a message with this file carries, as the Bot API tells it."""
        file = self.stored[name]
        body: Json = {"file_id": name, "file_unique_id": f"u{name}", "file_size": len(file.data)}
        size = {"width": file.width or 8, "height": file.height or 8}
        named = {"file_name": file.name, "mime_type": file.mime}
        timed = {"duration": round(file.duration or 0)}
        match field:
            case "photo":
                return {"photo": [{**body, "file_id": f"{name}-small", "width": 1, "height": 1}, {**body, **size}]}
            case "video":
                return {"video": {**body, **size, **timed, **named}}
            case "animation":
                return {"animation": {**body, **size, **timed, **named}, "document": {**body, **named}}
            case "audio":
                return {"audio": {**body, **timed, **named}}
            case "voice":
                return {"voice": {**body, **timed, "mime_type": file.mime}}
            case "sticker":
                drawn = {"is_animated": file.mime == "application/x-tgsticker", "is_video": file.mime == "video/webm"}
                emoji = {"emoji": file.emoji} if file.emoji else {}
                return {"sticker": {**body, **size, **drawn, **emoji, "type": "regular"}}
            case _:
                return {"document": {**body, **named}}

    def get_file(self, call: Call) -> Json:
        """`getFile`, with the largest size it gives."""
        name = call.text("file_id").removesuffix("-small")
        if not name:
            raise bad("file_id is empty")
        if (file := self.stored.get(name)) is None:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if len(file.data) > self._limits.download_bytes:
            raise bad("file is too big")
        path = f"{file.field}s/file_{list(self.stored).index(name)}"
        return {"file_id": name, "file_unique_id": f"u{name}", "file_size": len(file.data), "file_path": path}

    def at(self, path: str) -> bytes:
        """The bytes behind a path."""
        files = list(self.stored.values())
        if not _PATH.fullmatch(path) or int(path.rpartition("_")[2]) >= len(files):
            raise ApiError(404, "Not Found")
        return files[int(path.rpartition("_")[2])].data

    def held(self, content: Json, album: str) -> tuple[Filed, ...]:
        """The file of a message as a reader has it."""
        for field, kind in _KINDS.items():
            if field in content:
                body = content[field][-1] if field == "photo" else content[field]
                return (self._filed(kind, self.stored[body["file_id"]], album),)
        return ()

    @staticmethod
    def _filed(kind: Kind, file: Stored, album: str) -> Filed:
        return Filed(
            kind=kind, data=file.data, name=file.name, mime=file.mime, duration=file.duration, emoji=file.emoji,
            album=album, width=file.width, height=file.height, thumbnail=file.thumbnail,
        )  # fmt: skip

    def _taken(self, field: str, given: object, call: Call, beside: Mapping[str, Any]) -> str:
        """The id of a file that is known, or of one that came with the call."""
        if isinstance(given, str) and given.startswith("attach://"):
            given = call.fields.get(given.removeprefix("attach://"))
        if isinstance(given, Part):
            self.uploaded += 1
            return self.keep(replace(self._checked(field, given, beside), thumbnail=_thumbnail(field, call, beside)))
        if not isinstance(given, str) or not given:
            raise bad(f"there is no {field} in the request")
        if given.startswith("http"):
            raise bad("failed to get HTTP URL content")
        if (known := self.stored.get(given)) is None:
            raise bad("wrong file identifier/HTTP URL specified")
        if known.field != field:
            raise bad(f"type of file mismatch: can't use a file of the type {known.field} as {field}")
        return given

    def _checked(self, field: str, part: Part, beside: Mapping[str, Any]) -> Stored:
        if not part.data:
            raise bad("file must be non-empty")
        if len(part.data) > self._limits.upload_bytes:
            raise ApiError(413, "Request Entity Too Large")
        mime = part.mime
        if field == "photo":
            self._check_photo(part.data)
        if field == "sticker":
            mime = _sticker_type(part.data)
        return Stored(
            field, part.name, mime, part.data,
            duration=float(beside.get("duration") or 0) or None, emoji=str(beside.get("emoji") or ""),
            width=int(beside.get("width") or 0) or None, height=int(beside.get("height") or 0) or None,
        )  # fmt: skip

    def _check_photo(self, data: bytes) -> None:
        if len(data) > self._limits.photo_bytes:
            raise bad("file is too big")
        if not data.startswith(_PICTURES):
            raise bad("IMAGE_PROCESS_FAILED")
        if data.startswith(_PNG):
            width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
            if width + height > _MOST_PIXELS or max(width, height) > _WIDEST * min(width, height):
                raise bad("PHOTO_INVALID_DIMENSIONS")


def _thumbnail(field: str, call: Call, beside: Mapping[str, Any]) -> bytes:
    """What is to be shown before the file is there: a new file of this call, always."""
    given = beside.get("thumbnail")
    if isinstance(given, str):
        given = call.fields.get(given.removeprefix("attach://")) if given.startswith("attach://") else None
    if given is None and "thumbnail" not in beside:
        return b""
    if not isinstance(given, Part) or field not in _THUMBNAILED:
        raise bad("thumbnails can't be reused and can be uploaded only as a file")
    if not given.data.startswith(_PICTURES[0]) or len(given.data) >= _MOST_THUMBNAIL:
        raise bad("the thumbnail is no JPEG of less than 200 kB")
    return given.data


def caption(fields: Mapping[str, Any], limits: Limits) -> str:
    """The words under a file."""
    words = str(fields.get("caption") or "")
    if utf16(words.strip()) > limits.max_caption:
        raise bad("message caption is too long")
    return words


def entities(fields: Mapping[str, Any]) -> list[Json]:
    """How those words look."""
    given = fields.get("caption_entities") or []
    return json.loads(given) if isinstance(given, str) else list(given)


def sent_by_a_person(files: Files, one: Filed) -> Json:
    """What a client of a person makes of a file."""
    fields = {kind: field for field, kind in reversed(_KINDS.items())}
    if one.kind not in fields:
        raise NotImplementedError(f"nobody sends {one.kind} on Telegram")
    field = fields[one.kind]
    mime = "image/jpeg" if field == "photo" else one.mime
    name = files.keep(Stored(field, one.name, mime, one.data, one.duration, one.width, one.height, one.emoji))
    return files.content(field, name)


def _sticker_type(data: bytes) -> str:
    found = next((mime for beginning, mime in _STICKERS.items() if data.startswith(beginning)), None)
    if found is None:
        raise bad("wrong sticker file type")
    if len(data) > 512 * 1024:
        raise bad("STICKER_FILE_TOO_BIG")
    return found
