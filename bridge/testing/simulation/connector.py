"""Connectors to the platforms of the simulation: one class for each set of methods."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from msgspec import structs

from bridge.asked import Deletion, Edit, Outgoing, Reaction
from bridge.capabilities import Capabilities
from bridge.connector import Connector, ConnectorConfig, Host
from bridge.errors import StoreFull, Unauthorized, Unavailable
from bridge.events import AnyEvent, Left
from bridge.ids import EventId, Key, MessageId, Place, RoomId
from bridge.registry import Registry
from bridge.testing.memory import event_of
from bridge.testing.memory_rooms import Gone, Post, Update, room_id
from bridge.testing.simulation.abilities import Home, Ids, Memory
from bridge.testing.simulation.platform import PLATFORMS, SimulatedPlatform
from bridge.testing.simulation.weather import Mishap
from bridge.testing.simulation.wire import Session
from bridge.text.nodes import Rich

_BATCH = 20
_LONGEST_WAIT = 5.0


class SimulatedConfig(ConnectorConfig):
    """Settings of an account on a platform of the simulation."""

    connector: str = "bare"
    """Name of the connector that serves this account."""
    platform: str
    """Name under which the platform runs in this process."""
    note: str = ""
    """Any words: another note makes the account another one."""


class Bare(Connector[SimulatedConfig]):
    """Sends and listens, no more."""

    Config: ClassVar[type[ConnectorConfig]] = SimulatedConfig

    def __init__(self, config: SimulatedConfig, host: Host) -> None:
        super().__init__(config, host)
        self._platform: SimulatedPlatform = PLATFORMS[config.platform]
        self._session: Session | None = None
        self._removed: list[RoomId] = []
        self._platform.witness.made_anew(config.platform)

    # --- listening ---

    async def run(self) -> None:
        platform = self._platform
        session = await self._connect()
        try:
            after = await self._begin()
            self._session = session
            self.host.connected(platform.me)
            while True:
                after = await self._relay(session, after)
        finally:
            self._session = None
            if platform.session is session:
                platform.cut()

    async def _connect(self) -> Session:
        platform = self._platform
        await asyncio.sleep(platform.weather.wait())
        if platform.refused:
            raise Unauthorized("the token is refused")
        if platform.away:
            raise Unavailable("nobody answers")
        platform.cut()
        platform.session = Session(platform)
        return platform.session

    async def _begin(self) -> int:
        """Where to go on reading: after the position, or now."""
        platform = self._platform
        newest = len(platform.written.journal)
        if platform.began is None:
            platform.began = newest
        if platform.kind.memory is Memory.NONE:
            platform.witness.note("listens", platform.name, newest)
            platform.confirmed = newest
            return newest
        position = await self.host.position()
        if position is None:
            await self._store((), newest)
            platform.began = newest
            return newest
        platform.confirmed = int(position)  # whoever asks for what came after has what came before
        return platform.confirmed

    async def _relay(self, session: Session, after: int) -> int:
        """Fetch, store, and only then confirm."""
        updates = await self._updates(session, after)
        after = max(after, updates[-1].offset)
        events = [self._event(update) for update in updates]
        await self._store(events, after)
        session.check()
        self._platform.witness.acknowledged(self._platform.name, events, self._platform.places)
        self._platform.confirmed = after
        return after

    async def _updates(self, session: Session, after: int) -> Sequence[Update]:
        platform = self._platform
        while True:
            session.check()
            await self._tell_removals()
            begin = self._again(after)
            found = [one for one in platform.written.journal[begin:] if platform.shows(one)][:_BATCH]
            if found and found[-1].offset > after:
                await asyncio.sleep(platform.weather.wait())
                session.check()
                return found
            await platform.written.news()

    def _again(self, after: int) -> int:
        """A platform may give what it gave before."""
        platform = self._platform
        weather = platform.weather
        if platform.kind.memory is Memory.NONE or weather.fair or not platform.dice.happens(weather.repeats):
            return after
        begin = max(platform.began or 0, after - platform.dice.below(8))
        if begin < after:
            weather.happened(Mishap.REPEATED)
        return begin

    def _event(self, update: Update) -> AnyEvent:
        platform = self._platform
        if update.person.id != platform.me.id:
            return event_of(update)
        platform.weather.happened(Mishap.ECHO)
        event = event_of(update)
        return event if platform.kind.home is Home.WITH_KEY and update.key is not None else _without_key(event)

    async def _store(self, events: Sequence[AnyEvent], position: int) -> None:
        wait = 0.05
        keeps = self._platform.kind.memory is Memory.KEPT
        while True:
            try:
                return await self.host.publish(*events, position=str(position) if keeps else None)
            except StoreFull:
                await self.host.clock.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)

    def hear_removal(self, room: RoomId) -> None:
        """The platform will tell that we were removed from a room."""
        self._removed.append(room)
        self._platform.written.tell()

    async def _tell_removals(self) -> None:
        removed, self._removed = self._removed, []
        for room in removed:
            event, me = EventId(f"left-{room}"), self._platform.me
            await self.host.publish(Left(id=event, room=room, at=self.host.clock.now(), user=me, reason="removed"))

    # --- sending ---

    def capabilities(self, room: RoomId) -> Capabilities:
        return self._platform.rooms.get(room, self.features)

    async def join(self, name: str) -> Place:
        await asyncio.sleep(self._platform.weather.wait())
        if self._session is None:
            raise Unavailable("not connected")
        self._session.check()
        room = room_id(name)
        if room in self._platform.closed:
            raise self._platform.closing(room)
        self._platform.left.discard(room)
        self._platform.written.tell()
        self._platform.witness.note("enters", self._platform.name, room)
        return Place(room)

    async def leave(self, place: Place) -> None:
        self._platform.left.add(place.room)
        self._platform.witness.note("leaves", self._platform.name, place.room)

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        reply = message.in_reply_to.parts[0] if message.in_reply_to else None
        post = Post(
            room=message.room, rich=message.text, manner=message.manner, in_reply_to=reply, key=message.key,
        )  # fmt: skip
        native = await self._call(message.room, message.key, lambda: self._platform.post(post), message.text, reply)
        return (native,) if native is not None and self._platform.kind.ids is Ids.GIVEN else ()

    async def _call(
        self,
        room: RoomId,
        key: Key,
        work: Callable[[], MessageId | None],
        words: Rich | None = None,
        reply: MessageId | None = None,
    ) -> MessageId | None:
        witness = self._platform.witness
        witness.now = self.host.clock.monotonic()
        one = witness.tried(key, self._platform.places[room], words, reply)
        if self._session is None:
            witness.answered(one, "never sent")
            raise Unavailable("not connected")
        return await self._session.call(room, one, work)


async def _edit(self: Bare, edit: Edit) -> None:
    room, (message, *_) = edit.target.room, edit.target.parts

    def work() -> None:
        self._platform.written.edit(self._platform.me, room, message, edit.content.text)

    await self._call(room, edit.content.key, work, edit.content.text)


async def _delete(self: Bare, deletion: Deletion) -> None:
    room = deletion.target.room

    def work() -> None:
        for part in deletion.target.parts:
            try:
                self._platform.written.delete(self._platform.me, room, part)
            except Gone:
                continue

    await self._call(room, deletion.key, work)


async def _react(self: Bare, reaction: Reaction) -> MessageId | None:
    room, (message, *_) = reaction.target.room, reaction.target.parts
    written, me = self._platform.written, self._platform.me
    change = written.react if reaction.emoji in reaction.wanted else written.unreact

    def work() -> None:
        change(me, room, message, reaction.emoji)

    return await self._call(room, reaction.key, work)


class Editing(Bare):
    """Edits and takes back."""

    edit = _edit
    delete = _delete


class Reacting(Bare):
    """Reacts and takes back, but edits nothing."""

    delete = _delete
    react = _react


class Whole(Bare):
    """Has everything."""

    edit = _edit
    delete = _delete
    react = _react


CONNECTORS: Registry[type[Connector[Any]]] = Registry.of(
    {"bare": Bare, "editing": Editing, "reacting": Reacting, "whole": Whole}
)


def _without_key(event: AnyEvent) -> AnyEvent:
    """As a platform shows it that knows no keys: the words of our own user."""
    return structs.replace(event, echo_of=None)
