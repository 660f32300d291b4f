"""Private conversations in the default store: whom we talk with, in which state, and since when they wait."""

from collections.abc import Sequence
from typing import Any

import apsw
from msgspec import UNSET

from bridge.ids import MessageId, MessageNumber, RoomId, RoomNumber
from bridge.store.accepting import Accepting
from bridge.store.bulk import execute_in
from bridge.store.conversations import (
    Conversation,
    Converse,
    Due,
    Join,
    LastHeard,
    Meet,
    Overhear,
    Overheard,
    Plant,
    Private,
    Privates,
    State,
    Talk,
    TalkOf,
    Turn,
    Uproot,
)
from bridge.store.rows import TwinKind
from bridge.store.vault import Column, Vault

_PRIVATE = (
    "SELECT c.number, c.account, c.native, c.conversation, c.heard_at, c.window_until, r.held, r.held_until,"
    " (SELECT count(*) FROM outbox o WHERE o.room = c.number AND o.state = 0)"
    " FROM correspondent c JOIN room r ON r.number = c.number"
)
_CONVERSATION = (
    "SELECT number, desk, agents, title, root IS NOT NULL, state, claimed_by, claimant, claimed_at, waits_since,"
    " alarmed, greeted_at, away_at FROM conversation"
)
_SENT = (
    "SELECT room FROM twin WHERE message = ?1 AND kind <> 0 UNION"
    " SELECT o.room FROM event e JOIN outbox o ON o.event = e.number WHERE e.message = ?1"
)
"""Rooms that a message is in, or is on its way to."""
_PLAIN = ("state", "claimed_at", "waits_since", "alarmed", "greeted_at", "away_at")
_KEPT_TWINS = "INSERT OR REPLACE INTO twin (room, native, message, part, kind) VALUES (?, ?, ?, 0, ?)"


