"""What can happen on a platform: frozen, in the past tense.

Words follow the IETF MIMI content draft and Matrix where they have one.
"""

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, Union

from msgspec import Struct

from bridge.content import Contact, Location, Poll
from bridge.ids import EventId, Key, MessageId, RoomId, ThreadId, UserId
from bridge.text.nodes import Rich


class RoomKind(StrEnum):
    """Who hears a room: a DIRECT one feeds only desks."""

    GROUP = "group"
    CHANNEL = "channel"
    DIRECT = "direct"
    AUDIENCE = "audience"


class Manner(StrEnum):
    """How words are meant: said, done (`/me waves`), or a machine's notice."""

    SAY = "say"
    EMOTE = "emote"
    NOTICE = "notice"


class Kind(StrEnum):
    """What an attachment is."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    FILE = "file"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    POLL = "poll"


class User(Struct, frozen=True, kw_only=True, gc=False):
    """A person (or bot) on one platform, with the name other people see there.

    Who speaks through our own account without us, as in a page's own inbox, has our id, a stroke, and something behind.
    `avatar` is the handle of their picture, for `Connector.face` of the account that gave it and nobody else: without a
    token, and another one, where the platform says so, when the picture is another one.
    """

    id: UserId
    name: str
    avatar: str | None = None


class Attachment(Struct, frozen=True, kw_only=True, gc=False):
    """Something that is not text, as its platform tells of it: all of it may be wrong, and `name` may be hostile.

    `source` is the handle to fetch it by: only the connector that gave it may look inside, and nobody is shown it. It
    outlives a restart and holds no token of ours. Without one there are no bytes, as with a place or a poll.
    `size` in bytes, `duration` in seconds, `width` and `height` in pixels; `waveform` is how loud a voice is from its
    beginning to its end, each 0 to 1024. `animated` moves by itself, without sound: a GIF, some stickers.
    `emoji` is a sticker's; `alt` describes it to who cannot see it. What people wrote under it is the event's `text`.
    What is no file is a place, a card or a poll: it has that one of the last three.
    """

    kind: Kind
    name: str = ""
    mime: str = ""
    size: int | None = None
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    waveform: tuple[int, ...] = ()
    animated: bool = False
    alt: str = ""
    emoji: str = ""
    source: str = ""
    location: Location | None = None
    contact: Contact | None = None
    poll: Poll | None = None


class File(Struct, frozen=True, kw_only=True, gc=False):
    """An attachment whose bytes the bridge has: read them with `host.read(file)`, again on each try.

    `name` is safe to show, is never empty, and its extension fits `mime`, which was told by the bytes themselves.
    `size` is exact. `id` is the bridge's own; equal bytes have an equal `sha256` (in hex), also in other messages.
    `thumbnail` is a small picture of it, where the room takes one and it could be made: a file like others.
    The rest means what it means in `Attachment`.
    """

    id: str
    kind: Kind
    name: str
    mime: str
    size: int
    sha256: str
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    waveform: tuple[int, ...] = ()
    animated: bool = False
    alt: str = ""
    emoji: str = ""
    thumbnail: "File | None" = None


class Event(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Something that happened in a room.

    `id` is unique in its account and differs from the message's id; the bridge drops one it has seen before.
    `thread` is set where the message was written in a thread of the room.
    `at` is the platform's time (UTC, aware).
    `echo_of` carries our own key where the platform gives it back: the event is then our own, come home.
    """

    id: EventId
    room: RoomId
    at: datetime
    thread: ThreadId | None = None
    room_kind: RoomKind = RoomKind.GROUP
    echo_of: Key | None = None


class Posted(Event, frozen=True, kw_only=True, tag="posted"):
    """Somebody wrote. An album is one event with several native ids, one a part, in order."""

    message: tuple[MessageId, ...]
    author: User
    text: Rich = ()
    manner: Manner = Manner.SAY
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: MessageId | None = None
    thread_name: str = ""
    """What the thread is called, where the platform names threads."""
    quoted: str = ""
    """The words of the answered message that this one is about, where people can pick them out."""


class Edited(Event, frozen=True, kw_only=True, tag="edited"):
    """Somebody changed a message: the whole new content; `replaces` is the message's own (first) id."""

    replaces: MessageId
    author: User
    text: Rich = ()
    manner: Manner = Manner.SAY
    attachments: tuple[Attachment, ...] = ()


