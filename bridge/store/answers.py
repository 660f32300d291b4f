"""Questions to the store: read only, asked after the batch is committed."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import apsw

from bridge.events import Deleted, Relayed
from bridge.ids import (
    AccountName,
    EventId,
    MessageId,
    MessageNumber,
    PersonNumber,
    RoomId,
    RoomNumber,
    RowNumber,
)
from bridge.store.bulk import execute_in
from bridge.store.codec import UNREADABLE, decode, decode_text, numbers
from bridge.store.questions import (
    Emojis,
    Joint,
    Known,
    Life,
    Locate,
    Page,
    Parked,
    ParkedRow,
    Piece,
    Put,
    Recall,
    Resolve,
    RoomRecord,
    Speaker,
    Speakers,
    Trace,
    Twins,
    Wanted,
)
from bridge.store.rows import NO_ID, Row, RowKind, TwinKind
from bridge.store.vault import Column, Stored, Vault, VaultError

_ROW = (
    "SELECT o.number, o.room, o.event, o.link, o.born, o.attempts, o.deaths, o.marked, o.next_at, o.generation,"
    " o.plan, o.sent, e.kind, e.message, e.reply, e.person, e.waiting, e.at, e.body, coalesce(m.gone, 0), e.room,"
    " o.doubtful"
    " FROM outbox o JOIN event e ON e.number = o.event LEFT JOIN message m ON m.number = e.message"
)


_NOTES = (TwinKind.NOTE, TwinKind.LINE, TwinKind.TALLY)
_NOTHING = Deleted(id=EventId(""), room=RoomId(""), at=datetime.fromtimestamp(0, UTC), message=MessageId(""))


def _row(values: Any, vault: Vault) -> Row:  # noqa: ANN401 - a row of a statement: the columns above, in order
    """The row; one that cannot be read says so, and speaks of no message: the others of its page must flow."""
    try:
        plan = None if values[10] is None else vault.data(Column.PLAN, values[10])
        return _made(values, decode(vault.data(Column.BODY, values[18])), numbers(values[11]), plan)
    except (*UNREADABLE, VaultError) as error:
        row = _made(values, _NOTHING, (), None)
        row.message, row.unreadable = None, f"{type(error).__name__}: its bytes are not what was written"
        return row


def _made(values: Any, event: Relayed, sent: tuple[int, ...], plan: bytes | None) -> Row:  # noqa: ANN401 - as above
    kind = RowKind(values[12])
    return Row(
        number=values[0], room=values[1], event_number=values[2], link=values[3], born=values[4], attempts=values[5],
        deaths=values[6], marked=bool(values[7]), next_at=values[8], generation=values[9], plan=plan,
        sent=sent, kind=kind, message=values[13], reply=values[14], person=values[15],
        fanout=values[16], origin=values[20], at=values[17], event=event,
        doubtful=bool(values[21]), gone=bool(values[19]) and not values[21] and kind in (RowKind.POST, RowKind.EDIT),
    )  # fmt: skip


def page(cursor: apsw.Cursor, vault: Vault, op: Page) -> list[Row]:
    """The next waiting rows of a room."""
    found = cursor.execute(
        f"{_ROW} WHERE o.room = ? AND o.state = 0 AND o.number > ? ORDER BY o.number LIMIT ?",
        (op.room, op.after, op.most),
    )
    return [_row(values, vault) for values in found]


def twins(cursor: apsw.Cursor, vault: Vault, op: Twins) -> dict[MessageNumber, Known]:
    """Messages as one room knows them."""
    found: Any = execute_in(
        cursor, "SELECT number, room, author, excerpt, at, gone, person FROM message WHERE number IN ({})", op.messages
    )
    known = {}
    for number, room, author, excerpt, at, gone, person in found:
        here = _here(cursor, op.room, number)
        shared = room != op.room and _is_joined(cursor, op.room, number, here["parts"])
        known[number] = Known(
            number=number, author=vault.text(Column.AUTHOR, author),
            excerpt=None if excerpt is None else vault.text(Column.EXCERPT, excerpt), at=at, gone=bool(gone),
            person=person, origin=room, **here, ours=room != op.room,
            parked=_parked(cursor, op.room, number), joined=shared,
            joint=_joint(cursor, vault, op.room, here["parts"]) if shared else None,
        )  # fmt: skip
    return known


def speakers(cursor: apsw.Cursor, vault: Vault, op: Speakers) -> tuple[Speaker, ...]:
    """Who wrote the newest messages, in which rooms; who began first comes first."""
    found: Any = cursor.execute(
        "SELECT s.room, s.person, p.name, p.native FROM (SELECT room, person, min(number) AS first FROM"
        " (SELECT room, person, number FROM message WHERE room IS NOT NULL AND person IS NOT NULL"
        "  ORDER BY number DESC LIMIT ?) GROUP BY room, person) s"
        " JOIN person p ON p.number = s.person ORDER BY s.first",
        (op.most,),
    )
    speakers = []
    clear = vault.alias("", "id") == "id"
    for room, person, name, native in found:
        with suppress(VaultError):  # a name that cannot be read must not keep the bridge from starting
            speakers.append(Speaker(room, person, vault.text(Column.NAME, name), native if clear else None))
    return tuple(speakers)


def _here(cursor: apsw.Cursor, room: RoomNumber, message: MessageNumber) -> dict[str, Any]:
    """What of a message is in a room: the ids of each part, of notes, and whether it is there, be it without an id.

    A note about votes stands under the room that they were given in.
    """
    parts: dict[int, list[MessageId]] = {}
    others: dict[TwinKind, list[tuple[int, MessageId]]] = {kind: [] for kind in (*_NOTES, TwinKind.THREAD)}
    question = "SELECT part, native, kind FROM twin WHERE message = ? AND room = ? ORDER BY part, native"
    found: Any = list(cursor.execute(question, (message, room)))
    for part, native, kind in found:
        if native == NO_ID:
            continue
        if kind in others:
            others[kind].append((part, native))
        else:
            parts.setdefault(part, []).append(native)
    order, filed = sorted(parts), {part for part, _, kind in found if kind == TwinKind.FILED}
    return {
        "parts": tuple(tuple(parts[part]) for part in order),
        "notes": tuple(native for kind in _NOTES for _, native in others[kind]),
        "line": tuple(native for _, native in others[TwinKind.LINE]), "tallies": dict(others[TwinKind.TALLY]),
        "filed": frozenset(map(order.index, filed & parts.keys())), "carried": bool(found),
        "thread": next((native for _, native in others[TwinKind.THREAD]), None),
    }  # fmt: skip


def _is_joined(
    cursor: apsw.Cursor, room: RoomNumber, message: MessageNumber, parts: tuple[tuple[MessageId, ...], ...]
) -> bool:
    """Whether the copy shows other messages, too."""
    question = "SELECT 1 FROM twin WHERE room = ? AND native = ? AND message <> ? AND kind = 1 LIMIT 1"
    return (
        any(True for native in parts[0][:1] for _ in cursor.execute(question, (room, native, message)))
        if parts
        else False
    )


def _joint(
    cursor: apsw.Cursor, vault: Vault, room: RoomNumber, parts: tuple[tuple[MessageId, ...], ...]
) -> Joint | None:
    question = "SELECT message, words, until FROM joint WHERE room = ? AND native = ? ORDER BY number"
    found: Any = list(cursor.execute(question, (room, parts[0][0])))
    try:
        pieces = tuple(Piece(message, decode_text(vault.data(Column.JOINT, words))) for message, words, _ in found)
    except (*UNREADABLE, VaultError):  # then it is as if they were kept no longer
        return None
    return Joint(pieces, found[0][2]) if pieces else None


def _parked(cursor: apsw.Cursor, room: RoomNumber, message: Any) -> bool:  # noqa: ANN401
    question = (
        "SELECT 1 FROM event e JOIN outbox o ON o.event = e.number"
        " WHERE e.message = ? AND e.kind = 0 AND o.room = ? AND o.state = 1 LIMIT 1"
    )
    return any(True for _ in cursor.execute(question, (message, room)))


def locate(cursor: apsw.Cursor, op: Locate) -> RoomNumber | None:
    """The room that holds a message with this native id: a platform that has threads gives each id once a room."""
    for room in op.rooms:
        if any(True for _ in cursor.execute("SELECT 1 FROM twin WHERE room = ? AND native = ?", (room, op.native))):
            return room
    return None


def resolve(cursor: apsw.Cursor, op: Resolve) -> MessageNumber | None:
    """Which message a native id belongs to."""
    question = "SELECT message FROM twin WHERE room = ? AND native = ? ORDER BY kind, message LIMIT 1"
    return next((MessageNumber(int(str(number))) for (number,) in cursor.execute(question, (op.room, op.native))), None)


def wanted(cursor: apsw.Cursor, vault: Vault, op: Wanted) -> Emojis:
    """What people elsewhere put on a message, and what our account shows of it in this room."""
    others: Any = cursor.execute(
        "SELECT r.person, coalesce(p.name, ''), r.emoji, r.room"
        " FROM reaction r LEFT JOIN person p ON p.number = r.person"
        " WHERE r.message = ? AND r.room <> ? ORDER BY r.person, r.emoji",
        (op.message, op.room),
    )
    put = tuple(
        Put(person, vault.text(Column.NAME, name), vault.text(Column.EMOJI, emoji), room)
        for person, name, emoji, room in others
    )
    question = "SELECT emoji, native FROM reacted WHERE message = ? AND room = ?"
    ours = {
        vault.text(Column.EMOJI, emoji): MessageId(str(native)) if native else None
        for emoji, native in cursor.execute(question, (op.message, op.room))
    }
    return Emojis(put, ours, _by_ghosts(cursor, vault, op))


def _by_ghosts(cursor: apsw.Cursor, vault: Vault, op: Wanted) -> dict[tuple[PersonNumber, str], MessageId | None]:
    found: Any = cursor.execute(
        "SELECT person, emoji, native FROM ghosted WHERE message = ? AND room = ? ORDER BY person, emoji",
        (op.message, op.room),
    )
    return {(person, vault.text(Column.EMOJI, emoji)): native or None for person, emoji, native in found}


def recall(cursor: apsw.Cursor, vault: Vault, op: Recall) -> str | None:
    """A remembered value that is not too old."""
    question = "SELECT value FROM memory WHERE account = ? AND name = ? AND until > ?"
    for (value,) in cursor.execute(question, (op.account, op.name, op.at)):
        return vault.text(Column.VALUE, value)
    return None


def position(cursor: apsw.Cursor, account: AccountName) -> str | None:
    """The last stored position of an account."""
    for (value,) in cursor.execute("SELECT position FROM account WHERE name = ?", (account,)):
        return None if value is None else str(value)
    return None


def depths(cursor: apsw.Cursor, vault: Vault) -> tuple[RoomRecord, ...]:
    """Every room and what waits for it."""
    found: Any = cursor.execute(
        "SELECT r.number, r.account, r.name, r.native, r.thread, r.held, r.held_until,"
        " r.moved_to, r.moved_thread, r.followed,"
        " (SELECT count(*) FROM outbox o WHERE o.room = r.number AND o.state = 0),"
        " (SELECT count(*) FROM outbox o WHERE o.room = r.number AND o.state = 1),"
        " (SELECT e.at FROM outbox o JOIN event e ON e.number = o.event"
        "   WHERE o.room = r.number AND o.state = 0 ORDER BY o.number LIMIT 1), r.private"
        " FROM room r WHERE r.private = 0 ORDER BY r.number"
    )
    names, held = RoomRecord.__struct_fields__, RoomRecord.__struct_fields__.index("held")
    rooms = tuple(
        RoomRecord(**{
            **dict(zip(names, values, strict=True)),
            "held": None if values[held] is None else vault.text(Column.HELD, values[held]),
        })
        for values in found
    )  # fmt: skip
    return (*rooms, *_private(cursor))


def _private(cursor: apsw.Cursor) -> tuple[RoomRecord, ...]:
    """One record an account for all its private conversations: no one of them is told of."""
    found: Any = cursor.execute(
        "SELECT min(r.number), r.account, count(DISTINCT r.number), count(o.number) FILTER (WHERE o.state = 0),"
        " count(o.number) FILTER (WHERE o.state = 1), min(e.at) FILTER (WHERE o.state = 0)"
        " FROM room r LEFT JOIN outbox o ON o.room = r.number LEFT JOIN event e ON e.number = o.event"
        " WHERE r.private = 1 GROUP BY r.account"
    )
    return tuple(
        RoomRecord(
            number=number, account=account, name="(conversations)", native=None, thread=None, held=None,
            held_until=None, private=rooms, waiting=waiting, parked=parked, oldest=oldest,
        )
        for number, account, rooms, waiting, parked, oldest in list(found)
    )  # fmt: skip


def tallies(cursor: apsw.Cursor) -> dict[tuple[RoomNumber, str], int]:
    """Every count by room and outcome; those of private conversations together, as `depths` has them."""
    found: Any = cursor.execute(
        "SELECT coalesce(p.first, t.room), t.outcome, sum(t.count) FROM tally t"
        " LEFT JOIN room r ON r.number = t.room AND r.private = 1"
        " LEFT JOIN (SELECT account, min(number) AS first FROM room WHERE private = 1 GROUP BY account) p"
        "  ON p.account = r.account GROUP BY 1, 2"
    )
    return {(RoomNumber(room), outcome): count for room, outcome, count in found}


def parked(cursor: apsw.Cursor, vault: Vault, op: Parked) -> tuple[ParkedRow, ...]:
    """Parked rows with their reasons, oldest first."""
    found: Any = cursor.execute(
        "SELECT o.number, r.account || '/' || r.name, o.link, e.kind, coalesce(p.name, ''), coalesce(o.reason, ''),"
        " coalesce(o.error, ''), e.at, e.message FROM outbox o"
        " JOIN event e ON e.number = o.event JOIN room r ON r.number = o.room"
        " LEFT JOIN person p ON p.number = e.person WHERE o.state = 1 AND (?1 IS NULL OR o.room = ?1)"
        " ORDER BY o.number LIMIT ?2",
        (op.room, op.most),
    )
    return tuple(
        ParkedRow(
            number=RowNumber(number), room=room, link=link, kind=RowKind(kind).name.lower(),
            author=vault.text(Column.NAME, author), reason=reason, error=vault.text(Column.ERROR, error), at=at,
            message=message,
        )
        for number, room, link, kind, author, reason, error, at, message in found
    )  # fmt: skip


def trace(cursor: apsw.Cursor, vault: Vault, op: Trace) -> Life | None:
    """The life of one message, found by number or by any native id."""
    found: Any = cursor.execute(
        "SELECT m.number, coalesce(r.account || '/' || r.name, ''), m.author, m.at FROM message m"
        " LEFT JOIN room r ON r.number = m.room WHERE m.number = ?1"
        " OR m.number IN (SELECT message FROM twin WHERE native = ?2) ORDER BY m.number LIMIT 1",
        (int(op.what) if op.what.isdecimal() and len(op.what) < 19 else None, op.what),  # noqa: PLR2004 - 64 bits
    )
    for number, room, author, at in found:
        return Life(
            number=number,
            room=room,
            author=vault.text(Column.AUTHOR, author),
            at=at,
            twins=_copies(cursor, number),
            waiting=_waiting(cursor, vault, number),
        )
    return None


def _copies(cursor: apsw.Cursor, message: int) -> tuple[tuple[str, str, str], ...]:
    found: Any = cursor.execute(
        "SELECT r.account || '/' || r.name, t.native, t.kind FROM twin t JOIN room r ON r.number = t.room"
        " WHERE t.message = ? ORDER BY t.kind, t.room, t.part",
        (message,),
    )
    return tuple((room, native, TwinKind(kind).name.lower()) for room, native, kind in found)


def _waiting(cursor: apsw.Cursor, vault: Vault, message: int) -> tuple[tuple[str, str, str], ...]:
    found: Any = cursor.execute(
        "SELECT r.account || '/' || r.name, e.kind, o.state, o.reason, r.held, o.error"
        " FROM event e JOIN outbox o ON o.event = e.number JOIN room r ON r.number = o.room"
        " WHERE e.message = ? ORDER BY o.number",
        (message,),
    )
    return tuple(
        (room, f"{RowKind(kind).name.lower()} {'parked' if state else 'waiting'}", _why(vault, reason, held, error))
        for room, kind, state, reason, held, error in found
    )


def _why(vault: Vault, reason: str | None, held: Stored, error: Stored) -> str:
    """What keeps a row, the nearest cause first."""
    if reason is not None or held is not None:
        return reason if reason is not None else vault.text(Column.HELD, held)
    return "in line" if error is None else vault.text(Column.ERROR, error)
