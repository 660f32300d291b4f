"""Who is called what in which room: decided at the first words, kept, and never the same for two people.

No I/O and no clock. What a room knows begins with who wrote there lately, and is forgotten when too many spoke there.
"""

from collections.abc import Iterable

from bridge.ids import PersonNumber, RoomNumber
from bridge.people import bare, label, skeleton, told_apart

MOST_PEOPLE = 4096
"""People a room's names are kept of; one more, and the room begins anew."""
_NOBODY = PersonNumber(0)


class Roll:
    """The names of one room: `taken` says whose a look is."""

    def __init__(self) -> None:
        self.shown: dict[tuple[PersonNumber, str], str] = {}
        self.called: dict[str, PersonNumber] = {}
        """Who is shown under a name without being in the room; names as one types them."""
        self.taken: dict[str, PersonNumber] = {}


def _typed(name: str) -> str:
    return bare(name).casefold()


class Names:
    """The names of all rooms. `reserve` what no person may look like: accounts, and the bridge's own users."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = set(reserved)
        self._rolls: dict[RoomNumber, Roll] = {}

    def reserve(self, name: str) -> None:
        """Nobody is shown under this name, or one that looks like it, without a number behind it."""
        self._reserved.add(label(name))

    def recall(self, room: RoomNumber, person: PersonNumber, name: str) -> None:
        """Somebody was shown in the room, or spoke there, before the bridge began: their look stays theirs."""
        self._roll(room).taken.setdefault(skeleton(label(name)), person)

    def shown(self, room: RoomNumber, person: PersonNumber, name: str) -> str:
        """What somebody who is not in the room is called there."""
        roll = self._roll(room)
        known = roll.shown.get((person, name))
        if known is None:
            known = roll.shown[person, name] = self._decided(roll, person, label(name))
            roll.called[_typed(known)] = person
        return known

    def called(self, room: RoomNumber, name: str) -> PersonNumber | None:
        """Who is shown in the room under this name without being in it."""
        roll = self._rolls.get(room)
        return None if roll is None else roll.called.get(_typed(name))

    def present(self, room: RoomNumber, person: PersonNumber, name: str) -> None:
        """Somebody speaks in the room itself: their look is theirs, whoever was shown under it before."""
        roll = self._roll(room)
        if (person, name) in roll.shown:
            return
        plain = label(name)
        look = skeleton(plain)
        before = roll.taken.get(look, person)
        if before != person:
            roll.shown = {key: shown for key, shown in roll.shown.items() if key[0] != before}
            roll.called = {name: who for name, who in roll.called.items() if who != before}
        roll.taken[look] = person
        roll.shown[person, name] = plain

    def __len__(self) -> int:
        """Of how many rooms names are kept."""
        return len(self._rolls)

    def forget(self, room: RoomNumber) -> None:
        """Nobody is shown in this room for now."""
        self._rolls.pop(room, None)

    def _roll(self, room: RoomNumber) -> Roll:
        roll = self._rolls.get(room)
        if roll is None or len(roll.shown) > MOST_PEOPLE:
            roll = self._rolls[room] = Roll()
        return roll

    def _decided(self, roll: Roll, person: PersonNumber, plain: str) -> str:
        look = skeleton(plain)
        owner = _NOBODY if look in map(skeleton, self._reserved) else roll.taken.setdefault(look, person)
        return plain if owner == person else told_apart(plain, person)
