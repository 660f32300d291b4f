"""All lanes of one account: how many may send at once, and when the account as a whole has to wait."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Protocol

import structlog

from bridge.backoff import wait
from bridge.capabilities import Capabilities, Rate
from bridge.connector import Connector
from bridge.errors import Scope, Unavailable, Uncertain
from bridge.ids import AccountName, RoomId, RoomNumber
from bridge.limits import Limiter
from bridge.shared import Shared

logger = structlog.get_logger()
SEND_SECONDS = 60.0
"""Longer than this no send may take: then its outcome is unknown."""
_SWEEP_SECONDS = 5.0
_MOST_AT_ONCE = 2048
_BREAKS_AFTER = 5
BESIDE = RoomNumber(0)
"""Stands, in place of a room, for what sends to many rooms at once: no room has this number."""


class Pumped(Protocol):
    """A lane, as its account sees it."""

    number: RoomNumber

    def pump(self) -> None: ...


class Keeper(Protocol):
    """Who runs the account."""

    def refused(self, why: str) -> None:
        """A send was refused for its credentials."""
        ...

    def closed(self, number: RoomNumber) -> None:
        """A room was closed to us: enter it again, later."""
        ...


class Lanes:
    """The account's side of sending."""

    def __init__(
        self, name: AccountName, connector: Connector[Any], shared: Shared, keeper: Keeper, uptime: int = 0
    ) -> None:
        self.name, self.connector = name, connector
        self.stop, self.closed = keeper.refused, keeper.closed
        self._shared = shared
        shared.media.know(name, connector)
        self.policy = connector.config.unknown_outcome
        self.lanes: dict[RoomNumber, Pumped] = {}
        self._limiter = Limiter(connector.features.rates, Scope.ACCOUNT)
        self.connection = 0
        self.last_success = float("-inf")
        self._up_since: float | None = None
        self._uptime = float(uptime)
        self._accepting = True
        self._busy = 0
        self._at_once = 2
        self._failures = 0
        self._blocked_until = float("-inf")
        self._probing = False
        self._asked_until = float("-inf")
        self._queue: OrderedDict[Pumped, None] = OrderedDict()
        self._turn: Pumped | None = None
        self._rated: asyncio.TimerHandle | None = None
        self._sends: dict[asyncio.Task[Any] | None, float] = {}
        """Until when each may take; a row may be sent again by a lane that follows the one whose call still hangs."""
        self._overdue: set[asyncio.Task[Any] | None] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._alarm: asyncio.TimerHandle | None = None

    # --- up and down ---

    @property
    def open(self) -> bool:
        """Whether anything may be sent."""
        return self._accepting and self._up_since is not None and not self._blocked()

    @property
    def busy(self) -> int:
        """Sends under way, or waiting to be durable."""
        return self._busy

    def up(self) -> None:
        """The connector has reached its platform."""
        self.connection += 1
        self._failures, self._blocked_until, self._probing = 0, float("-inf"), False
        self._shared.media.up(self.name, self.connector)
        if self._up_since is None:
            self._up_since = self._shared.clock.monotonic()
        self._tell_beside()

    def down(self) -> None:
        """The connection is lost: nothing starts; what is under way ends by itself."""
        self._shared.media.down(self.name)
        self._uptime = self.uptime_exact()
        self._up_since = None
        self._tell_beside()

    def _tell_beside(self) -> None:
        """What sends beside the rooms looks whether it may."""
        if BESIDE in self.lanes:
            self.lanes[BESIDE].pump()

    def halt(self) -> None:
        """The daemon stops: nothing starts any more."""
        self._accepting = False
        self._tell_beside()

    def uptime_exact(self) -> float:
        if self._up_since is None:
            return self._uptime
        return self._uptime + self._shared.clock.monotonic() - self._up_since

    def uptime(self) -> int:
        """Seconds this account has been up in all its life."""
        return int(self.uptime_exact())

    def shown(self, room: RoomId) -> Capabilities:
        """What a room can show; the class's where the connector cannot tell, which must stop nobody."""
        try:
            return self.connector.capabilities(room)
        except Exception as error:  # noqa: BLE001 - as the docstring says, whatever it raises
            logger.warning("capabilities not told", account=self.name, why=str(error) or type(error).__name__)
            return self.connector.features

    # --- how many at once ---

    def keep(self, rates: Iterable[Rate]) -> None:
        """A room told its rates: those of the whole account hold for all rooms."""
        self._limiter = self._limiter.with_more(rates)

    def admit(self, lane: Pumped) -> bool:
        """Whether one more send may start. Lanes that may not stand in a queue and get one turn each."""
        if (self._queue and self._turn is not lane) or not self._has_place():
            self._queue.setdefault(lane)
            return False
        self._turn = None
        if self._limiter:
            self._limiter.start(self._shared.clock.monotonic())
        self._busy += 1
        return True

    def queues(self, lane: Pumped) -> bool:
        """Whether a lane stands in the queue: it is pumped when its turn comes, and before that in vain."""
        return lane in self._queue

    def _has_place(self) -> bool:
        if self._busy >= (1 if self._probing else self._at_once):
            return False
        if not self._limiter:
            return True
        delay = self._limiter.delay(self._shared.clock.monotonic())
        if delay and self._rated is None:
            self._rated = asyncio.get_running_loop().call_later(delay, self._rate_over)
        return not delay

    def _rate_over(self) -> None:
        self._rated = None
        self._serve()

    def _serve(self) -> None:
        """One turn for each lane in the queue, as long as there is a place; who wants another stands at its end."""
        while self._queue and self._has_place():
            lane, _ = self._queue.popitem(last=False)
            self._turn = lane
            lane.pump()
            self._turn = None

    def take(self) -> None:
        """A place for something that needs no sending."""
        self._busy += 1

    def release(self) -> None:
        """A send ended and is durable."""
        self._busy -= 1
        self._serve()

    def succeeded(self) -> None:
        self.last_success = self._shared.clock.monotonic()
        self._failures = 0
        self._probing = False
        self._at_once = min(self._at_once + 1, _MOST_AT_ONCE)

    def failed(self, error: Exception) -> None:
        """After five failures in a row of the platform itself, one send at a time probes it."""
        if not isinstance(error, Unavailable):
            return
        self._at_once = max(1, self._at_once // 2)
        self._failures += 1
        if self._failures >= _BREAKS_AFTER:
            self._probing = True
            pause = wait(self._failures - _BREAKS_AFTER, self._shared.chance.fraction())
            if not isinstance(error, Uncertain) or error.retry_after is None:
                self._blocked_until = max(self._blocked_until, self._shared.clock.monotonic() + pause)

    # --- waiting as a whole ---

    def block(self, until: float) -> None:
        """Nothing of this account goes before `until` (monotonic seconds), whatever becomes of the connection."""
        self._asked_until = max(self._asked_until, until)
        self._blocked()

    def _blocked(self) -> bool:
        until = max(self._blocked_until, self._asked_until)
        if until == float("-inf"):
            return False
        left = until - self._shared.clock.monotonic()
        if left <= 0:
            return False
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(left, self._ring)
        return True

    def _ring(self) -> None:
        self._alarm = None
        self.pump()

    def pump(self) -> None:
        """Let every lane look for work."""
        for lane in list(self.lanes.values()):
            lane.pump()

    # --- sends that take too long ---

    def watch(self, task: asyncio.Task[None], now: float) -> None:
        """Cancel a send when it takes too long."""
        self._sends[task] = now + SEND_SECONDS
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep_out)

    def unwatch(self) -> None:
        """The send that says so has ended."""
        task = asyncio.current_task()
        self._sends.pop(task, None)
        self._overdue.discard(task)

    def overdue(self) -> bool:
        """Whether the send that asks was cancelled because it took too long."""
        return asyncio.current_task() in self._overdue

    def _sweep_out(self) -> None:
        """One timer an account instead of one a send."""
        now = self._shared.clock.monotonic()
        for task, deadline in list(self._sends.items()):
            if task is not None and now >= deadline and task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
        self._sweep = None
        if self._sends:
            self._sweep = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep_out)
