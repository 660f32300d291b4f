"""Which files a room takes as what they are, which go as something else, and which are told. Pure: no I/O, no state.

The ladder: what a room does not take of one kind it may take as the next; behind the last there is a link, then words.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import Final

from msgspec import Struct, structs

from bridge.capabilities import Capabilities, MediaLimit
from bridge.events import Attachment, File, Kind
from bridge.media.made import THUMBNAIL
from bridge.media.types import CONVERSIONS, FILMS, MOVING_CONVERSIONS, STRIPPED
from bridge.store.attached import Held

LADDER: Final[dict[Kind, tuple[Kind, ...]]] = {
    Kind.IMAGE: (Kind.IMAGE, Kind.VIDEO, Kind.FILE),
    Kind.VIDEO: (Kind.VIDEO, Kind.IMAGE, Kind.FILE),
    Kind.AUDIO: (Kind.AUDIO, Kind.FILE),
    Kind.VOICE: (Kind.VOICE, Kind.AUDIO, Kind.FILE),
    Kind.STICKER: (Kind.STICKER, Kind.IMAGE),
    Kind.FILE: (Kind.FILE,),
}
"""A picture is a video only where the room says so of its type, as of GIFs."""

_FILM: Final = "video/mp4"
_FEWEST_BITS: Final = 300_000
"""A second, with its sound, of a film that is made smaller: below this the workshop would refuse it as too poor."""


class Carried(Struct, frozen=True, kw_only=True):
    """One attachment as a room gets it: the file it takes; or else a public address, or why there is none."""

    part: int
    file: File | None = None
    link: str | None = None
    why: str = ""


def taken(held: Held, can: Capabilities) -> File | None:
    """The form of a file that a room takes, as the highest kind that it takes it as; None for none."""
    for kind in LADDER.get(held.files[0].kind, ()) if held.files else ():
        limit = can.media.get(kind)
        found = [one for one in _whole(held) if limit is not None and fits(one, limit)]
        if found:
            return structs.replace(_best(found, held), kind=kind)
    return None


def _best(found: Sequence[File], held: Held) -> File:
    """As it came, or as it was made first; of a film that was made smaller for several rooms the least small."""
    film = held.files[0].kind is Kind.VIDEO and found[0] is not held.files[0]
    return max(found, key=lambda one: one.size) if film else found[0]


def _whole(held: Held) -> list[File]:
    """The forms of a file without its small pictures."""
    return [one for one, form in zip(held.files, held.forms, strict=True) if not form.startswith(THUMBNAIL)]


def thumbnailed(file: File, held: Held, can: Capabilities) -> str | None:
    """The form that stands in front of a file which a room takes so; None where the room takes none, or needs none."""
    limit, first = can.media.get(file.kind), held.files[0]
    if limit is None or limit.thumbnail is None or first.mime not in FILMS | STRIPPED:
        return None
    small = max(file.width or 0, file.height or 0) <= limit.thumbnail.max_side
    if first.mime in STRIPPED and small and file.width and file.height:
        return None
    return f"{THUMBNAIL}image/jpeg {limit.thumbnail.max_side} {limit.thumbnail.max_bytes or '-'}"


def in_front(file: File, held: Held, form: str | None) -> File:
    """The file with its small picture, where there is one."""
    if form not in held.forms:
        return file
    small = held.files[held.forms.index(form)]
    bare = structs.replace(small, kind=Kind.IMAGE, duration=None, waveform=(), animated=False, alt="", emoji="")
    return structs.replace(file, thumbnail=bare)


def wanted(held: Held, can: Capabilities, tried: Collection[str] = ()) -> str | None:
    """The job that would make of a file something better for this room, as its form is called; None for none.

    `tried` are jobs that failed.
    """
    if not held.files:
        return None
    kinds = LADDER.get(held.files[0].kind, ())
    limits = [limit for kind in kinds if (limit := can.media.get(kind)) is not None]
    for limit, mime in _ways(held, limits):
        job = asked(mime, limit)
        if job not in held.forms and job not in tried and any(fnmatchcase(mime, one) for one in limit.mimes):
            return job
    return None


def _ways(held: Held, limits: Sequence[MediaLimit]) -> Iterator[tuple[MediaLimit, str]]:
    """What it might become, the best first: what moves goes on moving, even as something else, before it stands still.

    Nothing below a kind that the room takes it as already.
    """
    first = held.files[0]
    whole = _whole(held)
    if first.kind is Kind.VIDEO and not any(fits(first, limit) for limit in limits):
        yield from ((limit, _FILM) for limit in limits if _shrinks(first, limit))
    better = list(takewhile(lambda limit: not any(fits(one, limit) for one in whole), limits))
    if first.animated:
        yield from ((limit, mime) for limit in better for mime in MOVING_CONVERSIONS.get(first.mime, ()))
    yield from ((limit, mime) for limit in better for mime in _candidates(first, limit))


def asked(mime: str, limit: MediaLimit) -> str:
    """A job for the workshop: the type, and of what is seen the longest side and the most bytes."""
    if mime.startswith("audio/") or (limit.max_side is None and limit.max_bytes is None):
        return mime
    return f"{mime} {limit.max_side or '-'} {limit.max_bytes or '-'}"


def _shrinks(file: File, limit: MediaLimit) -> bool:
    """Whether a film that is too heavy may be encoded anew, and may still be looked at afterwards."""
    if limit.max_bytes is None or file.size <= limit.max_bytes or not file.duration or file.mime not in FILMS:
        return False
    return limit.max_bytes * 8 >= file.duration * _FEWEST_BITS


def _candidates(file: File, limit: MediaLimit) -> tuple[str, ...]:
    """The types to try; a still picture that is only too large stays what it is, or a photo, and a film no picture."""
    if any(fnmatchcase(file.mime, pattern) for pattern in limit.mimes):
        if file.mime not in STRIPPED or file.animated or not _proportioned(file, limit):
            return ()
        heavy = limit.max_bytes is not None and file.size > limit.max_bytes
        return ("image/jpeg", file.mime) if heavy else (file.mime, "image/jpeg")
    still = file.kind is not Kind.VIDEO or file.animated
    return tuple(to for to in CONVERSIONS.get(file.mime, ()) if still or to == _FILM)


def fits(file: File, limit: MediaLimit) -> bool:
    """Whether a room takes a file of this type, size and shape."""
    if not any(fnmatchcase(file.mime, pattern) for pattern in limit.mimes):
        return False
    if limit.max_bytes is not None and file.size > limit.max_bytes:
        return False
    longest = max(file.width or 1, file.height or 1)
    return (limit.max_side is None or longest <= limit.max_side) and _proportioned(file, limit)


def _proportioned(file: File, limit: MediaLimit) -> bool:
    sides = sorted((file.width or 1, file.height or 1))
    return limit.max_ratio is None or sides[1] <= limit.max_ratio * sides[0]


def told_of(held: Held) -> str:
    """Why readers get no file, in a few words; "" when there is one."""
    if held.files:
        return ""
    return f"not carried: {held.why}" if held.why else "it did not come in time"


def files_of(carried: Iterable[Carried]) -> tuple[File, ...]:
    """What the room takes, in order."""
    return tuple(one.file for one in carried if one.file is not None)


def albums(files: Sequence[File], can: Capabilities) -> tuple[tuple[File, ...], ...]:
    """Files that stand together in one message, as far as the room allows; the others one by one."""
    groups: list[tuple[File, ...]] = []
    for file in files:
        if groups and len(groups[-1]) < can.max_album and _together((*groups[-1], file), can):
            groups[-1] = (*groups[-1], file)
        else:
            groups.append((file,))
    return tuple(groups)


def _together(files: Sequence[File], can: Capabilities) -> bool:
    kinds = {file.kind for file in files}
    return any(kinds <= album for album in can.albums)


def captioned(files: Sequence[File], can: Capabilities) -> bool:
    """Whether words may stand under the first of these."""
    return bool(files) and can.max_caption > 0 and files[0].kind not in can.uncaptioned


def fileless(attachments: Sequence[Attachment], carried: Sequence[Carried]) -> tuple[Attachment, ...]:
    """Attachments that have nothing to do with files."""
    parts = {one.part for one in carried}
    return tuple(one for index, one in enumerate(attachments) if index not in parts)
