"""What moderators decided, who did what, and what is taken back for it: facts, questions and their answers."""

from enum import StrEnum

from msgspec import Struct

from bridge.ids import AccountName, MessageId, MessageNumber, PersonNumber, RoomNumber, RowNumber, UserId

PURGE = "(purge "
PURGE_LINK = PURGE + "{})"
"""No link of a configuration: such rows never expire."""


class Ruled(StrEnum):
    """What a ruling says."""

    MUTE = "mute"
    """What a person says is not relayed: a moderator wanted it so."""
    OPTOUT = "optout"
    """The same, because the person does not want to be relayed."""
    PAUSE = "pause"
    """Everything waits until somebody says `resume`."""
    LOCK = "lock"
    """Only moderators are relayed."""
    HOLD = "hold"
    """Each message waits until a moderator approves it."""
    TRUST = "trust"
    """Somebody showed that they moderate a room: what holds everybody else there does not hold them."""


class Ruling(Struct, frozen=True, kw_only=True):
    """One decision in force: over a link ("" every link), or over what goes into or out of one room of it.

    `native` is as the store keeps it: an alias where there is a key. Both are None where it is about everybody.
    """

    number: int
    kind: Ruled
    link: str
    room: RoomNumber | None = None
    account: AccountName | None = None
    native: str | None = None
    name: str = ""
    at: int = 0


class Decide(Struct, frozen=True, kw_only=True):
    """Put a decision into force: about a person the store knows, by number, or by account and id. Answer: `Ruling`."""

    kind: Ruled
    link: str
    at: int
    room: RoomNumber | None = None
    person: PersonNumber | None = None
    account: AccountName | None = None
    user: UserId | None = None
    name: str = ""


class Revoke(Struct, frozen=True):
    """Take decisions back, by number."""

    rulings: tuple[int, ...]


class Rulings(Struct, frozen=True):
    """Every decision in force. Answer: a tuple of `Ruling`."""


class Note(Struct, frozen=True, kw_only=True):
    """Keep who did what; `did` and `about` hold no words of messages. Answer: its number."""

    at: int
    link: str
    room: RoomNumber | None
    actor: str
    did: str
    about: str = ""
    person: PersonNumber | None = None


class Deed(Struct, frozen=True, kw_only=True):
    """One line of the audit: in `room`, `actor` did something; `unremoved` copies could not be taken back for it."""

    number: int
    at: int
    link: str
    room: str
    actor: str
    did: str
    about: str
    unremoved: int


class Deeds(Struct, frozen=True):
    """The newest deeds, newest first. Answer: a tuple of `Deed`."""

    most: int = 200


class Who(Struct, frozen=True, kw_only=True):
    """Somebody a command means: where they write, and the message that was pointed at."""

    person: PersonNumber
    account: AccountName
    native: str
    name: str
    room: RoomNumber | None = None
    message: MessageNumber | None = None
    excerpt: str = ""


class Meant(Struct, frozen=True):
    """Who wrote the message with this native id in a room, be it a copy. Answer: `Who` or None."""

    room: RoomNumber
    native: MessageId


class Called(Struct, frozen=True):
    """Somebody by number, by their id on the one account, or all of this name on some. Answer: a tuple of `Who`."""

    accounts: tuple[AccountName, ...]
    name: str = ""
    user: UserId | None = None
    person: PersonNumber | None = None


class Retract(Struct, frozen=True, kw_only=True):
    """Ask copies back: those of one message, or of all that a person wrote since; in one room, or wherever they are.

    `purge` is the number of the deed. Answer: `Retracted`.
    """

    purge: int
    at: int
    person: PersonNumber | None = None
    since: int = 0
    message: MessageNumber | None = None
    room: RoomNumber | None = None


class Retracted(Struct, frozen=True):
    """How many copies are asked back, and in which rooms."""

    copies: int
    rooms: tuple[RoomNumber, ...]


class Unremoved(Struct, frozen=True):
    """How a purge stands. Answer: `Standing`."""

    purge: int


class Standing(Struct, frozen=True):
    """How many deletions still wait, and what would not go: room, why, how often."""

    waiting: int
    left: tuple[tuple[str, str, int], ...]


class HeldRows(Struct, frozen=True, kw_only=True):
    """Rows parked in some rooms for these reasons: of one message, of one person, or all. Answer: `HeldRow`s."""

    rooms: tuple[RoomNumber, ...]
    reasons: tuple[str, ...]
    message: MessageNumber | None = None
    person: PersonNumber | None = None


class HeldRow(Struct, frozen=True, kw_only=True):
    """A delivery that waits for a moderator: to which room, from which."""

    row: RowNumber
    room: RoomNumber
    source: RoomNumber | None
    message: MessageNumber | None
    author: str
    excerpt: str
