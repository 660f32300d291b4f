"""What has to be done every so often: forgetting, noting uptimes, watching the disk, answering the watchdog."""

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
_LOOK_SECONDS = 5.0
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
        self._refusals = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._note_uptimes()
            await self.forget()
            await self._shared.clock.sleep(_EVERY_SECONDS)

    async def answer_watchdog(self) -> None:
        """Tell systemd that the loop still turns; returns at once where nobody watches."""
        every = watchdog_seconds()
        while every is not None:
            notify("WATCHDOG=1")
            await self._shared.clock.sleep(every)

    async def watch_disk(self) -> None:
        """Until cancelled: with too little space nothing new is accepted; what was accepted is still delivered."""
        while True:
            self._look_at_disk()
            await self._shared.clock.sleep(_LOOK_SECONDS)

    def _look_at_disk(self) -> None:
        ballast, settings = self._shared.writer.store.ballast, self._settings()
        size, free = settings.ballast_mib * _MIB, ballast.free()
        was_full, self._refusals = ballast.refusals > self._refusals, ballast.refusals
        free_beyond, least = free - ballast.missing(size), settings.min_free_mib * _MIB
        if self._intake.refusing == _FULL:
            if not was_full and free_beyond >= max(least, size // 4, _MIB) and ballast.keep(size):
                self._accept_again()
        elif self._intake.refusing is None and (was_full or free_beyond < least or not ballast.keep(size)):
            self._refuse(free)

    def _refuse(self, free: int) -> None:
        self._intake.refusing = _FULL
        logger.error("disk nearly full: nothing new is accepted", free_mib=free // _MIB)
        self._shared.notice(None, _TOLD.format(free=free // _MIB))

    def _accept_again(self) -> None:
        self._intake.refusing = None
        logger.info("there is space on the disk again")
        self._shared.notice(None, "There is space on the disk again: messages are accepted.")

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
            deeds_before=now - settings.audit_days * day,
        )


_FULL = "the disk is nearly full"
_TOLD = (
    "The disk is nearly full ({free} MiB are free): nothing new is accepted until there is space."
    " What was accepted is still delivered."
)
