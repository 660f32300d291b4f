"""The one interface between the bridge and a platform.

Write `run` and `send`; override the rest where the platform has it.
A method that is not overridden *is* the statement that the platform lacks it: see `Connector.can`.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from msgspec import Struct, field
from pydantic import BaseModel, ConfigDict

from bridge.chance import Chance
from bridge.clock import Clock
from bridge.errors import Scope
from bridge.events import AnyEvent, Attachment, File, Kind, Manner, User
from bridge.findings import Endpoint, Finding
from bridge.ids import AccountName, Key, MessageId, PersonNumber, Place, RoomId, ThreadId
from bridge.text.length import Unit
from bridge.text.nodes import Node, Rich


class Authorship(StrEnum):
    """How a copy shows who wrote it."""

    PREFIX = "prefix"
    """The bridge's one user speaks; the name is put in front of the words."""
    OVERRIDE = "override"
    """The bridge's one user speaks under another name and picture, message by message."""
    GHOST = "ghost"
    """Each person has a stand-in on the platform."""


class Isolation(StrEnum):
    """How a name is kept from turning the direction of the words behind it."""

    MARKS = "marks"
    """Invisible characters around it, where names or words run from right to left."""
    NONE = "none"
    """Not at all, for rooms whose programs show such characters as boxes."""


class Relation(StrEnum):
    """How a message may hang on another, natively."""

    REPLY = "reply"
    THREAD = "thread"
    """A message may stand in a thread of the room."""
    ROOT = "root"
    """Any message may begin a thread, and its id is the thread's."""


class Rate(Struct, frozen=True):
    """At most `count` sends in `seconds`, counted per room or per account; a burst of `count` may go at once."""

    scope: Scope
    count: int
    seconds: float


class MediaLimit(Struct, frozen=True):
    """What a platform takes of one kind of attachment: mime types (`*/*` patterns), bytes, and of pictures the pixels.

    `max_side` is their longest side, `max_ratio` how many times as long as the other side it may be.
    """

    mimes: frozenset[str] = frozenset({"*/*"})
    max_bytes: int | None = None
    max_side: int | None = None
    max_ratio: float | None = None


class Capabilities(Struct, frozen=True, kw_only=True):
    """What one room can show: numbers and sets, never flags.

    A platform that cannot show `Break` gets one part a line.
    None as a limit means "no limit"; None as a set of reactions means "any emoji".
    """

    authorship: Authorship = Authorship.PREFIX
    isolation: Isolation = Isolation.MARKS
    formatting: frozenset[type[Node]] = frozenset()
    relations: frozenset[Relation] = frozenset()
    max_text: int = 4096
    unit: Unit = Unit.CHARACTERS
    max_lines: int | None = None
    """How many parts one message may become before it is cut, visibly."""
    max_caption: int = 0
    """How long the words under a file may be, in `unit`; a sticker never has any."""
    media: Mapping[Kind, MediaLimit] = field(default_factory=dict)
    """The kinds that are shown as what they are; all others become one of these, a link or words."""
    max_album: int = 1
    """How many files one message may carry."""
    albums: tuple[frozenset[Kind], ...] = ()
    """Which kinds may stand in one album together; files of one kind that stands in none go one by one."""
    edit_within: timedelta | None = None
    delete_within: timedelta | None = None
    reactions: frozenset[str] | None = None
    max_reactions: int | None = None
    """How many emoji our one account can put on one message."""
    rates: tuple[Rate, ...] = ()
    in_flight: int = 1
    """Sends of one lane under way at once, started in order: above 1 only where the transport keeps order.

    A send that is refused with a wait goes again first, but those started behind it are in the room already: where a
    platform often refuses single messages so, 1 is right.
    """
    confirms_within: timedelta | None = None


