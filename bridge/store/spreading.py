"""How the recipients of announcements stand in the store: taken in small pieces, each marked before it is sent to.

A page of an account's list becomes recipients only when its turn comes, so that an announcement to ten thousand is no
long transaction; who was under way when the process died is of unknown outcome, and nobody else is.
"""

from collections.abc import Iterable
from typing import Any

import apsw
import msgspec

from bridge.ids import AccountName, MessageNumber, RoomId, RoomNumber
from bridge.store.accepting import Accepting
from bridge.store.announced import (
    Audience,
    Begin,
    Count,
    Course,
    Progress,
    Reach,
    Recipient,
    Record,
    Recover,
    Resend,
    Result,
    Resume,
    Share,
    Shares,
    Size,
    Spent,
    Stage,
    Stands,
    Stop,
    Take,
    Taken,
    Through,
    Unsure,
    What,
    Wish,
)
from bridge.store.confirmed import Reopen
from bridge.store.confirming import Confirming
from bridge.store.rows import TwinKind
from bridge.store.vault import Column, Stored, Vault, VaultError

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Stands, ...]).decode
_RECIPIENT = (
    "SELECT r.number, r.account, r.room, s.native, r.tries, r.natives, r.approved, r.anew, s.state FROM recipient r"
    " LEFT JOIN subscription s ON s.number = r.subscription"
)
_PAGE = (
    "INSERT INTO recipient (announcement, account, subscription, state)"
    " SELECT ?1, ?2, number, iif(state = 2, 5, 0) FROM subscription WHERE account = ?2 AND number > ?3"
    " AND number <= ?4 AND (state = 1 OR state = 0 AND ?5 OR state = 2 AND heard_at >= ?6) ORDER BY number LIMIT ?7"
    " RETURNING subscription"
)
"""The next people of the list; who left since it began is one of them, and gets nothing."""
_UNLESS_STOPPED = (
    "iif(?1 = 0 AND (SELECT stage FROM announcement a WHERE a.number = recipient.announcement) = 5, 7, ?1)"
)
"""Who would wait waits no more once it was stopped."""


