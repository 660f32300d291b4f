"""A store and its key: refused without it, sealed when a key is new, sealed anew when the key was changed.

All of it happens before the store is used, in small pieces, so that a death in the middle costs nothing: the next
start goes on. At the end the file is written anew and the log truncated, so that nothing clear remains.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import structlog

from bridge.store.opening import StoreLocked
from bridge.store.vault import PEPPER_BYTES, Box, Clear, Column, Draw, Keyed, Keys, Vault, VaultError

logger = structlog.get_logger()
_PIECE = 500
_NUMBERED = (
    ("event", (Column.BODY,)),
    ("joint", (Column.JOINT,)),
    ("message", (Column.AUTHOR, Column.EXCERPT)),
    ("outbox", (Column.PLAN, Column.ERROR)),
    ("person", (Column.NAME, Column.AVATAR)),
    ("room", (Column.HELD,)),
    ("media", (Column.ABOUT,)),
    ("face", (Column.FACE,)),
    ("conversation", (Column.TITLE, Column.CLAIMANT)),
    ("correspondent", (Column.NATIVE,)),
    ("subscription", (Column.SUBSCRIBER,)),
    ("announcement", (Column.ANNOUNCER,)),
    ("recipient", (Column.WHY,)),
    ("early", (Column.EARLY,)),
    ("ruling", (Column.RULED,)),
    ("deed", (Column.ACTOR, Column.DEED)),
)
"""Tables whose rows have numbers, and their columns that hold words."""
_PLAIN = (
    ("reaction", "message, person", "emoji"),
    ("reacted", "message, room", "emoji"),
    ("ghosted", "message, person", "emoji"),
)
_ALIASED = (("person", "native"), ("correspondent", "alias"), ("subscription", "alias"), ("ruling", "native"))
_WITHOUT = "install it, as one does with qantara[at-rest]: pip install 'qantara[at-rest]'"


def unlocked(connection: apsw.Connection, path: Path, keys: Keys | None, draw: Draw) -> Vault:
    """The vault of a store, and the store brought under it. Raises `StoreLocked`."""
    sealed = _kept(connection, "key")
    if keys is None:
        if sealed is not None:
            raise StoreLocked(f"{path} is encrypted: set store.key to the key it was used with")
        return Clear()
    vault = _vault(path, keys, draw)
    if sealed is not None and bytes.fromhex(sealed) not in vault:
        raise StoreLocked(f"{path} is encrypted under another key: neither store.key nor store.previous_keys opens it")
    try:
        _pepper(connection, vault, draw)
        if sealed != vault.id.hex() or _kept(connection, "sealing") is not None:
            _seal(connection, path, vault, sealed)
    except VaultError as error:
        raise StoreLocked(f"{path}: {error}") from error
    return vault


def _vault(path: Path, keys: Keys, draw: Draw) -> Keyed:
    try:
        return Keyed([Box(key) for key in (keys.current, *keys.previous)], draw)
    except ImportError as error:
        raise StoreLocked(f"{path}: store.key needs the package `cryptography`: {_WITHOUT}") from error


def _kept(connection: apsw.Connection, name: str) -> str | None:
    for (value,) in connection.execute("SELECT value FROM meta WHERE name = ?", (name,)):
        return str(value)
    return None


def _keep(connection: apsw.Connection, name: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


def _pepper(connection: apsw.Connection, vault: Keyed, draw: Draw) -> None:
    """Read the store's own random bytes; a store that was clear gets them with the first piece that is sealed."""
    kept = _kept(connection, "pepper")
    vault.pepper = draw(PEPPER_BYTES) if kept is None else vault.data(Column.PEPPER, bytes.fromhex(kept))


def _seal(connection: apsw.Connection, path: Path, vault: Keyed, before: str | None) -> None:
    clear = before is None and bool(list(connection.execute("SELECT 1 FROM message LIMIT 1")))
    with connection:
        _keep(connection, "key", vault.id.hex())
        _keep(connection, "sealing", "1")
        _keep(connection, "pepper", _hex(vault.seal(Column.PEPPER, vault.pepper)))
    rows = sum(_sealed(connection, vault))
    with connection:
        if _kept(connection, "aliases") is None:
            rows += _aliased(connection, vault)
    connection.execute("VACUUM")
    with connection:
        connection.execute("DELETE FROM meta WHERE name = 'sealing'")
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    if rows or before is not None:
        logger.info("store: sealed under the key", rows=rows)
    if clear:
        _warn_of_copies(path)


