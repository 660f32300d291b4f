"""Calls of a platform to a connector, for as long as the run lasts that answers them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bridge.connector import Host
from bridge.errors import StoreFull, Unavailable

T = TypeVar("T")
_FULL_SECONDS = 1.0


class Calls:
    """Those of one run: what is not stored when it ends stays the platform's, which gives it again."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()
        self._over = False

    async def take(self, storing: Coroutine[Any, Any, T]) -> T:
        """What `storing` returns or raises; `Unavailable` when the run ends before that."""
        task = asyncio.create_task(storing)
        self._under_way.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if not self._over:
                raise
            raise Unavailable("the connection ended") from None
        finally:
            self._under_way.discard(task)
            task.cancel()

    def end(self) -> None:
        """The run is over."""
        self._over = True
        for task in self._under_way:
            task.cancel()


async def until_taken(host: Host, full: Callable[[], None]) -> None:
    """Return once what comes in would be stored: until then leave the platform's side as it is.

    `full` is called each time it would not; say there that you are connected, so that what waits is sent meanwhile.
    A check of the configuration ends here, since it takes nothing.
    """
    while True:
        try:
            return await host.publish()
        except StoreFull as why:
            full()
            wait = why.retry_after
        await host.clock.sleep(_FULL_SECONDS if wait is None else wait)
