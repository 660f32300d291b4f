"""What time it is: the only module that asks the machine."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for people and records, monotonic seconds for waiting."""

    def now(self) -> datetime:
        """The wall time, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment: never set back; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a test's clock is turned by hand."""
        ...


class SystemClock:
    """The machine's own clocks; monotonic time is the event loop's where one runs."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
