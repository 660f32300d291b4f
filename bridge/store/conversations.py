"""Private conversations as the store holds them: shapes, what is committed about them, what is asked."""

from enum import IntEnum
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from bridge.ids import AccountName, MessageId, MessageNumber, RoomId, RoomNumber, ThreadId, UserId


class State(IntEnum):
    """Whether a conversation goes on."""

    OPEN = 0
    CLOSED = 1
    """Over, until the person writes again."""
    BLOCKED = 2
    """What the person writes is not shown any more."""


class Private(Struct, frozen=True, kw_only=True):
    """Where one person is written to: a room that no configuration names. `native` is shown to nobody.

    `held` and `held_until` are as in `RoomRecord`; `waiting` counts rows.
    """

    room: RoomNumber
    account: AccountName
    native: RoomId
    conversation: int | None = None
    heard_at: int | None = None
    window_until: int | None = None
    held: str | None = None
    held_until: int | None = None
    waiting: int = 0
    late: str = ""
    """Why nothing goes there until the person writes again; never stored."""


class Conversation(Struct, frozen=True, kw_only=True):
    """One person's conversation with a desk; `rooms` are where they are written to, who wrote last coming first.

    `rooted`: there is a message that stands for its thread in the room `agents`.
    `claimed_by` is an alias: see `Overheard.speaker`. Times are in milliseconds.
    """

    number: int
    desk: str
    agents: RoomNumber
    title: str
    rooted: bool = False
    state: State = State.OPEN
    claimed_by: str | None = None
    claimant: str = ""
    claimed_at: int | None = None
    waits_since: int | None = None
    alarmed: int = 0
    greeted_at: int | None = None
    away_at: int | None = None
    rooms: tuple[Private, ...] = ()


class Meet(Struct, frozen=True, kw_only=True):
    """Give a person's private room its number. Answer: `Private`."""

    account: AccountName
    native: RoomId


class Converse(Struct, frozen=True, kw_only=True):
    """Begin a conversation, unless there is one, or take an old one to another room. Answer: `Conversation`."""

    account: AccountName
    native: RoomId
    desk: str
    agents: RoomNumber
    title: str


class Turn(Struct, frozen=True, kw_only=True):
    """What changes in a conversation with the events of one `Accept`; what is not set stays as it is.

    `heard` is the room in which the person wrote at `heard_at`; `root` is the thread that begins there.
    `claimed_by` is a native id of the account `by_account`.
    """

    conversation: int
    title: str | UnsetType = UNSET
    state: State | UnsetType = UNSET
    claimed_by: UserId | UnsetType | None = UNSET
    by_account: AccountName = AccountName("")
    claimant: str | UnsetType = UNSET
    claimed_at: int | UnsetType | None = UNSET
    waits_since: int | UnsetType | None = UNSET
    alarmed: int | UnsetType = UNSET
    greeted_at: int | UnsetType = UNSET
    away_at: int | UnsetType = UNSET
    heard: RoomNumber | None = None
    heard_at: int = 0
    window_until: int | None = None
    warned: RoomNumber | None = None
    root: ThreadId | None = None
    closed: RoomNumber | None = None
    """A private room whose window is closed, whatever was known of it."""


class Join(Struct, frozen=True, kw_only=True):
    """Two conversations are with the same person: all rooms of `other` belong to `conversation` from now on."""

    conversation: int
    other: int
    thread: ThreadId


class Talk(Struct, frozen=True, kw_only=True):
    """The conversation with a person, by their native room. Answer: `Conversation` or None."""

    account: AccountName
    native: RoomId


class TalkOf(Struct, frozen=True):
    """A conversation by its number, or by a private room of it. Answer: `Conversation` or None."""

    number: int | None = None
    room: RoomNumber | None = None


class Overhear(Struct, frozen=True, kw_only=True):
    """What an event in a room of agents is about. Answer: `Overheard`.

    `about` is the message it speaks of or answers; `handle` the number of a conversation that it names.
    """

    account: AccountName
    room: RoomNumber
    speaker: UserId | None = None
    thread: ThreadId | None = None
    about: MessageId | None = None
    handle: int | None = None


class Overheard(Struct, frozen=True, kw_only=True):
    """`speaker` is the alias of who did it. `theirs`: the message it is about are the person's own words.

    `place` is the private room where that message was written, `sent` those that got it or will.
    """

    conversation: Conversation | None = None
    speaker: str = ""
    message: MessageNumber | None = None
    theirs: bool = False
    place: Private | None = None
    sent: tuple[Private, ...] = ()


class Uproot(Struct, frozen=True, kw_only=True):
    """Somebody took away what stood for the thread of a conversation: the next words there get another."""

    room: RoomNumber
    native: MessageId


class Plant(Struct, frozen=True, kw_only=True):
    """Another thread stands for a message in a room from now on; what is said in the old one is still understood."""

    room: RoomNumber
    message: MessageNumber
    native: MessageId


class Privates(Struct, frozen=True):
    """Private rooms for which rows wait; of these numbers, or all of them. Answer: a tuple of `Private`."""

    rooms: tuple[RoomNumber, ...] | None = None


class LastHeard(Struct, frozen=True):
    """The native id of what was written last in a private room, not by the bridge. Answer: a `MessageId` or None."""

    room: RoomNumber


class Due(Struct, frozen=True, kw_only=True):
    """Conversations of a desk of which the agents should hear something. Answer: a tuple of `Conversation`.

    `waiting`: whose person waits since before `before` and of whom nobody was told; `closing`: with a window that ends
    before `before`, of which nobody was told.
    """

    desk: str
    what: Literal["waiting", "closing"]
    before: int
    after: int = 0
    most: int = 50


__all__ = [
    "Conversation",
    "Converse",
    "Due",
    "Join",
    "LastHeard",
    "Meet",
    "Overhear",
    "Overheard",
    "Plant",
    "Private",
    "Privates",
    "State",
    "Talk",
    "TalkOf",
    "Turn",
    "Uproot",
]
