"""Makes of a backup the store that a bridge goes on with, and says before what each way of going on would do."""

from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from bridge.chance import Chance
from bridge.store.backups import Holding, schema_of, synced
from bridge.store.bulk import execute_in
from bridge.store.epochs import begun
from bridge.store.opening import StoreUnreadable, advance, shipped
from bridge.store.rows import Outcome

REASON = "restored"
"""Why deliveries are parked that waited in a backup."""
_MERGED = f"{Outcome.MERGED.value}:{REASON}"
_WAITING = "SELECT number FROM outbox WHERE state = 0"


class From(StrEnum):
    """Where a restored bridge goes on."""

    NOW = "now"
    BACKUP = "backup"


class Outlook(Struct, frozen=True, kw_only=True):
    """What a restore would do. The last three are known only where the store that goes can be compared."""

    backup: Holding
    waiting: int
    """Deliveries that wait in the backup."""
    ended: int | None = None
    """Of these, how many ended since: they went, most of them."""
    since: int | None = None
    """Messages that people wrote and that were accepted after the backup was made."""
    only_there: int | None = None
    """Deliveries that wait in the store that goes and not in the backup."""


def outlook(backup: apsw.Connection, held: Holding, store: apsw.Connection | None) -> Outlook:
    """Compare a backup with the store whose place it would take."""
    waiting = _numbers(backup, _WAITING)
    if store is None or not related(backup, store):
        return Outlook(backup=held, waiting=len(waiting))
    there = _numbers(store, "SELECT number FROM outbox")
    newer = (held.totals.messages,)
    ((since,),) = list(store.execute("SELECT count(*) FROM message WHERE number > ? AND room IS NOT NULL", newer))
    return Outlook(
        backup=held, waiting=len(waiting), ended=len(waiting - there), since=int(str(since)),
        only_there=sum(number > held.totals.deliveries for number in _numbers(store, _WAITING)),
    )  # fmt: skip


def related(backup: apsw.Connection, store: apsw.Connection) -> bool:
    """Whether the store went on from where the backup was made, so that their numbers mean the same."""
    ours, theirs = _meta(backup, "branch"), _meta(store, "branch")
    return ours is not None and ours == theirs


def _meta(connection: apsw.Connection, name: str) -> str | None:
    found: Any = list(connection.execute("SELECT value FROM meta WHERE name = ?", (name,)))
    return found[0][0] if found else None


def _numbers(connection: apsw.Connection, statement: str) -> set[int]:
    found: Any = connection.execute(statement)
    return {number for (number,) in found}


class Restoring:
    """One backup on its way to be the store: `path` is a copy of it that nobody uses yet."""

    def __init__(self, path: Path, store: apsw.Connection | None, chance: Chance, at: int) -> None:
        self._path, self._store, self._chance, self._at = path, store, chance, at

    def finish(self, where: From) -> None:
        """Make the copy ready for its first start, and durable. Raises `StoreUnreadable`, `apsw.Error`."""
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = DELETE", "synchronous = FULL"):
                list(connection.execute(f"PRAGMA {pragma}"))
            schema_of(connection, self._path)
            advance(connection, shipped())
            with connection:
                self._change(connection, where)
        finally:
            connection.close()
        synced(self._path)

    def _change(self, connection: apsw.Connection, where: From) -> None:
        related_store = self._store if self._store is not None and related(connection, self._store) else None
        if where is From.NOW:
            if related_store is not None:
                _settle(connection, related_store)
                _relations(connection, related_store)
            self._skip(connection)
        if related_store is not None:
            _count_on(connection, related_store)
        self._begin_anew(connection)

    def _skip(self, connection: apsw.Connection) -> None:
        """Nothing old goes by itself: what waits is parked, and every account begins where its platform is now."""
        why = "it waited in the backup when the bridge was told to go on from now"
        connection.execute(
            "UPDATE outbox SET state = 1, reason = ?, error = ?, parked_at = ?, next_at = NULL WHERE state = 0",
            (REASON, why, self._at),
        )
        connection.execute("UPDATE account SET position = NULL")

    def _begin_anew(self, connection: apsw.Connection) -> None:
        """Another branch, whose keys and marks are its own."""
        connection.execute("DROP TABLE IF EXISTS belonging")
        connection.execute("DELETE FROM meta WHERE name = 'backup'")
        changed = (("branch", self._chance.token(12)), ("clean", "1"))
        for pair in changed:
            connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", pair)
        sealed = "INSERT OR REPLACE INTO meta (name, value) SELECT 'sealing', '1' FROM meta WHERE name = 'key'"
        connection.execute(sealed)  # what was put in above is clear, or of the store's own key
        connection.execute("UPDATE outbox SET marked = 0, deaths = 0")
        connection.execute("UPDATE announcement SET stage = 0, due = NULL WHERE stage = 1")
        connection.execute("UPDATE announcement SET stage = 5 WHERE stage = 2")
        connection.execute("UPDATE course SET state = 2, why = ? WHERE state = 0", ("the store is a backup",))
        connection.execute("INSERT OR IGNORE INTO account (name) SELECT DISTINCT account FROM room")
        connection.execute("UPDATE account SET claims = 1")
        begun(connection.cursor(), _seq(connection, "outbox"), self._chance.token)


