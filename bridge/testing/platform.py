"""What the kit asks of a platform under test: act as a person there, and read what a reader sees.

Every emulator implements it; so does a real server's wrapper. The contract, the scenarios and the demo know no more.
What only some platforms let their people do stands in `bridge.testing.acts`.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol, Self

from msgspec import Struct

from bridge.events import Manner
from bridge.ids import MessageId
from bridge.testing.holdings import Filed, Holding
from bridge.text.nodes import Rich


class Shown(Struct, frozen=True, kw_only=True):
    """A message as a reader of the room sees it, in the order of the room.

    `text` is plain words (formatting dropped, line feeds kept); `rich` the same with formatting, for platforms that
    keep it; `author` is the name the platform shows for the sender: the bridge's own for copies.
    A deleted message is not shown at all.
    `manner` is EMOTE where the platform shows that something is done and not said.
    `holds` is what there is beside the words, each as a client would show it natively, and `text` then the caption.
    `thread` is the message whose thread this one stands in; `face` the picture shown beside it.
    """

    id: MessageId
    author: str
    text: str
    rich: Rich = ()
    edited: bool = False
    in_reply_to: MessageId | None = None
    reactions: Mapping[str, int] = {}
    manner: Manner = Manner.SAY
    holds: tuple[Holding, ...] = ()
    thread: MessageId | None = None
    face: bytes = b""

    @property
    def files(self) -> tuple[Filed, ...]:
        """Those of `holds` that are files."""
        return tuple(one for one in self.holds if isinstance(one, Filed))


class Fault(StrEnum):
    """What the next call may run into; an emulator answers with the platform's own error."""

    UNAVAILABLE = "unavailable"
    """A 5xx or its like; nothing was done."""
    RATE_LIMITED = "rate_limited"
    """Too many requests, with the platform's waiting time (at most one second)."""
    LOST_ANSWER = "lost_answer"
    """The request is carried out and the connection cut before the answer."""
    REJECTED = "rejected"
    """The platform refuses this message for good."""
    CLOSED = "closed"
    """We may not write in this room."""
    UNAUTHORIZED = "unauthorized"
    """Our credentials are refused from now on, until `restore`."""


class Platform(Protocol):
    """A platform with two rooms or more and people in them. Entered as an asynchronous context manager."""

    title: str
    """What the demo writes above the column, such as "Telegram"."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    @property
    def rooms(self) -> Sequence[str]:
        """Names of the rooms, as one writes them behind `account/`: at least two; the demo takes a third for a desk."""
        ...

    def settings(self) -> Mapping[str, object]:
        """The account's settings, as in YAML, that connect the bridge to this platform."""
        ...

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        """Write as a person (known by display name, made on first use); returns when the platform holds the message."""
        ...

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        """`/me` as a person; where the platform lacks it, raises `NotImplementedError`, as the next four do."""
        ...

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None: ...

    async def delete(self, room: str, person: str, message: MessageId) -> None: ...

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None: ...

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None: ...

    async def shown(self, room: str) -> Sequence[Shown]:
        """What a reader sees in the room now, oldest first."""
        ...

    def drop_connections(self) -> None:
        """Cut every connection of the bridge; it may come back at once."""
        ...

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        """Let the next `count` sends of the bridge run into a fault; `NotImplementedError` where it cannot happen."""
        ...

    def restore(self) -> None:
        """End every fault."""
        ...


async def texts(platform: Platform, room: str) -> list[str]:
    """The plain words of every message a reader sees, oldest first."""
    return [message.text for message in await platform.shown(room)]
