"""Rooms that moderators linked by a code: facts to commit, questions and their answers, and how they are stored."""

from collections import defaultdict
from typing import Any

import apsw
from msgspec import Struct

from bridge.ids import Room


class Bond(Struct, frozen=True, kw_only=True):
    """A link that people made: until another room has joined it has one room, and for a while a code."""

    number: int
    rooms: tuple[Room, ...]
    code: str | None = None


class Propose(Struct, frozen=True, kw_only=True):
    """A room that waits for another, which joins by the code until then; no code: it only waits. Answer: a number."""

    room: Room
    code: str | None
    until: int


class Bind(Struct, frozen=True):
    """Another room joins a bond: its code is used up, and the rooms wait for no other."""

    bond: int
    room: Room


class Unbind(Struct, frozen=True):
    """A room leaves every bond; one that links nothing any more is no more."""

    room: Room


class Bonds(Struct, frozen=True):
    """Every bond, with its code while it can be used. Answer: a tuple of `Bond`."""

    at: int


class Binding:
    """Turns these facts and questions into statements."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def propose(self, op: Propose) -> int:
        self._waits_no_more(op.room)
        made: Any = self._cursor.execute(
            "INSERT INTO bond (code, until) VALUES (?, ?) RETURNING number", (op.code, op.until)
        )
        ((number,),) = list(made)
        self._join(number, op.room)
        return int(number)

    def bind(self, op: Bind) -> None:
        self._waits_no_more(op.room)
        self._cursor.execute("UPDATE bond SET code = NULL, until = 0 WHERE number = ?", (op.bond,))
        self._join(op.bond, op.room)

    def unbind(self, op: Unbind) -> None:
        self._cursor.execute("DELETE FROM bonded WHERE account = ? AND name = ?", (op.room.account, op.room.name))
        alone = "SELECT bond FROM bonded GROUP BY bond HAVING count(*) > 1"
        self._cursor.execute(f"DELETE FROM bond WHERE until = 0 AND number NOT IN ({alone})")  # noqa: S608 - our own words
        self._cursor.execute("DELETE FROM bonded WHERE bond NOT IN (SELECT number FROM bond)")

    def bonds(self, op: Bonds) -> tuple[Bond, ...]:
        found: Any = self._cursor.execute(
            "SELECT b.number, CASE WHEN b.until > ? THEN b.code END, r.account, r.name FROM bond b"
            " JOIN bonded r ON r.bond = b.number ORDER BY b.number, r.account, r.name",
            (op.at,),
        )
        rooms: dict[tuple[int, str | None], list[Room]] = defaultdict(list)
        for number, code, account, name in list(found):
            rooms[number, code].append(Room(account, name))
        return tuple(Bond(number=number, code=code, rooms=tuple(of)) for (number, code), of in rooms.items())

    def _waits_no_more(self, room: Room) -> None:
        """What the room proposed alone before is over."""
        self._cursor.execute(
            "DELETE FROM bond WHERE until <> 0 AND number IN (SELECT bond FROM bonded WHERE account = ? AND name = ?)",
            (room.account, room.name),
        )
        self._cursor.execute("DELETE FROM bonded WHERE bond NOT IN (SELECT number FROM bond)")

    def _join(self, bond: int, room: Room) -> None:
        self._cursor.execute(
            "INSERT OR IGNORE INTO bonded (bond, account, name) VALUES (?, ?, ?)", (bond, room.account, room.name)
        )
