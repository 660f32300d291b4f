"""Clocks for tests: one turned by hand, one that hurries, one that goes with the event loop."""

import asyncio
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from bridge.clock import SystemClock

_BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)
_TURNS = 20
"""Rounds of the event loop in which whoever was woken may act before the next one is."""


class HandClock:
    """A `Clock` that stands still until `turn` moves it; sleepers wake in the order of their times.

    `step` moves the wall time alone, forwards or back, as an operator who sets the machine's clock does.
    """

    def __init__(self, begin: datetime = _BEGIN) -> None:
        self._begin = begin
        self._passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return self._begin + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self._passed + seconds, next(self._numbers), waiter))
        await waiter

    @property
    def next_wake(self) -> float | None:
        """Seconds until the next sleeper wakes; None when nobody sleeps."""
        self._forget_cancelled()
        return self._sleepers[0][0] - self._passed if self._sleepers else None

    def step(self, seconds: float) -> None:
        """Set the wall time forwards or back; monotonic time and sleepers do not notice."""
        self._begin += timedelta(seconds=seconds)

    async def turn(self, seconds: float) -> None:
        """Let `seconds` pass: wakes every sleeper whose time comes, each with the time it asked for."""
        until = self._passed + seconds
        await _others_act()
        while (wake := self.next_wake) is not None and self._passed + wake <= until:
            self._wake_first()
            await _others_act()
        self._passed = until

    def _wake_first(self) -> None:
        when, _, waiter = heappop(self._sleepers)
        self._passed = max(self._passed, when)
        waiter.set_result(None)

    def _forget_cancelled(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heappop(self._sleepers)


class HastyClock:
    """The machine's clock, `haste` times as fast: a back-off of five seconds takes a quarter of one at 20."""

    def __init__(self, haste: float) -> None:
        self._haste = haste
        self._system = SystemClock()
        self._begin = self._system.now()
        self._origin = self._system.monotonic()

    def now(self) -> datetime:
        return self._begin + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (self._system.monotonic() - self._origin) * self._haste

    async def sleep(self, seconds: float) -> None:
        await self._system.sleep(seconds / self._haste)


class LoopClock:
    """The time of the event loop that asks first; `step` moves the wall time alone, forwards or back."""

    def __init__(self, begin: datetime = _BEGIN) -> None:
        self._begin = begin
        self._loop: asyncio.AbstractEventLoop | None = None

    def now(self) -> datetime:
        return self._begin + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        if self._loop is None:  # it is asked so often that finding the loop each time would be felt
            self._loop = asyncio.get_running_loop()
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def step(self, seconds: float) -> None:
        """Set the wall clock forwards or back."""
        self._begin += timedelta(seconds=seconds)


async def _others_act() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