class Spreading:
    """Statements about recipients."""

    def __init__(self, cursor: apsw.Cursor, accepting: Accepting, vault: Vault, confirming: Confirming) -> None:
        self._cursor, self._accepting, self._vault, self._confirming = cursor, accepting, vault, confirming

    # --- begin and end ---

    def begin(self, op: Begin) -> bool:
        if not self._one("SELECT 1 FROM announcement WHERE number = ? AND stage = ?", (op.number, op.before)):
            return False
        for audience in op.audiences:
            last = self._last(audience) if audience.people else 0
            self._cursor.execute(
                "INSERT OR IGNORE INTO course (announcement, account, last, begun, writers) VALUES (?, ?, ?, ?, ?)",
                (op.number, audience.account, last, op.at, audience.writers),
            )
            for room in audience.rooms:
                self._cursor.execute(
                    "INSERT INTO recipient (announcement, account, room) VALUES (?, ?, ?)",
                    (op.number, audience.account, room),
                )
        self._stage(op.number, Stage.GOING)
        return True

    def _last(self, audience: Audience) -> int:
        return self._one("SELECT coalesce(max(number), 0) FROM subscription WHERE account = ?", (audience.account,))

    def _stage(self, number: int, stage: Stage) -> None:
        self._cursor.execute("UPDATE announcement SET stage = ?, due = NULL WHERE number = ?", (stage, number))

    def _one(self, question: str, values: tuple[Any, ...]) -> int:
        for (found,) in list(self._cursor.execute(question, values)):
            return int(str(found or 0))
        return 0

    def through(self, op: Through) -> bool:
        self._cursor.execute(
            "UPDATE course SET state = ?, why = ? WHERE announcement = ? AND account = ?",
            (op.state, op.why, op.number, op.account),
        )
        self._confirming.through(op.account)
        return not self._one("SELECT count(*) FROM course WHERE announcement = ? AND state = 0", (op.number,))

    def resume(self, op: Resume) -> tuple[AccountName, ...]:
        found: Any = list(
            self._cursor.execute(
                "UPDATE course SET state = 0, why = '' WHERE announcement = ? AND state = 2 RETURNING account",
                (op.number,),
            )
        )
        if found:
            self._stage(op.number, Stage.GOING)
        return tuple(AccountName(account) for (account,) in found)

    def resend(self, op: Resend) -> int:
        """What stands there of a copy that did not arrive is forgotten: all of it goes again."""
        _, column = self._subject(op.number)
        lost = f"natives = iif({column} = 9 AND state = 9, NULL, natives), anew = anew + ({column} = 9)"
        return self._again(op.number, f"{column} IN (6, 9) AND ?3 IS NULL", lost, None)

    def reopen(self, op: Reopen) -> int:
        """Once: who does not take the approved words either cannot be written to."""
        closed = "account = ?3 AND state = 4 AND approved = 0 AND natives IS NOT NULL"
        return self._again(op.number, closed, "natives = NULL, approved = 1, anew = anew + 1", op.account)

    def _again(self, number: int, who: str, but: str, account: AccountName | None) -> int:
        """Recipients wait again, and their accounts go on."""
        about, column = self._subject(number)
        found: Any = list(
            self._cursor.execute(
                f"UPDATE recipient SET {but}, {column} = 0, next_at = NULL WHERE {self._of(column)} AND {who}"  # noqa: S608 - our own words
                " RETURNING number, account",
                (about, number, account),
            )
        )
        self._confirming.anew((one for one, _ in found), number)
        for name in {name for _, name in found}:
            again = "UPDATE course SET state = 0, why = '' WHERE announcement = ? AND account = ?"
            self._cursor.execute(again, (number, name))
        if found:
            self._stage(number, Stage.GOING)
        return len(found)

    def stop(self, op: Stop) -> int:
        """Nobody else gets it; who is under way is recorded when that ends."""
        progress = self.progress(Shares(op.number))
        waits = sum(one.many for one in progress.counts if one.reach is Reach.WAITS)
        never = sum(share.left for share in progress.shares)
        self._cursor.execute(
            "UPDATE recipient SET state = ? WHERE announcement = ? AND state = ?",
            (Reach.STOPPED, op.number, Reach.WAITS),
        )
        self._cursor.execute(
            "UPDATE course SET state = 1, after = last WHERE announcement = ? AND state <> 1", (op.number,)
        )
        self._stage(op.number, Stage.STOPPED)
        return waits + never

    def recover(self, _: Recover) -> int:
        known = "SELECT number FROM announcement WHERE stage IN (2, 5)"
        lost = self._cursor.execute(
            f"UPDATE recipient SET state = 6 WHERE announcement IN ({known}) AND state = 1 RETURNING number"  # noqa: S608 - our own words
        )
        found = len(list(lost))
        self._confirming.forget_early()
        lost = self._cursor.execute(
            f"UPDATE recipient SET changed = 6 WHERE announcement IN (SELECT about FROM announcement WHERE stage = 2)"  # noqa: S608 - our own words
            f" AND change IN ({known}) AND state = 2 AND changed = 1 RETURNING number"
        )
        return found + len(list(lost))

    # --- the next ones ---

    def take(self, op: Take) -> Taken:
        course: Any = list(
            self._cursor.execute(
                "SELECT after, last, begun, writers, state FROM course WHERE announcement = ? AND account = ?",
                (op.number, op.account),
            )
        )
        if not course or course[0][4] != Course.GOING:
            return Taken(recipients=())
        about, column = self._subject(op.number)
        found = self._waiting(op, about, column)
        if len(found) < op.most:
            self._read_on(op, about, column, course[0], op.most - len(found))
            found = self._waiting(op, about, column)
        if not found:
            return Taken(recipients=(), next_at=self._next_at(op, about, column))
        afforded = self._afforded(op, len(found))
        for recipient in found[:afforded]:
            self._cursor.execute(f"UPDATE recipient SET {column} = 1 WHERE number = ?", (recipient.number,))  # noqa: S608 - one of two columns
        self._spend(op.account, op.price.month, afforded * op.price.each)
        return Taken(recipients=tuple(found[:afforded]), spent=not afforded)

    def _subject(self, number: int) -> tuple[int, str]:
        """Whose recipients these are, and which column tells how it goes with them."""
        found: Any = list(self._cursor.execute("SELECT what, about FROM announcement WHERE number = ?", (number,)))
        for what, about in found:
            return (number, "state") if what == What.ANNOUNCE else (int(about), "changed")
        return number, "state"

    @staticmethod
    def _of(column: str) -> str:
        """Which recipients are meant, of the announcement ?1 and the change ?2."""
        return "announcement = ?1 AND ?2 IS NOT NULL" if column == "state" else "announcement = ?1 AND change = ?2"

    def _waiting(self, op: Take, about: int, column: str) -> list[Recipient]:
        rows: Any = list(
            self._cursor.execute(
                f"{_RECIPIENT} WHERE {self._of(column)} AND r.account = ?3 AND r.{column} = 0"
                f" {'' if column == 'state' else 'AND r.state = 2'}"
                " AND (r.next_at IS NULL OR r.next_at <= ?4) ORDER BY r.number LIMIT ?5",
                (about, op.number, op.account, op.at, op.most),
            )
        )
        gone = [row[0] for row in rows if row[2] is None and row[8] in (None, Wish.LEFT)]
        for number in gone:
            self._cursor.execute(f"UPDATE recipient SET {column} = 5 WHERE number = ?", (number,))  # noqa: S608 - one of two columns
        return [self._recipient(*row[:8]) for row in rows if row[0] not in gone]

    def _recipient(  # noqa: PLR0913, PLR0917 - the columns of a row
        self, number: int, account: str, room: int | None, native: Stored, tries: int, natives: bytes | None,
        approved: int, anew: int,
    ) -> Recipient:  # fmt: skip
        return Recipient(
            number=number, account=AccountName(account), tries=tries, natives=_decode(natives) if natives else (),
            room=None if room is None else RoomNumber(room),
            native=None if native is None else RoomId(self._vault.text(Column.SUBSCRIBER, native)),
            approved=bool(approved), anew=anew,
        )  # fmt: skip

    def _read_on(self, op: Take, about: int, column: str, course: tuple[Any, ...], most: int) -> None:
        """A page of the list becomes recipients; of a change, those who have what it changes."""
        after, last, begun, writers, _ = course
        if column == "state":
            made: Any = self._cursor.execute(_PAGE, (op.number, op.account, after, last, writers, begun, most))
        else:
            made = self._cursor.execute(
                "UPDATE recipient SET change = ?1, changed = 0, tries = 0, next_at = NULL WHERE number IN"
                " (SELECT number FROM recipient WHERE announcement = ?2 AND account = ?3 AND state = 2 AND number > ?4"
                " ORDER BY number LIMIT ?5) RETURNING number",
                (op.number, about, op.account, after, most),
            )
        read = [int(str(number)) for (number,) in made]
        if read or column == "state":
            self._cursor.execute(
                "UPDATE course SET after = ? WHERE announcement = ? AND account = ?",
                (max(read) if len(read) == most or column != "state" else last, op.number, op.account),
            )

    def _next_at(self, op: Take, about: int, column: str) -> int | None:
        found = self._one(
            f"SELECT min(next_at) FROM recipient WHERE {self._of(column)} AND account = ?3 AND {column} = 0",  # noqa: S608 - one of two columns
            (about, op.number, op.account),
        )
        return found or None

    # --- money ---

    def _afforded(self, op: Take, wanted: int) -> int:
        price = op.price
        if price.most is None or not price.each:
            return wanted
        left = price.most - self.spent(Spent(op.account, price.month))
        return max(0, min(wanted, left // price.each))

    def _spend(self, account: AccountName, month: str, amount: int) -> None:
        if amount:
            self._cursor.execute(
                "INSERT INTO spent (account, month, amount) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET amount = max(0, amount + excluded.amount)",
                (account, month, amount),
            )

    def spent(self, op: Spent) -> int:
        return self._one("SELECT amount FROM spent WHERE account = ? AND month = ?", (op.account, op.month))

    # --- what became of them ---

    def record(self, op: Record) -> None:
        _, column = self._subject(op.number)
        for result in op.results:
            if column == "state":
                self._delivered(op, result)
            else:
                self._changed(result)
            if result.awaits:
                self._confirming.expect(op.number, op.account, result)
        self._spend(op.account, op.month, -sum(result.refund for result in op.results))

    def _delivered(self, op: Record, result: Result) -> None:
        first = next((native for part in result.natives for native in part.ids), None)
        natives = _encode(result.natives) if result.natives else None
        rooms: Any = list(
            self._cursor.execute(
                f"UPDATE recipient SET state = {_UNLESS_STOPPED}, first = ?2, natives = ?3, why = ?4, next_at = ?5,"  # noqa: S608 - our own words
                " tries = tries + ?7 WHERE number = ?6 RETURNING room",
                (result.reach, first, natives, self._why(result), result.next_at, result.number, result.tries),
            )
        )
        for (room,) in rooms:
            if room is not None and result.natives:
                self._twins(op.number, RoomNumber(room), result.natives)

    def _twins(self, number: int, room: RoomNumber, natives: Iterable[Stands]) -> None:
        """In rooms of the configuration people may answer it: its copies are known there like all others."""
        found: Any = list(self._cursor.execute("SELECT message FROM announcement WHERE number = ?", (number,)))
        for (message,) in found:
            for part, stands in enumerate(natives):
                kind = TwinKind.FILED if stands.files else TwinKind.COPY
                for native in stands.ids if message is not None else ():
                    self._accepting.twin(room, native, MessageNumber(message), part, kind)

    def _changed(self, result: Result) -> None:
        self._cursor.execute(
            "UPDATE recipient SET changed = ?, why = ?, next_at = ?, tries = tries + ? WHERE number = ?",
            (result.reach, self._why(result), result.next_at, result.tries, result.number),
        )

    def _why(self, result: Result) -> Stored:
        return self._vault.seal(Column.WHY, result.why) if result.why else None

    # --- questions ---

    def progress(self, op: Shares) -> Progress:
        about, column = self._subject(op.number)
        counts: Any = list(
            self._cursor.execute(
                f"SELECT account, iif({column} = 2 AND w.due IS NOT NULL, iif(w.due > ?3, 10, 11), {column}) AS reach,"  # noqa: S608 - one of two columns
                " count(*), max(why) FROM recipient LEFT JOIN (SELECT recipient, max(due) AS due FROM awaited"
                " WHERE announcement = ?2 AND state = 0 GROUP BY recipient) w ON w.recipient = number"
                f" WHERE {self._of(column)} GROUP BY account, reach ORDER BY account, reach",
                (about, op.number, op.at),
            )
        )
        shares: Any = list(
            self._cursor.execute(
                "SELECT account, state, why, after, last, writers, begun FROM course WHERE announcement = ?"
                " ORDER BY account",
                (op.number,),
            )
        )
        return Progress(
            counts=tuple(Count(AccountName(a), Reach(r), many, self._told(why)) for a, r, many, why in counts),
            shares=tuple(self._share(about, column, *share) for share in shares),
        )

    def _told(self, why: Stored) -> str:
        if why is None:
            return ""
        try:
            return self._vault.text(Column.WHY, why)
        except VaultError:
            return ""

    def _share(  # noqa: PLR0913, PLR0917 - the columns of a row
        self, about: int, column: str, account: str, state: int, why: str, after: int, last: int, writers: int,
        begun: int,
    ) -> Share:  # fmt: skip
        if column == "state":
            left = self._one(
                "SELECT count(*) FROM subscription WHERE account = ? AND number > ? AND number <= ?"
                " AND (state = 1 OR state = 0 AND ? OR state = 2 AND heard_at >= ?)",
                (account, after, last, writers, begun),
            )
        else:
            rest = "SELECT count(*) FROM recipient WHERE announcement = ? AND account = ? AND state = 2 AND number > ?"
            left = self._one(rest, (about, account, after))
        return Share(account=AccountName(account), state=Course(state), why=why, left=left)

    def size(self, op: Size) -> int:
        who = op.audience
        if not who.people:
            return 0
        question = "SELECT count(*) FROM subscription WHERE account = ? AND (state = 1 OR state = 0 AND ?)"
        return self._one(question, (who.account, who.writers))

    def unsure(self, op: Unsure) -> tuple[Recipient, ...]:
        about, column = self._subject(op.number)
        rows: Any = list(
            self._cursor.execute(
                f"{_RECIPIENT} WHERE {self._of(column)} AND r.{column} = 6 ORDER BY r.number LIMIT ?3",
                (about, op.number, op.most),
            )
        )
        return tuple(self._recipient(*row[:8]) for row in rows)
