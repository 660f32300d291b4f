"""Which rooms the service's own user is in, which the configuration wants, which it cannot read."""

from typing import Any

from bridge.connector import RoomInfo
from bridge.errors import Rejected, RoomClosed, Scope, Unavailable
from bridge.ids import MessageId, RoomId
from connectors.matrix import calls
from connectors.matrix.batch import objects
from connectors.matrix.calls import Call
from connectors.matrix.client import Client
from connectors.matrix.content import relations, words
from connectors.matrix.errors import NotFound

ENCRYPTED = (
    "the room is encrypted, which an application service of the bridge cannot read: link a room without encryption,"
    " or an account of the connector `matrix` with end-to-end encryption"
)
_SERVERS = 3


class Rooms:
    """Lives as long as one run."""

    def __init__(self, client: Client, bot: str) -> None:
        self._client, self._bot = client, bot
        self.joined: set[RoomId] = set()
        self.wanted: set[RoomId] = set()
        self.encrypted: set[RoomId] = set()

    async def look(self) -> None:
        """Learn where we are."""
        listed = (await self._client.call(calls.joined_rooms())).get("joined_rooms")
        self.joined = {RoomId(room) for room in listed if isinstance(room, str)} if isinstance(listed, list) else set()

    async def join(self, name: str) -> RoomId:
        """Be in a room of the configuration, and sure that it can be read."""
        room, servers = await self._resolved(name)
        self.wanted.add(room)
        await self.enter(room, servers)
        return room

    async def enter(self, room: RoomId, servers: tuple[str, ...] = ()) -> None:
        if room not in self.joined:
            if _room_id(await self._client.call(calls.join(room, servers))) != room:
                raise Rejected("the homeserver let us into another room than the one asked for")
            self.joined.add(room)
        if await self.answer(calls.state(room, "m.room.encryption")):
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
        alias = words(await self.answer(calls.state(room, "m.room.canonical_alias")), "alias")
        title = words(await self.answer(calls.state(room, "m.room.name")), "name")
        encryption = await self.answer(calls.state(room, "m.room.encryption"))
        note = ENCRYPTED if encryption else f"{ghosts} ghosts" if ghosts else ""
        return RoomInfo(name=alias or room, title=title, note=note)

    async def reaction(self, room: RoomId, message: MessageId, user: str, emoji: str) -> MessageId | None:
        """The id of a user's emoji on a message, None when it is not there."""
        chunk = objects((await self.answer(calls.annotations(room, message))).get("chunk"))
        theirs = (
            raw for raw in chunk if raw.get("sender") == user and relations(raw.get("content", {})).emoji == emoji
        )
        return next((MessageId(words(raw, "event_id")) for raw in theirs), None)

    async def answer(self, call: Call) -> dict[str, Any]:
        """The answer, empty where the homeserver has none."""
        try:
            return await self._client.call(call)
        except NotFound:
            return {}

    async def _resolved(self, name: str) -> tuple[RoomId, tuple[str, ...]]:
        if name.startswith("!"):
            return RoomId(name), ()
        if not name.startswith("#"):
            raise Rejected(f"{name} is no Matrix room: write #alias:server or the room's id, which starts with !")
        try:
            answer = await self._client.call(calls.resolve(name))
        except NotFound as error:
            raise RoomClosed(f"there is no room with the address {name}") from error
        servers = answer.get("servers")
        known = [server for server in servers if isinstance(server, str)] if isinstance(servers, list) else []
        return _room_id(answer), tuple(known[:_SERVERS])


def _room_id(answer: dict[str, Any]) -> RoomId:
    room = words(answer, "room_id")
    if not room:
        raise Unavailable("the homeserver answered 200 without the id of the room", scope=Scope.ACCOUNT)
    return RoomId(room)
