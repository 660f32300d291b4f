"""The one interface between the bridge and a platform.

Write `run` and `send`; override the rest where the platform has it.
A method that is not overridden *is* the statement that the platform lacks it: see `Connector.can`.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from msgspec import Struct, field
from pydantic import BaseModel, ConfigDict

from bridge.asked import Access, Closing, Deletion, Edit, Outgoing, Person, Power, Reaction, Target
from bridge.capabilities import Capabilities, Isolation
from bridge.chance import Chance
from bridge.clock import Clock
from bridge.errors import BridgeError
from bridge.events import AnyEvent, Attachment, File, User
from bridge.findings import Endpoint, Finding
from bridge.ids import AccountName, Key, MessageId, Place, RoomId, ThreadId, UserId
from bridge.recipient import Recipient


class ConnectorConfig(BaseModel):
    """Settings every account has; a connector adds its own, each with a sentence under it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    connector: str
    """Name of the connector that serves this account, as `qantara connectors` lists it."""
    unknown_outcome: Literal["retry", "detect", "hold"] = "retry"
    """What to do with a message when nobody knows whether it arrived: send it again, look for it first, or hold it."""
    isolation: Isolation = Isolation.MARKS
    """How a name is kept from turning the direction of an Arabic line: invisible `marks`, or `none` if they show."""


class RoomInfo(Struct, frozen=True, kw_only=True):
    """A room an account can see: `name` is what one writes behind `account/` in the configuration."""

    name: str
    title: str = ""
    kind: str = "group"
    note: str = ""
    """What the operator should know: "the bot is not an administrator"."""


class Request(Struct, frozen=True, kw_only=True):
    """A webhook call: `path` is what follows `/in/{account}`, header names are in lower case, `body` is raw."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Response(Struct, frozen=True, kw_only=True):
    """The answer to a webhook call."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Registration(Struct, frozen=True, kw_only=True):
    """A file that a platform's server has to read before an account works: it holds secrets.

    `told` says to the operator what to do with it.
    """

    name: str
    text: str
    told: str


MAX_CALL = 1024 * 1024
"""Bytes that the body of a webhook call may have, unless the connector takes more."""


