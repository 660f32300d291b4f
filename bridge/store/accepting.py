"""How events enter the store: which are new, what they speak of, and the rows they make."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import apsw
from msgspec import structs

from bridge.errors import Rejected
from bridge.events import Deleted, Posted, Reacted, Unreacted, User
from bridge.ids import MessageId, MessageNumber, PersonNumber, RoomNumber, RowNumber, UserId
from bridge.store.attached import Fetch
from bridge.store.bulk import Bulk, Value, execute_in
from bridge.store.codec import UNREADABLE, decode, encode
from bridge.store.conversations import Turn
from bridge.store.ops import Accept, Accepted, Relate
from bridge.store.rows import NEWCOMER, Arrival, Outcome, Route, Row, RowKind, Seen, TwinKind
from bridge.store.vault import Column, Stored, Vault, VaultError

_PEOPLE = 10_000
_EARLY = 1000
MAX_BODY = 1 << 20
"""Bytes of one stored event; media never stand in the store."""


def _unreaction(arrival: Arrival, emoji: str) -> Arrival:
    """The same, said as what it is: somebody took an emoji back."""
    was = arrival.event
    if not isinstance(was, Deleted):
        return arrival
    event = Unreacted(
        id=was.id, room=was.room, at=was.at, thread=was.thread, room_kind=was.room_kind, message=was.message,
        emoji=emoji, by=was.by or User(id=UserId(""), name=""),
    )  # fmt: skip
    return structs.replace(arrival, event=event, body=encode(event), kind=RowKind.UNREACT)


def _nothing(_: Turn) -> None:
    pass


def _held_back(route: Route) -> Route:
    return route if route.parked else structs.replace(route, parked=NEWCOMER)


class Accepting:
    """Turns `Accept` into inserts. Numbers are given here, in memory, by the one writer."""

    def __init__(self, cursor: apsw.Cursor, vault: Vault) -> None:
        self._cursor, self._vault = cursor, vault
        self._seen = Bulk("INSERT INTO seen (account, event, at)", 3)
        self._message = Bulk("INSERT INTO message (number, room, person, author, excerpt, at)", 6)
        self._twin = Bulk("INSERT OR IGNORE INTO twin (room, native, message, part, kind)", 5)
        self._event = Bulk("INSERT INTO event (number, kind, room, message, reply, person, waiting, at, body)", 9)
        self._outbox = Bulk("INSERT INTO outbox (number, room, event, link, born, state, parked_at, reason)", 8)
        self._people: OrderedDict[tuple[str, str], tuple[PersonNumber, Seen]] = OrderedDict()
        self._known: set[tuple[str, str]] = set()
        self._fetches: list[Fetch] = []
        self._held: tuple[str, ...] = ()
        self._next = {table: self._last(table) for table in ("message", "event", "outbox")}
        self._early: set[tuple[RoomNumber | None, MessageId]] = set()
        """Messages whose edits came before them: a federated platform may give them so, within minutes."""
        self.tally: dict[tuple[RoomNumber, str], int] = {}
        self.turn: Callable[[Turn], None] = _nothing
        """What is done for the turns of conversations."""

    def begin(self, batch: Sequence[object]) -> None:
        """Ask once for the whole batch which events were published before."""
        wanted: list[Value] = []
        for op in batch:
            if type(op) is Accept:
                for arrival in op.arrivals:
                    if arrival.id is not None:
                        wanted += (op.account, arrival.id)
        found = execute_in(self._cursor, "SELECT account, event FROM seen WHERE (account, event) IN ({})", wanted, 2)
        self._known = {(str(account), str(event)) for account, event in found}

    def accept(self, op: Accept) -> Accepted:
        rows: list[Row] = []
        repeated = 0
        self._held = ()
        for arrival in op.arrivals:
            if arrival.id is not None and (op.account, arrival.id) in self._known:
                repeated += 1
            else:
                made = self._arrive(op, arrival)
                rows += [row for row, route in zip(made, arrival.targets, strict=False) if not route.parked]
        if op.position is not None:
            self._move(op)
        if op.turns and (not op.arrivals or repeated < len(op.arrivals)):  # what comes again changes nothing
            for turn in op.turns:
                self.turn(turn)
        if not self._fetches:
            return Accepted(tuple(rows), repeated, held=self._held)
        fetches, self._fetches = tuple(self._fetches), []
        return Accepted(tuple(rows), repeated, fetches, held=self._held)

    def twin(self, room: RoomNumber, native: MessageId, message: MessageNumber, part: int, kind: TwinKind) -> None:
        self._twin.add(room, native, message, part, kind)

    def flush(self) -> None:
        for bulk in (self._seen, self._message, self._twin, self._event, self._outbox):
            bulk.flush(self._cursor)

    def strangers(self) -> None:
        """Somebody was forgotten: whoever speaks is looked up anew."""
        self._people.clear()

    def take_back(  # noqa: PLR0913, PLR0917 - what a deletion is made of
        self, message: MessageNumber, rooms: Sequence[RoomNumber], kind: RowKind, body: bytes, at: int, link: str
    ) -> None:
        """Ask a message, or what we reacted to it, back from some rooms: nobody's words, and nobody's wish."""
        number, sealed = self._number("event"), self._vault.seal(Column.BODY, body)
        self._event.add(number, kind, None, message, None, None, len(rooms), at, sealed)
        for room in rooms:
            self._outbox.add(self._number("outbox"), room, number, link, 0, 0, None, None)
            counted = (room, Outcome.ACCEPTED.value)
            self.tally[counted] = self.tally.get(counted, 0) + 1

    def forget(self) -> None:
        """A transaction was rolled back: nothing that it taught is true."""
        for bulk in (self._seen, self._message, self._twin, self._event, self._outbox):
            bulk.clear()
        self._people.clear()
        self._known.clear()
        self._fetches.clear()
        self._early.clear()
        self.tally.clear()

    @property
    def last_row(self) -> int:
        """The number of the newest row there ever was."""
        return self._next["outbox"]

    def _last(self, table: str) -> int:
        for (number,) in self._cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)):
            return int(str(number))
        return 0

    def _number(self, table: str) -> int:
        self._next[table] += 1
        return self._next[table]

    def _move(self, op: Accept) -> None:
        self._cursor.execute(
            "INSERT INTO account (name, position) VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position",
            (op.account, op.position),
        )

    def _arrive(self, op: Accept, arrival: Arrival) -> list[Row]:
        if len(arrival.body) > MAX_BODY:
            raise Rejected(f"an event of {len(arrival.body)} bytes is larger than {MAX_BODY}")
        if arrival.id is not None:
            self._known.add((op.account, arrival.id))
            self._seen.add(op.account, arrival.id, op.at)
        if self._early and arrival.kind is RowKind.POST and self._edited_already(arrival):
            return []
        if arrival.is_thread:
            known = self.resolve(arrival.room, arrival.natives[0]) is not None
            if known is (arrival.kind is RowKind.POST):
                return []
        person = self._person(op, arrival)
        arrival, message, reply = self._relate(op, arrival, person)
        kind = arrival.kind
        waits = bool(arrival.newcomer) and person is not None and self._is_new(op, arrival, person)
        if waits:
            arrival = structs.replace(arrival, targets=tuple(map(_held_back, arrival.targets)))
            self._held += tuple(route.link for route in arrival.targets)
        if not arrival.targets and not arrival.is_command:
            return []
        number, body = self._number("event"), self._vault.seal(Column.BODY, arrival.body)
        self._event.add(number, kind, arrival.room, message, reply, person, len(arrival.targets), op.at, body)
        if arrival.is_command:
            self._cursor.execute("INSERT INTO command (event) VALUES (?)", (number,))
        if arrival.fetches:
            self._fetch(op, arrival, number, message)
        rows = [
            self._row(op, arrival, number, kind, message, reply, person, index) for index in range(len(arrival.targets))
        ]
        return [] if waits else rows

    def _is_new(self, op: Accept, arrival: Arrival, person: PersonNumber) -> bool:
        """Whether words are of somebody who was heard of first only lately."""
        if arrival.kind not in (RowKind.POST, RowKind.EDIT):
            return False
        since: Any = self._cursor.execute("SELECT since FROM person WHERE number = ?", (person,))
        return any(op.at - at < arrival.newcomer for (at,) in list(since))

    def _fetch(self, op: Accept, arrival: Arrival, event: int, message: MessageNumber | None) -> None:
        """Its attachments are to be fetched, whatever becomes of the process."""
        posted = arrival.event
        if not isinstance(posted, Posted):
            return
        for part in arrival.fetches:
            self._cursor.execute(
                "INSERT INTO media (event, message, part, account) VALUES (?, ?, ?, ?)",
                (event, message, part, op.account),
            )
            attachment = posted.attachments[part]
            self._fetches.append(Fetch(event=event, part=part, account=op.account, attachment=attachment))

    def _row(  # noqa: PLR0913, PLR0917 - the columns of a row
        self,
        op: Accept,
        arrival: Arrival,
        event: int,
        kind: RowKind,
        message: MessageNumber | None,
        reply: MessageNumber | None,
        person: PersonNumber | None,
        index: int,
    ) -> Row:
        route = arrival.targets[index]
        number = RowNumber(self._number("outbox"))
        parked = (1, op.at, route.parked) if route.parked else (0, None, None)
        self._outbox.add(number, route.room, event, route.link, route.born, *parked)
        counted = (route.room, Outcome.ACCEPTED.value)
        self.tally[counted] = self.tally.get(counted, 0) + 1
        if route.parked:
            counted = (route.room, f"parked:{route.parked}")
            self.tally[counted] = self.tally.get(counted, 0) + 1
        return Row(
            number=number, room=route.room, event_number=event, event=arrival.event, kind=kind, link=route.link,
            born=route.born, at=op.at, fanout=len(arrival.targets), origin=arrival.room,
            message=message, reply=reply, person=person,
        )  # fmt: skip

    def _relate(
        self, op: Accept, arrival: Arrival, person: PersonNumber | None
    ) -> tuple[Arrival, MessageNumber | None, MessageNumber | None]:
        """What happened, which message it is, or speaks of, and which one it answers."""
        if arrival.kind is RowKind.POST:
            return arrival, self._new_message(op, arrival, person), self.resolve(arrival.room, arrival.relates)
        message = self.resolve(arrival.room, arrival.relates)
        if arrival.kind is RowKind.DELETE:
            return self._take_back(arrival, message)
        if arrival.kind is RowKind.EDIT:
            return arrival, message or self._edited_first(op, arrival, person), None
        if message is not None and person is not None:
            self._react(arrival, message, person)
        return arrival, message, None

    def relate(self, op: Relate) -> MessageNumber | None:
        """What could not be related when it was accepted: the copy it speaks of was still being sent."""
        row = op.row
        message = self.resolve(row.origin, op.native)
        if message is None:
            return None
        column = "reply" if row.kind is RowKind.POST else "message"
        known = f"UPDATE event SET {column} = ? WHERE number = ? AND {column} IS NULL RETURNING 1"  # noqa: S608 - one of two names
        if list(self._cursor.execute(known, (message, row.event_number))):  # else another room of the event did it
            self._catch_up(row, message)
        return message

    def _catch_up(self, row: Row, message: MessageNumber) -> None:
        """What an event could not do when it was accepted."""
        match row.event:
            case Deleted():
                self._cursor.execute("UPDATE message SET gone = 1 WHERE number = ?", (message,))
            case Reacted(emoji=emoji, reaction=native) if row.person is not None:
                if not self._overruled(row, message, emoji):
                    self._put(message, row.origin, row.person, emoji, native)
            case Unreacted(emoji=emoji) if row.person is not None:
                if not self._overruled(row, message, emoji):
                    self._take(message, row.person, emoji)
            case _:
                pass

    def _overruled(self, row: Row, message: MessageNumber, emoji: str) -> bool:
        """Whether that person has put or taken back the same since, in an event that found its message at once."""
        later = self._cursor.execute(
            "SELECT body FROM event WHERE number > ? AND message = ? AND person = ? AND kind IN (?, ?)",
            (row.event_number, message, row.person, RowKind.REACT, RowKind.UNREACT),
        )
        return any(self._emoji_of(body) == emoji for (body,) in list(later))

    def _emoji_of(self, body: Stored) -> str | None:
        try:
            event = decode(self._vault.data(Column.BODY, body))
        except (*UNREADABLE, VaultError):  # its own row tells
            return None
        return event.emoji if isinstance(event, (Reacted, Unreacted)) else None

    def _new_message(self, op: Accept, arrival: Arrival, person: PersonNumber | None) -> MessageNumber:
        number = MessageNumber(self._number("message"))
        author = self._vault.seal(Column.AUTHOR, arrival.person.name if arrival.person else "")
        excerpt = self._vault.seal(Column.EXCERPT, arrival.excerpt)
        self._message.add(number, arrival.room, person, author, excerpt, op.at)
        if arrival.room is not None:
            kind = TwinKind.THREAD if arrival.is_thread else TwinKind.ORIGIN
            for part, native in enumerate(arrival.natives):
                self._twin.add(arrival.room, native, number, part, kind)
        return number

    def _take_back(self, arrival: Arrival, message: MessageNumber | None) -> tuple[Arrival, MessageNumber | None, None]:
        """A deletion speaks of a message or, where reactions are messages, of a reaction."""
        if message is not None:
            self._cursor.execute("UPDATE message SET gone = 1 WHERE number = ?", (message,))
            return arrival, message, None
        found: Any = list(
            self._cursor.execute(
                "DELETE FROM reaction WHERE room = ? AND native = ? RETURNING message, emoji",
                (arrival.room, arrival.relates),
            )
        )
        for number, emoji in found:
            return _unreaction(arrival, self._vault.text(Column.EMOJI, emoji)), MessageNumber(number), None
        return arrival, None, None

    def _edited_first(self, op: Accept, arrival: Arrival, person: PersonNumber | None) -> MessageNumber | None:
        """An edit of what was never seen is a message from here on: what comes later finds its copies."""
        if arrival.relates is None or arrival.room is None:
            return None
        if len(self._early) < _EARLY:
            self._early.add((arrival.room, arrival.relates))
        return self._new_message(op, structs.replace(arrival, natives=(arrival.relates,)), person)

    def _edited_already(self, arrival: Arrival) -> bool:
        """Whether newer words of a message came before it: those were shown, so these need not be."""
        known = {(arrival.room, native) for native in arrival.natives} & self._early
        self._early -= known
        for route in arrival.targets if known else ():
            for outcome in (Outcome.ACCEPTED, Outcome.MERGED, f"{Outcome.MERGED}:edited before"):
                counted = (route.room, str(outcome))
                self.tally[counted] = self.tally.get(counted, 0) + 1
        return bool(known)

    def _react(self, arrival: Arrival, message: MessageNumber, person: PersonNumber) -> None:
        if arrival.kind is RowKind.REACT:
            self._put(message, arrival.room, person, arrival.emoji, arrival.reaction)
        else:
            self._take(message, person, arrival.emoji)

    def _put(
        self, message: MessageNumber, room: RoomNumber | None, person: PersonNumber, emoji: str, native: str | None
    ) -> None:
        self._cursor.execute(
            "INSERT OR REPLACE INTO reaction (message, room, person, emoji, native) VALUES (?, ?, ?, ?, ?)",
            (message, room, person, self._vault.name(Column.EMOJI, emoji), native),
        )

    def _take(self, message: MessageNumber, person: PersonNumber, emoji: str) -> None:
        self._cursor.execute(
            "DELETE FROM reaction WHERE message = ? AND person = ? AND emoji = ?",
            (message, person, self._vault.name(Column.EMOJI, emoji)),
        )

    def resolve(self, room: RoomNumber | None, native: MessageId | None) -> MessageNumber | None:
        """Which message a native id belongs to."""
        if room is None or native is None:
            return None
        self.flush()
        question = "SELECT message FROM twin WHERE room = ? AND native = ? ORDER BY kind, message LIMIT 1"
        for (number,) in self._cursor.execute(question, (room, native)):
            return MessageNumber(int(str(number)))
        return None

    def _person(self, op: Accept, arrival: Arrival) -> PersonNumber | None:
        """The store's own number of a person; their newest name is kept."""
        seen = arrival.person
        if seen is None:
            return None
        known = self._people.get((op.account, seen.native))
        if known is None or known[1] != seen:
            known = self._learn(op.account, seen, op.at)
        self._people[op.account, seen.native] = known
        self._people.move_to_end((op.account, seen.native))
        if len(self._people) > _PEOPLE:
            self._people.popitem(last=False)
        return known[0]

    def _learn(self, account: str, seen: Seen, at: int) -> tuple[PersonNumber, Seen]:
        learned = self._cursor.execute(
            "INSERT INTO person (account, native, name, avatar, since) VALUES (?, ?, ?, ?, ?) ON CONFLICT"
            " (account, native) DO UPDATE SET name = excluded.name, avatar = excluded.avatar RETURNING number",
            (
                account, self._vault.alias(account, seen.native), self._vault.seal(Column.NAME, seen.name),
                self._vault.seal(Column.AVATAR, seen.avatar), at,
            ),
        )  # fmt: skip
        (number,) = next(iter(list(learned)))
        return PersonNumber(int(str(number))), seen
