"""Puts a restored store in the place of the old one, which is kept aside, never deleted."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import apsw

from bridge.store.backups import alone, synced
from bridge.store.opening import StoreUnreadable


@contextmanager
def held(store: Path) -> Iterator[apsw.Connection | None]:
    """The store that goes, held alone so that no daemon starts on it; None where there is none that can be read.

    Raises `StoreInUse`, `StoreUnwritable`.
    """
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(alone(store)) if store.exists() else None
        except StoreUnreadable:
            connection = None
        yield connection


def replace(store: Path, new: Path, aside: Path, connection: apsw.Connection | None) -> None:
    """Give the new store the name; at each moment there is one under it. Raises `OSError`, `apsw.Error`."""
    if connection is not None:
        list(connection.execute("PRAGMA journal_mode = DELETE"))  # its log is folded in: it must not meet the new store
    log = store.with_name(f"{store.name}-wal")
    if log.exists() and log.stat().st_size:
        log.rename(aside.with_name(f"{aside.name}-wal"))
    log.unlink(missing_ok=True)
    if store.exists():
        os.link(store, aside)
    synced(store.parent)
    new.replace(store)
    synced(store.parent)


def unpack(files: Sequence[tuple[Path, int, bytes]], folder: Path) -> None:
    """Write the accounts' files, on disk when this returns."""
    for name, mode, content in files:
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode & 0o700)
        synced(path)


def given_to(owner: Path, paths: Sequence[Path]) -> None:
    """What root restores belongs to whom the folder belongs to: the daemon is not root."""
    if os.geteuid() == 0:
        found = owner.stat()
        for path in paths:
            for one in (path, *path.rglob("*")):
                os.chown(one, found.st_uid, found.st_gid)
