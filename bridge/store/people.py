"""Who is in the store and what is held about them: shapes of the questions, and their answers."""

from typing import Any

import apsw
import msgspec
from msgspec import Struct

from bridge.events import AnyEvent
from bridge.ids import PersonNumber, RoomNumber
from bridge.store.announced import Wish
from bridge.store.bulk import execute_in
from bridge.store.codec import decode
from bridge.store.conversations import State
from bridge.store.departing import private_of
from bridge.store.questions import About, Find
from bridge.store.rows import RowKind, TwinKind
from bridge.store.vault import Column, Vault

_MOST = 100
"""People that one question names at most."""


class Somebody(Struct, frozen=True, kw_only=True):
    """A person as the store knows them: `messages` it still relates, `waiting` deliveries of theirs, also parked."""

    number: PersonNumber
    account: str
    name: str
    messages: int
    waiting: int


class Native(Struct, frozen=True):
    """A native id of a message in a room: `origin` where it was written, `copy`, or `note` about it."""

    room: str
    id: str
    kind: str


class Spoken(Struct, frozen=True, kw_only=True):
    """A message somebody wrote; `at` in milliseconds, `excerpt` None after its time."""

    number: int
    room: str
    at: int
    excerpt: str | None
    ids: list[Native]


class Put(Struct, frozen=True):
    """A reaction somebody put on a message."""

    message: int
    emoji: str


class Undelivered(Struct, frozen=True, kw_only=True):
    """A delivery that waits or is parked, with all that was said."""

    number: int
    room: str
    kind: str
    at: int
    parked: bool
    said: Any


class Conversed(Struct, frozen=True, kw_only=True):
    """A conversation somebody has with a desk; `heard_at` is when they wrote last, in milliseconds."""

    number: int
    desk: str
    state: str
    heard_at: int | None


class Decided(Struct, frozen=True):
    """What is in force about them, or was done to them: a mute, that they opted out, a purge; `at` in milliseconds."""

    what: str
    link: str
    at: int


class Holdings(Struct, frozen=True, kw_only=True):
    """All that is held about somebody."""

    person: Somebody
    avatar: str | None
    messages: list[Spoken]
    reactions: list[Put]
    waiting: list[Undelivered]
    conversations: list[Conversed]
    hears: str = ""
    """Whether announcements go to them: they joined, only wrote, or left; empty where nothing is known of it."""
    decided: list[Decided] = []


class Forgotten(Struct, frozen=True, kw_only=True):
    """One piece of forgetting: deliveries dropped, copies asked back, the rooms it concerns; `done` with the last."""

    dropped: int
    copies: int
    rooms: tuple[RoomNumber, ...]
    done: bool


_SOMEBODY = (
    "SELECT p.number, p.account, p.name, (SELECT count(*) FROM message m WHERE m.person = p.number),"
    " (SELECT count(*) FROM outbox o JOIN event e ON e.number = o.event WHERE e.person = p.number) FROM person p"
)


def find(cursor: apsw.Cursor, vault: Vault, op: Find) -> tuple[Somebody, ...]:
    """People of that native id, else of that name, else with that in their name."""
    account, slash, native = op.who.partition("/")
    if slash:
        known = cursor.execute(
            f"{_SOMEBODY} WHERE p.account = ? AND p.native = ?", (account, vault.alias(account, native))
        )
        if found := [_somebody(row, vault) for row in known]:
            return tuple(found)
    wanted = op.who.casefold()
    if not wanted:
        return ()
    everybody: Any = cursor.execute("SELECT number, name FROM person")
    names = {number: vault.text(Column.NAME, name).casefold() for number, name in everybody}
    numbers = [number for number, name in names.items() if name == wanted]
    numbers = numbers or [number for number, name in names.items() if wanted in name]
    rows = execute_in(cursor, _SOMEBODY + " WHERE p.number IN ({})", numbers[:_MOST])
    return tuple(sorted((_somebody(row, vault) for row in rows), key=lambda one: one.number))


def _somebody(row: Any, vault: Vault) -> Somebody:  # noqa: ANN401 - a row of the statement above
    number, account, name, messages, waiting = row
    return Somebody(
        number=number, account=account, name=vault.text(Column.NAME, name), messages=messages, waiting=waiting
    )


