"""File names that are safe to show and to save. Pure: no I/O, no state."""

import re
import unicodedata
from pathlib import PurePosixPath

from bridge.events import Kind
from bridge.media.types import EXTENSIONS
from bridge.people import defused

_MOST_BYTES = 120
_MOST_READ = 1024
_PARTS = re.compile(r"[/\\]")
_FENCED = str.maketrans(dict.fromkeys('<>:"|?*[]`\x7f', "_"))
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST_EXTENSION = 8


def safe(name: str, mime: str, kind: Kind) -> str:
    """The last piece of a path, on one line, with nothing that hides or turns it, and the extension of its type."""
    bare = visible(name).translate(_FENCED).strip(". ")
    stem, extension = _extended(bare, mime)
    stem = stem.rstrip(". ") or str(kind)
    if _RESERVED.fullmatch(stem):
        stem = f"_{stem}"
    return defused(_cut(stem, _MOST_BYTES - len(extension.encode())) + extension)


def visible(name: str) -> str:
    """The last piece of a path, on one line, without anything that hides or turns it: to be shown in words."""
    last = _PARTS.split(unicodedata.normalize("NFC", name[:_MOST_READ]))[-1]
    spaced = " ".join(last.split())
    kept = "".join(one for one in spaced if unicodedata.category(one)[0] not in "CZ" or one == " ")
    return _cut(kept, _MOST_BYTES)


def _extended(bare: str, mime: str) -> tuple[str, str]:
    """The name without its extension, and the extension that is right: its own where the type has none or the same."""
    stem, own = str(PurePosixPath(bare).with_suffix("")) if bare else "", PurePosixPath(bare).suffix
    right = EXTENSIONS.get(mime)
    if right is None:
        plain = own.isascii() and own[1:].isalnum() and len(own) <= _LONGEST_EXTENSION
        return (stem, own) if plain and own.lower()[1:] not in EXTENSIONS.values() else (bare, "")
    if own.lower() in {f".{right}", *_ALSO.get(right, ())}:
        return stem, own
    known = own.lower()[1:] in EXTENSIONS.values()
    return (stem if known else bare), f".{right}"


_ALSO = {
    "jpg": (".jpeg", ".jpe"), "ogg": (".oga", ".opus"), "tiff": (".tif",), "mp4": (".m4v",), "html": (".htm",),
    "txt": (".md", ".csv", ".log", ".py", ".yaml", ".ini", ".srt", ".diff"), "mov": (".qt",),
}  # fmt: skip


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode("utf-8", "ignore").rstrip()
