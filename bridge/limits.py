"""How often one may send: at most `count` in any `seconds`. State only; time is handed in."""

from collections import deque
from collections.abc import Iterable

from bridge.capabilities import Rate
from bridge.errors import Scope

_AT_ONCE = 4
"""So great a part of a window, a quarter, goes without being spread."""


class Window:
    """Remembers when the last sends started; a send is allowed once the oldest of `count` is old enough."""

    def __init__(self, rate: Rate) -> None:
        self._seconds = rate.seconds
        self._starts: deque[float] = deque(maxlen=max(1, rate.count))

    def delay(self, now: float) -> float:
        """Seconds until the next send may start."""
        if len(self._starts) < (self._starts.maxlen or 1):
            return 0.0
        return max(0.0, self._starts[0] + self._seconds - now)

    def paced(self, now: float) -> float:
        """Like `delay`, but once a part of the sends is used up, the others are spread over the whole time.

        Who sends them as fast as allowed has none left for most of it.
        """
        most = self._starts.maxlen or 1
        ready = most // _AT_ONCE
        if not ready or sum(start + self._seconds > now for start in self._starts) < ready:
            return self.delay(now)
        return max(self.delay(now), self._starts[-1] + self._seconds / (most - ready) - now)

    def start(self, now: float) -> None:
        """A send starts."""
        self._starts.append(now)


class Limiter:
    """Several windows that must all agree."""

    def __init__(self, rates: Iterable[Rate], scope: Scope) -> None:
        self._scope = scope
        self._windows = {rate: Window(rate) for rate in rates if rate.scope is scope}

    def __bool__(self) -> bool:
        """Whether anything is limited."""
        return bool(self._windows)

    def changed(self, rates: Iterable[Rate]) -> "Limiter":
        """The limiter of other rates; a rate that stays keeps what it remembers."""
        limiter = Limiter(rates, self._scope)
        limiter._windows.update((rate, window) for rate, window in self._windows.items() if rate in limiter._windows)
        return limiter

    def with_more(self, rates: Iterable[Rate]) -> "Limiter":
        """The limiter of its own rates and of these."""
        return self.changed((*self._windows, *rates))

    def delay(self, now: float) -> float:
        """Seconds until all windows allow a send."""
        if not self._windows:
            return 0.0
        return max(window.delay(now) for window in self._windows.values())

    def paced(self, now: float) -> float:
        """Seconds until the next send should start, so that later ones need not wait long."""
        return max((window.paced(now) for window in self._windows.values()), default=0.0)

    def start(self, now: float) -> None:
        for window in self._windows.values():
            window.start(now)
