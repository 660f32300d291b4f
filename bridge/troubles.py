"""What went wrong in one lane since something last went well, and for how long a row has been failing."""

from collections.abc import Iterable

import structlog

from bridge.after import Again, Next, Setback, Tries
from bridge.errors import BridgeError, Scope
from bridge.ids import Room, RowNumber
from bridge.lanes import Lanes
from bridge.shared import Shared
from bridge.store.ops import Tally
from bridge.store.rows import Row

logger = structlog.get_logger()
CAREFUL_SENDS = 64
"""So many go one at a time in a room that let others pass a message which it refused."""


class Troubles:
    """Time is the account's: monotonic seconds."""

    def __init__(self, account: Lanes, shared: Shared) -> None:
        self._account, self._shared = account, shared
        self._failures = 0
        self._undeclared: dict[RowNumber, float] = {}
        self.careful = 0
        """So many sends more go one at a time, as the room let others pass a message which it refused."""
        self._furthest = RowNumber(0)

    def over(self, row: Row) -> None:
        """Something went well."""
        self._failures = 0
        self.careful -= bool(self.careful)
        self._furthest = max(self._furthest, row.number)

    def look_back(self, setbacks: Iterable[tuple[Row, Setback]]) -> None:
        """Where later words may stand in the room before these: who refuses one alone may do so again."""
        again = ((row, decision) for row, decision in setbacks if isinstance(decision, Again))
        if any(decision.scope is Scope.ROOM or row.number < self._furthest for row, decision in again):
            self.careful = CAREFUL_SENDS

    def noted(self, row: Row, decision: Next, error: Exception, room: Room) -> None:
        """Remember what a failed try of a row means for the tries after it, and for the account."""
        self._count(row, decision)
        self._account.failed(error)
        if not isinstance(error, BridgeError):
            logger.error("connector raised an undeclared error", room=str(room), exc_info=error)

    def _count(self, row: Row, decision: Next) -> None:
        self._failures += 1
        if isinstance(decision, Again) and decision.counts == "attempt":
            self._undeclared.setdefault(row.number, self._shared.clock.monotonic())
            row.attempts += 1
        if isinstance(decision, Again) and decision.doubtful == "yes":
            row.doubtful = True
            self._shared.writer.tell_lazily(Tally(row.room, "unknown outcome"))

    def forget(self, row: Row) -> None:
        """The row is settled."""
        self._undeclared.pop(row.number, None)

    def tries(self, row: Row) -> Tries:
        """What is known of the tries of a row so far."""
        now = self._shared.clock.monotonic()
        since = self._undeclared.get(row.number, now)
        return Tries(
            failures=self._failures, undeclared=row.attempts, since=now - since,
            others_succeed=self._account.last_success > since, policy=self._account.policy,
            fraction=self._shared.chance.fraction(),
        )  # fmt: skip
