"""Announcements in the store: facts and questions about them, and the shapes that come back."""

from enum import IntEnum
from typing import TypeAlias, Union

from msgspec import Struct

from bridge.events import Relayed
from bridge.ids import AccountName, MessageId, MessageNumber, PersonNumber, RoomId, RoomNumber
from bridge.store.rows import RowKind


class What(IntEnum):
    """What an announcement does."""

    ANNOUNCE = 0
    CORRECT = 1
    RECALL = 2


class Stage(IntEnum):
    """How far an announcement is."""

    DRAFT = 0
    APPROVED = 1
    GOING = 2
    DONE = 3
    DROPPED = 4
    STOPPED = 5


class Reach(IntEnum):
    """How an announcement, or a change of it, went with one recipient."""

    WAITS = 0
    UNDER_WAY = 1
    DELIVERED = 2
    REFUSED = 3
    CLOSED = 4
    LEFT = 5
    UNKNOWN = 6
    STOPPED = 7
    IMPOSSIBLE = 8
    LOST = 9
    """The platform took it, did not deliver it, and says that it may be sent again."""
    ACCEPTED = 10
    """Counted, never stored: the platform took it and has still to say whether it arrived."""
    UNCONFIRMED = 11
    """Counted, never stored: the platform did not say so in time."""


class Wish(IntEnum):
    """What somebody whom an account can write to in private wants of us."""

    WROTE = 0
    JOINED = 1
    LEFT = 2


class Course(IntEnum):
    """How far one account is with an announcement."""

    GOING = 0
    THROUGH = 1
    STOPPED = 2


# --- shapes --------------------------------------------------------------------------------------------------------


class Command(Struct, frozen=True, kw_only=True):
    """What was written in a room for drafts: a message, or an edit or deletion of `message`."""

    event: int
    room: RoomNumber
    kind: RowKind
    message: MessageNumber | None
    person: PersonNumber | None
    author: str
    at: int
    words: Relayed


class Announcement(Struct, frozen=True, kw_only=True):
    """An announcement as stored; `words` is None once all is through and they left the store.

    `event` is under which number its words and files stand; `token` begins all its keys.
    """

    number: int
    name: str
    room: RoomNumber
    what: What
    stage: Stage
    event: int
    token: str
    at: int
    about: int | None = None
    message: MessageNumber | None = None
    person: PersonNumber | None = None
    author: str = ""
    urgent: bool = False
    due: int | None = None
    words: Relayed | None = None


class Stands(Struct, frozen=True, array_like=True):
    """One part of a copy: its native ids, and whether it carries `files`."""

    ids: tuple[MessageId, ...] = ()
    files: int = 0


class Recipient(Struct, frozen=True, kw_only=True):
    """A room that an announcement goes to: one of the configuration, or by its `native` a private one.

    `natives` is what stands there already, part by part. `approved`: their platform takes approved words only.
    `anew` is how often it goes anew, because the platform took it and did not deliver it.
    """

    number: int
    account: AccountName
    room: RoomNumber | None = None
    native: RoomId | None = None
    tries: int = 0
    natives: tuple[Stands, ...] = ()
    approved: bool = False
    anew: int = 0


class Result(Struct, frozen=True, kw_only=True):
    """How one try with a recipient ended; `refund` is what it did not cost after all, `tries` 0 when it was none.

    `awaits` are the messages of which the platform says by `due` what became of them; they went `at`.
    """

    number: int
    reach: Reach
    natives: tuple[Stands, ...] = ()
    why: str = ""
    next_at: int | None = None
    refund: int = 0
    tries: int = 1
    awaits: tuple[MessageId, ...] = ()
    at: int = 0
    due: int = 0


class Count(Struct, frozen=True):
    """So many recipients of an account went so; `why` is what was said most often."""

    account: AccountName
    reach: Reach
    many: int
    why: str = ""


class Share(Struct, frozen=True, kw_only=True):
    """One account's part of an announcement."""

    account: AccountName
    state: Course
    why: str = ""
    left: int = 0
    """How many of the list were not looked at yet."""


class Progress(Struct, frozen=True, kw_only=True):
    """How an announcement goes."""

    counts: tuple[Count, ...]
    shares: tuple[Share, ...]


# --- facts ---------------------------------------------------------------------------------------------------------


