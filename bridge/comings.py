"""Who came and went, and what a room is called now, as lines for the rooms that hear it. Pure: no I/O, no state."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias, Union

from bridge.config.settings import Show
from bridge.events import Joined, Left, RoomChanged
from bridge.ids import UserId
from bridge.people import label

Change: TypeAlias = Union[Joined, Left, RoomChanged]
_NAMED = 5
"""Of more people who come or go at once, so many are named and the others counted: networks split and join again."""
_LONGEST = 200
"""Characters of a topic that are shown."""


def shown_by(change: Change) -> Show:
    """What a link has to show for this to be told."""
    return Show.TOPICS if isinstance(change, RoomChanged) else Show.JOINS


def told(changes: Sequence[Change], me: UserId | None) -> str:
    """Changes of one room as one line; empty where nobody but ourselves came or went."""
    came = _names(change for change in changes if isinstance(change, Joined) and change.user.id != me)
    went = _names(change for change in changes if isinstance(change, Left) and change.user.id != me)
    lines = [f"{came} joined"] if came else []
    lines += [f"{went} left"] if went else []
    for change in changes:
        if isinstance(change, RoomChanged) and (change.by is None or change.by.id != me):
            lines += _changed(change)
    return "; ".join(lines)


def _names(changes: Iterable[Joined | Left]) -> str:
    names = list(dict.fromkeys(label(change.user.name) for change in changes))
    others = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {others} others" if others > 0 else "")


def _changed(change: RoomChanged) -> Iterable[str]:
    if change.name is not None:
        yield f"the room is called “{_short(change.name)}” now" if change.name.strip() else "the room has no name now"
    if change.topic is not None:
        yield f"the topic is now: {_short(change.topic)}" if change.topic.strip() else "there is no topic any more"


def _short(words: str) -> str:
    """On one line, not too long, and without halves of characters, which nothing can store."""
    line = " ".join(words.encode("utf-8", "replace").decode().split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST].rstrip()}…"
