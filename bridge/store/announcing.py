"""How announcements stand in the store: drafts and their stages. Their recipients are in `spreading`."""

from typing import Any

import apsw

from bridge.ids import MessageNumber, PersonNumber, RoomNumber
from bridge.store.announced import (
    Announced,
    Announcement,
    Command,
    Commands,
    Draft,
    Handled,
    Move,
    Reach,
    Redraft,
    Stage,
    Subscribe,
    Unfinished,
    What,
    Wish,
)
from bridge.store.codec import UNREADABLE, decode
from bridge.store.confirmed import Settled
from bridge.store.confirming import Confirming
from bridge.store.rows import RowKind
from bridge.store.vault import Column, Stored, Vault, VaultError

_OVER = (Stage.DONE, Stage.DROPPED, Stage.STOPPED)
_ANNOUNCEMENT = (
    "SELECT a.number, a.name, a.room, a.what, a.stage, a.event, a.token, a.at, a.about, a.message, a.person, a.author,"
    " a.urgent, a.due, e.body FROM announcement a LEFT JOIN event e ON e.number = a.event"
)
_COMMANDS = (
    "SELECT e.number, e.room, e.kind, e.message, e.person, p.name, e.at, e.body"
    " FROM command c JOIN event e ON e.number = c.event LEFT JOIN person p ON p.number = e.person ORDER BY c.event"
)
_PERSON = "INSERT OR IGNORE INTO person (account, native, name) VALUES (?, ?, ?)"
_SUBSCRIBE = (
    "INSERT INTO subscription (account, alias, native, state, at, heard_at) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (account, alias) DO UPDATE SET state = excluded.state, at = excluded.at, native = excluded.native,"
    " heard_at = excluded.heard_at"
    " WHERE excluded.at >= at AND (excluded.state <> 0 OR state = 2)"
)
"""Who joined and then writes wants to hear from us as before; who left and then writes wants what a writer wants."""


