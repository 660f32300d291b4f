"""The first piece of every key: each life of the daemon has one of its own, and a row keeps that of its life.

Two copies of one store that both run, or a store that lost its last commits, would otherwise give the same key to
different words, and a platform that knows keys would swallow the second.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import apsw
from msgspec import Struct

from bridge.ids import Key, RowNumber


class Epochs(Struct, frozen=True):
    """The newest epoch holds from the row `since` on; `older` are (first row, epoch), in order."""

    name: str
    since: int = 0
    older: tuple[tuple[int, str], ...] = ()

    def of(self, row: RowNumber) -> str:
        """The epoch in whose keys this row goes."""
        if row >= self.since or not self.older:
            return self.name
        return self.older[max(0, bisect_right(self.older, int(row), key=_first) - 1)][1]

    def row_of(self, key: Key) -> tuple[RowNumber | None, int]:
        """The row and the part a key names; no row when it is not of this store."""
        fields = key.split(".")
        if len(fields) not in (3, 4) or not all(field.isdecimal() for field in fields[1:]):
            return None, 0
        row = RowNumber(int(fields[1]))
        return (row, int(fields[-1])) if fields[0] == self.of(row) else (None, 0)


def _first(epoch: tuple[int, str]) -> int:
    return epoch[0]


def begun(cursor: apsw.Cursor, last: int, token: Callable[[int], str]) -> Epochs:
    """Give the rows after `last` a new epoch and forget those of rows that are gone. What holds from now on."""
    cursor.execute("INSERT OR REPLACE INTO epoch (first, name) VALUES (?, ?)", (last + 1, token(8)))
    cursor.execute(
        "DELETE FROM epoch WHERE first < (SELECT max(first) FROM epoch"
        " WHERE first <= coalesce((SELECT min(number) FROM outbox), ?))",
        (last + 1,),
    )
    found: Any = cursor.execute("SELECT first, name FROM epoch ORDER BY first")
    *older, (since, name) = found
    return Epochs(name, since, tuple(older))
