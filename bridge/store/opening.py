"""Opening the store's file: checked before anything is written, brought to today's schema, refused in plain words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import apsw
import structlog

from bridge.errors import BridgeError

logger = structlog.get_logger()
_COPIES = ".backup"
_SETTINGS = ("secure_delete = ON", "temp_store = MEMORY", "cache_size = -16384", "journal_size_limit = 67108864")


class StoreInUse(BridgeError):
    """Another process holds the store."""


class StoreUnreadable(BridgeError):
    """The file is no store of ours, damaged, or newer than this program."""


class StoreLocked(StoreUnreadable):
    """The store is encrypted and its key is missing or wrong, or it cannot be encrypted."""


class StoreUnwritable(BridgeError):
    """The disk does not let the store work: it is read-only, full or failing, or the place is not ours."""


def connected(path: Path, vfs: str | None) -> apsw.Connection:
    """The open file, still unchecked; its directory is made where there is none."""
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        return apsw.Connection(str(path), vfs=vfs)


def prepare(connection: apsw.Connection, path: Path, synchronous: str, migrations: Sequence[str]) -> None:
    """Set the modes the promises stand on, check that they hold, and bring the schema up to date."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    check(connection, path, len(migrations))
    mode = connection.pragma("journal_mode", "WAL")
    if mode != "wal":
        raise StoreUnwritable(f"{path}: journal mode is {mode}, not wal: the file system cannot carry it")
    for pragma in (f"synchronous = {synchronous}", *_SETTINGS):
        connection.execute(f"PRAGMA {pragma}")
    _migrate(connection, path, migrations)


def let_go(connection: apsw.Connection) -> None:
    """Close without writing anything more."""
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.close()
    except apsw.Error as error:
        logger.warning("store: a file of a failing disk was let go", why=str(error))


def shipped() -> tuple[str, ...]:
    """The migrations of this version, in order: the number of each is the schema it makes."""
    files = [entry for entry in resources.files("bridge.store.migrations").iterdir() if entry.name.endswith(".sql")]
    return tuple(entry.read_text("utf-8") for entry in sorted(files, key=lambda entry: entry.name))


def check(connection: apsw.Connection, path: Path, newest: int) -> None:
    """Whether this file is ours, whole, and not newer than we are: before anything is written to it."""
    for (found,) in connection.execute("PRAGMA quick_check(1)"):
        if found != "ok":
            raise apsw.CorruptError(str(found))
    version = _version(connection)
    if version > newest:
        raise StoreUnreadable(
            f"{path} was written by a newer version of this program (schema {version}, this one knows {newest}) and was"
            f" not touched: install that version{_or_a_copy(path)}"
        )
    if not version and list(connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")):
        raise StoreUnreadable(f"{path} is a database of another program: choose another path")


def _version(connection: apsw.Connection) -> int:
    return int(str(connection.pragma("user_version")))


def _migrate(connection: apsw.Connection, path: Path, migrations: Sequence[str]) -> None:
    """Apply the numbered migrations that this file has not seen, one transaction each, after a copy of what is there.

    A death in the middle leaves the schema of the last migration that was whole.
    """
    version = _version(connection)
    if 0 < version < len(migrations):
        copy = _copied(connection, path, version)
        logger.info("store: an older schema is brought up to date", schema=version, to=len(migrations), copy=copy)
    advance(connection, migrations)


def advance(connection: apsw.Connection, migrations: Sequence[str]) -> None:
    """Apply the migrations that this file has not seen."""
    version = _version(connection)
    for number, script in enumerate(migrations[version:], start=version + 1):
        connection.execute(f"BEGIN IMMEDIATE;{script};PRAGMA user_version = {number};COMMIT;")


def _copied(connection: apsw.Connection, path: Path, version: int) -> str:
    """Copy the store beside itself, under a name that is free: an earlier copy is nobody's to overwrite."""
    number = 1
    while True:
        again = f"-{number}" if number > 1 else ""
        copy = f"{path}.schema-{version}{again}{_COPIES}"
        try:
            connection.execute("VACUUM INTO ?", (copy,))
        except apsw.SQLError as error:
            if "already exists" not in str(error):
                raise
            number += 1
        else:
            return copy


def _or_a_copy(path: Path) -> str:
    """What else could be put in the store's place: the newest copy beside it."""
    copies = sorted(path.parent.glob(f"{path.name}*{_COPIES}"), key=lambda copy: copy.stat().st_mtime)
    return f", or put the newest copy, {copies[-1]}, in its place" if copies else ""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What keeps a store from being opened, in words for the operator."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreInUse(f"{path} is in use by another process: stop that one first") from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise StoreUnreadable(
            f"{path} is damaged and was not touched: move it away, together with {path.name}-wal, and begin anew"
            f"{_or_a_copy(path) or f', or put a backup in its place: there is none beside it ({path}*{_COPIES})'}"
        ) from error
    except (
        apsw.ReadOnlyError,
        apsw.CantOpenError,
        apsw.PermissionsError,
        apsw.IOError,
        apsw.FullError,
        OSError,
    ) as error:
        raise StoreUnwritable(
            f"{path} cannot be written ({error}):"
            f" is the disk mounted read-only, full or failing, is {path.parent} a directory of this user?"
        ) from error
    except apsw.Error as error:
        raise StoreUnreadable(f"{path} cannot be used: {error}") from error


__all__ = [
    "StoreInUse",
    "StoreLocked",
    "StoreUnreadable",
    "StoreUnwritable",
    "advance",
    "check",
    "connected",
    "let_go",
    "prepare",
    "shipped",
    "told",
]
