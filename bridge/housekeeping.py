"""What has to be done every so often: forgetting, noting uptimes, watching the disk, answering the watchdog."""

import shutil
from collections.abc import Callable, Iterable
from datetime import timedelta

import structlog

from bridge.config import StoreSettings
from bridge.errors import StoreFull
from bridge.intake import Intake
from bridge.shared import Shared
from bridge.store.ops import Purge, Uptime
from bridge.supervisor import Account
from bridge.systemd import notify, watchdog_seconds

logger = structlog.get_logger()
_EVERY_SECONDS = 60.0
_SEEN = timedelta(days=8)
_MIB = 1 << 20
Accounts = Callable[[], Iterable[Account]]


class Housekeeping:
    """Runs beside everything else; each round is short."""

    def __init__(
        self,
        settings: Callable[[], StoreSettings],
        shared: Shared,
        intake: Intake,
        accounts: Callable[[], Iterable[Account]],
    ) -> None:
        self._settings, self._shared, self._intake, self._accounts = settings, shared, intake, accounts

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.watch_disk()
            self._note_uptimes()
            await self.forget()
            await self._shared.clock.sleep(_EVERY_SECONDS)

    async def answer_watchdog(self) -> None:
        """Tell systemd that the loop still turns; returns at once where nobody watches."""
        every = watchdog_seconds()
        while every is not None:
            notify("WATCHDOG=1")
            await self._shared.clock.sleep(every)

    def watch_disk(self) -> None:
        """With too little space left nothing new is accepted; what was accepted is still delivered."""
        settings = self._settings()
        free = shutil.disk_usage(settings.path.parent).free // _MIB
        if free >= settings.min_free_mib:
            if self._intake.refusing == _FULL:
                self._intake.refusing = None
                self._shared.notice(None, "There is space on the disk again: messages are accepted.")
        elif self._intake.refusing is None:
            self._intake.refusing = _FULL
            logger.error("disk nearly full: nothing is accepted", free_mib=free, min_free_mib=settings.min_free_mib)

    def _note_uptimes(self) -> None:
        for account in self._accounts():
            self._shared.writer.tell_lazily(Uptime(account.account, account.lanes.uptime()))

    async def forget(self) -> None:
        """Purge what is too old, piece by piece, so that no piece keeps the store from its work."""
        try:
            while await self._shared.writer.ask(self._purge()):
                pass
        except StoreFull as error:
            logger.warning("nothing was purged", why=str(error))

    def _purge(self) -> Purge:
        settings, now = self._settings(), self._shared.now_ms()
        day = 86_400_000
        return Purge(
            at=now,
            relations_before=now - settings.relations_days * day,
            excerpts_before=now - settings.excerpt_hours * 3_600_000,
            seen_before=now - int(_SEEN.total_seconds() * 1000),
            parked_before=now - settings.parked_days * day,
        )


_FULL = "the disk is nearly full"
