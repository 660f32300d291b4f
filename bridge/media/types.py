"""What a file is, told by its first bytes and not by what anybody says. Pure: no I/O, no state.

The table knows what the bridge treats in a way of its own and what browsers might run; see
docs/decisions/types-by-a-table-of-our-own.md.
"""

from bridge.events import Kind

UNKNOWN = "application/octet-stream"
STRIPPED = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""Pictures that are opened: what they say of place and camera is taken out."""
UNOPENED = frozenset({"image/heic", "image/avif", "image/tiff"})
"""Pictures that nobody opens here, though they say where they were taken."""
OTHER_PICTURES = UNOPENED | {"image/bmp", "image/svg+xml"}
"""Pictures that are shown as files."""
_STILL = ("image/png", "image/jpeg")
_FILMS = ("video/quicktime", "video/3gpp", "video/x-matroska", "video/x-msvideo", "video/ogg")
FILMS = frozenset({"video/mp4", "video/webm", *_FILMS})
"""Films that can be encoded anew, so that a room takes them."""
_SOUND = ("audio/mpeg", "audio/ogg", "audio/mp4")
_MOVING = ("image/webp", "image/gif", *_STILL)
CONVERSIONS: dict[str, tuple[str, ...]] = {
    "image/webp": _STILL, "image/png": ("image/jpeg",), "image/gif": ("image/png",), "image/bmp": _STILL,
    "application/x-tgsticker": _MOVING, "video/webm": ("video/mp4", *_MOVING),
    **dict.fromkeys(_FILMS, ("video/mp4",)), **{one: tuple(to for to in _SOUND if to != one) for one in _SOUND},
    **dict.fromkeys(("audio/wav", "audio/flac", "audio/aac", "audio/amr", "audio/webm"), _SOUND),
}  # fmt: skip
"""What a type can be made into, the best first."""
MOVING_CONVERSIONS: dict[str, tuple[str, ...]] = {
    "image/webp": ("image/gif",), "image/gif": ("image/webp", "video/mp4"), "image/png": ("image/webp", "image/gif"),
    "video/mp4": ("image/gif", "image/webp"), "video/webm": ("video/mp4", "image/webp", "image/gif"),
    "application/x-tgsticker": ("image/webp", "image/gif"),
}  # fmt: skip
"""The same of what moves by itself, and goes on moving."""
_STARTS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"BM", "image/bmp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"SIMPLE  =", "application/fits"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"MThd", "audio/midi"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-executable"),
)
_BRANDS: dict[bytes, str] = {
    b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic", b"msf1": "image/heic", b"avif": "image/avif",
    b"avis": "image/avif", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"qt  ": "video/quicktime",
    b"3gp4": "video/3gpp", b"3gp5": "video/3gpp", b"3gp6": "video/3gpp",
}  # fmt: skip
_MARKUP = (
    (b"<svg", "image/svg+xml"),
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<script", "text/html"),
)
_CONTAINERS = {"application/zip", "application/gzip", "text/plain"}
"""What may well be what its sender says, in a coat that many wear."""
_NEVER_BELIEVED = ("image/", "video/", "audio/", "text/html", "application/xhtml", "multipart/")
EXTENSIONS: dict[str, str] = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/heic": "heic",
    "image/avif": "avif", "image/tiff": "tiff", "image/bmp": "bmp", "image/svg+xml": "svg", "video/mp4": "mp4",
    "video/webm": "webm", "video/quicktime": "mov", "video/3gpp": "3gp", "video/x-matroska": "mkv",
    "video/x-msvideo": "avi", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/mp4": "m4a", "audio/wav": "wav",
    "audio/flac": "flac", "audio/aac": "aac", "audio/amr": "amr", "audio/midi": "mid", "application/pdf": "pdf",
    "application/zip": "zip", "application/gzip": "gz", "text/plain": "txt", "text/html": "html",
    "application/json": "json", "application/x-tgsticker": "tgs",
}  # fmt: skip
_FITTING: dict[Kind, tuple[str, ...]] = {
    Kind.IMAGE: ("image/",),
    Kind.STICKER: ("image/", "video/webm", "application/x-tgsticker"),
    Kind.VIDEO: ("video/", "image/gif"),
    Kind.AUDIO: ("audio/",),
    Kind.VOICE: ("audio/",),
}


def told(header: bytes, declared: str, kind: Kind) -> str:
    """The type of a file that begins so; what its sender says counts only where the bytes leave it open."""
    declared = declared.partition(";")[0].strip().lower()
    seen = _seen(header)
    if seen == "application/gzip" and kind is Kind.STICKER:
        return "application/x-tgsticker"
    if seen == "video/webm" and declared == "audio/webm":
        return declared
    if seen is not None and seen not in _CONTAINERS:
        return seen
    believed = declared and "/" in declared and declared.isprintable() and not declared.startswith(_NEVER_BELIEVED)
    return declared if believed else seen or UNKNOWN


def fitting(kind: Kind, mime: str) -> Kind:
    """What an attachment is shown as: what is called a picture and is none is a file."""
    if kind is Kind.FILE or (mime.startswith(_FITTING.get(kind, ())) and mime not in OTHER_PICTURES):
        return kind
    return Kind.FILE


def _seen(header: bytes) -> str | None:
    for offset, start, mime in _STARTS:
        if header[offset : offset + len(start)] == start:
            return mime
    return _boxed(header) or _marked_up(header) or ("text/plain" if _is_text(header) else None)


def _boxed(header: bytes) -> str | None:
    """Formats that say what they are a little further in."""
    if header[4:8] == b"ftyp":
        return _BRANDS.get(header[8:12], "video/mp4")
    if header[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(header[8:12])
    if header[:4] == b"OggS":
        return "video/ogg" if b"theora" in header[:64] else "audio/ogg"
    if header[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in header[:64] else "video/x-matroska"
    return None


def _marked_up(header: bytes) -> str | None:
    start = header[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start.startswith(b"<"):
        return None
    return next((mime for mark, mime in _MARKUP if mark in start), None)


def _is_text(header: bytes) -> bool:
    if not header or b"\0" in header:
        return False
    try:
        words = header.decode()
    except UnicodeDecodeError as error:
        if error.start < len(header) - 4:
            return False
        words = header[: error.start].decode()
    return all(character.isprintable() or character in "\t\r\n\f" for character in words)