class Host(Protocol):
    """What the bridge offers a connector."""

    @property
    def account(self) -> AccountName:
        """Name of this account in the configuration."""
        ...

    @property
    def data_dir(self) -> Path:
        """A directory of this account's own, made on first use."""
        ...

    @property
    def webhook_url(self) -> str | None:
        """Public address of `/in/{account}`; None when no `http.public_url` is configured."""
        ...

    @property
    def clock(self) -> Clock: ...

    @property
    def chance(self) -> Chance: ...

    async def publish(self, *events: AnyEvent, position: str | None = None) -> None:
        """Hand over events and the position after them.

        Returns once both are on disk, in one transaction: only then acknowledge.
        Raises `StoreFull` when nothing was stored: do not acknowledge, back off, give them again.
        An event seen before is dropped by its id. A position alone may be published too.
        """
        ...

    async def position(self) -> str | None:
        """The last stored position; None at the very first start, which means: begin now, replay nothing."""
        ...

    def connected(self, me: User) -> None:
        """Say that the platform is reached and who we are there: sends begin; our own events are dropped from now on.

        Raises `Unauthorized` when the account was somebody else's before.
        """
        ...

    def unreadable(self, what: str) -> None:
        """Count an event that cannot be read, whether it is left out or a placeholder stands for it.

        `what` is its kind ("message", "PRIVMSG", "m.room.message"), never its words. Not for what you understand and
        pass over. The operator sees the count, and is told at most once an hour.
        """
        ...

    def read(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file, from the beginning, in pieces of 64 KiB: never gather them all.

        `Unsupported` when it is gone, as after a restore: let it through, and the message goes without it.
        """
        ...

    async def link(self, file: File) -> str | None:
        """A public address of a file, which nobody can guess and which expires, for a platform that fetches by itself.

        None when no `http.public_url` is configured.
        """
        ...

    async def face(self, person: Person) -> File | None:
        """The picture of somebody as the bridge has it, for `read` or `link`: PNG, JPEG, WebP or GIF of at most 100 kB.

        None where there is none, or not yet: nobody waits for a picture, it is there with one of their next messages.
        Ask again in a few seconds, when `person.avatar` is another one, and every hour: some platforms do not tell.
        """
        ...

    async def remember(self, name: str, value: str, ttl: timedelta) -> None:
        """Keep a small value (an upload id) for this account."""
        ...

    async def recall(self, name: str) -> str | None:
        """What was remembered, None when unknown or too old."""
        ...


C = TypeVar("C", bound=ConnectorConfig)


class Connector(ABC, Generic[C]):
    """One account on one platform. Write `run` and `send`; override the rest where the platform has it."""

    Config: ClassVar[type[ConnectorConfig]]
    """The account's settings class."""
    features: ClassVar[Capabilities] = Capabilities()
    """What the platform's rooms can show unless `capabilities` says otherwise."""

    recipient: ClassVar[Recipient | None] = None
    """Who has what is written there, under which terms and how long, for `qantara privacy`; None: nobody knows."""

    def __init__(self, config: C, host: Host) -> None:
        self.config = config
        self.host = host

    @abstractmethod
    async def run(self) -> None:
        """Connect, call `host.connected(me)`, publish until cancelled.

        Raising (or returning) means "run me again", after a back-off; `Unauthorized` means "stop".
        The same object may be run again, so keep no state of an old connection.
        """

    @abstractmethod
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        """Send one part and return the ids the platform gave it, () where it gives none.

        Called only between `host.connected` and the end of `run`, for one lane at most `in_flight` at once, each
        started (run to its first wait) in order. Retried by the bridge with the same key: see `bridge.errors`.
        """

    def capabilities(self, room: RoomId) -> Capabilities:
        """What this room can show; the class's `features` unless overridden."""
        return self.features

    async def join(self, name: str) -> Place:
        """Enter a room of the configuration and return its canonical id (and thread).

        Called for every linked room after `connected` and again after each reconnection; entering twice is no error.
        `RoomClosed` or `Rejected` with a sentence for the operator when we may not.
        """
        return Place(RoomId(name))

    async def leave(self, place: Place) -> None:
        """Leave a room that no link names any more."""
        raise NotImplementedError

    async def edit(self, edit: Edit) -> None:
        """Change one part of a copy."""
        raise NotImplementedError

    async def delete(self, deletion: Deletion) -> None:
        """Take a copy back."""
        raise NotImplementedError

    async def close(self, closing: Closing) -> None:
        """End a poll of ours: it is over where it was asked."""
        raise NotImplementedError

    async def react(self, reaction: Reaction) -> MessageId | None:
        """Bring our reactions on a message to the wanted set; the id of the added one where the platform gives it."""
        raise NotImplementedError

    async def broadcast(
        self, message: Outgoing, recipients: Sequence[RoomId]
    ) -> Mapping[RoomId, MessageId | BridgeError]:
        """Send one part to many DIRECT rooms at once, at most `Capabilities.max_recipients` of them.

        Returns how it went for each of them; `message.room` is the first. Raises what `send` raises when it went to
        none, `Uncertain` when nobody knows.
        """
        raise NotImplementedError

    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        """Begin a thread with a title in a room and return its id; `key` is equal on each retry.

        `Unsupported(Feature.THREAD)` where this room has none.
        """
        raise NotImplementedError

    async def rename(self, room: RoomId, name: str) -> None:
        """Give a room another name, which is never empty; that it has the name already is no error.

        `Rejected` or `RoomClosed` where we may not, with a sentence for the operator, who is told once.
        """
        raise NotImplementedError

    async def describe(self, room: RoomId, topic: str) -> None:
        """Give a room another topic, or none (""); as `rename`."""
        raise NotImplementedError

    async def close_thread(self, place: Place) -> None:
        """Say that a thread is over; one that is closed already is no error."""
        raise NotImplementedError

    async def mark_read(self, target: Target) -> None:
        """Show the person in a DIRECT room that `target` and what stands before it was read."""
        raise NotImplementedError

    def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """The bytes of an attachment that this account published, in pieces of at most 256 KiB as they come.

        Write it as an asynchronous generator. Called soon after `publish`, whether its targets are up or not, once
        for all of them; and again from the beginning after `Unavailable`, or after a restart. `Rejected` when it is
        gone or the platform does not give it. The bridge counts the bytes and stops reading when they are too many.
        """
        raise NotImplementedError

    def face(self, avatar: str) -> AsyncIterator[bytes]:
        """The picture of somebody by the `avatar` that this account gave of them; as `fetch`.

        Called when a room first shows it, not for each message. `Rejected` when there is none.
        """
        raise NotImplementedError

    async def receive(self, request: Request) -> Response:
        """Answer a webhook call to `/in/{account}`; publish first, then answer."""
        raise NotImplementedError

    def largest_call(self, head: Request) -> int:
        """How many bytes the body of a call may have, asked with an empty one: more only of who proved who they are."""
        del head
        return MAX_CALL

    @staticmethod
    def registration(config: Any, account: AccountName, address: str) -> Registration:  # noqa: ANN401 the connector's own settings
        """What the platform's server has to be told of the account; it reaches the bridge at `address`."""
        raise NotImplementedError

    async def rooms(self) -> Sequence[RoomInfo]:
        """The rooms this account can see, for `qantara rooms`; `NotImplementedError` where an account has no list."""
        raise NotImplementedError

    async def power(self, room: RoomId, user: UserId) -> Power:
        """What a person may do in a room now: asked before each command of theirs.

        `user` as its messages name them. Who is not there, or not known, has none. Never a guess: raise what `send`
        raises when the platform does not say.
        """
        raise NotImplementedError

    async def access(self, room: RoomId) -> Access:
        """Whether anybody may read along in a room, asked before a moderator links it by a code.

        Never a guess: raise what `send` raises when the platform does not say.
        """
        raise NotImplementedError

    async def claim(self, name: str, value: str) -> None:
        """Keep `value` (under 100 characters) on the platform, for this account, where people do not see it.

        A copy of the bridge that runs elsewhere with the same account finds it there: see `claimed`. At most a few
        times an hour; `Rejected` where this server cannot keep it.
        """
        raise NotImplementedError

    async def claimed(self, name: str) -> str | None:
        """What was last kept under `name`, by whichever connection of this account; None when nothing was."""
        raise NotImplementedError

    async def examine(self) -> Sequence[Finding]:
        """What the operator should know of the account, its server and its rooms, for `qantara doctor`.

        Called between `host.connected` and the end of `run`, after the rooms were entered. Asks and changes nothing.
        What `join` refused already need not be said again.
        """
        raise NotImplementedError

    def endpoints(self) -> Sequence[Endpoint]:
        """The servers that the settings name, also while they cannot be reached: their certificates are looked at."""
        return ()

    @classmethod
    def can(cls, feature: Callable[..., Any]) -> bool:
        """Whether the platform has a feature: `Matrix.can(Connector.edit)`."""
        return getattr(cls, feature.__name__) is not feature
