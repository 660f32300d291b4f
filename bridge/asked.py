"""What a connector is asked to do in a room."""

from datetime import datetime
from enum import IntEnum

from msgspec import Struct

from bridge.events import Attachment, File, Manner
from bridge.ids import Key, MessageId, PersonNumber, RoomId, ThreadId
from bridge.text.nodes import Rich


class Person(Struct, frozen=True, kw_only=True, gc=False):
    """Who is behind a copy: `number` is the store's own and may be shown, a native id never.

    `name` is safe to show, and nobody else is called so in the room; empty where only the number counts, because the
    person's ghost is there already. `avatar` only tells one picture from another: `Host.face` has it.
    """

    number: PersonNumber
    name: str
    avatar: str | None = None


class Power(IntEnum):
    """What somebody may do in a room, as its platform says."""

    NONE = 0
    MODERATOR = 1
    """They may take back what others wrote there, or throw people out."""


class Access(IntEnum):
    """Who may read along in a room, as its platform says."""

    PRIVATE = 0
    """Only who was let in."""
    PUBLIC = 1
    """Anybody may come in, or read without."""


class Target(Struct, frozen=True, kw_only=True):
    """One message on this platform, with all its parts in order."""

    room: RoomId
    thread: ThreadId | None = None
    parts: tuple[MessageId, ...]


class Template(Struct, frozen=True, kw_only=True, gc=False):
    """Words that the platform approved beforehand: by name, with what stands in their gaps, in order.

    `language` as the platform writes it ("uk", "en_US").
    """

    name: str
    language: str
    parameters: tuple[str, ...] = ()


class Outgoing(Struct, frozen=True, kw_only=True, tag="outgoing", gc=False):
    """One part, fitted: right length, only what the room can show, native ids.

    `label` is the author's name as it was put in front of `text`, empty where it was not: a platform on which a name
    pings its owner can find it there.
    `key` is equal on each retry; `in_reply_to` is set only where the room's capabilities name `Relation.REPLY`.
    `author` is None for the bridge's own words. With `Authorship.OVERRIDE` and `GHOST` the text has no name in front:
    show `author.name` as the message's author, with `GHOST` by sending it as the stand-in of `author.number`.
    `at` is when it was written on its own platform, None for the bridge's own words.
    `template`, None in most, is sent in place of the text, which says the same to who reads along.
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
    template: Template | None = None


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


class Opening(Struct, frozen=True, kw_only=True, tag="opening"):
    """Begin a thread with this title: see `Connector.open_thread`."""

    room: RoomId
    title: str
    key: Key


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
