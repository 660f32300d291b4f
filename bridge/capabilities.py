"""What one room can show: numbers and sets, never flags."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct, field

from bridge.errors import Scope
from bridge.events import Kind
from bridge.text.length import Unit
from bridge.text.nodes import Node


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


class Thumbnail(Struct, frozen=True):
    """What a platform takes as the small picture in front of a file: a JPEG with so many pixels a side, and bytes."""

    max_side: int
    max_bytes: int | None = None


class MediaLimit(Struct, frozen=True):
    """What a platform takes of one kind of attachment: mime types (`*/*` patterns), bytes, and of pictures the pixels.

    `max_side` is their longest side, `max_ratio` how many times as long as the other side it may be. With `thumbnail`
    films and larger pictures come with a small one: `File.thumbnail`; None where the platform takes none.
    """

    mimes: frozenset[str] = frozenset({"*/*"})
    max_bytes: int | None = None
    max_side: int | None = None
    max_ratio: float | None = None
    thumbnail: Thumbnail | None = None


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
    """How long the words under a file may be, in `unit`."""
    uncaptioned: frozenset[Kind] = frozenset({Kind.STICKER})
    """The kinds under which no words may stand: theirs go as a message of their own."""
    media: Mapping[Kind, MediaLimit] = field(default_factory=dict)
    """The kinds that are shown as what they are; all others become one of these, a link or words."""
    max_album: int = 1
    """How many files one message may carry."""
    albums: tuple[frozenset[Kind], ...] = ()
    """Which kinds may stand in one album together; files of one kind that stands in none go one by one."""
    max_name: int | None = None
    """How long the name of a room may be, in `unit`."""
    max_topic: int | None = None
    """How long the topic of a room may be, in `unit`."""
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
    window: timedelta | None = None
    """How long after a person's last message they may be written to; outside it `send` raises `RoomClosed`."""
    max_recipients: int = 0
    """How many one call of `broadcast` takes."""
    confirms_within: timedelta | None = None
    """Within what time `Delivered` or `SendFailed` tells what became of an accepted message; None where neither does.

    Links and desks do not wait for it: what failed is told to people, and not sent again by itself, since it would
    stand behind what was said meanwhile and may be on one of a person's devices already. An announcement counts as
    delivered only what was confirmed; after this time it says of how many nobody said anything.
    """
