"""Many rows in one statement: each statement gives up the interpreter lock once, not once a row (facts/speed.md)."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import apsw

Value = str | int | float | bytes | None
_MOST = 256
_STEP = 8


def chunked(rows: Sequence[Value], width: int) -> Iterable[tuple[int, Sequence[Value]]]:
    """Cut flat values into groups of at most 256 rows, of so many eights as there are, and a rest under eight.

    Few distinct statements, so that all stay prepared, and two for nearly every batch.
    """
    at, left = 0, len(rows) // width
    while left:
        size = min(_MOST, left - left % _STEP) or left
        yield size, rows[at : at + size * width]
        at, left = at + size * width, left - size


@lru_cache(maxsize=512)
def _insert(head: str, tail: str, width: int, rows: int) -> str:
    one = f"({','.join('?' * width)})"
    return f"{head} VALUES {','.join([one] * rows)} {tail}"


@lru_cache(maxsize=512)
def _in(statement: str, width: int, rows: int) -> str:
    one = "?" if width == 1 else f"({','.join('?' * width)})"
    marks = ",".join([one] * rows)
    return statement.format(f"VALUES {marks}" if width > 1 else marks)


class Bulk:
    """Rows of one table waiting to be inserted together; `head` is all of the statement before VALUES."""

    def __init__(self, head: str, width: int, tail: str = "") -> None:
        self._head, self._tail, self._width = head, tail, width
        self._values: list[Value] = []

    def add(self, *values: Value) -> None:
        self._values.extend(values)

    def flush(self, cursor: apsw.Cursor) -> None:
        if self._values:
            values, self._values = self._values, []
            for rows, chunk in chunked(values, self._width):
                cursor.execute(_insert(self._head, self._tail, self._width, rows), chunk)

    def clear(self) -> None:
        self._values = []


def execute_in(cursor: apsw.Cursor, statement: str, values: Sequence[Value], width: int = 1) -> list[tuple[Value, ...]]:
    """Run a statement with `IN ({})` over many values, in chunks, and gather what it answers."""
    found: list[tuple[Value, ...]] = []
    for rows, chunk in chunked(values, width):
        found.extend(cursor.execute(_in(statement, width, rows), chunk))
    return found
