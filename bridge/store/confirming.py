"""What platforms say later of an announcement's messages that they had taken: it arrived, or it did not after all.

A platform may say so before the call that sent the message is answered, and so before anybody knows whose message it
is: that is kept until the answer is recorded. A confirmation beats a failure, whichever comes first: a message that
failed on one of somebody's devices may be on another.
"""

from collections.abc import Iterable
from typing import Any

import apsw
from msgspec import Struct

from bridge.ids import AccountName, RoomId
from bridge.store.announced import Reach, Result
from bridge.store.confirmed import NO_NEWS, Arrived, Failed, IsAnnounced, Pending, Settled, Unsettled
from bridge.store.vault import Column, Stored, Vault

_SAID_NOTHING, _ARRIVED, _FAILED = 0, 1, 2
_GOES = (
    "SELECT 1 FROM announcement a JOIN course c ON c.announcement = a.number AND c.account = ? AND c.state = 0"
    " WHERE a.stage = 2"
)
_SETTLED = "(2, 3, 4, 9)"
"""How it may stand with somebody of whom the platform speaks: taken, refused, closed to us, lost."""


class _Whose(Struct, frozen=True):
    """Who a message went to: a person of the list, or rooms of the configuration."""

    account: AccountName
    person: int | None
    rooms: tuple[int, ...]


