"""Desks at work: whose conversation an event belongs to, asked of the store; what follows is `bridge.desk`'s to say."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import TypeAlias
from weakref import WeakValueDictionary

from msgspec import Struct

from bridge.config import Desk
from bridge.desk import NOTHING, Passage, Ruling, chosen, heard, late_link_of, link_of, shown
from bridge.desk_agents import Spoken, overheard
from bridge.desk_commands import Command, Word, command
from bridge.desk_notes import alarmed, closing, failed, left, noted
from bridge.events import (
    AnyEvent,
    Deleted,
    Edited,
    Left,
    Posted,
    Reacted,
    Relayed,
    RoomKind,
    SendFailed,
    Tallied,
    Unreacted,
    User,
)  # fmt: skip
from bridge.ids import AccountName, MessageId, RoomId, RoomNumber, UserId
from bridge.shared import Shared
from bridge.store.confirmed import IsAnnounced
from bridge.store.conversations import (
    Conversation,
    Converse,
    Due,
    Join,
    Overhear,
    Overheard,
    Private,
    Talk,
    TalkOf,
    Turn,
    Uproot,
)

Key: TypeAlias = tuple[AccountName, str] | RoomNumber
"""What is judged one event after the other: a person's conversation, or a room of agents."""


Located: TypeAlias = Sequence[tuple[AnyEvent, RoomNumber | None]]
"""Events with their rooms."""


class Seat(Struct, frozen=True):
    """A desk, and the number of its agents' room."""

    desk: Desk
    agents: RoomNumber


class Judged(Struct):
    """Events of one call that are stored together: no two of them about the same conversation."""

    others: list[tuple[AnyEvent, RoomNumber | None]] = []
    """Events that concern no desk."""
    passages: list[tuple[Passage, str]] = []
    """Each with the link of its desk."""
    turns: list[Turn] = []
    joins: list[Join] = []
    wrote: list[RoomNumber] = []
    """Private rooms in which somebody wrote."""

    def add(self, ruling: Ruling, desk: str) -> None:
        self.passages += [(one, late_link_of(desk) if one.late else link_of(desk)) for one in ruling.passages]
        self.turns += ruling.turns
        self.wrote += [turn.heard for turn in ruling.turns if turn.heard is not None]
        if ruling.join is not None:
            self.joins.append(ruling.join)

    @property
    def privates(self) -> tuple[Private, ...]:
        """The private rooms among the targets."""
        return tuple(passage.private for passage, _ in self.passages if passage.private is not None)

    @property
    def answered(self) -> tuple[Private, ...]:
        """The private rooms of people whom an agent answers, not the desk itself."""
        agents = (one for one, _ in self.passages if one.room is not None and isinstance(one.event, Posted))
        found = {one.to: one.private for one in agents if one.private is not None}
        return tuple(found.values())