def _seq(connection: apsw.Connection, table: str) -> int:
    found: Any = list(connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)))
    return int(found[0][0]) if found else 0


def _settle(connection: apsw.Connection, store: apsw.Connection) -> None:
    """What waits in the backup and ended in the other store need not be decided about."""
    ended: Any = sorted(_numbers(connection, _WAITING) - _numbers(store, "SELECT number FROM outbox"))
    gone = execute_in(connection.cursor(), "DELETE FROM outbox WHERE number IN ({}) RETURNING room, event", ended)
    for room, event in gone:
        connection.execute("UPDATE event SET waiting = waiting - 1 WHERE number = ?", (event,))
        for outcome in (Outcome.MERGED.value, _MERGED):
            connection.execute(
                "INSERT INTO tally (room, outcome, count) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
                (room, outcome),
            )
    connection.execute("DELETE FROM event WHERE waiting <= 0")


_TABLES = {
    "room": "number, account, name, native, thread, held, held_until",
    "person": "number, account, native, name, avatar",
    "seen": "account, event, at",
    "message": "number, room, person, author, excerpt, at, gone",
    "twin": "room, native, message, part, kind",
    "reaction": "message, room, person, emoji, native",
    "reacted": "message, room, emoji, native",
    "ghosted": "message, room, person, emoji, native",
    "subscription": "number, account, alias, native, state, at, heard_at",
}
"""What edits, replies and reactions need to find their message, and events to be known; columns of every schema.

A table that the other store does not have yet is left out.
"""
_PIECE = 5000


def _relations(connection: apsw.Connection, store: apsw.Connection) -> None:
    """Take over what the other store learned since, so that what it relayed can still be edited and answered."""
    for table in ("reaction", "reacted", "ghosted"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - of three names
    there = {str(name) for (name,) in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if "subscription" in there:  # who left since then must not come back
        connection.execute("DELETE FROM subscription")
    for table, columns in ((table, columns) for table, columns in _TABLES.items() if table in there):
        marks = ", ".join("?" * len(columns.split(", ")))
        found: Any = store.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 - names from the table above
        while rows := list(islice(found, _PIECE)):
            connection.executemany(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608
    gone: Any = sorted(_numbers(store, "SELECT number FROM message WHERE gone = 1"))
    execute_in(connection.cursor(), "UPDATE message SET gone = 1 WHERE number IN ({})", gone)


def _count_on(connection: apsw.Connection, store: apsw.Connection) -> None:
    """Numbers that the other store gave are not given again: a message's number means one message."""
    for table in ("message", "event", "outbox", "announcement", "recipient", "subscription"):
        last = max(_seq(connection, table), _seq(store, table))
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))


def belongings(backup: apsw.Connection) -> list[tuple[Path, int, bytes]]:
    """The accounts' files of a backup. Raises `StoreUnreadable` for a path that leads elsewhere."""
    if not list(backup.execute("SELECT 1 FROM sqlite_schema WHERE name = 'belonging'")):
        return []
    found: Any = list(backup.execute("SELECT path, mode, content FROM belonging ORDER BY path"))
    for name, _, _ in found:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise StoreUnreadable("the backup holds a file whose path leads out of the accounts' folder")
    return [(Path(name), mode, content) for name, mode, content in found]
