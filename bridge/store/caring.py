"""Moderation as statements: rulings, deeds, and copies that are asked back."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import apsw
from msgspec import structs

from bridge.events import Deleted
from bridge.ids import EventId, MessageId, MessageNumber, RoomId, RoomNumber
from bridge.store.accepting import Accepting
from bridge.store.bulk import execute_in
from bridge.store.care import (
    PURGE_LINK,
    Called,
    Decide,
    Deed,
    Deeds,
    HeldRow,
    HeldRows,
    Meant,
    Note,
    Retract,
    Retracted,
    Revoke,
    Ruled,
    Ruling,
    Standing,
    Unremoved,
    Who,
)
from bridge.store.codec import encode
from bridge.store.rows import RowKind
from bridge.store.vault import Column, Stored, Vault

_RULING = "SELECT number, kind, link, room, account, native, name, at FROM ruling"
_WHO = "SELECT p.number, p.account, p.native, p.name FROM person p"


class Caring:
    """Turns the facts and questions of `bridge.store.care` into statements."""

    def __init__(self, cursor: apsw.Cursor, accepting: Accepting, vault: Vault) -> None:
        self._cursor, self._accepting, self._vault = cursor, accepting, vault

    # --- rulings ---

    def decide(self, op: Decide) -> Ruling:
        self._accepting.flush()
        account, native, name = self._about(op)
        made = self._cursor.execute(
            "INSERT INTO ruling (kind, link, room, account, native, name, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " RETURNING number",
            (op.kind.value, op.link, op.room, account, native, self._vault.seal(Column.RULED, name), op.at),
        )
        ((number,),) = list(made)
        return self._ruling((number, op.kind.value, op.link, op.room, account, native, None, op.at), name)

    def _about(self, op: Decide) -> tuple[str | None, str | None, str]:
        """Whom it is about, as the store spells them."""
        for account, native, name in self._cursor.execute(
            "SELECT account, native, name FROM person WHERE number = ?", (op.person,)
        ):
            return str(account), str(native), self._vault.text(Column.NAME, name)
        if op.account is None or op.user is None:
            return None, None, op.name
        return op.account, self._vault.alias(op.account, op.user), op.name

    def revoke(self, op: Revoke) -> int:
        execute_in(self._cursor, "DELETE FROM ruling WHERE number IN ({})", op.rulings)
        return len(op.rulings)

    def rulings(self) -> tuple[Ruling, ...]:
        found: Any = list(self._cursor.execute(f"{_RULING} ORDER BY number"))
        return tuple(self._ruling(row, self._vault.text(Column.RULED, row[6])) for row in found)

    def _ruling(self, row: Any, name: str) -> Ruling:  # noqa: ANN401 - a row of the statement above
        number, kind, link, room, account, native, _, at = row
        return Ruling(
            number=number, kind=Ruled(kind), link=link, room=room, account=account, native=native, name=name, at=at
        )

    # --- deeds ---

    def note(self, op: Note) -> int:
        actor, about = self._vault.seal(Column.ACTOR, op.actor), self._vault.seal(Column.DEED, op.about)
        made: Any = self._cursor.execute(
            "INSERT INTO deed (at, link, room, actor, did, about, person) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " RETURNING number",
            (op.at, op.link, op.room, actor, op.did, about, op.person),
        )
        ((number,),) = list(made)
        return int(number)

    def deeds(self, op: Deeds) -> tuple[Deed, ...]:
        found: Any = self._cursor.execute(
            "SELECT d.number, d.at, d.link, coalesce(r.account || '/' || r.name, ''), d.actor, d.did, d.about,"
            " (SELECT count(*) FROM unremoved u WHERE u.purge = d.number)"
            " FROM deed d LEFT JOIN room r ON r.number = d.room ORDER BY d.number DESC LIMIT ?",
            (op.most,),
        )
        return tuple(
            Deed(
                number=number, at=at, link=link, room=room, did=did, unremoved=unremoved,
                actor=self._vault.text(Column.ACTOR, actor), about=self._vault.text(Column.DEED, about),
            )
            for number, at, link, room, actor, did, about, unremoved in list(found)
        )  # fmt: skip

    # --- who is meant ---

    def meant(self, op: Meant) -> Who | None:
        found: Any = list(
            self._cursor.execute(
                "SELECT m.number, m.room, m.excerpt, p.number, p.account, p.native, p.name FROM twin t"
                " JOIN message m ON m.number = t.message JOIN person p ON p.number = m.person"
                " WHERE t.room = ? AND t.native = ? ORDER BY t.kind, m.number LIMIT 1",
                (op.room, op.native),
            )
        )
        for message, room, excerpt, *person in found:
            words = "" if excerpt is None else self._vault.text(Column.EXCERPT, excerpt)
            return structs.replace(self._who(person), message=message, room=room, excerpt=words)
        return None

    def called(self, op: Called) -> tuple[Who, ...]:
        if op.person is not None:
            return self._people(self._cursor.execute(f"{_WHO} WHERE p.number = ?", (op.person,)))
        if op.user is not None:
            (account,) = op.accounts
            known = (account, self._vault.alias(account, op.user))
            return self._people(self._cursor.execute(f"{_WHO} WHERE p.account = ? AND p.native = ?", known))
        found = self._people(execute_in(self._cursor, _WHO + " WHERE p.account IN ({})", op.accounts))
        return tuple(one for one in found if one.name.casefold() == op.name.casefold())

    def _people(self, found: Any) -> tuple[Who, ...]:  # noqa: ANN401 - rows of the statement above
        return tuple(self._who(row) for row in list(found))

    def _who(self, row: Any) -> Who:  # noqa: ANN401 - as above
        number, account, native, name = row
        return Who(person=number, account=account, native=native, name=self._vault.text(Column.NAME, name))

    # --- what is taken back ---

    def retract(self, op: Retract) -> Retracted:
        self._accepting.flush()
        messages = list(self._messages(op))
        shown: dict[MessageNumber, set[RoomNumber]] = defaultdict(set)
        for question in (
            "SELECT DISTINCT message, room FROM twin WHERE kind NOT IN (0, 6) AND message IN ({})",
            "SELECT e.message, o.room FROM event e JOIN outbox o ON o.event = e.number WHERE e.message IN ({})",
        ):
            for message, room in execute_in(self._cursor, question, messages):
                shown[MessageNumber(int(str(message)))].add(RoomNumber(int(str(room))))
        if op.room is not None:
            shown = defaultdict(set, {message: rooms & {op.room} for message, rooms in shown.items()})
        else:
            execute_in(self._cursor, "UPDATE message SET gone = 1 WHERE number IN ({})", messages)
        return self._asked_back(op, shown)

    def _messages(self, op: Retract) -> Iterator[Any]:
        """Messages are numbered in the order of their time: the newest first, until they are too old."""
        if op.message is not None:
            yield op.message
            return
        newest: Any = self._cursor.execute("SELECT number, person, at FROM message ORDER BY number DESC")
        for number, person, at in newest:
            if at < op.since:
                break
            if person == op.person:
                yield number

    def _asked_back(self, op: Retract, shown: dict[MessageNumber, set[RoomNumber]]) -> Retracted:
        at = datetime.fromtimestamp(op.at / 1000, UTC)
        body = encode(Deleted(id=EventId(""), room=RoomId(""), at=at, message=MessageId("")))
        link = PURGE_LINK.format(op.purge)
        for message, rooms in sorted(shown.items()):
            if rooms:
                self._accepting.take_back(message, sorted(rooms), RowKind.DELETE, body, op.at, link)
        self._accepting.flush()
        rooms = {room for found in shown.values() for room in found}
        return Retracted(sum(map(len, shown.values())), tuple(sorted(rooms)))

    def standing(self, op: Unremoved) -> Standing:
        """What waits, what was dropped, and what is parked: a room that refuses parks the deletion."""
        link = PURGE_LINK.format(op.purge)
        question = "SELECT count(*) FROM outbox WHERE link = ? AND state = 0"
        ((waiting,),) = self._cursor.execute(question, (link,)).fetchall()
        left: Any = self._cursor.execute(
            "SELECT r.account || '/' || r.name, u.why, count(*) FROM"
            " (SELECT room, why FROM unremoved WHERE purge = ?"
            "  UNION ALL SELECT room, coalesce(reason, '') FROM outbox WHERE link = ? AND state = 1) u"
            " JOIN room r ON r.number = u.room GROUP BY 1, 2 ORDER BY 1, 2",
            (op.purge, link),
        )
        return Standing(int(str(waiting)), tuple(left))

    def held_rows(self, op: HeldRows) -> tuple[HeldRow, ...]:
        found: Any = execute_in(
            self._cursor,
            "SELECT o.number, o.room, e.room, o.reason, e.message, e.person, m.author, m.excerpt FROM outbox o"
            " JOIN event e ON e.number = o.event LEFT JOIN message m ON m.number = e.message"
            " WHERE o.state = 1 AND o.room IN ({})",
            op.rooms,
        )
        return tuple(
            HeldRow(row=row, room=room, source=source, message=message, author=self._words(Column.AUTHOR, author),
                    excerpt=self._words(Column.EXCERPT, excerpt))
            for row, room, source, reason, message, person, author, excerpt in sorted(found, key=itemgetter(0))
            if reason in op.reasons and op.message in {None, message} and op.person in {None, person}
        )  # fmt: skip

    def _words(self, column: Column, value: Stored) -> str:
        return "" if value is None else self._vault.text(column, value)
