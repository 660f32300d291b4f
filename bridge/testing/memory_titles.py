"""What the rooms of a messenger in memory are called and about, and who changes that."""

from bridge.events import User
from bridge.ids import RoomId
from bridge.testing.memory_rooms import Happening, Rooms, room_id


class MemoryTitles:
    """Names and topics of all rooms. In rooms that are `locked` bots may not change them."""

    def __init__(self, written: Rooms) -> None:
        self._written = written
        self._set: dict[tuple[RoomId, Happening], str] = {}
        self.locked: set[str] = set()
        self.made: list[str] = []
        """What bots set, in order."""

    async def trust(self, room: str) -> None:
        self.locked.discard(room)

    async def rename(self, room: str, person: str, name: str) -> None:
        self.put(self._written.person(person), room_id(room), Happening.RENAMED, name)

    async def describe(self, room: str, person: str, topic: str) -> None:
        self.put(self._written.person(person), room_id(room), Happening.DESCRIBED, topic)

    async def name_of(self, room: str) -> str:
        return self._set.get((room_id(room), Happening.RENAMED), room)

    async def topic_of(self, room: str) -> str:
        return self._set.get((room_id(room), Happening.DESCRIBED), "")

    def put(self, by: User, room: RoomId, what: Happening, words: str) -> None:
        """Somebody sets it; everybody is told, also who did it."""
        if self._set.get((room, what)) != words:
            self._set[room, what] = words
            self._written.tell_of_title(what, room, by, words)
