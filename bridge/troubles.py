"""What went wrong in one lane since something last went well, and for how long a row has been failing."""

import structlog

from bridge.after import Again, Next, Tries
from bridge.errors import BridgeError
from bridge.ids import Room, RowNumber
from bridge.lanes import Lanes
from bridge.shared import Shared
from bridge.store.ops import Tally
from bridge.store.rows import Row

logger = structlog.get_logger()


class Troubles:
    """Time is the account's: monotonic seconds."""

    def __init__(self, account: Lanes, shared: Shared) -> None:
        self._account, self._shared = account, shared
        self._failures = 0
        self._undeclared: dict[RowNumber, float] = {}

    def over(self) -> None:
        """Something went well."""
        self._failures = 0

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
