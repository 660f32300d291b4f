"""An event loop whose time is skipped: where everybody waits, the next timer is due at once."""

import asyncio
import selectors

_LEAST_SECONDS = 1e-6


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
        return super().select(0)
