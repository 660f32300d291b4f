"""Whether the store opens, while no daemon holds it: opening it checks every page's form."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import apsw

from bridge.chance import SystemChance
from bridge.config import StoreSettings
from bridge.errors import BridgeError
from bridge.findings import Finding, Grade
from bridge.store.keys import keys_of
from bridge.store.sqlite import SqliteStore, StoreInUse, StoreLocked, StoreUnreadable

_VERSION_AT = slice(60, 64)
"""Where `user_version` stands in a database's file (sqlite.org, Database File Format, 1.3)."""


def older(path: Path, ours: int) -> Iterator[Finding]:
    """Whether opening the store would change it: a doctor does not."""
    if is_older(path, ours):
        version = f"schema {written_by(path)} of {ours}"
        what = f"an older version wrote the store ({version}): the next start brings it up to date"
        remedy = "back it up first; the accounts are asked only after that start"
        yield Finding(grade=Grade.NOTE, where=str(path), what=what, remedy=remedy)


def is_older(path: Path, ours: int) -> bool:
    """Whether a start of this program, which writes schema `ours`, would change the store's form."""
    return 0 < written_by(path) < ours


def written_by(path: Path) -> int:
    """The schema's number as the file's head says it; 0 where there is none."""
    try:
        with path.open("rb") as file:
            return int.from_bytes(file.read(100)[_VERSION_AT])
    except OSError:
        return 0


def newest() -> int:
    """The schema's number that this program writes."""
    names = [entry.name for entry in resources.files("bridge.store.migrations").iterdir()]
    return sum(name.endswith(".sql") for name in names)


@contextmanager
def opened(settings: StoreSettings, found: list[Finding]) -> Iterator[SqliteStore | None]:
    """The store, closed at the end; None where there is none or it cannot be used, which is added to what is found."""
    store = _open(settings, found) if settings.path.exists() else None
    try:
        yield store
    finally:
        if store is not None:
            store.close()


def _open(settings: StoreSettings, found: list[Finding]) -> SqliteStore | None:
    path = settings.path
    try:
        return SqliteStore(path, SystemChance(), keys=keys_of(settings))
    except (BridgeError, apsw.Error, OSError) as error:
        found.append(Finding(grade=Grade.FAULT, where=str(path), what=str(error), remedy=_remedy(path, error)))
    return None


def _remedy(path: Path, error: Exception) -> str:
    match error:
        case StoreInUse():
            return f"`fuser -v {path}` shows who; stop that one, or ask it: `qantara status` as its user"
        case StoreLocked():
            return "put the key that the store was used with into store.key, or into store.previous_keys"
        case StoreUnreadable():
            return f"stop the bridge, put a backup at {path}, or: mv {path} {path}.damaged"
        case _:
            return "look at the disk: dmesg | tail"
