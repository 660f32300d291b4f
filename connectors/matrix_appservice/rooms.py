"""Which rooms the service's own user is in, which the configuration wants, which it cannot read."""

from collections.abc import Sequence

from bridge.connector import RoomInfo
from bridge.errors import RoomClosed
from bridge.ids import RoomId
from connectors.matrix import asking, calls
from connectors.matrix.client import Client

ENCRYPTED = (
    "the room is encrypted, which an application service of the bridge cannot read: link a room without encryption,"
    " or an account of the connector `matrix` with end-to-end encryption"
)


class Rooms:
    """Lives as long as one run."""

    def __init__(self, client: Client, bot: str) -> None:
        self._client, self._bot = client, bot
        self.joined: set[RoomId] = set()
        self.wanted: set[RoomId] = set()
        self.encrypted: set[RoomId] = set()

    async def look(self) -> None:
        """Learn where we are."""
        self.joined = await asking.rooms_of_ours(self._client)

    async def join(self, name: str) -> RoomId:
        """Be in a room of the configuration, and sure that it can be read."""
        room, servers = await asking.resolved(self._client, name)
        self.wanted.add(room)
        await self.enter(room, servers)
        return room

    async def enter(self, room: RoomId, servers: Sequence[str] = ()) -> None:
        if room not in self.joined:
            await asking.entered(self._client, room, servers)
            self.joined.add(room)
        if await asking.answer(self._client, calls.state(room, "m.room.encryption")):
            self.encrypted.add(room)
        self.check(room)

    async def leave(self, room: RoomId) -> None:
        self.wanted.discard(room)
        try:
            await self._client.call(calls.leave(room))
        except RoomClosed:  # we are not in it
            return
        self.joined.discard(room)

    def check(self, room: RoomId) -> None:
        """Raise `RoomClosed` for a room that is encrypted: our words would stand there in clear."""
        if room in self.encrypted:
            raise RoomClosed(ENCRYPTED)

    async def described(self, room: RoomId, ghosts: int) -> RoomInfo:
        name, title = await asking.called(self._client, room)
        encryption = await asking.answer(self._client, calls.state(room, "m.room.encryption"))
        note = ENCRYPTED if encryption else f"{ghosts} ghosts" if ghosts else ""
        return RoomInfo(name=name, title=title, note=note)
