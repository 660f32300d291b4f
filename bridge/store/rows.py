"""What the store holds of messages and deliveries, as the bridge has them in memory."""

from enum import IntEnum, StrEnum
from typing import TypeAlias

from msgspec import Struct

from bridge.errors import Feature
from bridge.events import Relayed
from bridge.ids import EventId, MessageId, MessageNumber, PersonNumber, RoomNumber, RowNumber, ThreadId


class RowKind(IntEnum):
    """What a delivery does to its target room."""

    POST = 0
    EDIT = 1
    DELETE = 2
    REACT = 3
    UNREACT = 4
    TALLY = 5
    OPEN = 6
    """Begin a thread of its own for one that hangs on a message."""


class TwinKind(IntEnum):
    """How a native id belongs to a message."""

    ORIGIN = 0
    COPY = 1
    NOTE = 2
    LINE = 3
    """A note that tells who reacted, brought up to date when that changes."""
    TALLY = 4
    """A note that tells how a poll stands in the room whose number its part is."""
    FILED = 5
    """A copy that carries files: its words stand under them."""
    THREAD = 6
    """A thread that is no message, such as a forum topic."""


NO_ID = MessageId("")
"""Stands for the id of a copy that its platform gave none."""


NEWCOMER = "newcomer"
"""Why something waits whose author was heard of only lately."""


class Outcome(StrEnum):
    """How a delivery ended; `ACCEPTED` is what all others add up to, with what waits and what is parked."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNCONFIRMED = "unconfirmed"
    MERGED = "merged"
    DROPPED = "dropped"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Seen(Struct, frozen=True, gc=False):
    """A person as an event showed them: native id, name, avatar."""

    native: str
    name: str
    avatar: str | None = None


class Route(Struct, frozen=True, gc=False):
    """One target of an event: the room, the link that leads there, and the target account's uptime in seconds.

    `parked` is a reason not to send it, "" when there is none.
    """

    room: RoomNumber
    link: str
    born: int = 0
    parked: str = ""


class Arrival(Struct, frozen=True, kw_only=True, gc=False):
    """One event, ready to be stored. `relates` is the native id of the message it speaks of (or replies to)."""

    id: EventId | None
    event: Relayed
    kind: RowKind
    body: bytes
    room: RoomNumber | None
    natives: tuple[MessageId, ...] = ()
    person: Seen | None = None
    excerpt: str = ""
    relates: MessageId | None = None
    emoji: str = ""
    reaction: MessageId | None = None
    targets: tuple[Route, ...] = ()
    fetches: tuple[int, ...] = ()
    """Which of its attachments are to be fetched."""
    is_command: bool = False
    """It was written in a room for drafts: kept until somebody has decided what it means."""
    newcomer: int = 0
    """It waits for a moderator when its author was heard of first less than so many milliseconds ago; 0: never."""
    is_thread: bool = False
    """It stands for the thread that others are written in; one that is known already is passed over."""


class Row(Struct, kw_only=True, gc=False):
    """One delivery as a lane holds it."""

    number: RowNumber
    room: RoomNumber
    event_number: int
    event: Relayed
    kind: RowKind
    link: str
    born: int
    at: int
    fanout: int
    origin: RoomNumber | None = None
    message: MessageNumber | None = None
    reply: MessageNumber | None = None
    person: PersonNumber | None = None
    attempts: int = 0
    deaths: int = 0
    marked: bool = False
    next_at: int | None = None
    generation: int = 0
    plan: bytes | None = None
    sent: tuple[int, ...] = ()
    doubtful: bool = False
    """A try of it may have arrived."""
    gone: bool = False
    """Its message was deleted before any try: it need not go."""
    refused: bool = False
    """Some of its plan went, and then the room refused a feature: the rest is to be planned anew."""
    lacks: frozenset[Feature] = frozenset()
    """What the room refused of this message alone."""
    unfit: frozenset[str] = frozenset()
    """Emoji that the room refused on the message this reaction is about."""
    uprooted: ThreadId | None = None
    """The thread it was to stand in and that is gone; empty when the one opened in its place is gone as well."""
    alone: bool = False
    """The room refused it when it was joined with others."""
    unreadable: str = ""
    """Why what stands on disk cannot be read; such a row stands for nothing, and has only to be parked."""


class Copy(Struct, frozen=True, gc=False):
    """A native id that a part got in the target room."""

    part: int
    native: MessageId
    kind: TwinKind = TwinKind.COPY


class Made(Struct, frozen=True, gc=False):
    """What sends left in the target room: copies, our reactions with their ids, and what of both was taken back."""

    copies: tuple[Copy, ...] = ()
    reacted: tuple[tuple[str, MessageId | None], ...] = ()
    unreacted: tuple[str, ...] = ()
    removed: tuple[MessageId, ...] = ()
    ghost: int = 0
    """Whose ghost the reactions are of, by the person's number; 0: our own account."""


Arrived: TypeAlias = tuple[MessageId, ...] | Made
"""What is known of a part that went: the ids it got, or all that it left."""