class Conversing:
    """Turns what happens at desks into statements, and answers about them."""

    def __init__(self, cursor: apsw.Cursor, accepting: Accepting, vault: Vault) -> None:
        self._cursor, self._accepting, self._vault = cursor, accepting, vault

    # --- facts ---

    def meet(self, op: Meet) -> Private:
        alias = self._vault.alias(op.account, op.native)
        known = self._privates("WHERE c.account = ? AND c.alias = ?", (op.account, alias))
        if known:
            return known[0]
        ((number,),) = self._rows("SELECT coalesce(max(number), 0) + 1 FROM room")
        self._cursor.execute(
            "INSERT INTO room (number, account, name, private) VALUES (?, ?, ?, 1)",
            (number, op.account, f"person {number}"),
        )
        self._cursor.execute(
            "INSERT INTO correspondent (number, account, alias, native) VALUES (?, ?, ?, ?)",
            (number, op.account, alias, self._vault.seal(Column.NATIVE, op.native)),
        )
        return Private(room=RoomNumber(number), account=op.account, native=op.native)

    def converse(self, op: Converse) -> Conversation:
        private = self.meet(Meet(account=op.account, native=op.native))
        number = private.conversation
        if number is None:
            title = self._vault.seal(Column.TITLE, op.title)
            self._cursor.execute(
                "INSERT INTO conversation (desk, agents, title) VALUES (?, ?, ?)", (op.desk, op.agents, title)
            )
            ((number,),) = self._rows("SELECT last_insert_rowid()")
            self._cursor.execute("UPDATE correspondent SET conversation = ? WHERE number = ?", (number, private.room))
        else:
            self._cursor.execute(
                "UPDATE conversation SET desk = ?1, agents = ?2, root = CASE WHEN agents = ?2 THEN root END,"
                " claimed_by = NULL WHERE number = ?3 AND (desk <> ?1 OR agents <> ?2)",
                (op.desk, op.agents, number),
            )
        return self._conversations("WHERE number = ?", (number,))[0]

    def turn(self, op: Turn) -> None:
        """Runs after the events it goes with: a thread's root is known by then."""
        sets: dict[str, Any] = {name: getattr(op, name) for name in _PLAIN if getattr(op, name) is not UNSET}
        if op.title is not UNSET:
            sets["title"] = self._vault.seal(Column.TITLE, op.title)
        if op.claimed_by is not UNSET:
            sets["claimed_by"] = None if op.claimed_by is None else self._vault.alias(op.by_account, op.claimed_by)
        if op.claimant is not UNSET:
            sets["claimant"] = self._vault.seal(Column.CLAIMANT, op.claimant)
        if op.root is not None:
            sets["root"] = self._accepting.resolve(op.heard, MessageId(op.root))
        if sets:
            names = ", ".join(f"{name} = ?" for name in sets)
            self._cursor.execute(
                f"UPDATE conversation SET {names} WHERE number = ?",  # noqa: S608 - our own names
                (*sets.values(), op.conversation),
            )
        if op.heard is not None and op.heard_at:
            self._cursor.execute(
                "UPDATE correspondent SET heard_at = ?, window_until = ?, warned = 0 WHERE number = ?",
                (op.heard_at, op.window_until, op.heard),
            )
        if op.closed is not None:
            self._cursor.execute(
                "UPDATE correspondent SET window_until = 0, warned = 1 WHERE number = ? AND window_until IS NOT NULL",
                (op.closed,),
            )
        if op.warned is not None:
            self._cursor.execute("UPDATE correspondent SET warned = 1 WHERE number = ?", (op.warned,))

    def join(self, op: Join) -> Conversation | None:
        """The rooms of the other conversation get the root of this one, so that what is said there stands here."""
        roots: Any = self._cursor.execute(
            "SELECT root FROM conversation WHERE number = ?", (op.conversation,)
        ).fetchall()
        moved: Any = self._cursor.execute(
            "UPDATE correspondent SET conversation = ? WHERE conversation = ? RETURNING number",
            (op.conversation, op.other),
        ).fetchall()
        for (room,) in moved if roots and roots[0][0] is not None else ():
            self._cursor.execute(_KEPT_TWINS, (room, op.thread, roots[0][0], TwinKind.ORIGIN))
        self._cursor.execute(
            "UPDATE conversation SET waits_since = (SELECT min(waits_since) FROM conversation WHERE number IN (?1, ?2))"
            " WHERE number = ?1",
            (op.conversation, op.other),
        )
        self._cursor.execute("DELETE FROM conversation WHERE number = ?", (op.other,))
        found = self._conversations("WHERE number = ?", (op.conversation,))
        return found[0] if found else None

    def uproot(self, op: Uproot) -> None:
        self._cursor.execute(
            "UPDATE twin SET kind = ? WHERE room = ? AND native = ? AND kind = ?"
            " AND message IN (SELECT root FROM conversation)",
            (TwinKind.NOTE, op.room, op.native, TwinKind.THREAD),
        )

    def plant(self, op: Plant) -> None:
        self._cursor.execute(
            "UPDATE twin SET kind = ? WHERE room = ? AND message = ? AND kind = ?",
            (TwinKind.NOTE, op.room, op.message, TwinKind.THREAD),
        )
        self._accepting.twin(op.room, op.native, op.message, 0, TwinKind.THREAD)

    # --- questions ---

    def talk(self, op: Talk) -> Conversation | None:
        known: Any = self._cursor.execute(
            "SELECT conversation FROM correspondent WHERE account = ? AND alias = ?",
            (op.account, self._vault.alias(op.account, op.native)),
        ).fetchall()
        return self._one(known[0][0]) if known else None

    def talk_of(self, op: TalkOf) -> Conversation | None:
        return self._one(op.number if op.number is not None else self._conversation_at(op.room))

    def overhear(self, op: Overhear) -> Overheard:
        speaker = "" if op.speaker is None else self._vault.alias(op.account, op.speaker)
        message = None if op.about is None else self._resolve(op.room, op.about)
        place, theirs, sent = self._about(message)
        number = op.handle if op.handle is not None else self._meant(op, place, sent)
        return Overheard(
            conversation=self._one(number), speaker=speaker, message=message, theirs=theirs, place=place, sent=sent
        )

    def last_heard(self, op: LastHeard) -> MessageId | None:
        found: Any = self._cursor.execute(
            "SELECT native FROM twin WHERE room = ? AND kind = ? ORDER BY message DESC, part DESC LIMIT 1",
            (op.room, TwinKind.ORIGIN),
        ).fetchall()
        return MessageId(found[0][0]) if found else None

    def privates(self, op: Privates) -> tuple[Private, ...]:
        waiting = "WHERE c.number IN (SELECT room FROM outbox WHERE state = 0)"
        if op.rooms is None:
            return self._privates(waiting, ())
        found = execute_in(self._cursor, f"{_PRIVATE} {waiting} AND c.number IN ({{}})", op.rooms)
        return tuple(self._private(row) for row in found)

    def due(self, op: Due) -> tuple[Conversation, ...]:
        if op.what == "waiting":
            return self._conversations(
                "WHERE desk = ? AND waits_since <= ? AND alarmed = 0 AND state = 0 ORDER BY waits_since LIMIT ?",
                (op.desk, op.before, op.most),
            )
        return self._conversations(
            "WHERE desk = ? AND state = 0 AND waits_since IS NOT NULL AND number IN"
            " (SELECT conversation FROM correspondent WHERE window_until > ? AND window_until <= ? AND warned = 0)"
            " LIMIT ?",
            (op.desk, op.after, op.before, op.most),
        )

    # --- pieces ---

    def _meant(self, op: Overhear, place: Private | None, sent: Sequence[Private]) -> int | None:
        """Which conversation something is about: the thread's, else that of the message."""
        root = None if op.thread is None else self._resolve(op.room, MessageId(op.thread))
        if root is not None:
            for (number,) in self._rows(
                "SELECT c.conversation FROM message m JOIN correspondent c ON c.number = m.room WHERE m.number = ?",
                (root,),
            ):
                return None if number is None else int(number)
        nearest = place or next(iter(sent), None)
        return None if nearest is None else nearest.conversation

    def _about(self, message: MessageNumber | None) -> tuple[Private | None, bool, tuple[Private, ...]]:
        found: Any = self._cursor.execute("SELECT room, person FROM message WHERE number = ?", (message,)).fetchall()
        room, person = found[0] if found else (None, None)
        places = self._privates("WHERE c.number = ?", (room,)) if room is not None else ()
        rooms = [one for (one,) in self._cursor.execute(_SENT, (message,)).fetchall() if one != room]
        sent = execute_in(self._cursor, f"{_PRIVATE} WHERE c.number IN ({{}})", rooms)
        place = places[0] if places else None
        return place, place is not None and person is not None, tuple(self._private(row) for row in sent)

    def _resolve(self, room: RoomNumber, native: MessageId) -> MessageNumber | None:
        question = "SELECT message FROM twin WHERE room = ? AND native = ? ORDER BY kind, message LIMIT 1"
        found: Any = self._cursor.execute(question, (room, native)).fetchall()
        return MessageNumber(found[0][0]) if found else None

    def _rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return self._cursor.execute(statement, values).fetchall()

    def _conversation_at(self, room: RoomNumber | None) -> int | None:
        for (number,) in self._rows("SELECT conversation FROM correspondent WHERE number = ?", (room,)):
            return None if number is None else int(number)
        return None

    def _one(self, number: int | None) -> Conversation | None:
        found = () if number is None else self._conversations("WHERE number = ?", (number,))
        return found[0] if found else None

    def _conversations(self, where: str, values: tuple[Any, ...]) -> tuple[Conversation, ...]:
        found: Any = self._cursor.execute(f"{_CONVERSATION} {where}", values).fetchall()
        return tuple(self._conversation(row) for row in found)

    def _conversation(self, row: Any) -> Conversation:  # noqa: ANN401 - the columns of the statement above
        number, desk, agents, title, rooted, state, claimed_by, claimant, claimed_at, waits, alarmed, greeted, away = (
            row
        )
        return Conversation(
            number=number, desk=desk, agents=agents, title=self._vault.text(Column.TITLE, title), rooted=bool(rooted),
            state=State(state), claimed_by=claimed_by, claimed_at=claimed_at, waits_since=waits, alarmed=alarmed,
            claimant="" if claimant is None else self._vault.text(Column.CLAIMANT, claimant), greeted_at=greeted,
            away_at=away,
            rooms=self._privates("WHERE c.conversation = ? ORDER BY c.heard_at DESC, c.number", (number,)),
        )  # fmt: skip

    def _privates(self, where: str, values: tuple[Any, ...]) -> tuple[Private, ...]:
        found: Any = self._cursor.execute(f"{_PRIVATE} {where}", values).fetchall()
        return tuple(self._private(row) for row in found)

    def _private(self, row: Any) -> Private:  # noqa: ANN401 - the columns of the statement above
        number, account, native, conversation, heard_at, window_until, held, held_until, waiting = row
        return Private(
            room=number, account=account, native=RoomId(self._vault.text(Column.NATIVE, native)),
            conversation=conversation, heard_at=heard_at, window_until=window_until, held_until=held_until,
            waiting=waiting,
            held=None if held is None else self._vault.text(Column.HELD, held),
        )  # fmt: skip


__all__ = ["Conversing"]
