"""The store's write-ahead log: folded into the file by us, not by SQLite on the way.

SQLite's own checkpoint after a commit keeps its failures to itself: a sync that failed would be tried again on the
same handle, might seem to succeed, and the log would be thrown away over pages that never reached the disk.
"""

from collections.abc import Callable

import apsw
import structlog

logger = structlog.get_logger()
PAGES = 4000
"""How long the log grows, in pages of 4 KiB, before it is folded into the file."""


class Log:
    """Counts the pages of the log and folds them in when there are many."""

    def __init__(self, connection: apsw.Connection, full: Callable[[], object]) -> None:
        self._connection, self._full = connection, full
        self.every = PAGES
        self._pages = 0
        self._failed_at = 0
        self._used = True
        connection.set_wal_hook(self._grew)

    def _grew(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._pages, self._used = pages, True
        return apsw.SQLITE_OK

    def fold_if_long(self) -> None:
        """Checkpoint a long log. On a full disk it stays and grows on; raises `apsw.Error` when the disk fails."""
        if self._pages >= self._failed_at + self.every:
            self.fold()

    def empty(self) -> None:
        """Fold the log in and cut it off, so that nothing that was deleted stays in it. Raises as `fold_if_long`."""
        if not self._used or (self._pages and not self.fold()):
            return
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except (apsw.FullError, apsw.LockedError, apsw.BusyError):  # a copy is being made: the next round cuts it off
            return
        self._used = False

    def fold(self) -> bool:
        """Checkpoint, so that the log begins anew in the space it has. Whether that was possible, and any use."""
        if not self._pages:
            return False
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except (apsw.FullError, apsw.LockedError) as error:
            self._failed_at = self._pages
            if isinstance(error, apsw.FullError):
                self._full()
            logger.warning("store: the log could not be folded in and grows on", why=str(error))
            return False
        self._pages = self._failed_at = 0
        return True