def about(cursor: apsw.Cursor, vault: Vault, op: About) -> Holdings | None:
    """What is held about one person."""
    known = [_somebody(row, vault) for row in cursor.execute(f"{_SOMEBODY} WHERE p.number = ?", (op.person,))]
    if not known:
        return None
    avatars: Any = list(cursor.execute("SELECT avatar FROM person WHERE number = ?", (op.person,)))
    reactions: Any = cursor.execute("SELECT message, emoji FROM reaction WHERE person = ?", (op.person,))
    return Holdings(
        person=known[0],
        avatar=None if avatars[0][0] is None else vault.text(Column.AVATAR, avatars[0][0]),
        reactions=[Put(message, vault.text(Column.EMOJI, emoji)) for message, emoji in reactions],
        messages=_spoken(cursor, vault, op.person),
        waiting=_undelivered(cursor, vault, op.person),
        conversations=_conversed(cursor, op.person),
        hears=_hears(cursor, op.person),
        decided=_decided(cursor, op.person),
    )


def _decided(cursor: apsw.Cursor, person: PersonNumber) -> list[Decided]:
    found: Any = cursor.execute(
        "SELECT r.kind, r.link, r.at FROM ruling r JOIN person p ON (r.account, r.native) = (p.account, p.native)"
        " WHERE p.number = ?1 UNION ALL SELECT did, link, at FROM deed WHERE person = ?1 ORDER BY 3",
        (person,),
    )
    return [Decided(what, link, at) for what, link, at in list(found)]


def _conversed(cursor: apsw.Cursor, person: PersonNumber) -> list[Conversed]:
    found: Any = execute_in(
        cursor,
        "SELECT t.number, t.desk, t.state, max(c.heard_at) FROM correspondent c"
        " JOIN conversation t ON t.number = c.conversation WHERE c.number IN ({}) GROUP BY t.number",
        private_of(cursor, person),
    )
    return [
        Conversed(number=number, desk=desk, state=State(state).name.lower(), heard_at=heard_at)
        for number, desk, state, heard_at in found
    ]


def _hears(cursor: apsw.Cursor, person: PersonNumber) -> str:
    found: Any = cursor.execute(
        "SELECT s.state FROM subscription s JOIN person p ON (s.account, s.alias) = (p.account, p.native)"
        " WHERE p.number = ?",
        (person,),
    )
    return next((Wish(state).name.lower() for (state,) in list(found)), "")


def _spoken(cursor: apsw.Cursor, vault: Vault, person: PersonNumber) -> list[Spoken]:
    found: Any = list(
        cursor.execute(
            "SELECT m.number, coalesce(r.account || '/' || r.name, ''), m.at, m.excerpt FROM message m"
            " LEFT JOIN room r ON r.number = m.room WHERE m.person = ? ORDER BY m.number",
            (person,),
        )
    )
    return [
        Spoken(
            number=number, room=room, at=at, ids=_ids(cursor, number),
            excerpt=None if excerpt is None else vault.text(Column.EXCERPT, excerpt),
        )
        for number, room, at, excerpt in found
    ]  # fmt: skip


def _ids(cursor: apsw.Cursor, message: int) -> list[Native]:
    found: Any = cursor.execute(
        "SELECT r.account || '/' || r.name, t.native, t.kind FROM twin t JOIN room r ON r.number = t.room"
        " WHERE t.message = ? ORDER BY t.kind, t.room, t.part",
        (message,),
    )
    return [Native(room, native, TwinKind(kind).name.lower()) for room, native, kind in found]


def _undelivered(cursor: apsw.Cursor, vault: Vault, person: PersonNumber) -> list[Undelivered]:
    found: Any = cursor.execute(
        "SELECT o.number, r.account || '/' || r.name, e.kind, e.at, o.state, e.body FROM outbox o"
        " JOIN event e ON e.number = o.event JOIN room r ON r.number = o.room WHERE e.person = ? ORDER BY o.number",
        (person,),
    )
    return [
        Undelivered(
            number=number, room=room, kind=RowKind(kind).name.lower(), at=at, parked=bool(state),
            said=_plain(decode(vault.data(Column.BODY, body))),
        )
        for number, room, kind, at, state, body in found
    ]  # fmt: skip


def _plain(event: AnyEvent) -> Any:  # noqa: ANN401 - as JSON has it
    return msgspec.to_builtins(event, str_keys=True)
