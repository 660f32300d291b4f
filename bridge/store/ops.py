"""What the engine asks of a store: facts to commit and questions to answer, and the shapes that come back."""

from collections.abc import Mapping
from typing import Protocol, TypeAlias, Union

from msgspec import Struct

from bridge.ids import AccountName, MessageId, PersonNumber, Place, Room, RoomNumber, RowNumber
from bridge.store import announced, confirmed, overseen
from bridge.store.attached import Fetch, Fetched, HeldOf, Linked, Served, Sweep, ToFetch
from bridge.store.ballast import Ballast
from bridge.store.bonds import Bind, Bonds, Propose, Unbind
from bridge.store.care import Called, Decide, Deeds, HeldRows, Meant, Note, Retract, Revoke, Rulings, Unremoved
from bridge.store.conversations import (
    Converse,
    Due,
    Join,
    LastHeard,
    Meet,
    Overhear,
    Plant,
    Private,
    Privates,
    Talk,
    TalkOf,
    Turn,
    Uproot,
)
from bridge.store.faces import Faced, FaceOf
from bridge.store.questions import (
    About,
    Claimed,
    CopyOut,
    Depths,
    DropCopy,
    Find,
    Joint,
    Ledger,
    Locate,
    Page,
    Parked,
    Position,
    Recall,
    Resolve,
    Speakers,
    Tallies,
    Trace,
    Twins,
    Wanted,
)
from bridge.store.rows import Arrival, Made, Outcome, Row

# --- facts to commit -----------------------------------------------------------------------------------------------


class Accept(Struct, frozen=True, kw_only=True, gc=False):
    """Store events, their deliveries and the position after them. Answer: `Accepted`.

    `turns` are what conversations become with them, `privates` the private rooms among their targets.
    """

    account: AccountName
    arrivals: tuple[Arrival, ...]
    at: int
    position: str | None = None
    turns: tuple[Turn, ...] = ()
    privates: tuple[Private, ...] = ()
    beside: tuple[confirmed.Said, ...] = ()
    """What else the events mean, in the same transaction."""


class Accepted(Struct, frozen=True, gc=False):
    """The rows made, in order, and how many events were known already."""

    rows: tuple[Row, ...]
    repeated: int = 0
    fetches: tuple[Fetch, ...] = ()
    beside: tuple[object, ...] = ()
    """The answers to what was told beside the events."""
    held: tuple[str, ...] = ()
    """The links in which something of a newcomer waits now."""


class Settle(Struct, frozen=True, kw_only=True, gc=False):
    """A delivery ended: its row goes, what it made stays."""

    row: Row
    outcome: Outcome
    cause: str = ""
    made: Made = Made()
    joined: tuple[Row, ...] = ()
    """Rows that were shown together with this one: they leave as merged."""
    joint: Joint | None = None
    """What stands now in the message that shows several."""


class Progress(Struct, frozen=True, kw_only=True):
    """One part of several went; the row stays."""

    row: Row
    made: Made
    sent: tuple[int, ...]


class Seal(Struct, frozen=True, kw_only=True):
    """What a row will send, fixed before its first send; a refusal makes a new generation.

    `sent` are those of its steps that went before the refusal.
    """

    row: Row
    plan: bytes
    generation: int
    sent: tuple[int, ...] = ()


class Delay(Struct, frozen=True, kw_only=True):
    """A try failed: when the next one is due, and why."""

    row: Row
    attempts: int
    next_at: int
    error: str
    doubtful: bool = False


class Park(Struct, frozen=True, kw_only=True):
    """A delivery that cannot go: kept with a reason until somebody decides or its time is over."""

    row: Row
    reason: str
    error: str
    at: int


class Mark(Struct, frozen=True):
    """This row is about to be sent alone: a death now counts as its fault."""

    row: Row


class Relate(Struct, frozen=True, kw_only=True):
    """Find again which message a row speaks of, by its native id, and keep it. Answer: its number or None."""

    row: Row
    native: MessageId


class Tally(Struct, frozen=True):
    """Count something that is no row: a cause of doubles, a rule that dropped an event."""

    room: RoomNumber
    outcome: str
    count: int = 1


class Pin(Struct, frozen=True, kw_only=True):
    """A room's canonical place, learned at the first join, or followed when both ends agree that it moved."""

    room: RoomNumber
    native: str
    thread: str | None


