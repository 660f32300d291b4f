"""What an account's platform gave and its connector could not read: counted, and told now and then."""

import structlog

from bridge.ids import AccountName
from bridge.shared import Shared

logger = structlog.get_logger()
TOLD_EVERY_SECONDS = 3600.0
_LONGEST = 100


class Unread:
    """One account's count since the start; the operator hears of it at most once an hour."""

    def __init__(self, account: AccountName, shared: Shared) -> None:
        self._account, self._shared = account, shared
        self.count = 0
        self._told = float("-inf")

    def add(self, what: str) -> None:
        """One more: `what` is the kind of thing it was."""
        self.count += 1
        now = self._shared.clock.monotonic()
        if now - self._told < TOLD_EVERY_SECONDS:
            return
        self._told = now
        kind = " ".join(what.split())[:_LONGEST]
        logger.warning("an event cannot be read", account=self._account, what=kind, since_start=self.count)
        self._shared.notice(
            None,
            f"Account {self._account}: its platform gave something that cannot be read ({kind});"
            f" {self.count} since the start. What is counted here was said there and not here.",
        )
