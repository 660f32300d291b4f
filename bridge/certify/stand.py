"""Runs one connector by itself, as the daemon would, and keeps what it publishes in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, TypeVar

from bridge.asked import Outgoing, Person
from bridge.capabilities import Capabilities
from bridge.connector import Connector
from bridge.errors import BridgeError, Unauthorized, Unavailable
from bridge.events import AnyEvent
from bridge.ids import Key, MessageId, PersonNumber, Place, RoomId
from bridge.testing.host import KitHost
from bridge.text.nodes import Rich, said

E = TypeVar("E", bound=AnyEvent)
AGAIN_SECONDS = 1.0
_STEP_SECONDS = 120.0
"""Also for a send that the platform makes wait: a group may take 20 messages a minute."""
_WRITER = Person(number=PersonNumber(1), name="Qantara")


class Failed(Exception):
    """The connector does not do what it promises; the text says what was seen instead."""


class Stand:
    """The connector, its host and the one room that everything happens in."""

    def __init__(self, make: Callable[[KitHost], Connector[Any]], host: KitHost, room: str) -> None:
        self._make, self.host, self._room = make, host, room
        self.connector = make(host)
        self.place = Place(RoomId(room))
        self._rows = count(1)
        self._epoch = f"{host.chance.fraction():.12f}"[2:]
        self._run: asyncio.Task[None] | None = None

    @property
    def can(self) -> Capabilities:
        """What the room can show."""
        return self.connector.capabilities(self.place.room)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """A new connector, connected and in the room; `Failed` when it does not come so far."""
        self.connector = self._make(self.host)
        self._run = asyncio.create_task(self._again_and_again(), name="certify")
        try:
            await self._ready()
            yield
        finally:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)
            self.host.lost()

    async def _ready(self) -> None:
        online = asyncio.create_task(self.host.when(lambda: self.host.online))
        run = self._run or online
        await asyncio.wait({online, run}, timeout=_STEP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not online.done():
            online.cancel()
            raise Failed(f"it does not connect: {_why(run)}")
        try:
            async with asyncio.timeout(_STEP_SECONDS):
                self.place = await self.connector.join(self._room)
        except (BridgeError, TimeoutError) as error:
            raise Failed(f"it cannot enter the room: {error or 'no answer'}") from error

    async def _again_and_again(self) -> None:
        """A connector may fall and is run again, but not when its credentials are refused."""
        while True:
            try:
                await self.connector.run()
            except Unauthorized:
                raise
            except BridgeError as error:
                wait = error.retry_after if isinstance(error, Unavailable) and error.retry_after else AGAIN_SECONDS
                await self.host.clock.sleep(wait)
            self.host.lost()

    def key(self) -> Key:
        """A key as the store makes them."""
        return Key(f"{self._epoch}.{next(self._rows)}.0")

    def outgoing(self, words: str | Rich, **more: Any) -> Outgoing:  # noqa: ANN401 - Outgoing's fields
        """A part for the room, under a new key."""
        text = said(words) if isinstance(words, str) else words
        fields: dict[str, Any] = {"key": self.key(), "author": _WRITER, **more}
        return Outgoing(room=self.place.room, thread=self.place.thread, text=text, **fields)

    async def send(self, part: Outgoing) -> tuple[MessageId, ...]:
        """Send with the same key until it went, as a lane does; `Failed` when it is refused or never goes."""
        try:
            async with asyncio.timeout(_STEP_SECONDS):
                while True:
                    try:
                        return tuple(await self.connector.send(part))
                    except Unavailable as error:
                        await self.host.clock.sleep(error.retry_after or AGAIN_SECONDS)
        except (BridgeError, TimeoutError) as error:
            raise Failed(f"what is sent is refused: {error or 'no answer'}") from error

    def found(self, kind: type[E], fact: Callable[[E], bool]) -> Sequence[E]:
        """The published events of a kind for which `fact` holds, in order."""
        return [event for event in self.host.events if isinstance(event, kind) and fact(event)]


def _why(run: asyncio.Task[None]) -> str:
    if not run.done():
        return f"not within {_STEP_SECONDS:.0f} seconds"
    error = run.exception()
    return f"{type(error).__name__}: {error}" if error else "its run ended"
