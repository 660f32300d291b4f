"""What one run hears: calls in, their events stored before they are answered, those of one person in order."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final
from weakref import WeakValueDictionary

import msgspec
from msgspec import Struct

from bridge import Host
from bridge.calls import Calls
from bridge.events import AnyEvent, User
from connectors.graph.wire import Json
from connectors.messenger import incoming
from connectors.messenger.incoming import Item, Known, polled
from connectors.messenger.people import People

_REACTIONS: Final = timedelta(days=90)
POLLS: Final = timedelta(days=90)
"""How long it is remembered which message a poll became."""


class Memory(Struct, frozen=True):
    """A person's reaction on a message: when, which (none when it was taken back), and which before."""

    at: int
    emoji: str
    before: str


class Hearing:
    """One run's ears, for one page with one app."""

    def __init__(self, me: User, app: str, people: People) -> None:
        self._me = me
        self._app = app
        self._people = people
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._calls = Calls()

    def end(self) -> None:
        """The run is over: what is not stored yet stays Meta's."""
        self._calls.end()

    async def take(self, body: Json, host: Host) -> None:
        """Return once a call is stored by the host. `StoreFull` or `Unavailable`: it is to be given again."""
        await self._calls.take(self._take(body, host))

    async def _take(self, body: Json, host: Host) -> None:
        told = incoming.read(body, self._me.id, host.clock.now())
        for what in told.unreadable:
            host.unreadable(what)
        people = sorted({one.person for one in told.items})
        async with AsyncExitStack() as turns:
            for person in people:
                await turns.enter_async_context(self._turn(person))
            known = Known(self._me, self._app, await self._people.named(people))
            events = [event for one in told.items for event in await self._events(one, known, host)]
            if events:
                await host.publish(*events)

    def _turn(self, person: str) -> asyncio.Lock:
        """Who comes first is stored first: each person has a queue, entered in one order by all."""
        return self._turns.setdefault(person, asyncio.Lock())

    async def _events(self, item: Item, known: Known, host: Host) -> Sequence[AnyEvent]:
        if item.kind == "reaction":
            known = Known(known.me, known.app, known.people, await self._before(item, host))
        elif (asked := incoming.pressed(item)) is not None:
            known = Known(known.me, known.app, known.people, about=await host.recall(polled(asked)))
        if incoming.unshown(item):
            host.unreadable("a message")
        try:
            return incoming.events(item, known)
        except ValueError:
            host.unreadable(f"a {item.kind}")
            return ()

    async def _before(self, item: Item, host: Host) -> dict[str, str]:
        """The reaction that this one takes the place of; the same again when the same call comes again."""
        name, at = incoming.before(item), incoming.stamp(item)
        known = _memory(await host.recall(name))
        before = "" if known is None else known.before if known.at == at else known.emoji
        if known is None or known.at < at:
            memory = Memory(at, incoming.left(item), before)
            await host.remember(name, msgspec.json.encode(memory).decode(), _REACTIONS)
        return {name: before}


def _memory(kept: str | None) -> Memory | None:
    try:
        return None if kept is None else msgspec.json.decode(kept, type=Memory)
    except msgspec.MsgspecError:  # written by another version
        return None
