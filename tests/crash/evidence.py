"""What stands in the store of a dead daemon: a copy of its files is read, they stay as they were."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import Struct

from tests.crash.record import Traits

_ACCEPTED = (
    "SELECT r.account, t.native FROM message m JOIN twin t ON t.message = m.number AND t.kind = 0"
    " JOIN room r ON r.number = t.room WHERE t.part = 0 ORDER BY m.number"
)
_WAITING = (
    "SELECT source.account, t.native FROM outbox o JOIN event e ON e.number = o.event"
    " JOIN room r ON r.number = o.room JOIN twin t ON t.message = e.message AND t.kind = 0 AND t.part = 0"
    " JOIN room source ON source.number = t.room"
    " WHERE o.number IN (SELECT number FROM outbox WHERE room = r.number AND state = 0 ORDER BY number LIMIT ?)"
    " AND r.account = ?"
)
_PARKED = (
    "SELECT r.account, source.account, t.native, o.reason FROM outbox o JOIN event e ON e.number = o.event"
    " JOIN room r ON r.number = o.room JOIN twin t ON t.message = e.message AND t.kind = 0 AND t.part = 0"
    " JOIN room source ON source.number = t.room WHERE o.state = 1"
)
Native = tuple[str, str]
"""A message by the account it came from and its id there."""


class Stored(Struct, frozen=True, kw_only=True):
    """What the store knows: ids in the order of acceptance, what may be under way by target, why others are parked."""

    accepted: tuple[Native, ...]
    windows: Mapping[str, frozenset[Native]]
    parked: Mapping[tuple[str, Native], str]
    positions: Mapping[str, str]
    events: int

    def natives(self, account: str) -> frozenset[str]:
        return frozenset(native for name, native in self.accepted if name == account)


NOTHING = Stored(accepted=(), windows={}, parked={}, positions={}, events=0)


def stored(store: Path, platforms: Mapping[str, Traits]) -> Stored:
    """Read the store as a restart would find it."""
    with opened(store) as database:
        if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'tally'").fetchone():
            return NOTHING
        return Stored(
            accepted=tuple(database.execute(_ACCEPTED)),
            windows={
                name: frozenset(database.execute(_WAITING, (traits.in_flight, name)))
                for name, traits in platforms.items()
            },
            parked={(target, (source, native)): why for target, source, native, why in database.execute(_PARKED)},
            positions=dict(database.execute("SELECT name, position FROM account WHERE position IS NOT NULL")),
            events=database.execute("SELECT count(*) FROM seen").fetchone()[0],
        )


@contextmanager
def opened(store: Path) -> Iterator[sqlite3.Connection]:
    """A copy of the store, as a restart would find it."""
    with tempfile.TemporaryDirectory() as folder:
        for file in (store, store.with_name(f"{store.name}-wal")):
            if file.exists():
                shutil.copy(file, folder)
        with closing(sqlite3.connect(Path(folder) / store.name)) as database:
            yield database
