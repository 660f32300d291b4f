"""Publishing: known already? who hears it? store it, then return."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import structlog
from msgspec import structs

from bridge.arriving import own_words, pin, traits
from bridge.beside import Beside
from bridge.comings import Change, shown_by, told
from bridge.config.settings import Show
from bridge.desks import Desks
from bridge.errors import Rejected, StoreFull
from bridge.events import (
    AnyEvent,
    Attachment,
    Deleted,
    Edited,
    Joined,
    Left,
    Pinned,
    Posted,
    Reacted,
    Relayed,
    RoomChanged,
    RoomKind,
    Tallied,
    Unreacted,
    User,
)  # fmt: skip
from bridge.failpoints import Point, around
from bridge.floods import Floods, Held, for_operator, for_readers
from bridge.guard import Guard
from bridge.ids import OURSELVES, AccountName, EventId, Key, RoomNumber, ThreadId, UserId
from bridge.loops import Breaker, weighed
from bridge.pauses import Pauses
from bridge.people import label
from bridge.routing import Atlas, Heard, Routes
from bridge.shared import Shared
from bridge.sinks import Happening, Sinks
from bridge.sitting import Sitting, Ways
from bridge.store.codec import encode
from bridge.store.ops import Accept, Accepted
from bridge.store.questions import Locate
from bridge.store.rows import Arrival, Route, RowKind, Seen
from bridge.text.nodes import Rich, said
from bridge.threads import called_now, is_of_a_thread, opened, wished

logger = structlog.get_logger()
_HIGH_WATER = 5000
"""Operations waiting for the store above which publishing waits."""


class Intake:
    """Where events of all accounts come in."""

    def __init__(self, shared: Shared, atlas: Atlas, sinks: Sinks) -> None:
        self._shared, self._atlas, self._sinks = shared, atlas, sinks
        self.desks = Desks(shared)
        self._sitting = Sitting(shared, self.desks, Ways(self._arrivals, self._arrival, self._store, self._told), sinks)
        self._breaker = Breaker()
        self.floods = Floods()
        self.guard = Guard(shared)
        self.beside = Beside()
        self._lines: list[Arrival] = []
        """Of the bridge's own words, those that are stored behind the message they are about."""
        self._routes: Routes = {}
        self.notices: RoomNumber | None = None
        self.uptimes: Mapping[RoomNumber, Callable[[], int]] = {}
        self.refusing: str | None = None
        """Why nothing is accepted now: the disk is nearly full, the daemon stops."""
        self.names: Mapping[RoomNumber, str] = {}
        self._pauses = Pauses(shared)
        self.paused = self._pauses.accounts
        self.received: dict[AccountName, int] = {}

    @property
    def routes(self) -> Routes:
        """Who hears each room."""
        return self._routes

    @routes.setter
    def routes(self, routes: Routes) -> None:
        self._routes = routes
        self._shared.listeners = {source: frozenset(to.room for to in heard) for source, heard in routes.items()}

    @around(Point.GIVEN, Point.STORED)
    async def publish(
        self, account: AccountName, me: UserId | None, events: Sequence[AnyEvent], position: str | None
    ) -> None:
        """Store what these events mean, and the position after them, in one transaction; see `Host.publish`."""
        if self.refusing:
            raise StoreFull(self.refusing, retry_after=5.0)
        while self._shared.writer.depth > _HIGH_WATER:
            await self._shared.clock.sleep(0.01)
        located = await self._located(account, events)
        if position is not None and self._shared.quota.full:
            await self._space(account, located)
        self.received[account] = self.received.get(account, 0) + len(events)
        if account in self.desks.accounts:
            if self.beside.note(account, (event for event, _ in located), me):
                await self._store(Accept(account=account, arrivals=(), at=self._shared.now_ms()))
            return await self._sitting.take(account, me, located, position)
        arrivals = tuple(self._arrivals(account, me, located))
        if arrivals or position is not None or self.beside:
            await self._store(Accept(account=account, arrivals=arrivals, at=self._shared.now_ms(), position=position))
        return None

    async def _space(self, account: AccountName, located: Iterable[tuple[AnyEvent, RoomNumber | None]]) -> None:
        """Wait while a room that would hear this is full: a platform that has positions keeps what we do not take."""
        sources = {room for _, room in located if room is not None}
        targets = {to.room for room in sources for to in self._routes.get(room, ())}
        if await self._pauses.space(account, targets, self.names) and self.refusing:
            raise StoreFull(self.refusing, retry_after=5.0)

    async def _store(self, op: Accept) -> None:
        """Commit, hand the rows to their lanes in the order of the commit, even if whoever asked is cancelled."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        op = self.beside.with_facts(op) if self.beside else op

        def then(result: object) -> None:
            if isinstance(result, Accepted):
                for link in result.held:
                    self.guard.on_held(link)
                if result.fetches:
                    self._shared.media.begin(result.fetches)
                if op.privates:
                    self._sinks.met(op.privates)
                self._sinks.fed(result.rows)
                if result.beside:
                    self._sinks.answered(op.beside, result.beside)
            if durable.done():
                return
            if isinstance(result, Exception):
                durable.set_exception(result)
            else:
                durable.set_result(None)

        self._shared.writer.offer(op, then)
        try:
            await durable
        except Rejected as error:
            await self._apart(op, error)

    async def _apart(self, op: Accept, error: Rejected) -> None:
        """One event of several is bad: each goes alone, the bad one is dropped and said; the position goes last."""
        if len(op.arrivals) <= 1:
            logger.error("event refused", account=op.account, why=str(error))
            self._shared.notice(None, f"An event of {op.account} could not be stored and is lost: {error}")
            if op.position is not None:
                await self._store(structs.replace(op, arrivals=(), turns=()))
            return
        for arrival in op.arrivals:
            await self._store(structs.replace(op, arrivals=(arrival,), position=None, turns=(), beside=()))
        if op.position is not None or op.turns or op.beside:
            await self._store(structs.replace(op, arrivals=()))
        self.beside.commanded.set()

    async def _located(
        self, account: AccountName, events: Sequence[AnyEvent]
    ) -> Sequence[tuple[AnyEvent, RoomNumber | None]]:
        """Events with their configured rooms. What speaks of a message may not say its thread: the message knows."""
        located = [(event, self._atlas.find(account, event.room, event.thread)) for event in events]
        for index, (event, room) in enumerate(located):
            if room is None and isinstance(event, (Deleted, Reacted, Unreacted, Tallied)):
                threads = self._atlas.all_in(account, event.room)
                if threads:
                    located[index] = event, await self._shared.writer.ask(Locate(threads, event.message))
        return located

    def _arrivals(
        self, account: AccountName, me: UserId | None, events: Iterable[tuple[AnyEvent, RoomNumber | None]]
    ) -> Iterable[Arrival]:
        changes: list[tuple[Change, RoomNumber | None]] = []
        for event, room in events:
            match event:
                case Posted() | Edited() | Deleted() | Reacted() | Unreacted() | Tallied():
                    if changes:
                        yield from self._comings(changes, me)
                    arrival = self._relayed(account, self._without_own_thread(event, room), room, me)
                    if arrival is not None and isinstance(event, Posted) and event.attachments:
                        fetches = self._shared.media.wanted(account, event.attachments)
                        arrival = structs.replace(arrival, fetches=fetches)
                    if arrival is not None:
                        if arrival.kind is RowKind.POST and arrival.event.thread is not None:
                            yield from self._thread(arrival, arrival.event.thread)
                        yield arrival
                    yield from self._told()
                case Pinned():
                    yield from self._pinned(event, room, me)
                case _:
                    self.beside.note(account, (event,), me)
                    self._sinks.happened(Happening(account, event, room))
                    if isinstance(event, (Joined, Left, RoomChanged)):
                        changes.append((event, room))
        if changes:
            yield from self._comings(changes, me)

    def _pinned(self, event: Pinned, room: RoomNumber | None, me: UserId | None) -> Iterable[Arrival]:
        """A line that answers the message, where links show what is pinned."""
        by = event.by
        if room is None or event.room_kind is RoomKind.DIRECT or (by is not None and by.id == me):
            return
        heard = [to for to in self.routes.get(room, ()) if Show.PINS in self._shared.shows.get(to.link, ())]
        if not heard or (by is not None and self.guard.watches and self.guard.silences(room, by.id)):
            return
        yield pin(event, room, tuple(Route(to.room, to.link, self._uptime(to.room)) for to in heard))

    def _comings(self, changes: list[tuple[Change, RoomNumber | None]], me: UserId | None) -> Iterable[Arrival]:
        """A line for each room whose links show who comes and goes there, or what it is called; then forget them."""
        groups: dict[tuple[RoomNumber, Show], list[Change]] = {}
        for change, room in changes:
            if self.guard.watches and isinstance(change, (Joined, Left)) and self.guard.silences(room, change.user.id):
                continue
            if room is not None and is_of_a_thread(change, self._atlas.place(room)):
                yield from self._renamed(change, room)
            elif room is not None and room in self.routes and change.room_kind is not RoomKind.DIRECT:
                groups.setdefault((room, shown_by(change)), []).append(change)
        changes.clear()
        for (room, what), found in groups.items():
            heard = [to for to in self.routes[room] if what in self._shared.shows.get(to.link, ())]
            if heard and (line := told(found, me)):
                routes = tuple(Route(to.room, to.link, self._uptime(to.room)) for to in heard)
                yield self._words(found[0].id, line, routes)

    def _thread(self, arrival: Arrival, thread: ThreadId) -> Iterable[Arrival]:
        """What stands for a thread, before its messages: the store passes it over when it knows the thread."""
        if arrival.room is not None and not self._shared.under_way[arrival.room]:  # its root may be a copy on its way
            yield opened(arrival, arrival.room, thread)
        asking = [to for to in arrival.targets if Show.THREADS in self._shared.shows.get(to.link, ())]
        if asking and arrival.room is not None and arrival.event.id:
            yield wished(arrival, arrival.room, thread, asking)

    def _renamed(self, change: RoomChanged, room: RoomNumber) -> Iterable[Arrival]:
        """A thread got another name: so does what stands for it."""
        routes = tuple(Route(to.room, to.link, self._uptime(to.room)) for to in self.routes.get(room, ()))
        if routes and (arrival := called_now(change, room, routes)) is not None:
            yield arrival

    def _without_own_thread(self, event: Relayed, room: RoomNumber | None) -> Relayed:
        """A thread that a link names is the room itself; any other is said to the readers elsewhere."""
        place = self._atlas.place(room) if room is not None and event.thread is not None else None
        return structs.replace(event, thread=None) if place is not None and place.thread == event.thread else event

    def _relayed(
        self, account: AccountName, event: Relayed, room: RoomNumber | None, me: UserId | None
    ) -> Arrival | None:
        """What to store of an event: nothing when it is our own, or when nobody hears the room."""
        if event.echo_of is not None:
            self._echo(event, room, event.echo_of)
            return None
        if self.guard.on_pairing is not None and self.guard.pairs(account, event, me):
            return None
        by = event.author if isinstance(event, (Posted, Edited)) else event.by
        heard = self.routes.get(room) if room is not None else None
        if room is None or heard is None or event.room_kind is RoomKind.DIRECT or (by is not None and by.id == me):
            if self.guard.watches and self._is_asked(event, room, by, me):
                return None
            self.beside.note(account, (event,), me)
            arrival = self._arrival(event, room, by, ()) if self.beside.is_command(event, room, by, me) else None
            return None if arrival is None else structs.replace(arrival, is_command=True)
        if self.guard.watches:
            heard = self.guard.let_through(event, room, by, heard)
        return self._arrival(event, room, by, heard) if heard else None

    def _is_asked(self, event: Relayed, room: RoomNumber | None, by: User | None, me: UserId | None) -> bool:
        """Whether it is said to the bridge, in a room that nobody hears."""
        own = by is not None and by.id == me
        return room is not None and not own and event.room_kind is not RoomKind.DIRECT and self.guard.takes(event, room)

    def _arrival(
        self, event: Relayed, room: RoomNumber | None, by: User | None, heard: Sequence[Heard]
    ) -> Arrival | None:
        try:
            body = encode(event)
        except (UnicodeEncodeError, msgspec.MsgspecError) as error:
            logger.warning("event refused", room=event.room, id=event.id, why=str(error))
            self._shared.notice(None, f"A message in {event.room} holds characters that cannot be stored: not relayed")
            return None
        facts = traits(event)
        if self._shared.rewrites and "excerpt" in facts:
            facts["excerpt"] = self.guard.excerpt(event, heard, facts["excerpt"])
        if self.guard.watches and room is not None:
            facts["newcomer"] = self.guard.newcomer(room, by, heard)
        return Arrival(
            id=event.id, event=event, body=body, room=room, targets=self._targets(event, room, heard),
            person=None if by is None else Seen(by.id, by.name, by.avatar), **facts,
        )  # fmt: skip

    def _targets(self, event: Relayed, room: RoomNumber | None, heard: Sequence[Heard]) -> tuple[Route, ...]:
        parked = self._parked(event, room, heard) if isinstance(event, Posted) and room is not None else {}
        if self.guard.watches and room is not None:
            by = event.author if isinstance(event, (Posted, Edited)) else event.by
            parked = {**parked, **self.guard.held(event, room, by, heard)}
        return tuple(Route(to.room, to.link, self._uptime(to.room), parked.get(to, "")) for to in heard)

    def _parked(self, event: Posted, room: RoomNumber, heard: Sequence[Heard]) -> Mapping[Heard, str]:
        """Where a message does not go by itself, and why."""
        flooded = dict.fromkeys(self._flooded(event, room, heard), "flood")
        return {**flooded, **dict.fromkeys(self._bounced(event, room, heard), "loop")}

    def _uptime(self, room: RoomNumber) -> int:
        uptime = self.uptimes.get(room)
        return uptime() if uptime is not None else 0

    def _bounced(self, event: Posted, room: RoomNumber, heard: Sequence[Heard]) -> Sequence[Heard]:
        """The rooms between which these words have bounced too often: there they are parked."""
        mutual = [to for to in heard if room in self._shared.listeners.get(to.room, ())]
        if not mutual:
            return mutual
        (words, weight), now = weighed(event.text), self._shared.clock.monotonic()
        tripped = [to for to in mutual if words and self._breaker.trips(room, to.room, words, now, weight)]
        for to in tripped:
            logger.warning("loop: the same words bounce between two rooms", link=to.link)
            self._shared.notice(to.room, f"Link {to.link}: the same words bounce between two rooms and are parked now.")
        return tripped

    def _flooded(self, event: Posted, room: RoomNumber, heard: Sequence[Heard]) -> Iterable[Heard]:
        """The rooms in whose link this is more than a person or a room may say at once."""
        now, person = self._shared.clock.monotonic(), (event.author.id or None) if event.author else None
        for link in {to.link: None for to in heard if self.floods.limits(to.link)}:
            if self.desks.answers_in(room):
                return
            held = self.floods.held(link, room, person, event.id, now)
            if held is not None:
                flooded = [to for to in heard if to.link == link]
                if held.first:
                    self._tell_of_flood(held, event.author, flooded)
                yield from flooded

    def _tell_of_flood(self, held: Held, author: User | None, flooded: Sequence[Heard]) -> None:
        """Once a burst: the operator, and in a line like all others those who do not hear it."""
        link, name = flooded[0].link, label(author.name if author else "")
        rooms = [to.room for to in flooded]
        logger.warning("flood: what is over the limit is parked", link=link, limit=held.who.value)
        self._lines += [self._own_words(room, for_readers(held, name)) for room in rooms]
        if self.notices not in rooms:
            self._shared.notice(None, for_operator(held, link, name))

    # --- echoes ---

    def _echo(self, event: Relayed, room: RoomNumber | None, key: Key) -> None:
        """Our own message came home: its delivery is certain now."""
        row, part = self._shared.epochs.row_of(key)
        if row is not None and room is not None and isinstance(event, Posted):
            self._sinks.echoed(room, row, part, event.message)

    # --- the bridge's own words ---

    def say(self, room: RoomNumber, text: str | Rich, files: Sequence[Attachment] = ()) -> None:
        """Post the bridge's own words to a room: a row like all others. A file of its own has its text for a handle."""

        def then(result: object) -> None:
            if isinstance(result, Accepted):
                if result.fetches:
                    self._shared.media.begin(result.fetches)
                self._sinks.fed(result.rows)
            else:
                logger.error("notice not stored", why=str(result))

        words = self._own_words(room, text)
        if files:
            event = structs.replace(words.event, attachments=tuple(files))
            words = structs.replace(words, event=event, body=encode(event), fetches=tuple(range(len(files))))
        op = Accept(account=OURSELVES, arrivals=(words,), at=self._shared.now_ms())
        self._shared.writer.tell(op, then)

    def _told(self) -> Iterable[Arrival]:
        """The bridge's own words about what was stored last, and no more of them."""
        lines, self._lines = self._lines, []
        return lines

    def _own_words(self, room: RoomNumber, text: str | Rich) -> Arrival:
        return self._words(None, text, (Route(room, "notices", self._uptime(room)),))

    def _words(self, about: EventId | None, text: str | Rich, routes: tuple[Route, ...]) -> Arrival:
        """Words of the bridge's own; told once of the event that they are about."""
        rich = said(text) if isinstance(text, str) else text
        return own_words(about, rich, routes, self._shared.clock.now())

    async def watch_desks(self) -> None:
        """Until cancelled: remind agents of people who wait."""
        await self._sitting.watch()

    def notice(self, about: RoomNumber | None, text: str) -> None:
        """Tell the operator; what concerns the notices room itself is only logged, a conversation its agents."""
        if about is not None and self._sinks.is_private(about):
            self._shared.group.create_task(self._sitting.tell(about, text))
            return
        if self.notices is not None and about != self.notices:
            self.say(self.notices, text)
