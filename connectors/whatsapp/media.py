"""Which files WhatsApp takes, and as what. Pure; facts/platform-apis.md 2.6 and 2.7."""

from collections.abc import Mapping
from typing import Final

from bridge import Feature, File, Kind, MediaLimit, Unsupported
from connectors.graph.wire import Json

MAX_CAPTION: Final = 1024
UNCAPTIONED: Final = frozenset({Kind.STICKER, Kind.AUDIO, Kind.VOICE})
_KIB: Final = 1024
_MIB: Final = 1024 * 1024
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
MIMES: Final[Mapping[str, frozenset[str]]] = {
    "image": frozenset({"image/jpeg", "image/png"}),
    "video": frozenset({"video/mp4", "video/3gpp"}),
    "audio": frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
    "sticker": frozenset({"image/webp"}),
    "document": frozenset({
        "text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint", f"{_OFFICE}.wordprocessingml.document", f"{_OFFICE}.spreadsheetml.sheet",
        f"{_OFFICE}.presentationml.presentation",
    }),
}  # fmt: skip
LIMITS: Final[Mapping[Kind, MediaLimit]] = {
    Kind.IMAGE: MediaLimit(MIMES["image"], 5 * _MIB),
    Kind.VIDEO: MediaLimit(MIMES["video"], 16 * _MIB),
    Kind.AUDIO: MediaLimit(MIMES["audio"], 16 * _MIB),
    Kind.VOICE: MediaLimit(frozenset({"audio/ogg"}), 16 * _MIB),
    # Those that move may have five times as much; which one does, nobody says beforehand.
    Kind.STICKER: MediaLimit(MIMES["sticker"], 100 * _KIB, max_side=512),
    Kind.FILE: MediaLimit(MIMES["document"], 100 * _MIB),
}
_TYPES: Final[Mapping[Kind, str]] = {
    Kind.IMAGE: "image",
    Kind.VIDEO: "video",
    Kind.AUDIO: "audio",
    Kind.VOICE: "audio",
    Kind.STICKER: "sticker",
    Kind.FILE: "document",
}


def type_of(file: File) -> str:
    """What WhatsApp calls a file of this kind."""
    if file.kind not in _TYPES:
        raise Unsupported(Feature.ATTACHMENT, f"the bridge sends no {file.kind} to WhatsApp")
    return _TYPES[file.kind]


def described(file: File, ident: str, caption: str) -> Json:
    """The part of a message that carries an uploaded file."""
    said: Json = {"id": ident}
    if caption and file.kind not in UNCAPTIONED:
        said["caption"] = caption
    if file.kind is Kind.FILE:
        said["filename"] = file.name
    if file.kind is Kind.VOICE:
        said["voice"] = True
    return said
