"""How deliveries leave the outbox, and what they leave behind."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import apsw

from bridge.ids import RoomNumber, RowNumber
from bridge.store.accepting import Accepting
from bridge.store.bulk import Value, execute_in
from bridge.store.care import PURGE
from bridge.store.codec import encode_numbers, encode_text
from bridge.store.ops import Delay, Discard, Mark, Park, Progress, Seal, Settle, Unpark
from bridge.store.questions import Joint
from bridge.store.rows import Made, Outcome, Row, RowKind
from bridge.store.vault import Column, Vault

_REFUSED = "sent IS NULL AND NOT doubtful AND reason NOT IN ('unknown outcome', 'fails', 'poison', 'restored')"
_UNPARK = (
    "UPDATE outbox SET state = 0, attempts = 0, deaths = 0, next_at = NULL, reason = NULL,"  # noqa: S608 - our own words
    f" generation = generation + ({_REFUSED}), plan = CASE WHEN {_REFUSED} THEN NULL ELSE plan END"
    " WHERE state = 1 AND number IN ({}) RETURNING room"
)
"""A definite refusal makes new keys; what may have arrived, or did in part, goes again under its own."""

_PUT = "INSERT OR REPLACE INTO reacted (message, room, emoji, native) VALUES (?, ?, ?, ?)"
_TAKEN = "DELETE FROM reacted WHERE message = ? AND room = ? AND emoji = ?"
_PUT_BY_GHOST = "INSERT OR REPLACE INTO ghosted (message, room, emoji, native, person) VALUES (?, ?, ?, ?, ?)"
_TAKEN_BY_GHOST = "DELETE FROM ghosted WHERE message = ? AND room = ? AND emoji = ? AND person = ?"

_COPIES = "SELECT native FROM twin WHERE message = ? AND room = ? AND kind = 1 AND native <> '' ORDER BY part"
_NO_COPY = "DELETE FROM twin WHERE message = ? AND room = ? AND kind = 1"
_JOINT = "INSERT INTO joint (room, native, message, words, until) VALUES (?, ?, ?, ?, ?)"
_NO_JOINT = "DELETE FROM joint WHERE room = ? AND native = ? RETURNING until"


class Settling:
    """Turns ends of deliveries into few statements, run together at the end of the batch."""

    def __init__(self, cursor: apsw.Cursor, accepting: Accepting, vault: Vault) -> None:
        self._cursor, self._vault = cursor, vault
        self._accepting = accepting
        self._rows: list[Value] = []
        self._last_of: list[Value] = []
        self._one_of: list[Value] = []
        self.dropped: set[RowNumber] = set()
        """Rows that were counted when somebody was forgotten, though their sends may still be under way."""

    def settle(self, op: Settle) -> None:
        row = op.row
        self._rows.append(row.number)
        (self._last_of if row.fanout == 1 else self._one_of).append(row.event_number)
        if row.number not in self.dropped:
            self.count(row.room, op.outcome.value)
            if op.cause:
                self.count(row.room, f"{op.outcome.value}:{op.cause}")
                if row.link.startswith(PURGE) and op.outcome is Outcome.DROPPED:
                    self._stays(row, op.cause)
        self._keep(row, op.made)
        for other in op.joined:
            made = op.made if other.kind is RowKind.POST else Made()
            self.settle(Settle(row=other, outcome=Outcome.MERGED, cause="joined", made=made))
        if op.joint is not None:
            self._stands(row, op.joint)

    def _stays(self, row: Row, why: str) -> None:
        """A moderator wanted a copy back, and its room would not give it."""
        purge = row.link.removeprefix(PURGE).rstrip(")")
        if purge.isdecimal():
            self._cursor.execute(
                "INSERT INTO unremoved (purge, message, room, why) VALUES (?, ?, ?, ?)",
                (int(purge), row.message, row.room, why),
            )

    def _stands(self, row: Row, joint: Joint) -> None:
        """Keep what one message shows of several, until it cannot be given other words any more."""
        self._accepting.flush()
        ids: Any = self._cursor.execute(_COPIES, (row.message, row.room))
        for (native,) in list(ids)[:1]:
            gone: Any = self._cursor.execute(_NO_JOINT, (row.room, native))
            until = max((joint.until, *(one for (one,) in gone)))
            for piece in joint.pieces:
                words = self._vault.seal(Column.JOINT, encode_text(piece.text))
                self._cursor.execute(_JOINT, (row.room, native, piece.message, words, until))
        if row.kind is RowKind.DELETE:
            self._cursor.execute(_NO_COPY, (row.message, row.room))

    def _keep(self, row: Row, made: Made) -> None:
        if row.message is None:
            return
        for copy in made.copies:
            self._accepting.twin(row.room, copy.native, row.message, copy.part, copy.kind)
        for gone in made.removed:
            self._accepting.flush()
            self._cursor.execute(
                "DELETE FROM twin WHERE room = ? AND native = ? AND message = ? AND kind <> 0",
                (row.room, gone, row.message),
            )
        for emoji, native in made.reacted:
            put = (row.message, row.room, self._vault.name(Column.EMOJI, emoji), native)
            self._cursor.execute(*((_PUT, put) if not made.ghost else (_PUT_BY_GHOST, (*put, made.ghost))))
        for emoji in made.unreacted:
            taken = (row.message, row.room, self._vault.name(Column.EMOJI, emoji))
            self._cursor.execute(*((_TAKEN, taken) if not made.ghost else (_TAKEN_BY_GHOST, (*taken, made.ghost))))

    def progress(self, op: Progress) -> None:
        self._keep(op.row, op.made)
        self._cursor.execute("UPDATE outbox SET sent = ? WHERE number = ?", (encode_numbers(op.sent), op.row.number))

    def seal(self, op: Seal) -> None:
        plan = self._vault.seal(Column.PLAN, op.plan)
        sent = encode_numbers(op.sent) if op.sent else None
        self._cursor.execute(
            "UPDATE outbox SET plan = ?, generation = ?, sent = ? WHERE number = ? AND generation <> ?"
            " OR number = ? AND plan IS NULL",
            (plan, op.generation, sent, op.row.number, op.generation, op.row.number),
        )

    def delay(self, op: Delay) -> None:
        self._cursor.execute(
            "UPDATE outbox SET attempts = ?, next_at = ?, error = ?, doubtful = ?, marked = 0"
            " WHERE number = ? AND state = 0",
            (op.attempts, op.next_at, self._vault.seal(Column.ERROR, op.error), op.doubtful, op.row.number),
        )

    def mark(self, op: Mark) -> None:
        self._cursor.execute("UPDATE outbox SET marked = 1 WHERE number = ?", (op.row.number,))

    def park(self, op: Park) -> None:
        self._cursor.execute(
            "UPDATE outbox SET state = 1, marked = 0, parked_at = ?, reason = ?, error = ? WHERE number = ?",
            (op.at, op.reason, self._vault.seal(Column.ERROR, op.error), op.row.number),
        )

    def unpark(self, op: Unpark) -> tuple[RoomNumber, ...]:
        rooms = execute_in(self._cursor, _UNPARK, op.rows)
        return tuple(sorted({RoomNumber(int(str(room))) for (room,) in rooms}))

    def discard(self, op: Discard) -> int:
        gone = execute_in(
            self._cursor, "DELETE FROM outbox WHERE state = 1 AND number IN ({}) RETURNING room, event", op.rows
        )
        for room, event in gone:
            self.count(RoomNumber(int(str(room))), Outcome.DROPPED.value)
            self.count(RoomNumber(int(str(room))), f"{Outcome.DROPPED.value}:discarded")
            self._one_of.append(event)
        return len(gone)

    def count(self, room: RoomNumber, outcome: str, count: int = 1) -> None:
        tally = self._accepting.tally
        tally[room, outcome] = tally.get((room, outcome), 0) + count

    def flush(self) -> None:
        execute_in(self._cursor, "DELETE FROM outbox WHERE number IN ({})", self._rows)
        execute_in(self._cursor, "DELETE FROM event WHERE number IN ({})", self._last_of)
        for fewer, events in _by_count(self._one_of).items():
            statement = f"UPDATE event SET waiting = waiting - {fewer} WHERE number IN ({{}})"  # noqa: S608 - a number
            execute_in(self._cursor, statement, events)
        execute_in(self._cursor, "DELETE FROM event WHERE waiting <= 0 AND number IN ({})", self._one_of)
        self.forget()

    def forget(self) -> None:
        self._rows, self._last_of, self._one_of = [], [], []

    def write_tally(self) -> None:
        for (room, outcome), count in self._accepting.tally.items():
            self._cursor.execute(
                "INSERT INTO tally (room, outcome, count) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET count = count + excluded.count",
                (room, outcome, count),
            )
        self._accepting.tally.clear()


def _by_count(events: Sequence[Value]) -> dict[int, list[Value]]:
    """Events by how often they stand here."""
    found: dict[int, list[Value]] = defaultdict(list)
    for event, times in Counter(events).items():
        found[times].append(event)
    return found
