"""Forgetting in small pieces: twins, excerpts, seen events, parked rows and remembered values whose time is over."""

from collections.abc import Callable
from itertools import takewhile
from typing import Any

import apsw

from bridge.ids import RoomNumber
from bridge.store.bulk import execute_in
from bridge.store.forgetting import swept
from bridge.store.ops import Purge
from bridge.store.rows import Outcome

Count = Callable[[RoomNumber, str], None]


def purge(cursor: apsw.Cursor, op: Purge, count: Count) -> int:
    """One piece of each kind. Answer: how many rows went; 0 means that nothing is old any more."""
    return (
        _relations(cursor, op)
        + _excerpts(cursor, op)
        + _seen(cursor, op)
        + _parked(cursor, op, count)
        + _memory(cursor, op)
        + _joints(cursor, op)
        + _deeds(cursor, op)
        + _announcements(cursor, op)
        + swept(cursor)
    )


def _relations(cursor: apsw.Cursor, op: Purge) -> int:
    """Messages are numbered in the order of their time, so the oldest are the first; what waits keeps its own.

    So does a conversation: the message that stands for its thread.
    """
    oldest: Any = cursor.execute(
        "SELECT number, at FROM message WHERE number NOT IN"
        " (SELECT root FROM conversation WHERE root IS NOT NULL) ORDER BY number LIMIT ?",
        (op.most,),
    )
    numbers: list[Any] = [number for number, at in oldest if at < op.relations_before]
    waiting = execute_in(cursor, "SELECT message FROM event WHERE message IN ({})", numbers)
    old = [number for number in numbers if (number,) not in waiting]
    for table in ("joint", "twin", "reaction", "reacted", "ghosted"):
        execute_in(cursor, f"DELETE FROM {table} WHERE message IN ({{}})", old)  # noqa: S608 - names from the line above
    execute_in(cursor, "DELETE FROM message WHERE number IN ({})", old)
    return len(old)


def _excerpts(cursor: apsw.Cursor, op: Purge) -> int:
    """`excerpts` in meta remembers how far this got, so that a piece costs a piece and not the table.

    What seems to come from the future was written while the clock was wrong: it must not stop the others.
    """
    done: Any = cursor.execute("SELECT value FROM meta WHERE name = 'excerpts'")
    after = next((int(value) for (value,) in done), 0)
    found: Any = cursor.execute(
        "SELECT number, at FROM message WHERE number > ? ORDER BY number LIMIT ?", (after, op.most)
    )
    old = [number for number, _ in takewhile(lambda one: one[1] < op.excerpts_before or one[1] > op.at, found)]
    if old:
        execute_in(cursor, "UPDATE message SET excerpt = NULL WHERE number IN ({})", old)
        cursor.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('excerpts', ?)", (str(old[-1]),))
    return len(old)


def _seen(cursor: apsw.Cursor, op: Purge) -> int:
    oldest: Any = cursor.execute("SELECT number, at FROM seen ORDER BY number LIMIT ?", (op.most,))
    old: list[Any] = [number for number, at in oldest if at < op.seen_before]
    execute_in(cursor, "DELETE FROM seen WHERE number IN ({})", old)
    return len(old)


def _parked(cursor: apsw.Cursor, op: Purge, count: Count) -> int:
    """Parked rows are kept `parked_days`; then they count as expired."""
    found: Any = cursor.execute(
        "DELETE FROM outbox WHERE number IN (SELECT number FROM outbox WHERE state = 1 AND parked_at < ? LIMIT ?)"
        " RETURNING room, event",
        (op.parked_before, op.most),
    )
    gone = list(found)
    for room, event in gone:
        count(room, Outcome.EXPIRED.value)
        cursor.execute("UPDATE event SET waiting = waiting - 1 WHERE number = ?", (event,))
        cursor.execute("DELETE FROM event WHERE number = ? AND waiting <= 0", (event,))
    return len(gone)


def _joints(cursor: apsw.Cursor, op: Purge) -> int:
    """The words of messages that show several, once they cannot be changed any more."""
    old = "SELECT number FROM joint WHERE until < ? ORDER BY until LIMIT ?"
    found = cursor.execute(f"DELETE FROM joint WHERE number IN ({old}) RETURNING number", (op.at, op.most))  # noqa: S608 - our own words
    return len(list(found))


def _announcements(cursor: apsw.Cursor, op: Purge) -> int:
    """Announcements go with the messages of their time: first their recipients, piece by piece."""
    oldest: Any = list(
        cursor.execute(
            "SELECT number, event FROM announcement WHERE stage NOT IN (1, 2) AND at < ? ORDER BY number LIMIT 1",
            (op.relations_before,),
        )
    )
    for number, event in oldest:
        some = "SELECT number FROM recipient WHERE announcement = ? LIMIT ?"
        gone = cursor.execute(f"DELETE FROM recipient WHERE number IN ({some}) RETURNING 1", (number, op.most))  # noqa: S608 - our own words
        if went := len(list(gone)):
            return went
        some = "SELECT number FROM awaited WHERE announcement = ? LIMIT ?"
        gone = cursor.execute(f"DELETE FROM awaited WHERE number IN ({some}) RETURNING 1", (number, op.most))  # noqa: S608 - our own words
        if went := len(list(gone)):
            return went
        cursor.execute("DELETE FROM event WHERE number = ?", (event,))
        cursor.execute("DELETE FROM course WHERE announcement = ?", (number,))
        cursor.execute("DELETE FROM announcement WHERE number = ?", (number,))
    return len(oldest)


def _deeds(cursor: apsw.Cursor, op: Purge) -> int:
    """Who did what, with what could not be removed for it."""
    old: Any = cursor.execute(
        "SELECT number FROM deed WHERE at < ? ORDER BY number LIMIT ?", (op.deeds_before, op.most)
    )
    numbers = [number for (number,) in old]
    execute_in(cursor, "DELETE FROM unremoved WHERE purge IN ({})", numbers)
    execute_in(cursor, "DELETE FROM deed WHERE number IN ({})", numbers)
    return len(numbers)


def _memory(cursor: apsw.Cursor, op: Purge) -> int:
    cursor.execute(
        "DELETE FROM memory WHERE (account, name) IN (SELECT account, name FROM memory WHERE until < ? LIMIT ?)",
        (op.at, op.most),
    )
    return 0