def _hex(value: Any) -> str:  # noqa: ANN401 - what a vault seals is bytes
    return bytes(value).hex()


def _sealed(connection: apsw.Connection, vault: Keyed) -> Iterator[int]:
    """Every piece of every table, each in a transaction; how many rows it changed."""
    for table, columns in _NUMBERED:
        yield from _numbered(connection, vault, table, columns)
    for table, key, column in _PLAIN:
        yield from _named(connection, vault, table, key, column)
    with connection:
        yield _remembered(connection, vault)


def _numbered(connection: apsw.Connection, vault: Keyed, table: str, columns: Sequence[Column]) -> Iterator[int]:
    names = [column.value.decode().partition(".")[2] for column in columns]
    question = f"SELECT number, {', '.join(names)} FROM {table} WHERE number > ? ORDER BY number LIMIT {_PIECE}"  # noqa: S608 - our own names
    last = 0
    while True:
        found: list[Any] = list(connection.execute(question, (last,)))
        if not found:
            return
        with connection:
            yield sum(_renewed(connection, vault, table, columns, names, row) for row in found)
        last = found[-1][0]


def _renewed(  # noqa: PLR0913, PLR0917 - one row of one table
    connection: apsw.Connection, vault: Keyed, table: str, columns: Sequence[Column], names: Sequence[str], row: Any,  # noqa: ANN401
) -> int:  # fmt: skip
    number, *values = row
    new = {name: vault.renewed(column, value) for name, column, value in zip(names, columns, values, strict=True)}
    changed = {name: value for name, value in new.items() if value is not None}
    if changed:
        sets = ", ".join(f"{name} = ?" for name in changed)
        connection.execute(f"UPDATE {table} SET {sets} WHERE number = ?", (*changed.values(), number))  # noqa: S608 - our own names
    return bool(changed)


def _named(connection: apsw.Connection, vault: Keyed, table: str, key: str, column: str) -> Iterator[int]:
    """Rows whose key holds the words: they leave the question as they are renewed."""
    one, two = key.split(", ")
    question = (
        f"SELECT {key}, {column} FROM {table} WHERE typeof({column}) <> 'blob' AND {column} <> ''"  # noqa: S608 - our own names
        f" OR typeof({column}) = 'blob' AND substr({column}, 2, 4) <> ? LIMIT {_PIECE}"
    )
    change = f"UPDATE {table} SET {column} = ? WHERE {one} = ? AND {two} = ? AND {column} = ?"  # noqa: S608 - our own names
    while found := list(connection.execute(question, (vault.id,))):
        with connection:
            for first, second, value in found:
                connection.execute(change, (vault.renewed(Column.EMOJI, value), first, second, value))
        yield len(found)


def _remembered(connection: apsw.Connection, vault: Keyed) -> int:
    """What connectors remember is little: one piece."""
    found: list[Any] = list(connection.execute("SELECT account, name, value FROM memory"))
    new = [(vault.renewed(Column.VALUE, value), account, name) for account, name, value in found]
    changed = [one for one in new if one[0] is not None]
    for one in changed:
        connection.execute("UPDATE memory SET value = ? WHERE account = ? AND name = ?", one)
    return len(changed)


def _aliased(connection: apsw.Connection, vault: Keyed) -> int:
    """Native ids of people become aliases, all at once: an alias cannot be told from an id."""
    changed = 0
    for table, column in _ALIASED:
        question = f"SELECT number, account, {column} FROM {table} WHERE account IS NOT NULL"  # noqa: S608 - our own names
        found: list[Any] = list(connection.execute(question))
        change = f"UPDATE {table} SET {column} = ? WHERE number = ?"  # noqa: S608 - our own names
        for number, account, native in found:
            connection.execute(change, (vault.alias(account, native), number))
        changed += len(found)
    connection.execute("UPDATE conversation SET claimed_by = NULL, claimed_at = NULL")
    _keep(connection, "aliases", "1")
    return changed


def _warn_of_copies(path: Path) -> None:
    """Copies made before the key are clear, and the operator's: they are named, not touched."""
    folder = path.parent / "backups"
    aside = path.parent.glob(f"{path.name}.replaced-*")
    copies = [*path.parent.glob(f"{path.name}*.backup"), *aside, *(folder.iterdir() if folder.is_dir() else ())]
    if copies:
        logger.warning("store: older copies are not encrypted, remove them", copies=sorted(map(str, copies)))


__all__ = ["unlocked"]