class Announcing:
    """Statements about drafts; none of them runs for a message of a linked room."""

    def __init__(self, cursor: apsw.Cursor, vault: Vault, confirming: Confirming) -> None:
        self._cursor, self._vault, self._confirming = cursor, vault, confirming

    def subscribe(self, op: Subscribe) -> None:
        """Of who left nothing stays but that they did."""
        native = "" if op.wish is Wish.LEFT else op.native
        sealed = self._vault.seal(Column.SUBSCRIBER, native)
        alias = self._vault.alias(op.account, op.native)
        if op.wish is not Wish.LEFT:
            self._cursor.execute(_PERSON, (op.account, alias, self._vault.seal(Column.NAME, op.name)))
        self._cursor.execute(_SUBSCRIBE, (op.account, alias, sealed, op.wish, op.at, op.heard_at))

    def commands(self, _: Commands) -> tuple[Command, ...]:
        found: list[Any] = list(self._cursor.execute(_COMMANDS))
        return tuple(command for row in found if (command := self._command(*row)) is not None)

    def _command(  # noqa: PLR0913, PLR0917 - the columns of a row
        self, event: int, room: int, kind: int, message: int | None, person: int | None, name: Stored, at: int,
        body: Stored,
    ) -> Command | None:  # fmt: skip
        try:
            words = decode(self._vault.data(Column.BODY, body))
            author = "" if name is None else self._vault.text(Column.NAME, name)
        except (*UNREADABLE, VaultError):
            return None
        return Command(
            event=event, room=RoomNumber(room), kind=RowKind(kind), at=at, words=words, author=author,
            message=None if message is None else MessageNumber(message),
            person=None if person is None else PersonNumber(person),
        )  # fmt: skip

    def handled(self, op: Handled) -> None:
        self._decided(op.event)
        self._cursor.execute("DELETE FROM event WHERE number = ?", (op.event,))

    def _decided(self, event: int) -> None:
        self._cursor.execute("DELETE FROM command WHERE event = ?", (event,))

    def draft(self, op: Draft) -> int:
        told = op.command
        self._decided(told.event)
        made = self._cursor.execute(
            "INSERT INTO announcement (name, room, what, about, person, author, message, event, urgent, stage, token,"
            " at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
            (
                op.name, told.room, op.what, op.about, told.person, self._vault.seal(Column.ANNOUNCER, told.author),
                told.message, told.event, op.urgent, Stage.DRAFT, op.token, told.at,
            ),
        )  # fmt: skip
        ((number,),) = list(made)
        return int(str(number))

    def redraft(self, op: Redraft) -> None:
        self._decided(op.command.event)
        old: Any = list(self._cursor.execute("SELECT event FROM announcement WHERE number = ?", (op.number,)))
        for (event,) in old:
            self._cursor.execute("DELETE FROM event WHERE number = ?", (event,))
        changed = "UPDATE announcement SET event = ?, stage = ? WHERE number = ?"
        self._cursor.execute(changed, (op.command.event, Stage.DRAFT, op.number))

    def move(self, op: Move) -> bool:
        moved = list(
            self._cursor.execute(
                "UPDATE announcement SET stage = ?1, due = ?2 WHERE number = ?3 AND stage = ?4 AND NOT (?1 IN (3, 5)"
                " AND EXISTS (SELECT 1 FROM course WHERE announcement = ?3 AND state = 0)) RETURNING 1",
                (op.stage, op.due, op.number, op.before),
            )
        )
        if moved and op.stage in _OVER:
            self._confirming.begin_waiting(op.number)
            self._let_go(op.number)
        return bool(moved)

    def settled(self, op: Settled) -> bool:
        """Nothing more is said of it: whoever has not got it by now gets it only by decision."""
        news = self._confirming.settled(op)
        if news:
            self._let_go(op.number)
        return news

    def _let_go(self, number: int) -> None:
        """The words leave with the last recipient that may still get them."""
        self._cursor.execute(
            "DELETE FROM event WHERE number ="
            " (SELECT event FROM announcement WHERE number = ? AND settles_at IS NULL)"
            " AND NOT EXISTS (SELECT 1 FROM recipient WHERE announcement = ? AND state IN (?, ?, ?, ?))"
            " AND NOT EXISTS (SELECT 1 FROM course WHERE announcement = ? AND state = 2)",
            (number, number, Reach.WAITS, Reach.UNDER_WAY, Reach.UNKNOWN, Reach.LOST, number),
        )

    def announced(self, op: Announced) -> tuple[Announcement, ...]:
        if op.number is not None:
            return self._all("WHERE a.number = ?", (op.number,))
        if op.message is not None:
            return self._all("WHERE a.message = ? ORDER BY a.number DESC LIMIT 5", (op.message,))
        open_ones = "WHERE a.room = ? AND a.stage IN (0, 1, 2) ORDER BY a.number DESC LIMIT 20"
        return self._all(open_ones, (op.room,))

    def unfinished(self, _: Unfinished) -> tuple[Announcement, ...]:
        return self._all("WHERE a.stage IN (1, 2) ORDER BY a.number", ())

    def _all(self, where: str, values: tuple[Any, ...]) -> tuple[Announcement, ...]:
        found: list[Any] = list(self._cursor.execute(f"{_ANNOUNCEMENT} {where}", values))
        return tuple(self._announcement(*row) for row in found)

    def _announcement(  # noqa: PLR0913, PLR0917 - the columns of a row
        self, number: int, name: str, room: int, what: int, stage: int, event: int, token: str, at: int,
        about: int | None, message: int | None, person: int | None, author: Stored, urgent: int, due: int | None,
        body: Stored,
    ) -> Announcement:  # fmt: skip
        try:
            words = None if body is None else decode(self._vault.data(Column.BODY, body))
            who = "" if author is None else self._vault.text(Column.ANNOUNCER, author)
        except (*UNREADABLE, VaultError):
            words, who = None, ""
        return Announcement(
            number=number, name=name, room=RoomNumber(room), what=What(what), stage=Stage(stage), event=event,
            token=token, at=at, about=about, author=who, urgent=bool(urgent), due=due, words=words,
            message=None if message is None else MessageNumber(message),
            person=None if person is None else PersonNumber(person),
        )  # fmt: skip
