"""An event loop whose time is skipped: where everybody waits, the next timer is due at once."""

import asyncio
import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LEAST_SECONDS = 1e-6
_OWN = 1
"""Sockets that a loop has of its own, to be woken by threads: nobody needs to ask after it where time is skipped."""
_LISTEN_SECONDS = 0.002
"""How long, in the machine's time, a socket may take to bring what another of this process wrote."""
_LEAP_SECONDS = 4.0
_LONGEST_LEAP = 64.0
"""What is skipped before the sockets are looked at again: more and more while nothing comes."""
_BUSY_TURNS = 200
"""After so many turns of the loop in which somebody worked, a second has passed: nobody can stop time for ever."""


class SkippingLoop(asyncio.SelectorEventLoop):
    """Runs what lives in one process, without sockets, in no time: a timeout of ten seconds costs nothing.

    Raises when everybody waits and no timer runs, instead of hanging.
    """

    def __init__(self) -> None:
        self._skipped = 0.0
        super().__init__(_Skipping(self))

    def time(self) -> float:
        """Seconds since the loop was made, as everybody in it sees them."""
        return self._skipped

    def skip(self, seconds: float) -> None:
        """Let time pass, a little in any case: asyncio takes a timer for due only once its time is exceeded."""
        self._skipped += max(seconds, _LEAST_SECONDS)


class _Skipping(selectors.DefaultSelector):
    def __init__(self, loop: SkippingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing is left that could happen")
        self._loop.skip(timeout)
        return super().select(0) if len(self.get_map()) > _OWN else []


@contextmanager
def hurried() -> Iterator[None]:
    """Within the block the running loop's time passes only while everybody waits, and then quickly.

    For tests whose server lives in this process too: a time-out of a minute costs a few hundredths of a second, and
    a busy machine makes none come early, since time stands still while anybody works.
    Raises `RuntimeError` where the loop has no selector, as that of another package.
    """
    loop: Any = asyncio.get_running_loop()
    selector = getattr(loop, "_selector", None)
    if not isinstance(selector, selectors.BaseSelector):
        raise RuntimeError("the time of this loop cannot be skipped")  # noqa: TRY004 - nobody gave us a wrong type
    plain, hurry = loop.time, _Hurrying(selector, loop.time())
    loop._selector, loop.time = hurry, hurry.time  # noqa: SLF001 - asyncio has no public place for it
    try:
        yield
    finally:
        ahead = hurry.time() - plain()  # what was skipped stays skipped: time never goes back
        loop._selector, loop.time = selector, lambda: plain() + ahead  # noqa: SLF001 - as above


class _Hurrying:
    """A selector that passes time instead of waiting."""

    def __init__(self, selector: selectors.BaseSelector, now: float) -> None:
        self._selector = selector
        self._now = now
        self._busy = 0
        self._leap = _LEAP_SECONDS

    def __getattr__(self, name: str) -> object:
        return getattr(self._selector, name)

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._selector.select(0)
        if ready or (timeout is not None and timeout <= 0):
            self._busy, self._leap = self._busy + 1, _LEAP_SECONDS
            self._now += self._busy // _BUSY_TURNS
            self._busy %= _BUSY_TURNS
            return ready
        self._busy = 0
        ready = self._selector.select(None if timeout is None else _LISTEN_SECONDS)
        if not ready and timeout is not None:
            self._now += max(_LEAST_SECONDS, min(timeout, self._leap))
            self._leap = min(self._leap * 2, _LONGEST_LEAP)
        return ready
