"""The one file of a device's keys, its secrets sealed under the operator's passphrase.

A session moves on with everything it encrypts and decrypts, so each change is on disk (`synchronous=FULL`) before
anything that came of it is sent or acknowledged: see docs/decisions/matrix-encryption.md.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from bridge.errors import Unauthorized

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE olm (curve TEXT, id TEXT, used INTEGER NOT NULL, pickle TEXT NOT NULL, PRIMARY KEY (curve, id));
CREATE TABLE megolm (
    room TEXT, id TEXT, user TEXT NOT NULL, curve TEXT NOT NULL, first INTEGER NOT NULL, used INTEGER NOT NULL,
    pickle TEXT NOT NULL, PRIMARY KEY (room, id));
CREATE TABLE device (
    user TEXT, id TEXT, curve TEXT NOT NULL, ed25519 TEXT NOT NULL, gone INTEGER NOT NULL, PRIMARY KEY (user, id));
CREATE INDEX device_by_curve ON device (curve);
CREATE TABLE followed (user TEXT PRIMARY KEY, stale INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE taken (digest BLOB PRIMARY KEY, since TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE aside (
    event TEXT PRIMARY KEY, room TEXT NOT NULL, session TEXT NOT NULL, raw TEXT NOT NULL, writer TEXT NOT NULL,
    since INTEGER NOT NULL, shown INTEGER NOT NULL);
CREATE INDEX aside_by_session ON aside (session);
"""
_VERSION = 1
_COST = 1 << 14
_BUSY_MILLISECONDS = 5_000


class KeyStore(Struct, frozen=True):
    """An open key store; `key` opens what is sealed in it. Open it with `opened`."""

    connection: apsw.Connection
    key: bytes

    @contextmanager
    def change(self) -> Iterator[None]:
        """Everything in the block together, on disk when it ends, or nothing of it."""
        with self.connection:
            yield

    def rows(self, statement: str, *values: str | bytes | int) -> list[tuple[Any, ...]]:
        return list(self.connection.execute(statement, values))

    def write(self, statement: str, *values: str | bytes | int) -> None:
        self.connection.execute(statement, values)

    def meta(self, name: str) -> bytes | None:
        found = self.rows("SELECT value FROM meta WHERE name = ?", name)
        return bytes(found[0][0]) if found else None

    def set_meta(self, name: str, value: bytes) -> None:
        self.write("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, value)

    def close(self) -> None:
        self.connection.close()


@contextmanager
def opened(path: Path, passphrase: str, salt: bytes) -> Iterator[KeyStore]:
    """The store of a device, made with `salt` where there is none. Whether the passphrase is right shows at first use.

    A file that was copied, as a restored backup is, forgets its sessions with other devices: they went on elsewhere,
    and one that is used twice from the same state is broken for both sides. New ones are made by themselves.
    """
    connection = apsw.Connection(str(path))
    try:
        path.chmod(0o600)
        _prepare(connection, path, salt)
        ((kept,),) = list(connection.execute("SELECT value FROM meta WHERE name = 'salt'"))
        key = hashlib.scrypt(passphrase.encode(), salt=bytes(kept), n=_COST, r=8, p=1, dklen=32)
        store = KeyStore(connection, key)
        _forget_if_copied(store, path)
        yield store
    finally:
        connection.close()


def _prepare(connection: apsw.Connection, path: Path, salt: bytes) -> None:
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        list(connection.execute(f"PRAGMA {pragma}"))
    version = int(str(connection.pragma("user_version")))
    if version > _VERSION:
        raise Unauthorized(f"{path} was written by a newer version of this program")
    if version < _VERSION:
        connection.execute(f"BEGIN IMMEDIATE;{_SCHEMA};PRAGMA user_version = {_VERSION};COMMIT;")
    with connection:
        connection.execute("INSERT OR IGNORE INTO meta (name, value) VALUES ('salt', ?)", (salt,))


def _forget_if_copied(store: KeyStore, path: Path) -> None:
    found = path.stat()
    place = f"{found.st_dev}/{found.st_ino}".encode()
    known = store.meta("place")
    if known == place:
        return
    with store.change():
        if known is not None:
            store.write("DELETE FROM olm")
        store.set_meta("place", place)