class Confirming:
    """Statements about what is awaited."""

    def __init__(self, cursor: apsw.Cursor, vault: Vault) -> None:
        self._cursor, self._vault = cursor, vault

    # --- it went ---

    def expect(self, number: int, account: AccountName, result: Result) -> None:
        """The platform took these messages and will say more; it may have said it already."""
        found: Any = list(
            self._cursor.execute("SELECT subscription, room FROM recipient WHERE number = ?", (result.number,))
        )
        for person, room in found:
            for native in result.awaits:
                self._cursor.execute(
                    "INSERT INTO awaited (announcement, recipient, account, subscription, room, native, at, due)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (number, result.number, account, person, room, native, result.at, result.due),
                )
            self._said_before(_Whose(account, person, () if room is None else (room,)), result)

    def _said_before(self, whose: _Whose, result: Result) -> None:
        said: Any = list(
            self._cursor.execute(
                "SELECT native, until, reach, why FROM early WHERE account = ? AND subscription IS ?"
                " AND (? IS NULL OR room = ?) ORDER BY number",
                (whose.account, whose.person, *(2 * (whose.rooms or (None,)))),
            )
        )
        for native, until, reach, why in said:
            if native in result.awaits or (not native and until >= result.at):
                for one in self._messages(whose, native, until):
                    self._learn(one, Reach(reach), why)

    # --- the platform says more ---

    def arrived(self, op: Arrived) -> int | None:
        """See `Arrived`."""
        return self._told(op.account, op.room, str(op.message or ""), op.until, Reach.DELIVERED, None)

    def failed(self, op: Failed) -> int | None:
        """See `Failed`."""
        why = self._vault.seal(Column.EARLY, op.why)
        told = self._told(op.account, op.room, str(op.message), 0, op.reach, why)
        return self._unexpected(op) if told is None else told

    def _told(  # noqa: PLR0913, PLR0917 - what a platform says
        self, account: AccountName, room: RoomId, native: str, until: int, reach: Reach, why: Stored
    ) -> int | None:
        whose = self._whose(account, room)
        if whose.person is None and not whose.rooms:
            return None
        found = self._messages(whose, native, until)
        if not found:
            return self._keep(whose, native, until, reach, why)
        news = [one for one in found if self._learn(one, reach, why)]
        about = news[0][1] if news else NO_NEWS
        return NO_NEWS if reach is Reach.DELIVERED and self._awaits(about) else about

    def _whose(self, account: AccountName, room: RoomId) -> _Whose:
        person = "SELECT number FROM subscription WHERE account = ? AND alias = ?"
        people: Any = list(self._cursor.execute(person, (account, self._vault.alias(account, room))))
        named: Any = self._cursor.execute("SELECT number FROM room WHERE account = ? AND native = ?", (account, room))
        return _Whose(account, next((one for (one,) in people), None), tuple(number for (number,) in named))

    def _messages(self, whose: _Whose, native: str, until: int) -> list[tuple[int, int, int, int]]:
        """The number, announcement, recipient and state of each message that is meant."""
        found: list[Any] = []
        which, value = ("native = ?", native) if native else ("state = 0 AND at <= ?", until)
        select = f"SELECT number, announcement, recipient, state FROM awaited WHERE account = ? AND {which}"  # noqa: S608 - one of two conditions
        if whose.person is not None:
            found += self._cursor.execute(f"{select} AND subscription = ?", (whose.account, value, whose.person))
        for room in whose.rooms:
            question = f"{select} AND subscription IS NULL AND room = ?"
            found += self._cursor.execute(question, (whose.account, value, room))
        return found

    def _keep(self, whose: _Whose, native: str, until: int, reach: Reach, why: Stored) -> int | None:
        """Something goes there, perhaps this: it waits until the answer to the call is recorded; None else."""
        if not list(self._cursor.execute(_GOES, (whose.account,))):
            return None
        insert = (
            "INSERT INTO early (account, subscription, room, native, until, reach, why) VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        if whose.person is not None:
            self._cursor.execute(insert, (whose.account, whose.person, None, native, until, reach, why))
        for room in whose.rooms:
            self._cursor.execute(insert, (whose.account, None, room, native, until, reach, why))
        return NO_NEWS

    def _learn(self, message: tuple[int, int, int, int], reach: Reach, why: Stored) -> bool:
        """Whether it is news."""
        number, about, recipient, state = message
        now = _ARRIVED if reach is Reach.DELIVERED else _FAILED
        if state in (_ARRIVED, now):
            return False
        self._cursor.execute("UPDATE awaited SET state = ? WHERE number = ?", (now, number))
        if now == _FAILED:
            self._stands(about, recipient, reach, self._reason(why))
        elif state == _FAILED and not self._has(about, recipient, _FAILED):
            self._stands(about, recipient, Reach.DELIVERED, None)
        return True

    def _reason(self, why: Stored) -> Stored:
        return None if why is None else self._vault.seal(Column.WHY, self._vault.text(Column.EARLY, why))

    def _has(self, about: int, recipient: int, state: int) -> bool:
        question = "SELECT 1 FROM awaited WHERE announcement = ? AND state = ? AND recipient = ?"
        return bool(list(self._cursor.execute(question, (about, state, recipient))))

    def _stands(self, about: int, recipient: int, reach: Reach, why: Stored) -> None:
        """How it went with a recipient after all; of a change, only while no newer one reached them."""
        self._cursor.execute(
            "UPDATE recipient SET state = ?1, why = ?2"  # noqa: S608 - our own numbers
            f" WHERE number = ?3 AND announcement = ?4 AND state IN {_SETTLED}",
            (reach, why, recipient, about),
        )
        self._cursor.execute(
            "UPDATE recipient SET changed = ?1, why = ?2"  # noqa: S608 - our own numbers
            f" WHERE number = ?3 AND announcement <> ?4 AND change = ?4 AND changed IN {_SETTLED}",
            (reach, why, recipient, about),
        )

    def _awaits(self, about: int) -> bool:
        """Whether the platform has still to speak of somebody."""
        question = "SELECT 1 FROM awaited WHERE announcement = ? AND state = 0 LIMIT 1"
        return bool(list(self._cursor.execute(question, (about,))))

    def _unexpected(self, op: Failed) -> int | None:
        """A platform that promises to say nothing says it all the same."""
        found: Any = list(
            self._cursor.execute(
                "UPDATE recipient SET state = ?1, why = ?2 WHERE account = ?3 AND first = ?4 AND state = 2 AND ("
                "subscription = (SELECT number FROM subscription WHERE account = ?3 AND alias = ?5)"
                " OR room IN (SELECT number FROM room WHERE account = ?3 AND native = ?6))"
                " AND NOT EXISTS (SELECT 1 FROM awaited w WHERE w.recipient = recipient.number)"
                " RETURNING announcement",
                (
                    op.reach, self._vault.seal(Column.WHY, op.why), op.account, op.message,
                    self._vault.alias(op.account, op.room), op.room,
                ),
            )
        )  # fmt: skip
        return next((int(number) for (number,) in found), None)

    # --- the end of waiting ---

    def begin_waiting(self, number: int) -> None:
        """It is through: until when there may be news."""
        self._cursor.execute(
            "UPDATE announcement SET settles_at ="
            " (SELECT max(due) FROM awaited WHERE announcement = ?1 AND state = 0) WHERE number = ?1",
            (number,),
        )

    def settled(self, op: Settled) -> bool:
        """Whether that was not known."""
        ended = "UPDATE announcement SET settles_at = NULL WHERE number = ? AND settles_at IS NOT NULL RETURNING 1"
        return bool(list(self._cursor.execute(ended, (op.number,))))

    def through(self, account: AccountName) -> None:
        """What came early is nobody's once nothing goes there any more."""
        self._cursor.execute(f"DELETE FROM early WHERE account = ? AND NOT EXISTS ({_GOES})", (account, account))  # noqa: S608 - our own words

    def forget_early(self) -> None:
        """After a start nobody waits for the answer to a call."""
        self._cursor.execute("DELETE FROM early")

    def anew(self, numbers: Iterable[int], about: int) -> None:
        """These get it again: what is awaited of the first time says nothing of the second."""
        for number in numbers:
            self._cursor.execute("DELETE FROM awaited WHERE recipient = ? AND announcement = ?", (number, about))

    # --- questions ---

    def is_announced(self, op: IsAnnounced) -> bool:
        return bool(self._messages(self._whose(op.account, op.room), str(op.message), 0))

    def unsettled(self, _: Unsettled) -> tuple[Pending, ...]:
        found: Any = list(
            self._cursor.execute(
                "SELECT DISTINCT a.number, a.settles_at, coalesce(w.account, '') FROM announcement a"
                " LEFT JOIN awaited w ON w.announcement = a.number AND w.state = 0"
                " WHERE a.stage = 2 OR a.settles_at IS NOT NULL"
            )
        )
        return tuple(Pending(number=number, until=until, account=AccountName(name)) for number, until, name in found)
