"""Which rooms hear which room. Pure: no I/O, no state.

Links are not closed transitively: a message goes from the room it was written in to the rooms its links name, and
never back to where it was seen.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from bridge.config import Link
from bridge.ids import AccountName, Place, Room, RoomId, RoomNumber, ThreadId


class Heard(Struct, frozen=True):
    """One room that hears another, through which link."""

    room: RoomNumber
    link: str


Routes = Mapping[RoomNumber, tuple[Heard, ...]]


def routes(links: Iterable[Link], numbers: Mapping[Room, RoomNumber]) -> Routes:
    """Who hears each room, each listener once, in the order of the links."""
    found: dict[RoomNumber, dict[RoomNumber, Heard]] = {}
    for link in links:
        for source in link.sources:
            for target in link.targets:
                if source != target:
                    listeners = found.setdefault(numbers[source], {})
                    listeners.setdefault(numbers[target], Heard(numbers[target], link.name))
    return {source: tuple(listeners.values()) for source, listeners in found.items()}


class Atlas:
    """Which configured room a place on a platform is. A thread of its own wins over the room it belongs to."""

    def __init__(self) -> None:
        self._rooms: dict[tuple[AccountName, RoomId, ThreadId | None], RoomNumber] = {}
        self._places: dict[RoomNumber, tuple[AccountName, Place]] = {}

    def pin(self, account: AccountName, place: Place, number: RoomNumber) -> RoomNumber | None:
        """Remember where a room is. Another room pinned to the same place is answered, and nothing changes."""
        there = self._rooms.get((account, place.room, place.thread))
        if there is not None and there != number:
            return there
        self.unpin(number)
        self._rooms[account, place.room, place.thread] = number
        self._places[number] = (account, place)
        return None

    def unpin(self, number: RoomNumber) -> None:
        known = self._places.pop(number, None)
        if known is not None:
            account, place = known
            self._rooms.pop((account, place.room, place.thread), None)

    def place(self, number: RoomNumber) -> Place | None:
        known = self._places.get(number)
        return None if known is None else known[1]

    def find(self, account: AccountName, room: RoomId, thread: ThreadId | None) -> RoomNumber | None:
        """The configured room of an event, or None when no link names it."""
        number = self._rooms.get((account, room, thread))
        if number is None and thread is not None:
            number = self._rooms.get((account, room, None))
        return number

    def at(self, account: AccountName, place: Place) -> RoomNumber | None:
        """The room that is pinned to exactly this place."""
        return self._rooms.get((account, place.room, place.thread))

    def all_in(self, account: AccountName, room: RoomId) -> tuple[RoomNumber, ...]:
        """Every configured room that lies in a platform's room: itself and its threads."""
        return tuple(number for (name, native, _), number in self._rooms.items() if (name, native) == (account, room))
