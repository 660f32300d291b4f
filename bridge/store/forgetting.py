"""Forgetting somebody: what waits of them is dropped, what was shown is asked back, what relates to them goes.

Deletions are rows like all others, so they survive a restart; the ids they need go when they are settled.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import apsw

from bridge.events import Deleted
from bridge.ids import EventId, MessageId, MessageNumber, PersonNumber, RoomId, RoomNumber, RowNumber
from bridge.store.accepting import Accepting
from bridge.store.bulk import execute_in
from bridge.store.codec import encode
from bridge.store.departing import departed, private_of
from bridge.store.ops import Forget
from bridge.store.people import Forgotten
from bridge.store.rows import Outcome, RowKind
from bridge.store.settling import Settling

_CAUSE = "forgotten"
_SHOWN = (
    "SELECT message, room FROM (SELECT message, room FROM reacted UNION SELECT message, room FROM ghosted"
    " UNION SELECT message, room FROM twin WHERE kind = 3) WHERE message IN ({})"
)
"""Where our account or a ghost shows reactions, or a line tells them."""
_LINK = "(forget)"
"""No link of a configuration: such rows never expire."""
Rooms = dict[MessageNumber, set[RoomNumber]]


class Forgetting:
    """Turns `Forget` into statements; a piece is one transaction."""

    def __init__(self, cursor: apsw.Cursor, accepting: Accepting, settling: Settling) -> None:
        self._cursor, self._accepting, self._settling = cursor, accepting, settling
        self._fresh: set[RowNumber] = set()
        self._private: list[Any] = []
        """The rooms in which they wrote to us in private."""
        self._dropped = 0

    def begin(self) -> None:
        """A transaction begins: what earlier ones dropped stays dropped."""
        self._fresh = set()

    def undo(self) -> None:
        """The transaction was rolled back: nothing was dropped in it."""
        self._settling.dropped -= self._fresh

    def forget(self, op: Forget) -> Forgotten:
        self._accepting.flush()
        self._settling.flush()
        self._private = private_of(self._cursor, op.person)
        posts, reactions = self._drop(op)
        shown = self._unreact(op, reactions)
        messages = self._messages(op, posts)
        back = self._shown_in(messages, posts)
        self._ask_back(op, back, RowKind.DELETE)
        self._ask_back(op, shown, RowKind.UNREACT)
        touched = self._blank(messages)
        done = not self._left(op.person, 1)
        if done:
            departed(self._cursor, op.person, self._private)
            self._announced(op)
            self._nameless(op.person)
            self._cursor.execute("DELETE FROM face WHERE person = ?", (op.person,))
            self._cursor.execute("DELETE FROM person WHERE number = ?", (op.person,))
            self._accepting.strangers()
        rooms = {room for some in (back, posts, shown, reactions) for found in some.values() for room in found}
        copies = sum(map(len, back.values()))
        return Forgotten(dropped=self._dropped, copies=copies, rooms=tuple(sorted(rooms | touched)), done=done)

    def _announced(self, op: Forget) -> None:
        """Nobody announces to them any more, and what they announced is nobody's."""
        theirs = "SELECT account, native FROM person WHERE number = ?"
        self._cursor.execute(f"DELETE FROM subscription WHERE (account, alias) IN ({theirs})", (op.person,))  # noqa: S608 - our own words
        self._cursor.execute("UPDATE announcement SET author = NULL, person = NULL WHERE person = ?", (op.person,))

    def _nameless(self, person: PersonNumber) -> None:
        """What moderators decided about them stays, else forgetting would undo it; their name and power do not."""
        theirs = "(account, native) IN (SELECT account, native FROM person WHERE number = ?)"
        self._cursor.execute(f"DELETE FROM ruling WHERE kind = 'trust' AND {theirs}", (person,))  # noqa: S608 - our own words
        self._cursor.execute(f"UPDATE ruling SET name = '' WHERE {theirs}", (person,))  # noqa: S608 - as above
        self._cursor.execute("UPDATE deed SET about = '', person = NULL WHERE person = ?", (person,))

    def _drop(self, op: Forget) -> tuple[Rooms, Rooms]:
        """Take their deliveries out of the outbox; which messages, and reactions on which, may be under way where."""
        found: Any = list(
            self._cursor.execute(
                "SELECT o.number, o.room, o.event, o.state, e.kind, e.message FROM outbox o"  # noqa: S608 - question marks
                f" JOIN event e ON e.number = o.event WHERE e.person = ? OR o.room IN ({_marks(self._private)})"
                f" OR e.room IN ({_marks(self._private)})",
                (op.person, *self._private, *self._private),
            )
        )
        posts: Rooms = defaultdict(set)
        reactions: Rooms = defaultdict(set)
        for number, room, _, state, kind, message in found:
            self._settling.count(room, Outcome.DROPPED.value)
            self._settling.count(room, f"{Outcome.DROPPED.value}:{_CAUSE}")
            if state == 0:
                self._fresh.add(number)
            if message is not None and kind in (RowKind.POST, RowKind.EDIT):
                posts[message].add(room)
            elif message is not None and kind in (RowKind.REACT, RowKind.UNREACT):
                reactions[message].add(room)
        self._settling.dropped |= self._fresh
        self._dropped = len(found)
        execute_in(self._cursor, "DELETE FROM outbox WHERE number IN ({})", [one[0] for one in found])
        execute_in(self._cursor, "DELETE FROM event WHERE number IN ({})", sorted({one[2] for one in found}))
        return posts, reactions

    def _unreact(self, op: Forget, under_way: Rooms) -> Rooms:
        """Their reactions go; what our account shows, or a line of it says, is brought to what others still want."""
        rooms: Rooms = defaultdict(set, {message: set(found) for message, found in under_way.items()})
        gone: Any = list(self._cursor.execute("DELETE FROM reaction WHERE person = ? RETURNING message", (op.person,)))
        for message, room in execute_in(self._cursor, _SHOWN, sorted({one for (one,) in gone})):
            rooms[MessageNumber(int(str(message)))].add(RoomNumber(int(str(room))))
        return rooms

    def _messages(self, op: Forget, posts: Iterable[MessageNumber]) -> list[Any]:
        """The messages of this piece: those that were under way, and the oldest of the others."""
        oldest = self._left(op.person, op.most)
        theirs: Any = execute_in(
            self._cursor, f"SELECT number FROM message WHERE person = {int(op.person)} AND number IN ({{}})",  # noqa: S608 - a number
            [*posts],
        )  # fmt: skip
        return sorted({number for (number,) in (*oldest, *theirs)})

    def _left(self, person: PersonNumber, most: int) -> list[Any]:
        """Their oldest messages, and what the bridge said about them, that are not forgotten yet."""
        return list(
            self._cursor.execute(
                f"SELECT number FROM message WHERE person = ? OR room IN ({_marks(self._private)}) AND gone = 0"  # noqa: S608 - question marks
                " ORDER BY number LIMIT ?",
                (person, *self._private, most),
            )
        )

    def _shown_in(self, messages: Sequence[Any], posts: Rooms) -> Rooms:
        """Where copies of messages are, or may be on their way."""
        rooms: Rooms = defaultdict(set)
        for message in messages:
            if message in posts:
                rooms[message] |= posts[message]
        question = "SELECT DISTINCT message, room FROM twin WHERE kind <> 0 AND message IN ({})"
        for message, room in execute_in(self._cursor, question, messages):
            rooms[MessageNumber(int(str(message)))].add(RoomNumber(int(str(room))))
        return rooms

    def _ask_back(self, op: Forget, back: Rooms, kind: RowKind) -> None:
        """A deletion for each of these rooms: nobody's, and without words."""
        at = datetime.fromtimestamp(op.at / 1000, UTC)
        body = encode(Deleted(id=EventId(""), room=RoomId(""), at=at, message=MessageId("")))
        for message, rooms in back.items():
            if rooms:
                self._accepting.take_back(message, sorted(rooms), kind, body, op.at, _LINK)
        self._accepting.flush()

    def _blank(self, messages: Sequence[Any]) -> set[RoomNumber]:
        """Nothing of theirs stays in the messages, nor in what others answered; in which rooms plans were made anew."""
        natives: list[Any] = []
        for account, native in execute_in(
            self._cursor,
            "SELECT r.account, t.native FROM twin t JOIN room r ON r.number = t.room"
            " WHERE t.kind = 0 AND t.message IN ({})",
            messages,
        ):
            natives += (account, native)
        execute_in(self._cursor, "DELETE FROM seen WHERE (account, event) IN ({})", natives, 2)
        execute_in(
            self._cursor,
            "UPDATE message SET author = '', excerpt = NULL, person = NULL, gone = 1 WHERE number IN ({})",
            messages,
        )
        execute_in(self._cursor, "DELETE FROM joint WHERE message IN ({})", messages)
        for message in messages:
            self._cursor.execute("INSERT OR IGNORE INTO forgotten (message) VALUES (?)", (message,))
        swept(self._cursor)
        return self._unplan(set(messages))

    def _unplan(self, messages: set[Any]) -> set[RoomNumber]:
        """Sealed plans of others that may quote these messages; one that was begun is carried out as it is."""
        events: Any = self._cursor.execute("SELECT number, reply, message FROM event")
        quoting = [number for number, reply, message in events if reply in messages or message in messages]
        found: Any = execute_in(
            self._cursor,
            "UPDATE outbox SET plan = NULL WHERE sent IS NULL AND plan IS NOT NULL AND event IN ({}) RETURNING room",
            quoting,
        )
        return {room for (room,) in found}


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def swept(cursor: apsw.Cursor) -> int:
    """Let go of forgotten messages of which nothing waits any more, with all that relates to them; how many."""
    found: Any = list(
        cursor.execute("SELECT message FROM forgotten WHERE message NOT IN (SELECT message FROM event WHERE message)")
    )
    over = [message for (message,) in found]
    for table, column in (
        ("joint", "message"), ("twin", "message"), ("reaction", "message"), ("reacted", "message"),
        ("ghosted", "message"), ("message", "number"), ("forgotten", "message"),
    ):  # fmt: skip
        execute_in(cursor, f"DELETE FROM {table} WHERE {column} IN ({{}})", over)  # noqa: S608 - names from the lines above
    return len(over)


__all__ = ["Forgetting", "swept"]
