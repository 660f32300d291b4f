"""Work that may wait for a disk, beside the event loop: the one place of media that uses threads."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Disk(Protocol):
    """Carries out what may block."""

    async def do(self, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T: ...


class Threads:
    """In a thread, so that nobody else waits for the disk."""

    async def do(self, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        return await asyncio.to_thread(work, *args, **more)


class AtOnce:
    """On the loop itself: for tests that turn the clock."""

    async def do(self, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        return work(*args, **more)