class Hold(Struct, frozen=True, kw_only=True):
    """Nothing goes to this room until `until` (None: until somebody says so). `reason` None opens it.

    `moved_to` is where the room says it went.
    """

    room: RoomNumber
    reason: str | None
    until: int | None = None
    moved_to: Place | None = None


class Follow(Struct, frozen=True, kw_only=True):
    """The operator said where a held room is: it is pinned there, open, and entered by that place from now on."""

    room: RoomNumber
    place: Place


class Identify(Struct, frozen=True):
    """Who an account is on its platform. Answer: the id known before, None at first."""

    account: AccountName
    me: str


class Claim(Struct, frozen=True):
    """What this copy of the store says of itself on the account's platform from now on."""

    account: AccountName
    value: str


class TakeOver(Struct, frozen=True):
    """The operator said that this copy is to run the account: its next claim is made whatever stands there."""

    account: AccountName


class Uptime(Struct, frozen=True):
    """How long an account has been up, in seconds, in all its life."""

    account: AccountName
    seconds: int


class Remember(Struct, frozen=True, kw_only=True):
    account: AccountName
    name: str
    value: str
    until: int


class Unpark(Struct, frozen=True):
    """Send parked rows again, by number. Answer: the rooms that have rows again."""

    rows: tuple[RowNumber, ...]


class Discard(Struct, frozen=True):
    """Forget parked rows for good. Answer: how many."""

    rows: tuple[RowNumber, ...]


class Forget(Struct, frozen=True, kw_only=True):
    """Forget a person, in pieces of so many messages: asked again until it is done. Answer: `Forgotten`."""

    person: PersonNumber
    at: int
    most: int = 2000


class Purge(Struct, frozen=True, kw_only=True):
    """Forget, in one small piece, what is older than its time. Answer: how many rows went."""

    at: int
    relations_before: int
    excerpts_before: int
    seen_before: int
    parked_before: int
    deeds_before: int = 0
    most: int = 500


class Close(Struct, frozen=True):
    """The daemon stops in order: the next start need suspect nothing but `left`, so many first rows of each room."""

    left: Mapping[RoomNumber, int] = {}


class Start(Struct, frozen=True):
    """A process begins to use the store. Answer: `Started`."""


class Admit(Struct, frozen=True):
    """Give the rooms of the configuration their numbers. Answer: the `RoomRecord` of every room there is."""

    rooms: tuple[Room, ...]


Op: TypeAlias = Union[
    Accept, Settle, Progress, Seal, Delay, Park, Mark, Tally, Pin, Hold, Follow, Identify, Uptime, Remember, Unpark,
    Discard, Forget, Find, About, Purge, Close, Admit, Page, Twins, Relate, Resolve, Locate, Wanted, Recall, Position,
    Start, Depths, Tallies, Ledger, Parked, Trace, Speakers, CopyOut, DropCopy, Claim, Claimed, TakeOver, Fetched,
    Linked, Sweep, ToFetch, HeldOf, Served, Meet, Converse, Join, Talk, TalkOf, Overhear, Privates, Due,
    Uproot, Plant, LastHeard,
    announced.Fact, announced.Question, confirmed.Fact, confirmed.Question, overseen.Question,
    Decide, Revoke, Rulings, Note, Deeds, Meant, Called, Retract, Unremoved, HeldRows,
    Propose, Bind, Unbind, Bonds, Faced, FaceOf,
]  # fmt: skip


class StoreBroken(Exception):
    """The disk failed: the process must end (status 74) and start again."""


class Store(Protocol):
    """One durable place. `drain` is called by one thread at a time."""

    commits: int
    """Transactions committed since the store was opened."""
    synchronous: str
    """How far a commit goes, as the file says it: FULL is to the disk."""
    ballast: Ballast
    """What is kept back for a full disk; `free` says how much space there is."""

    def alias(self, account: str, native: str) -> str:
        """What stands for somebody's native id in the store; from any thread."""
        ...

    def drain(self, batch: list[Op]) -> list[object]:
        """Commit all facts of the batch in one transaction, then answer; one result an op, in order.

        A result that is an exception concerns its op alone: `StoreFull` when the disk is full (nothing of the batch
        was stored), `Rejected` when the op itself is bad (the others were stored).
        Raises `StoreBroken` when the disk fails: nothing may be acknowledged any more.
        """
        ...

    def close(self) -> None:
        """Truncate the log and close."""
        ...