class Desks:
    """Every desk of the configuration."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._by_account: dict[AccountName, Seat] = {}
        self._by_room: dict[RoomNumber, Seat] = {}
        self._windows: Mapping[AccountName, timedelta | None] = {}
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()
        self.accounts: frozenset[AccountName] = frozenset()
        """Accounts whose events may concern a desk."""

    def follow(self, seats: Iterable[Seat], windows: Mapping[AccountName, timedelta | None]) -> None:
        """These are the desks from now on; `windows` are the accounts', by their platforms."""
        self._by_room = {seat.agents: seat for seat in seats}
        self._by_account = {name: seat for seat in self._by_room.values() for name in seat.desk.accounts}
        self._windows = windows
        rooms = (seat.desk.room.account for seat in self._by_room.values())
        self.accounts = frozenset((*self._by_account, *rooms))

    @property
    def seats(self) -> tuple[Seat, ...]:
        return tuple(self._by_room.values())

    def answers_in(self, room: RoomNumber) -> bool:
        """Whether it is a room of agents."""
        return room in self._by_room

    def key(self, account: AccountName, event: AnyEvent, room: RoomNumber | None) -> Key | None:
        """Which conversation or room of agents an event belongs to; None where it is no desk's."""
        if isinstance(event, (SendFailed, Left)):
            return (account, event.room) if account in self._by_account and event.room_kind is RoomKind.DIRECT else None
        if not isinstance(event, (Posted, Edited, Deleted, Reacted, Unreacted, Tallied)) or event.echo_of is not None:
            return None
        if event.room_kind is RoomKind.DIRECT:
            return (account, event.room) if account in self._by_account else None
        return room if room in self._by_room else None

    async def take(
        self, account: AccountName, me: UserId | None, located: Located, held: AsyncExitStack
    ) -> tuple[Judged, Located]:
        """Judge as many events as can be stored together, and what is left.

        Until `held` ends nothing else of their conversations is judged. Nobody waits for one while holding another.
        """
        judged, keys = Judged(), set[Key]()
        for index, (event, room) in enumerate(located):
            key = self.key(account, event, room)
            if key is None:
                judged.others.append((event, room))
                continue
            if key in keys or (keys and not self._free(key)):
                return judged, located[index:]
            keys.add(key)
            await self._hold(key, held)
            if isinstance(event, (SendFailed, Left)):
                judged.others.append((event, room))  # others may want to know
                await self._learn(account, me, event, judged)
            else:
                await self._judge(account, me, event, room, judged)
        return judged, ()

    async def finish(self, judged: Judged) -> None:
        """What is done once it is stored."""
        for join in judged.joins:
            await self._shared.writer.ask(join)

    def _free(self, key: Key) -> bool:
        lock = self._locks.get(key)
        return lock is None or not lock.locked()

    async def _hold(self, key: Key, until: AsyncExitStack) -> None:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        await until.enter_async_context(lock)

    async def _judge(
        self, account: AccountName, me: UserId | None, event: AnyEvent, room: RoomNumber | None, judged: Judged
    ) -> None:
        """What follows from an event that has a key."""
        if not isinstance(event, (Posted, Edited, Deleted, Reacted, Unreacted, Tallied)):
            return
        by = event.author if isinstance(event, (Posted, Edited)) else event.by
        if by is not None and by.id == me:
            return
        if event.room_kind is RoomKind.DIRECT:
            seat = self._by_account[account]
            heard_of = self._past_us if _past_the_bridge(by, me) else self._from_person
            judged.add(await heard_of(account, event, seat), seat.desk.name)
        elif room is not None and by is not None:
            seat = self._by_room[room]
            judged.add(await self._from_agent(account, event, by, seat), seat.desk.name)

    async def _learn(self, account: AccountName, me: UserId | None, event: SendFailed | Left, judged: Judged) -> None:
        """What became of an answer, or of the person."""
        seat, talk = self._by_account[account], await self._talk(account, event.room)
        if talk is None or talk.agents != seat.agents:
            return
        if isinstance(event, Left):
            if event.user.id != me:
                judged.add(left(event, talk, seat.desk), seat.desk.name)
            return
        if await self._shared.writer.ask(IsAnnounced(account=account, room=event.room, message=event.message)):
            return  # told where it was announced
        for private in talk.rooms:
            if (private.account, private.native) == (account, event.room):
                judged.add(failed(event, private, talk, seat.desk), seat.desk.name)

    async def _talk(self, account: AccountName, native: RoomId) -> Conversation | None:
        found: Conversation | None = await self._shared.writer.ask(Talk(account=account, native=native))
        return found

    async def _from_person(self, account: AccountName, event: Relayed, seat: Seat) -> Ruling:
        talk = await self._talk(account, event.room)
        if isinstance(event, Posted) and (talk is None or (talk.desk, talk.agents) != (seat.desk.name, seat.agents)):
            talk = await self._shared.writer.ask(
                Converse(
                    account=account, native=event.room, desk=seat.desk.name, agents=seat.agents,
                    title=chosen(event.author, event.room),
                )
            )  # fmt: skip
        for private in () if talk is None else talk.rooms:
            if talk is not None and (private.account, private.native) == (account, event.room):
                return heard(event, private, talk, seat.desk, self._shared.clock.now(), self._windows.get(account))
        return NOTHING

    async def _past_us(self, account: AccountName, event: Relayed, seat: Seat) -> Ruling:
        """Somebody answered the person through our own account, as in a page's own inbox."""
        talk: Conversation | None = await self._shared.writer.ask(Talk(account=account, native=event.room))
        if talk is None or talk.desk != seat.desk.name:
            return NOTHING
        rooms = [one for one in talk.rooms if (one.account, one.native) == (account, event.room)]
        return shown(event, rooms[0], talk) if rooms else NOTHING

    async def _from_agent(self, account: AccountName, event: Relayed, by: User, seat: Seat) -> Ruling:
        word = command(event.text) if isinstance(event, Posted) else None
        about = _about(event)
        if word is None and about is None:
            return NOTHING  # talk among agents, as most is
        if isinstance(event, Deleted):  # it may be what stands for a thread
            await self._shared.writer.ask(Uproot(room=seat.agents, native=event.message))
        found: Overheard = await self._shared.writer.ask(
            Overhear(
                account=account, room=seat.agents, speaker=by.id, thread=event.thread, about=about,
                handle=None if word is None or word.word is Word.JOIN else word.handle,
            )
        )  # fmt: skip
        spoken = Spoken(
            event=event, by=by, account=account, room=seat.agents, heard=found, now=self._shared.clock.now()
        )
        return overheard(spoken, seat.desk, await self._other(word))

    async def _other(self, word: Command | None) -> Conversation | None:
        """The conversation that is to be joined with another."""
        if word is None or word.word is not Word.JOIN or word.handle is None:
            return None
        found: Conversation | None = await self._shared.writer.ask(TalkOf(number=word.handle))
        return found

    async def due(self, now: datetime) -> Judged:
        """What the agents should hear because of the time: who waits too long, whose window closes."""
        judged, at = Judged(), int(now.timestamp() * 1000)
        for seat in self.seats:
            desk = seat.desk
            if desk.alarm is not None and desk.hours.open(now):
                since = at - _ms(desk.alarm)
                for talk in await self._shared.writer.ask(Due(desk=desk.name, what="waiting", before=since)):
                    judged.add(alarmed(talk, desk, now), desk.name)
            if desk.warning is not None:
                before = at + _ms(desk.warning)
                for talk in await self._shared.writer.ask(Due(desk=desk.name, what="closing", before=before, after=at)):
                    judged.add(closing(talk, desk, now, before), desk.name)
        return judged

    async def note(self, room: RoomNumber, text: str, cause: str) -> tuple[Passage, str] | None:
        """Words for the thread of the conversation that a private room belongs to, and the desk's link."""
        talk: Conversation | None = await self._shared.writer.ask(TalkOf(room=room))
        seat = None if talk is None else self._by_room.get(talk.agents)
        if talk is None or seat is None:
            return None
        return noted(talk, seat.desk, text, cause, self._shared.clock.now()), link_of(seat.desk.name)


def _past_the_bridge(by: User | None, me: UserId | None) -> bool:
    """Whether somebody speaks through our own account, past the bridge: their id begins with ours and a stroke."""
    return by is not None and me is not None and by.id.startswith(f"{me}/")


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


def _about(event: Relayed) -> MessageId | None:
    """The message that an event speaks of, or answers."""
    match event:
        case Posted():
            return event.in_reply_to
        case Edited():
            return event.replaces
        case Deleted() | Reacted() | Unreacted() | Tallied():
            return event.message
