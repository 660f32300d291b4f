"""Names of things: which account, room, person, message or event is meant.

Ids of a platform are opaque: only the connector that gave them may look inside.
"""

from typing import NewType

from msgspec import Struct

AccountName = NewType("AccountName", str)
OURSELVES = AccountName("")
"""Stands for the bridge itself where an account is named: for its own words, and their files."""
"""An account's name in the configuration: `[a-z0-9_-]+`."""
RoomId = NewType("RoomId", str)
"""A room as its platform calls it, in the one form the connector made canonical."""
ThreadId = NewType("ThreadId", str)
"""A thread (forum topic) inside a room."""
UserId = NewType("UserId", str)
"""A person as the platform calls them."""
MessageId = NewType("MessageId", str)
"""A message as the platform calls it: unique inside its room."""
EventId = NewType("EventId", str)
"""An event: unique inside its account; not the message's id (an edit is an event of its own)."""
Key = NewType("Key", str)
"""The bridge's own name of one part of one delivery: equal on each retry, never used twice."""
MessageNumber = NewType("MessageNumber", int)
"""A message and all its copies share one."""
RowNumber = NewType("RowNumber", int)
"""One delivery in the outbox; grows in the order of acceptance."""
RoomNumber = NewType("RoomNumber", int)
"""A room of the configuration, as the store numbers it."""
PersonNumber = NewType("PersonNumber", int)
"""A person, as the store numbers them: safe to show to another platform."""


class Room(Struct, frozen=True, order=True):
    """A room as people write it in the configuration: `account/name`."""

    account: AccountName
    name: str

    def __str__(self) -> str:
        return f"{self.account}/{self.name}"


class Place(Struct, frozen=True, order=True):
    """Where something happens on one platform: a room, or one thread of it."""

    room: RoomId
    thread: ThreadId | None = None

    def __str__(self) -> str:
        """As one writes it behind `account/`."""
        return self.room if self.thread is None else f"{self.room}/{self.thread}"
