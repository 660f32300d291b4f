"""What a backup is: a store in one file, with the files of its accounts in a table beside; made whole, and examined.

It is a database like the store itself, so one check covers all of it and every version can say which version wrote it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
from msgspec import Struct

from bridge.store.copying import Copy, totals
from bridge.store.opening import StoreUnreadable, check, let_go, shipped, told
from bridge.store.questions import Totals

_DATABASE = b"SQLite format 3\0"
_LARGEST = 256 << 20
"""Bytes of one file of an account."""


class Holding(Struct, frozen=True, kw_only=True):
    """What a backup holds; `at` is when it was made, None for a store that is no backup. Times in milliseconds."""

    schema: int
    at: int | None
    totals: Totals
    files: int


def copied(store: Path, to: Path) -> Totals:
    """Copy a store that nobody uses, and change nothing of it. Raises `StoreInUse`, `StoreUnreadable`, `apsw.Error`."""
    with alone(store) as connection:
        copy = Copy(connection, str(to))
        try:
            copy.step(-1)
        except apsw.Error:
            copy.drop()
            raise
        return totals(connection)


@contextmanager
def alone(store: Path) -> Iterator[apsw.Connection]:
    """A store that exists, held alone, whole and of no newer version; its log is left as it is."""
    with told(store):
        connection = apsw.Connection(str(store), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        with told(store):
            for statement in ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "COMMIT"):
                list(connection.execute(statement))
            schema_of(connection, store)
        yield connection
    finally:
        let_go(connection)


def schema_of(connection: apsw.Connection, path: Path) -> int:
    """The schema of what must be a whole store that we can read. Raises `StoreUnreadable`, `apsw.Error`."""
    check(connection, path, len(shipped()))
    if not list(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'outbox'")):
        raise StoreUnreadable(f"{path} is no store of this program")
    return int(str(connection.pragma("user_version")))


def completed(path: Path, folder: Path, at: int) -> Totals:
    """Make a fresh copy a backup: one file without a log, the accounts' files in it, checked and on disk."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = DELETE", "synchronous = FULL"):
            list(connection.execute(f"PRAGMA {pragma}"))
        with connection:
            _mark(connection, at)
            for name, mode, content in _files(folder):
                connection.execute(
                    "INSERT INTO belonging (path, mode, content) VALUES (?, ?, ?)", (name, mode, content)
                )
        schema_of(connection, path)
        found = totals(connection)
    finally:
        connection.close()
    synced(path)
    return found


def _mark(connection: apsw.Connection, at: int) -> None:
    connection.execute("CREATE TABLE belonging (path TEXT PRIMARY KEY, mode INTEGER NOT NULL, content BLOB NOT NULL)")
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('backup', ?)", (str(at),))


def _files(folder: Path) -> Iterator[tuple[str, int, bytes]]:
    """The files of the accounts beside a store, with their paths from there. Raises `OSError`."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not _is_beside(path):
            yield str(path.relative_to(folder)), path.stat().st_mode & 0o777, _content(path)


def _is_beside(path: Path) -> bool:
    """Whether a file is the log of a database beside it: what it holds is in the copy, and it must not meet that."""
    name, _, kind = path.name.rpartition("-")
    return kind in {"wal", "shm", "journal"} and path.with_name(name).is_file()


def _content(path: Path) -> bytes:
    """A file's bytes; a database is asked for its own, since somebody may be writing to it."""
    if path.stat().st_size > _LARGEST:
        raise OSError(f"{path} is larger than {_LARGEST >> 20} MiB")
    content = path.read_bytes()
    if not content.startswith(_DATABASE):
        return content
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return bytes(connection.serialize("main"))
    finally:
        connection.close()


def synced(path: Path) -> None:
    """Return once a file, or a folder's names, are on disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def examined(path: Path) -> Iterator[tuple[apsw.Connection, Holding]]:
    """A backup, or a store that was stopped in order, read and not changed. Raises `StoreUnreadable`."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise StoreUnreadable(f"{path} is a store in use, or one that was not stopped in order: back it up instead")
    address = f"file:{quote(os.fsencode(path.absolute()))}?immutable=1"
    with told(path):
        connection = apsw.Connection(address, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    try:
        with told(path), _whole(path):
            held = _holding(connection, path)
        yield connection, held
    finally:
        connection.close()


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise StoreUnreadable(f"{path} is damaged or no backup ({error}): take another one") from error


def _holding(connection: apsw.Connection, path: Path) -> Holding:
    schema = schema_of(connection, path)
    made: Any = list(connection.execute("SELECT value FROM meta WHERE name = 'backup'"))
    files = 0
    if list(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'belonging'")):
        ((files,),) = list(connection.execute("SELECT count(*) FROM belonging"))
    at = int(made[0][0]) if made else None
    return Holding(schema=schema, at=at, totals=totals(connection), files=int(str(files)))
