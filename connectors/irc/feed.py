"""What people did, on its way to the bridge: all that arrived while one batch was stored makes the next."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

from bridge.connector import Host
from bridge.errors import StoreFull
from bridge.events import AnyEvent
from connectors.irc.connection import Connection

MAX_WAITING = 2000
"""Events that may wait for the store before the server has to."""
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 5.0

Position: TypeAlias = Callable[[Sequence[AnyEvent]], str | None]


class Feed:
    """Events in order, published in batches; nothing is given up while the connection lasts.

    `position` tells the one after a batch.
    """

    def __init__(self, host: Host, connection: Connection, position: Position) -> None:
        self._host = host
        self._connection = connection
        self._position = position
        self._waiting: list[AnyEvent] = []
        self._some = asyncio.Event()
        self._ended = False

    def add(self, event: AnyEvent) -> None:
        """One more event; published at the end of this buffer."""
        self._waiting.append(event)

    def flush(self) -> None:
        """A buffer is read: let the batch go."""
        if self._waiting:
            self._some.set()
            if len(self._waiting) >= MAX_WAITING:
                self._connection.pause_reading()

    def end(self) -> None:
        """Nothing more arrives: `run` returns once all is published."""
        self._ended = True
        self._some.set()

    async def run(self) -> None:
        """Publish until `end`; a full store is asked again, with the same events first."""
        while self._waiting or not self._ended:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._publish(batch)
                self._connection.resume_reading()

    async def _publish(self, batch: Sequence[AnyEvent]) -> None:
        wait = _FIRST_WAIT
        position = self._position(batch)
        while True:
            try:
                return await self._host.publish(*batch, position=position)
            except StoreFull as full:
                await self._host.clock.sleep(full.retry_after or wait)
                wait = min(wait * 2, _LONGEST_WAIT)
