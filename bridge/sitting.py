"""The way of events through desks: judged, stored together with what conversations become, and then acted on."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Protocol

from msgspec import Struct, structs

from bridge.desk import Passage, derived
from bridge.desks import Desks, Located
from bridge.errors import StoreFull
from bridge.events import Posted, Relayed, User
from bridge.ids import AccountName, RoomNumber, UserId
from bridge.routing import Heard
from bridge.shared import Shared
from bridge.store.conversations import Private
from bridge.store.ops import Accept
from bridge.store.rows import Arrival

_CAUSE_LETTERS = 12
_LOOK_SECONDS = 20.0


class Told(Protocol):
    """Who hears that people wrote, and that they were answered."""

    def wrote(self, privates: Sequence[RoomNumber]) -> None: ...

    def read(self, privates: Sequence[Private]) -> None: ...


class Ways(Struct, frozen=True):
    """What the intake does for a desk: events of links, one event, the commit, and its own words about an event."""

    arrivals: Callable[[AccountName, UserId | None, Located], Iterable[Arrival]]
    arrival: Callable[[Relayed, RoomNumber | None, User | None, Sequence[Heard]], Arrival | None]
    store: Callable[[Accept], Awaitable[None]]
    told: Callable[[], Iterable[Arrival]]


class Sitting:
    """Takes the events of accounts that concern a desk."""

    def __init__(self, shared: Shared, desks: Desks, ways: Ways, sinks: Told) -> None:
        self._shared, self._desks, self._ways, self._sinks = shared, desks, ways, sinks

    async def take(self, account: AccountName, me: UserId | None, left: Located, position: str | None) -> None:
        """Store what events mean: of one conversation, one after the other; the position with the last."""
        while True:
            async with AsyncExitStack() as held:
                judged, left = await self._desks.take(account, me, left, held)
                others = self._ways.arrivals(account, me, judged.others)
                op = Accept(
                    account=account, arrivals=(*others, *self._arrivals(account, judged.passages)),
                    at=self._shared.now_ms(), position=None if left else position, turns=tuple(judged.turns),
                    privates=judged.privates,
                )  # fmt: skip
                if op.arrivals or op.turns or op.position is not None:
                    await self._ways.store(op)
                await self._desks.finish(judged)
                self._sinks.wrote(judged.wrote)
                self._sinks.read(judged.answered)
            if not left:
                return

    async def tell(self, room: RoomNumber, text: str) -> None:
        """Say something to the agents, in the thread of the conversation that a private room belongs to."""
        cause = f"{room} {self._shared.chance.token(_CAUSE_LETTERS)}"
        words = re.sub(rf"[a-z0-9_-]+/person {room}\b", "this conversation", text)
        note = await self._desks.note(room, words[:1].upper() + words[1:], cause)
        if note is not None:
            await self.say([note])

    async def watch(self) -> None:
        """Until cancelled: tell the agents who waits too long, and whose window closes."""
        while True:
            await self._shared.clock.sleep(_LOOK_SECONDS)
            if self._desks.seats:
                with suppress(StoreFull):  # the next look finds them again
                    await self._remind()

    async def _remind(self) -> None:
        judged = await self._desks.due(self._shared.clock.now())
        if judged.turns:
            arrivals = tuple(self._arrivals(AccountName(""), judged.passages))
            op = Accept(account=AccountName(""), arrivals=arrivals, at=self._shared.now_ms(), turns=tuple(judged.turns))
            await self._ways.store(op)

    async def say(self, passages: Sequence[tuple[Passage, str]]) -> None:
        """Store the bridge's own words."""
        arrivals = tuple(self._arrivals(AccountName(""), passages))
        await self._ways.store(Accept(account=AccountName(""), arrivals=arrivals, at=self._shared.now_ms()))

    def _arrivals(self, account: AccountName, passages: Iterable[tuple[Passage, str]]) -> Iterable[Arrival]:
        for one, link in passages:
            arrival = self._ways.arrival(one.event, one.room, one.by, (Heard(one.to, link),))
            if arrival is not None:
                files = one.event.attachments if isinstance(one.event, Posted) else ()
                fetches = self._shared.media.wanted(account, files) if files else ()
                yield structs.replace(arrival, fetches=fetches, is_thread=one.root is not None)
                yield from self._said(one, link)

    def _said(self, about: Passage, link: str) -> Iterable[Arrival]:
        """What the bridge says of a person's message stands in their thread."""
        for line in self._ways.told():
            words, event = line.event, about.event
            if isinstance(event, Posted) and isinstance(words, Posted):
                note = structs.replace(words, id=derived(event, "held"), room=event.room, thread=event.thread,
                                       thread_name=event.thread_name)  # fmt: skip
                arrival = self._ways.arrival(note, about.room, None, (Heard(about.to, link),))
                if arrival is not None:
                    yield arrival
