"""A copy of the store while it is in use, piece by piece: what is written meanwhile is copied along."""

import os
from pathlib import Path
from typing import Any

import apsw

from bridge.errors import Rejected
from bridge.store.questions import Copied, CopyOut, DropCopy, Totals

_NUMBERS = (
    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0),"
    " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0),"
    " (SELECT count(*) FROM outbox WHERE state = 0), (SELECT count(*) FROM outbox WHERE state = 1)"
)


class Copying:
    """At most one copy at a time. The file is written without a sync: whoever takes it over syncs it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._copy: Copy | None = None

    def step(self, op: CopyOut) -> Copied:
        """The next piece. An error of the copy concerns the copy alone, never the store."""
        try:
            return self._step(op)
        except (apsw.Error, OSError) as error:
            self.drop(DropCopy())
            raise Rejected(f"the copy cannot be written: {error}") from error

    def _step(self, op: CopyOut) -> Copied:
        if self._copy is None:
            self._copy = Copy(self._connection, op.path)
        if not self._copy.step(op.pages):
            return Copied(self._copy.left)
        self._copy = None
        return Copied(0, totals(self._connection))

    def drop(self, _: DropCopy) -> None:
        if self._copy is not None:
            self._copy.drop()
            self._copy = None


class Copy:
    """One copy on its way to a file that only we may read. Raises `apsw.Error` and `OSError`."""

    def __init__(self, source: apsw.Connection, path: str) -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._path = path
        self._target = apsw.Connection(path)
        for pragma in ("journal_mode = OFF", "synchronous = OFF"):
            self._target.execute(f"PRAGMA {pragma}")
        self._backup = self._target.backup("main", source, "main")

    @property
    def left(self) -> int:
        """Pages still to be copied; at least one, as long as it is not done."""
        return max(1, self._backup.remaining)

    def step(self, pages: int) -> bool:
        """Copy so many pages; whether it is whole now."""
        if not self._backup.step(pages):
            return False
        self._backup.finish()
        self._target.close()
        return True

    def drop(self) -> None:
        self._backup.close(force=True)
        self._target.close()
        Path(self._path).unlink(missing_ok=True)


def totals(connection: apsw.Connection) -> Totals:
    """What a store of any version holds."""
    found: Any = list(connection.execute(_NUMBERS))
    ((messages, deliveries, waiting, parked),) = found
    return Totals(messages=messages, deliveries=deliveries, waiting=waiting, parked=parked)
