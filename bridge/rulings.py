"""Which decisions of moderators stop a message, and where. Pure: no I/O, no state."""

from collections.abc import Iterable, Sequence

from bridge.ids import RoomNumber
from bridge.routing import Heard
from bridge.store.care import Ruled, Ruling
from bridge.store.rows import NEWCOMER

ABOUT_PEOPLE = frozenset({Ruled.MUTE, Ruled.OPTOUT})
HELD = "held"
PAUSED = "paused"
REASONS = (HELD, NEWCOMER)
"""Why a message waits for a moderator; a rule's name is a reason too."""


def concerns(ruling: Ruling, source: RoomNumber, to: Heard) -> bool:
    """Whether a ruling holds between two rooms: over the whole link, or over one of them."""
    return ruling.link in {"", to.link} and ruling.room in {None, source, to.room}


def stopped(rulings: Iterable[Ruling], source: RoomNumber, heard: Sequence[Heard]) -> dict[Heard, Ruled]:
    """Who does not hear it, and by which kind of ruling: the first that says so."""
    found: dict[Heard, Ruled] = {}
    for ruling in rulings:
        for to in heard:
            if concerns(ruling, source, to):
                found.setdefault(to, ruling.kind)
    return found
