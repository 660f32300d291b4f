"""Calls of a platform to a connector, for as long as the run lasts that answers them."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bridge.errors import Unavailable

T = TypeVar("T")


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
