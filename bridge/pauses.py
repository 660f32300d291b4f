"""Accounts that take nothing for a while, because a room that would hear them is full."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import structlog

from bridge.ids import AccountName, RoomNumber
from bridge.shared import Shared

logger = structlog.get_logger()
_TELL_AGAIN_SECONDS = 3600.0
_PAUSED = (
    "{most} messages wait for {room}: {account} takes nothing more until there are fewer, and its platform keeps what"
    " is said. Let {room} be written to, or take it out of its links."
)


class Pauses:
    """`accounts` are those that pause now, each with the reason."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.accounts: dict[AccountName, str] = {}
        self._told_of: dict[RoomNumber, float] = {}

    async def space(
        self, account: AccountName, targets: AbstractSet[RoomNumber], names: Mapping[RoomNumber, str]
    ) -> bool:
        """Wait until none of these rooms is full; whether there was anything to wait for."""
        full = sorted(self._shared.quota.full & targets)
        if not full:
            return False
        self._tell(account, full[0], names.get(full[0], ""))
        try:
            await self._shared.quota.space(targets)
        finally:
            del self.accounts[account]
        logger.info("account goes on", account=account)
        return True

    def _tell(self, account: AccountName, room: RoomNumber, name: str) -> None:
        """The operator hears of a room at most once an hour, however often it fills again."""
        most, now = self._shared.quota.most, self._shared.clock.monotonic()
        self.accounts[account] = f"{most} messages wait for {name}"
        logger.warning("account pauses: too much waits for a room", account=account, room=name)
        if now - self._told_of.get(room, float("-inf")) >= _TELL_AGAIN_SECONDS:
            self._told_of[room] = now
            self._shared.notice(room, _PAUSED.format(most=most, room=name, account=account))
