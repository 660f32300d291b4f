"""What platforms say later of announcements: facts and questions for the store, and the shapes that come back."""

from typing import TypeAlias, Union

from msgspec import Struct

from bridge.ids import AccountName, MessageId, RoomId
from bridge.store.announced import Reach, Subscribe

NO_NEWS = 0
"""The answer where people are told nothing now: no announcement has this number."""

# --- facts ---------------------------------------------------------------------------------------------------------


class Arrived(Struct, frozen=True, kw_only=True):
    """A platform delivered what it had taken: `message`, or all that went to the room `until` then.

    Answer: the announcement's number if that was the last that it had to speak of, else `NO_NEWS`; None for others.
    """

    account: AccountName
    room: RoomId
    message: MessageId | None = None
    until: int = 0


class Failed(Struct, frozen=True, kw_only=True):
    """A platform took a message and then did not deliver it.

    Answer: the announcement's number when that is news, else `NO_NEWS`; None for messages of none.
    """

    account: AccountName
    room: RoomId
    message: MessageId
    reach: Reach
    why: str
    is_private: bool = False


class Settled(Struct, frozen=True):
    """Nothing more is waited for; the words go if nobody else may get them. Answer: whether that is news."""

    number: int


class Reopen(Struct, frozen=True, kw_only=True):
    """Whom the account's platform turned out to take only approved words for gets those. Answer: how many."""

    number: int
    account: AccountName


# --- questions -----------------------------------------------------------------------------------------------------


class Pending(Struct, frozen=True, kw_only=True):
    """An announcement of which an account's platform has still to speak, `until` then; None while it goes.

    Without an `account` all was said, and is still to be told.
    """

    number: int
    until: int | None
    account: AccountName


class Unsettled(Struct, frozen=True):
    """What is waited for. Answer: a tuple of `Pending`."""


class IsAnnounced(Struct, frozen=True, kw_only=True):
    """Whether a message in a room is one of an announcement, which is awaited or was. Answer: a bool."""

    account: AccountName
    room: RoomId
    message: MessageId


Fact: TypeAlias = Union[Arrived, Failed, Settled, Reopen]
Question: TypeAlias = Union[Unsettled, IsAnnounced]
Said: TypeAlias = Union[Subscribe, Arrived, Failed]
"""What events say to announcements."""
