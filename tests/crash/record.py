"""What a run of the crash suite leaves behind: all that was said, how the daemon died, and what each platform holds."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from bridge.testing.platform import Shown

Who: TypeAlias = tuple[str, int]
"""A message: the platform where it was written, and its number there."""
_IDENTITY = re.compile(r"\b(matrix|telegram|irc) (\d+)(?: again (\d+))?(?=$| begin)")
_WORD = re.compile(r"\b[mti]\d+w\d+\b")


class Traits(Struct, frozen=True):
    """What a platform is able to do; `in_flight` sends may be under way in a room."""

    keyed: bool
    """It drops what comes twice under one key."""
    native: bool
    """It has edits, deletions and reactions."""
    history: bool
    """What is said there while the bridge is away is given to it later."""
    in_flight: int


class Post(Struct, kw_only=True):
    """What a person wrote, and what became of it by that person's own hand."""

    who: Who
    native: str = ""
    version: int = 0
    answers: Who | None = None
    deleted: bool = False
    emoji: str = ""
    words: tuple[str, ...] = ()
    """The words of a long one, each of them unlike any other."""

    @property
    def text(self) -> str:
        source, number = self.who
        again = f" again {self.version}" if self.version else ""
        rest = f" begin {' '.join(self.words)}" if self.words else ""
        return f"{source} {number}{again}{rest}"


class Line(Struct, frozen=True, kw_only=True):
    """A message as a reader sees it: whose copy it is, or (`note`) which edit it tells of."""

    who: Who
    version: int = 0
    note: str = ""
    id: str = ""
    answers: str | None = None
    """The native id it hangs on, or "words" where it only quotes."""
    reactions: Mapping[str, int] = {}


class Held(Struct, frozen=True):
    """What one platform holds in its room, in order, and the words of long messages that a reader sees."""

    lines: tuple[Line, ...] = ()
    words: frozenset[str] = frozenset()


class Death(Struct, frozen=True, kw_only=True):
    """One death of the daemon: why, and what was on its disk then.

    `windows` are by platform the deliveries that may have been under way; `stored` the ids of what was accepted,
    by the platform it came from; `passed` those that the platform will not give again.
    """

    cause: str
    windows: Mapping[str, frozenset[Who]] = {}
    stored: Mapping[str, frozenset[str]] = {}
    passed: Mapping[str, frozenset[str]] = {}


class Record(Struct, frozen=True, kw_only=True):
    """Everything the checker looks at. `accepted` is in the order of the store."""

    platforms: Mapping[str, Traits]
    posts: Sequence[Post]
    accepted: Sequence[Who]
    held: Mapping[str, Held]
    deaths: Sequence[Death] = ()
    parked: Mapping[tuple[str, Who], str] = {}
    """Why a message is parked for a platform."""
    counts: Mapping[str, int] = {}
    events: int = 0
    """Events that the store has seen."""


def held(seen: Iterable[Shown]) -> Held:
    """What a platform shows, told apart from what else is said there."""
    shown = list(seen)
    lines = tuple(line for one in shown if (line := _line(one)) is not None)
    return Held(lines, frozenset(word for one in shown for word in _WORD.findall(one.text)))


def _line(one: Shown) -> Line | None:
    found = list(_IDENTITY.finditer(one.text))
    if not found or " reacted " in one.text:
        return None
    source, number, version = found[-1].groups()
    quotes = "words" if "[re" in one.text else None
    return Line(
        who=(source, int(number)), version=int(version or 0), note="edit" if "(edited)" in one.text else "",
        id=one.id, answers=one.in_reply_to or quotes, reactions=one.reactions,
    )  # fmt: skip
