"""How often one may send: at most `count` in any `seconds`. State only; time is handed in."""

from collections import deque
from collections.abc import Iterable

from bridge.connector import Rate
from bridge.errors import Scope


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

    def start(self, now: float) -> None:
        """A send starts."""
        self._starts.append(now)


class Limiter:
    """Several windows that must all agree."""

    def __init__(self, rates: Iterable[Rate], scope: Scope) -> None:
        self._scope = scope
        self._windows = {rate: Window(rate) for rate in rates if rate.scope is scope}

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

    def start(self, now: float) -> None:
        for window in self._windows.values():
            window.start(now)
