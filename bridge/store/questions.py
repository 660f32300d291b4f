"""Questions to a store, and the shapes of the answers: nothing here changes anything."""

from msgspec import Struct

from bridge.ids import AccountName, MessageId, MessageNumber, PersonNumber, RoomNumber, RowNumber, ThreadId, UserId
from bridge.store.epochs import Epochs
from bridge.text.nodes import Rich


class Page(Struct, frozen=True):
    """The waiting rows of a room after a number, oldest first. Answer: a list of `Row`."""

    room: RoomNumber
    after: RowNumber
    most: int = 64


class Twins(Struct, frozen=True):
    """Everything about some messages in one room. Answer: a dict of number to `Known`; a missing one is unknown."""

    room: RoomNumber
    messages: tuple[MessageNumber, ...]


class Piece(Struct, frozen=True, array_like=True):
    """One message's place in a block of several, as it stands there."""

    message: MessageNumber
    text: Rich


class Joint(Struct, frozen=True, array_like=True):
    """What stands in one message that shows several; kept `until` (milliseconds), to give it other words."""

    pieces: tuple[Piece, ...]
    until: int = 0


class Known(Struct, frozen=True, kw_only=True):
    """A message as one room knows it: `parts[i]` are the native ids of part i; `ours` says whether it is our copy.

    `carried` says that it is there, be it on a platform that gives no ids.
    `origin` is the room it was written in; `notes` are what stands there about it: an edit or reaction in words.
    `line` are those of the notes that tell who reacted, and are brought up to date. `filed` says which of the parts
    carry files.
    `joined` says that its copy is one message with others; `joint` is what stands there, as long as it is kept.
    """

    number: MessageNumber
    author: str
    excerpt: str | None
    at: int
    gone: bool
    person: PersonNumber | None = None
    origin: RoomNumber | None = None
    parts: tuple[tuple[MessageId, ...], ...] = ()
    notes: tuple[MessageId, ...] = ()
    line: tuple[MessageId, ...] = ()
    thread: ThreadId | None = None
    """The thread that it is there, where it is one and no message."""
    joined: bool = False
    joint: Joint | None = None
    tallies: dict[int, MessageId] = {}
    """The notes that tell how a poll stands elsewhere, each by the room's number."""
    filed: frozenset[int] = frozenset()
    carried: bool = False
    ours: bool = False
    parked: bool = False


class Speakers(Struct, frozen=True):
    """Who wrote the newest `most` messages, who began first coming first. Answer: a tuple of `Speaker`."""

    most: int = 10_000


class Speaker(Struct, frozen=True):
    """Somebody who wrote in a room, under their newest name; `native` is None where the store has aliases only."""

    room: RoomNumber
    person: PersonNumber
    name: str
    native: UserId | None = None


class Locate(Struct, frozen=True):
    """Which of some rooms holds a message with this native id. Answer: its number or None."""

    rooms: tuple[RoomNumber, ...]
    native: MessageId


class Resolve(Struct, frozen=True):
    """Which message a native id of a room belongs to. Answer: its number or None."""

    room: RoomNumber
    native: MessageId


class Wanted(Struct, frozen=True):
    """Reactions on one message, for one room. Answer: `Emojis`."""

    message: MessageNumber
    room: RoomNumber


class Put(Struct, frozen=True):
    """One emoji of one person, under their newest name; `room` is where they put it on."""

    person: PersonNumber
    name: str
    emoji: str
    room: RoomNumber


class Emojis(Struct, frozen=True):
    """What people elsewhere `put`, oldest people first; `ours`: what our account shows there, with its ids.

    `ghosts` is what stands there by the ghosts of people.
    """

    put: tuple[Put, ...]
    ours: dict[str, MessageId | None]
    ghosts: dict[tuple[PersonNumber, str], MessageId | None] = {}

    @property
    def wanted(self) -> tuple[str, ...]:
        """Each emoji once."""
        return tuple(dict.fromkeys(one.emoji for one in self.put))


class Recall(Struct, frozen=True):
    account: AccountName
    name: str
    at: int


class Position(Struct, frozen=True):
    account: AccountName


class Claimed(Struct, frozen=True):
    """How an account stands to other copies of the store. Answer: `Standing`."""

    account: AccountName


class Standing(Struct, frozen=True, kw_only=True):
    """`store` is the name that all copies of a store share; `last` is what this one claimed.

    `takes`: the operator said that this copy takes the account over.
    """

    store: str
    last: str | None = None
    takes: bool = False


class RoomRecord(Struct, frozen=True, kw_only=True):
    """A room as stored. `waiting` counts rows; `oldest` is when the oldest of them was accepted.

    `moved_to` and `moved_thread` are where a held room says it went; `followed`: the operator said where it is.
    """

    number: RoomNumber
    account: AccountName
    name: str
    native: str | None
    thread: str | None
    held: str | None
    held_until: int | None
    moved_to: str | None = None
    moved_thread: str | None = None
    followed: int = 0
    waiting: int = 0
    parked: int = 0
    oldest: int | None = None
    private: int = 0
    """How many private rooms of the account this one stands for, in which nothing is told of any one of them."""


class Started(Struct, frozen=True, kw_only=True):
    """`clean` is False after a death; `uptimes` are seconds by account.

    `left` says of rooms how many of their first rows a death before the last clean end left as suspects, never tried.
    """

    epochs: Epochs
    clean: bool
    uptimes: dict[str, int]
    left: dict[RoomNumber, int]


class Depths(Struct, frozen=True):
    """How much waits where. Answer: a tuple of `RoomRecord`."""


class Tallies(Struct, frozen=True):
    """Every count. Answer: a dict of (room, outcome) to count."""


class Ledger(Struct, frozen=True):
    """Depths and tallies as of one moment, so that they add up. Answer: a tuple of both answers."""


class Parked(Struct, frozen=True):
    """Parked rows, oldest first. Answer: a tuple of `ParkedRow`."""

    room: RoomNumber | None = None
    most: int = 1000


class ParkedRow(Struct, frozen=True, kw_only=True):
    number: RowNumber
    room: str
    link: str
    kind: str
    author: str
    reason: str
    error: str
    at: int
    message: int | None = None


class CopyOut(Struct, frozen=True):
    """Copy a piece of the store to a new file; the first piece makes it. Answer: `Copied`.

    Raises `Rejected` when the file cannot be written; then nothing of it is left. The file is not synced.
    """

    path: str
    pages: int = 256


class DropCopy(Struct, frozen=True):
    """Give up a copy that is not whole yet; its file goes."""


class Totals(Struct, frozen=True, kw_only=True):
    """What a store holds, in few numbers: `messages` and `deliveries` count all there ever were."""

    messages: int
    deliveries: int
    waiting: int
    parked: int


class Copied(Struct, frozen=True):
    """How many pages are left, and, when none is, what the store held at that moment."""

    left: int
    totals: Totals | None = None


class Find(Struct, frozen=True):
    """People by `account/native id`, by their name, or by a piece of it. Answer: a tuple of `Somebody`."""

    who: str


class About(Struct, frozen=True):
    """All that is held about a person. Answer: `Holdings` or None."""

    person: PersonNumber


class Trace(Struct, frozen=True):
    """The life of one message, by its number or any native id. Answer: `Life` or None."""

    what: str


class Life(Struct, frozen=True, kw_only=True):
    """Where a message came from, what it became where, and what still waits and why."""

    number: MessageNumber
    room: str
    author: str
    at: int
    twins: tuple[tuple[str, str, str], ...]
    waiting: tuple[tuple[str, str, str], ...]