class Deleted(Event, frozen=True, kw_only=True, tag="deleted"):
    """A message, or a reaction that is a message of its own, was taken back; `by` is None where nobody says."""

    message: MessageId
    by: User | None = None


class Reacted(Event, frozen=True, kw_only=True, tag="reacted"):
    """Somebody added one emoji. `reaction` is the reaction's own id where the platform gives it one."""

    message: MessageId
    emoji: str
    by: User
    reaction: MessageId | None = None


class Unreacted(Event, frozen=True, kw_only=True, tag="unreacted"):
    """Somebody took one emoji back."""

    message: MessageId
    emoji: str
    by: User


class Tallied(Event, frozen=True, kw_only=True, tag="tallied"):
    """How a poll stands in its room: `counts[i]` people chose `answers[i]`. Once it is `closed` nobody votes any more.

    Publish it when that changes; only the newest counts. `by` is who voted last, None where nobody says.
    """

    message: MessageId
    answers: tuple[str, ...]
    counts: tuple[int, ...]
    closed: bool = False
    by: User | None = None


class Pinned(Event, frozen=True, kw_only=True, tag="pinned"):
    """Somebody made a message stand out in its room; `by` is None where nobody says."""

    message: MessageId
    by: User | None = None


class Joined(Event, frozen=True, kw_only=True, tag="joined"):
    """Somebody came into the room; into a DIRECT one: wants to hear from us (subscribed, opted in, opened the chat)."""

    user: User


class Parting(StrEnum):
    """How somebody came to be out of a room."""

    LEFT = "left"
    REMOVED = "removed"
    BANNED = "banned"
    """They may not come back: what the bridge shows of them is taken back where a link says so."""


class Left(Event, frozen=True, kw_only=True, tag="left"):
    """Somebody left, or was removed; when it is ourselves the room is held with `reason`.

    `by` is who removed or banned them, None where nobody says.
    From a DIRECT room: wants to hear nothing any more.
    """

    user: User
    reason: str = ""
    how: Parting = Parting.LEFT
    by: User | None = None


class RoomChanged(Event, frozen=True, kw_only=True, tag="room_changed"):
    """The room, or the `thread` of it, got another name or topic; None means unchanged.

    `by` is who did it, where the platform says so: our own changes are known by it.
    """

    name: str | None = None
    topic: str | None = None
    by: User | None = None


class Confirmation(StrEnum):
    """Who says that a room moved: only BOTH ends are believed without the operator."""

    OLD_END = "old_end"
    BOTH = "both"


class RoomMoved(Event, frozen=True, kw_only=True, tag="room_moved"):
    """The platform says that `room` goes on as `to`; `confirmed` names who vouches for it."""

    to: RoomId
    confirmed: Confirmation


class Delivered(Event, frozen=True, kw_only=True, tag="delivered"):
    """The platform confirmed later what it had accepted: `message`, or all of ours in the room up to `until` (UTC)."""

    message: MessageId | None = None
    until: datetime | None = None
    recipient: RoomId | None = None


class Failure(StrEnum):
    """What can be done about a message that was accepted and then not delivered."""

    REFUSED = "refused"
    """Nothing: it would be refused again."""
    CLOSED = "closed"
    """The person has to write first, or a template may go: see `Outgoing.template`."""
    LOST = "lost"
    """It may be sent again."""


class SendFailed(Event, frozen=True, kw_only=True, tag="send_failed"):
    """The platform accepted a message and then did not deliver it; `reason` is for operators, without the words."""

    message: MessageId
    reason: str
    failure: Failure = Failure.REFUSED
    recipient: RoomId | None = None


AnyEvent: TypeAlias = Union[
    Posted,
    Edited,
    Deleted,
    Reacted,
    Unreacted,
    Tallied,
    Pinned,
    Joined,
    Left,
    RoomChanged,
    RoomMoved,
    Delivered,
    SendFailed,
]
Relayed: TypeAlias = Union[Posted, Edited, Deleted, Reacted, Unreacted, Tallied]
"""The events that have deliveries."""


def begins_thread(event: Posted) -> bool:
    """Whether a post is the thread itself: what the others of it hang on."""
    return event.thread is not None and event.message == (MessageId(event.thread),)


def answered(event: Posted) -> MessageId | None:
    """The message that a post hangs on: the one it replies to, or else the one its thread began with."""
    if event.in_reply_to is not None or event.thread is None or begins_thread(event):
        return event.in_reply_to
    return MessageId(event.thread)
