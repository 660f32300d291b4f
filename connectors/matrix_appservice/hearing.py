"""What one run hears: transactions in, one at a time, their events stored before they are acknowledged."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from msgspec.structs import replace

from bridge.calls import Calls
from bridge.connector import Host
from bridge.errors import Rejected, RoomClosed
from bridge.events import AnyEvent, Edited, Posted, User
from bridge.ids import RoomId
from bridge.text.mapped import renamed
from connectors.matrix import titles
from connectors.matrix.answers import decoded
from connectors.matrix.beacons import Beacons
from connectors.matrix.client import Client
from connectors.matrix.content import part, words
from connectors.matrix.incoming import MalformedError, Where, enters, exits
from connectors.matrix.members import Members
from connectors.matrix.senders import Senders
from connectors.matrix.votes import counted
from connectors.matrix_appservice import calls as service
from connectors.matrix_appservice import door, incoming
from connectors.matrix_appservice.ghosts import Ghosts
from connectors.matrix_appservice.incoming import Transactions
from connectors.matrix_appservice.rooms import Rooms

_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
_LONGEST_ID = 255
_log = structlog.get_logger()


class Hearing:
    """One run's ears. `done` is the account's position."""

    def __init__(  # noqa: PLR0913  the six things a run consists of
        self, *, client: Client, host: Host, me: User, ghosts: Ghosts, rooms: Rooms, done: str | None
    ) -> None:
        self.client, self.ghosts, self.rooms = client, ghosts, rooms
        self.senders = Senders(client)
        self._host, self._me = host, me
        self._members = Members()
        self._beacons = Beacons(client, me.id, self._members.user)
        self._done = Transactions.read(done)
        self._one_at_a_time = asyncio.Lock()
        self._calls = Calls()

    def end(self) -> None:
        """The run is over: what is not stored yet stays the homeserver's."""
        self._calls.end()

    async def take(self, transaction: str, body: bytes) -> None:
        """Return once a transaction is stored, or was before. Raises `door.NotJsonError`, or why it cannot be now."""
        await self._calls.take(self._take(transaction, body))

    async def _take(self, transaction: str, body: bytes) -> None:
        answer = decoded(body, door.LARGEST_TRANSACTION)
        if answer is None or not isinstance(answer.get("events", []), list):
            raise door.NotJsonError
        raws = incoming.listed(answer)
        mark = incoming.mark(transaction, raws)
        async with self._one_at_a_time:
            if self._done.knows(mark):
                return
            events = [event for raw in raws if (event := await self._event(raw)) is not None]
            events += await self._votes(raws)
            done = self._done.later(mark)
            await self._host.publish(*events, position=done.position())
            self._done = done

    async def _votes(self, raws: Sequence[Mapping[str, Any]]) -> list[AnyEvent]:
        """How polls stand in which somebody voted, and where live locations are."""
        rooms = dict.fromkeys(incoming.room_of(raw) for raw in raws)
        readable = (room for room in rooms if room in self.rooms.joined and room not in self.rooms.encrypted)
        found: list[AnyEvent] = []
        for room in readable:
            here = [raw for raw in raws if incoming.room_of(raw) == room]
            found += [*await counted(self.client, room, here), *await self._beacons.moved(room, here)]
        return found

    async def _event(self, raw: Mapping[str, Any]) -> AnyEvent | None:
        room = incoming.room_of(raw)
        if not self.ghosts.is_ours(words(raw, "sender")):
            await self._learn(room, words(raw, "sender"))
        await self._notice(room, raw)
        ours = self.ghosts.is_ours(words(raw, "sender"))
        if ours and not exits(raw, self._me.id) and raw.get("type") not in titles.KINDS:
            return incoming.echo(raw, self._host.account)
        if self._is_ghosts_membership(raw):
            return None
        try:
            return await self._read(room, raw)
        except MalformedError as error:
            _log.warning("a malformed event is passed over", event_id=_id(raw), why=str(error))
        except _UNREADABLE as error:  # ours to mend; the transactions must not stand still for it
            _log.warning("an event cannot be read", event_id=_id(raw), error=type(error).__name__)
        self._host.unreadable(words(raw, "type"))
        return None

    async def _read(self, room: RoomId, raw: Mapping[str, Any]) -> AnyEvent | None:
        if not await self.senders.allow(room, raw):
            _log.warning("an edit of somebody else's message is passed over", event_id=_id(raw))
            return None
        found = incoming.event(raw, Where(room=room, me=self._me.id, name_of=self._members.user))
        if isinstance(found, (Posted, Edited)):
            return replace(found, text=renamed(found.text, self.ghosts.meant))
        return found

    def _is_ghosts_membership(self, raw: Mapping[str, Any]) -> bool:
        """Somebody removed or invited one of our ghosts: nobody elsewhere has to hear of it."""
        user = words(raw, "state_key")
        return raw.get("type") == "m.room.member" and user != self._me.id and self.ghosts.is_ours(user)

    async def _notice(self, room: RoomId, raw: Mapping[str, Any]) -> None:
        """What an event tells us besides what it tells the bridge."""
        self._members.learn(room, raw)
        self.senders.learn(room, raw)
        self.ghosts.learn(room, raw)
        if raw.get("type") == "m.room.encryption" and raw.get("state_key") == "":
            self.rooms.encrypted.add(room)
        if enters(raw, self._me.id):
            self.rooms.joined.add(room)
        if exits(raw, self._me.id):
            self.rooms.joined.discard(room)
        if raw.get("state_key") == self._me.id and words(part(raw, "content"), "membership") == "invite":
            await self._invited(room)

    async def _invited(self, room: RoomId) -> None:
        if room not in self.rooms.wanted:
            return
        try:
            await self.rooms.enter(room)
        except (RoomClosed, Rejected) as error:
            _log.warning("an invitation could not be accepted", room=room, why=str(error))

    async def _learn(self, room: RoomId, user: str) -> None:
        """What somebody is called whom we hear for the first time: transactions do not say it beside their words."""
        if not user or not room or self._members.knows(room, user) or room not in self.rooms.joined:
            return
        try:
            content = await self.client.call(service.membership(room, user))
        except RoomClosed:  # they are not there
            content = {"membership": "join"}
        self._members.learn(room, {"type": "m.room.member", "state_key": user, "content": content})


def _id(raw: Mapping[str, Any]) -> str:
    return words(raw, "event_id")[:_LONGEST_ID]
