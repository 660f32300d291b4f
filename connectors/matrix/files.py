"""A file as a message: what a client needs to draw it before it has the bytes. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from bridge.capabilities import MediaLimit, Thumbnail
from bridge.events import File, Kind
from connectors.matrix.content import PROFILE
from connectors.matrix.content_fields import words
from connectors.matrix.sealing import Handle, file_of, thumbnail_of

_TYPES = {Kind.IMAGE: "m.image", Kind.VIDEO: "m.video", Kind.AUDIO: "m.audio", Kind.VOICE: "m.audio"}
_NOT_CARRIED_OVER = frozenset(
    {"body", "format", "formatted_body", "m.mentions", "m.relates_to", "m.new_content", "org.qantara.origin", PROFILE}
)
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_DRAWN = {
    Kind.IMAGE: _PICTURES,
    Kind.STICKER: _PICTURES - {"image/jpeg"},
    Kind.VIDEO: frozenset({"video/*"}),
    Kind.AUDIO: frozenset({"audio/*"}),
    Kind.VOICE: frozenset({"audio/ogg", "audio/mp4", "audio/mpeg"}),
    Kind.FILE: frozenset({"*/*"}),
}
_THUMBNAIL = Thumbnail(max_side=800)
"""As large as clients draw a picture in a room; facts/platform-apis.md 3."""
_THUMBNAILED = frozenset({Kind.IMAGE, Kind.VIDEO, Kind.FILE})
STICKER = "m.sticker"


class Placed(Struct, frozen=True):
    """Where a file lies, and where its thumbnail does."""

    whole: Handle
    thumbnail: Handle | None = None


def kinds(most_bytes: int | None) -> Mapping[Kind, MediaLimit]:
    """What rooms show: any file up to what the homeserver takes, and the rest as what clients can draw or play."""
    return {
        Kind.LOCATION: MediaLimit(),
        Kind.POLL: MediaLimit(),
        **{kind: _limit(kind, mimes, most_bytes) for kind, mimes in _DRAWN.items()},
    }


def _limit(kind: Kind, mimes: frozenset[str], most_bytes: int | None) -> MediaLimit:
    return MediaLimit(mimes, most_bytes, thumbnail=_THUMBNAIL if kind in _THUMBNAILED else None)


def kind_of(file: File) -> str:
    """The type of the event that carries it."""
    return STICKER if file.kind is Kind.STICKER else "m.room.message"


def content(file: File, placed: Placed, caption: Mapping[str, Any]) -> dict[str, Any]:
    """The message of a file; `caption` are the fields of the words under it, a sticker has none."""
    where = {"info": {**_info(file), **_thumbnail(file.thumbnail, placed.thumbnail)}, **file_of(placed.whole)}
    if file.kind is Kind.STICKER:
        return {"body": file.alt or file.emoji or file.name, **where}
    named = {"msgtype": _TYPES.get(file.kind, "m.file"), "filename": file.name, **_words(caption, file.name)}
    return named | where | (_voice(file) if file.kind is Kind.VOICE else {})


def recaptioned(old: Mapping[str, Any], caption: Mapping[str, Any]) -> dict[str, Any]:
    """A message with a file whose words are others; the file stays."""
    kept = {name: value for name, value in old.items() if name not in _NOT_CARRIED_OVER}
    name = words(old, "filename") or words(old, "body")
    return kept | {"filename": name, **_words(caption, name)}


def _words(caption: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Body and filename differ where there is a caption, and only there (MSC2530)."""
    return dict(caption) if caption.get("body") else {"body": name}


def _info(file: File) -> dict[str, Any]:
    milliseconds = None if file.duration is None else round(file.duration * 1000)
    fields = {
        "mimetype": file.mime,
        "size": file.size,
        "w": file.width,
        "h": file.height,
        "duration": milliseconds,
        "is_animated": True if file.animated else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _thumbnail(file: File | None, handle: Handle | None) -> dict[str, Any]:
    if file is None or handle is None:
        return {}
    return {**thumbnail_of(handle), "thumbnail_info": _info(file)}


def _voice(file: File) -> dict[str, Any]:
    duration = {} if file.duration is None else {"duration": round(file.duration * 1000)}
    waveform = {"waveform": list(file.waveform)} if file.waveform else {}
    return {"org.matrix.msc3245.voice": {}, "org.matrix.msc1767.audio": {**duration, **waveform}}
