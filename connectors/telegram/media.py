"""Files to Telegram: which method takes which, what stands beside it, and what came back. Pure: no I/O, no state."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from bridge import Kind, MediaLimit, Thumbnail
from bridge.errors import Feature, Unsupported
from bridge.events import File

MAX_CAPTION: Final = 1024
MAX_ALBUM: Final = 10
PHOTO_MIB: Final = 10
ALBUMS: Final = (frozenset({Kind.IMAGE, Kind.VIDEO}), frozenset({Kind.FILE}), frozenset({Kind.AUDIO}))
_MIB: Final = 1024 * 1024
_LONGEST_SIDE: Final = 5000
"""Both sides together may have 10,000 pixels."""
_WIDEST: Final = 20
_THUMBNAIL: Final = Thumbnail(max_side=320, max_bytes=200_000)
"""Less than 200 kB, 320 pixels; only with a file that is uploaded; facts/platform-apis.md 4.3."""
_THUMBNAILED: Final = frozenset({"video", "animation", "document"})


class Form(Struct, frozen=True):
    """How one kind of file is sent: the method, the name of its parameter, and its type inside of an album."""

    method: str
    field: str
    type: str = ""


_ANIMATION: Final = Form("sendAnimation", "animation")
_FORMS: Final = {
    Kind.IMAGE: Form("sendPhoto", "photo", "photo"),
    Kind.VIDEO: Form("sendVideo", "video", "video"),
    Kind.AUDIO: Form("sendAudio", "audio", "audio"),
    Kind.VOICE: Form("sendVoice", "voice"),
    Kind.STICKER: Form("sendSticker", "sticker"),
    Kind.FILE: Form("sendDocument", "document", "document"),
}
_FACTS: Final = {
    "sendVideo": ("duration", "width", "height"),
    "sendAnimation": ("duration", "width", "height"),
    "sendAudio": ("duration",),
    "sendVoice": ("duration",),
    "sendSticker": ("emoji",),
}


def limits(upload_mib: int) -> Mapping[Kind, MediaLimit]:
    """What Telegram takes of each kind, with the largest upload of its server."""
    most = upload_mib * _MIB
    stills = frozenset({"image/jpeg", "image/png", "image/gif"})
    songs = frozenset({"audio/mpeg", "audio/mp4", "audio/x-m4a"})
    stickers = frozenset({"image/webp", "application/x-tgsticker", "video/webm"})
    return {
        Kind.IMAGE: MediaLimit(stills, min(most, PHOTO_MIB * _MIB), max_side=_LONGEST_SIDE, max_ratio=_WIDEST),
        Kind.VIDEO: MediaLimit(frozenset({"video/mp4"}), most, thumbnail=_THUMBNAIL),
        Kind.AUDIO: MediaLimit(songs, most),
        Kind.VOICE: MediaLimit(frozenset({"audio/ogg"}), most),
        Kind.STICKER: MediaLimit(stickers, 512 * 1024),
        Kind.FILE: MediaLimit(max_bytes=most, thumbnail=_THUMBNAIL),
    }


def form(file: File) -> Form:
    """How a file is sent by itself: what moves without a sound is an animation."""
    if file.animated and file.kind in {Kind.IMAGE, Kind.VIDEO}:
        return _ANIMATION
    if file.kind not in _FORMS:
        raise Unsupported(Feature.ATTACHMENT, f"the bridge sends no {file.kind} to Telegram")
    return _FORMS[file.kind]


def facts(file: File) -> dict[str, str]:
    """What may be said beside a file, as whole numbers; a document is to stay one."""
    how = form(file)
    told = {name: getattr(file, name) for name in _FACTS.get(how.method, ())}
    said = {name: value if isinstance(value, str) else str(round(value)) for name, value in told.items() if value}
    return {**said, "disable_content_type_detection": "true"} if how.field == "document" else said


def thumbnail(file: File) -> File | None:
    """What is shown of a file before it is there; photos and sound have none of ours."""
    return file.thumbnail if form(file).field in _THUMBNAILED else None


def item(file: File, media: str) -> dict[str, Any]:
    """One file of an album; an animation cannot stand in one, so a film without sound is a film there."""
    how = _FORMS.get(file.kind)
    if how is None or not how.type or file.mime == "image/gif":
        raise Unsupported(Feature.ATTACHMENT, f"Telegram takes no {file.mime} into an album")
    numbers = {name: round(value) for name in _FACTS.get(how.method, ()) if (value := getattr(file, name))}
    return {"type": how.type, "media": media, **numbers}


def natives(results: Sequence[Any]) -> list[int]:
    """The ids of the messages that came of a send; `TypeError` where the server says something else."""
    found = [one["message_id"] for one in results]
    if not all(isinstance(one, int) for one in found):
        raise TypeError("the id of what was sent is no number")
    return found


def file_id(result: Mapping[str, Any]) -> str | None:
    """The id under which the file of a sent message may be sent again; of a photo's sizes the largest."""
    for name in ("photo", "animation", "video", "audio", "voice", "sticker", "document"):
        found = result.get(name)
        if isinstance(found, list) and found:
            found = found[-1]
        if isinstance(found, dict) and isinstance(found.get("file_id"), str):
            return str(found["file_id"])
    return None