class Subscribe(Struct, frozen=True, kw_only=True):
    """Somebody wrote in private, or said whether they want to hear from us; what is older than known says nothing.

    `at` is their platform's time, `heard_at` ours. `name` is what they are called, so that they can be found and
    forgotten.
    """

    account: AccountName
    native: RoomId
    name: str = ""
    wish: Wish
    at: int
    heard_at: int = 0


class Handled(Struct, frozen=True):
    """A command was carried out; its words go."""

    event: int


class Draft(Struct, frozen=True, kw_only=True):
    """A command made an announcement, or a change of the one that `about` names. Answer: its number."""

    command: Command
    name: str
    what: What
    token: str
    about: int | None = None
    urgent: bool = False


class Redraft(Struct, frozen=True):
    """A draft has other words from now on: those of this command."""

    number: int
    command: Command


class Move(Struct, frozen=True, kw_only=True):
    """An announcement is at another stage, if it was at `before`, and not over while an account goes on with it.

    Answer: whether it is.
    """

    number: int
    before: Stage
    stage: Stage
    due: int | None = None


class Audience(Struct, frozen=True, kw_only=True):
    """To whom an account announces: rooms of the configuration, people who joined, with `writers` those who wrote."""

    account: AccountName
    rooms: tuple[RoomNumber, ...] = ()
    people: bool = False
    writers: bool = False


class Begin(Struct, frozen=True, kw_only=True):
    """What is at the stage `before` goes now, to these; a change goes to all who have what it changes.

    Answer: whether it was at that stage.
    """

    number: int
    before: Stage
    audiences: tuple[Audience, ...]
    at: int


class Price(Struct, frozen=True, kw_only=True):
    """What one recipient costs, what the account may cost in a month, None for any sum, and which month it is."""

    each: int
    most: int | None
    month: str


class Take(Struct, frozen=True, kw_only=True):
    """Mark the next recipients of an account as under way, and count what they cost. Answer: `Taken`."""

    number: int
    account: AccountName
    most: int
    at: int
    price: Price


class Taken(Struct, frozen=True, kw_only=True):
    """`recipients` are under way now. Without any: wait until `next_at`, or the money is `spent`, or all is through."""

    recipients: tuple[Recipient, ...]
    next_at: int | None = None
    spent: bool = False


class Record(Struct, frozen=True, kw_only=True):
    """What became of recipients that were under way."""

    number: int
    account: AccountName
    results: tuple[Result, ...]
    month: str


class Through(Struct, frozen=True, kw_only=True):
    """An account is through with an announcement, or stopped. Answer: whether all accounts are."""

    number: int
    account: AccountName
    state: Course
    why: str = ""


class Resume(Struct, frozen=True):
    """What was stopped for want of money goes on. Answer: the accounts that do."""

    number: int


class Resend(Struct, frozen=True):
    """Somebody decided: those of whom nobody knows, and those who did not get it after all, get it again.

    Answer: how many.
    """

    number: int


class Stop(Struct, frozen=True):
    """Nobody else gets it. Answer: how many did not."""

    number: int


class Recover(Struct, frozen=True):
    """After a start: what was under way when the process ended is unknown. Answer: how many."""


# --- questions -----------------------------------------------------------------------------------------------------


class Commands(Struct, frozen=True):
    """What nobody has decided yet, oldest first. Answer: a tuple of `Command`."""


class Announced(Struct, frozen=True, kw_only=True):
    """Announcements, newest first: by number, by the message they were drafted in, or those not through in a room.

    Answer: a tuple of `Announcement`.
    """

    number: int | None = None
    message: MessageNumber | None = None
    room: RoomNumber | None = None


class Unfinished(Struct, frozen=True):
    """Announcements that are approved or going, oldest first. Answer: a tuple of `Announcement`."""


class Shares(Struct, frozen=True):
    """How an announcement goes, `at` this time. Answer: `Progress`."""

    number: int
    at: int = 0


class Size(Struct, frozen=True):
    """How many people an audience has now. Answer: the number, rooms apart."""

    audience: Audience


class Spent(Struct, frozen=True):
    """What an account's announcements cost in a month. Answer: millionths."""

    account: AccountName
    month: str


class Unsure(Struct, frozen=True):
    """Recipients of whom nobody knows whether they have it. Answer: a tuple of `Recipient`."""

    number: int
    most: int = 20


Fact: TypeAlias = Union[
    Subscribe, Handled, Draft, Redraft, Move, Begin, Take, Record, Through, Resume, Resend, Stop, Recover,
]  # fmt: skip
Question: TypeAlias = Union[Commands, Announced, Unfinished, Shares, Size, Spent, Unsure]