class ConnectorConfig(BaseModel):
    """Settings every account has; a connector adds its own, each with a sentence under it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    connector: str
    """Name of the connector that serves this account, as `qantara connectors` lists it."""
    unknown_outcome: Literal["retry", "detect", "hold"] = "retry"
    """What to do with a message when nobody knows whether it arrived: send it again, look for it first, or hold it."""
    isolation: Isolation = Isolation.MARKS
    """How a name is kept from turning the direction of an Arabic line: invisible `marks`, or `none` if they show."""


class Person(Struct, frozen=True, kw_only=True, gc=False):
    """Who is behind a copy: `number` is the store's own and may be shown, a native id never.

    `name` is safe to show, and nobody else is called so in the room; empty where only the number counts, because the
    person's ghost is there already.
    """

    number: PersonNumber
    name: str
    avatar: str | None = None


class Target(Struct, frozen=True, kw_only=True):
    """One message on this platform, with all its parts in order."""

    room: RoomId
    thread: ThreadId | None = None
    parts: tuple[MessageId, ...]


class Outgoing(Struct, frozen=True, kw_only=True, tag="outgoing", gc=False):
    """One part, fitted: right length, only what the room can show, native ids.

    `label` is the author's name as it was put in front of `text`, empty where it was not: a platform on which a name
    pings its owner can find it there.
    `key` is equal on each retry; `in_reply_to` is set only where the room's capabilities name `Relation.REPLY`.
    `author` is None for the bridge's own words. With `Authorship.OVERRIDE` and `GHOST` the text has no name in front:
    show `author.name` as the message's author, with `GHOST` by sending it as the stand-in of `author.number`.
    `at` is when it was written on its own platform, None for the bridge's own words.
    `shared` is a place, a card or a poll, alone and without words, of a kind that the capabilities name.
    `files`, none in most, are what the room takes, together in one message: `text`, often empty, stands under them.
    """

    room: RoomId
    key: Key
    text: Rich
    thread: ThreadId | None = None
    manner: Manner = Manner.SAY
    author: Person | None = None
    label: str = ""
    files: tuple[File, ...] = ()
    shared: tuple[Attachment, ...] = ()
    in_reply_to: Target | None = None
    at: datetime | None = None


class Edit(Struct, frozen=True, kw_only=True, tag="edit"):
    """Give the message `target` (one part) the content of `content`; `content.key` is the edit's own.

    With `Authorship.GHOST` `content.author` is whose ghost wrote the message, whoever edited the original.
    `caption`: the target carries files, and keeps them; `content.text` is what stands under them from now on.
    """

    target: Target
    content: Outgoing
    caption: bool = False


class Deletion(Struct, frozen=True, kw_only=True, tag="deletion"):
    """Take `target`, all its parts, back; a part that is gone already is no error.

    `by` is who did so, with `Authorship.GHOST` whose ghost wrote the message; None where nobody knows (any more).
    """

    target: Target
    key: Key
    by: Person | None = None


class Closing(Struct, frozen=True, kw_only=True, tag="closing"):
    """Let nobody vote any more in the poll that is the last part of `target`; one that is closed already is no error.

    With `Authorship.GHOST` `by` is whose ghost asked.
    """

    target: Target
    key: Key
    by: Person | None = None


class Reaction(Struct, frozen=True, kw_only=True, tag="reaction"):
    """Bring our reactions on `target` to `wanted`; repeating it changes nothing.

    `emoji` is the one that changed: in `wanted` it is added, otherwise removed; then `native` is the id that `react`
    returned when it was added, None where it returned none.
    With `Authorship.GHOST` all of this is about the ghost of `by` alone.
    """

    target: Target
    emoji: str
    wanted: tuple[str, ...]
    key: Key
    native: MessageId | None = None
    by: Person | None = None


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

    def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """The bytes of an attachment that this account published, in pieces of at most 256 KiB as they come.

        Write it as an asynchronous generator. Called soon after `publish`, whether its targets are up or not, once
        for all of them; and again from the beginning after `Unavailable`, or after a restart. `Rejected` when it is
        gone or the platform does not give it. The bridge counts the bytes and stops reading when they are too many.
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
        """The rooms this account can see, for `qantara rooms`."""
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
