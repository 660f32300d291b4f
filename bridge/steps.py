"""What one delivery does in its room: the steps, and what they are made of. Pure: no I/O, no clock, no state.

A plan is sealed (stored) before its first step where it could come out differently a second time, so that a retry
sends the same words under the same key.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias, Union

import msgspec
from msgspec import Struct

from bridge.asked import Closing, Deletion, Edit, Opening, Outgoing, Person, Reaction, Target, Template
from bridge.capabilities import Authorship, Capabilities
from bridge.config.settings import Show
from bridge.errors import Feature
from bridge.events import Edited, Posted
from bridge.fit import Part
from bridge.fit_files import Carried
from bridge.ids import Key, MessageId, PersonNumber, Place, RowNumber
from bridge.people import bare, label
from bridge.store.questions import Emojis, Joint, Known
from bridge.store.rows import Outcome, Row, TwinKind
from bridge.text.nodes import Paragraph, Rich, Text

Action: TypeAlias = Union[Outgoing, Edit, Deletion, Opening, Closing, Reaction]


class Step(Struct, frozen=True, gc=False):
    """One call of the connector; what it makes is kept as `part` of the message, as `kind`."""

    action: Action
    part: int = 0
    kind: TwinKind = TwinKind.COPY
    ghost: int = 0
    """Whose ghost a reaction is about, by the person's number; 0 is our own account."""


class Plan(Struct, frozen=True, tag="plan", gc=False):
    """The steps, in order."""

    steps: tuple[Step, ...]
    fragile: tuple[str, ...] = ()
    """Why a second planning could differ: relations, several parts."""
    joined: tuple[RowNumber, ...] = ()
    """Rows behind this one that these steps show as well."""
    joint: Joint | None = None
    """What stands in the one message that shows several, once this went."""


class Ended(Struct, frozen=True, tag="ended"):
    """There is nothing to send, and why."""

    outcome: Outcome
    cause: str
    joined: tuple[RowNumber, ...] = ()
    """Rows behind this one that end with it."""


class Orphan(Struct, frozen=True, tag="orphan"):
    """It speaks of a message that is parked itself."""


def as_it_is(text: Rich) -> Rich:
    """Words that mention nobody."""
    return text


class View(Struct, frozen=True, kw_only=True, gc=False):
    """The target room as a plan sees it: `features` are those its connector has and the room did not refuse."""

    place: Place
    capabilities: Capabilities
    features: frozenset[Feature]
    prefix: str
    """Epoch, row and generation: a part's number behind it makes its key."""
    late: float = 0.0
    """From how many seconds after its writing on a message is shown with its time; 0: never."""
    zone: tzinfo = UTC
    """Whose time that is."""
    shows: frozenset[Show] = frozenset()
    """What the row's link carries besides messages."""
    labels: Mapping[PersonNumber, str] = {}
    """What people are called in the room, where nobody else may be called so."""
    told: Callable[[Rich], Rich] = as_it_is
    """How words are said in the room: mentions mean people of its platform, or nobody."""
    unfit: frozenset[str] = frozenset()
    """Emoji that it refused on the message a reaction is about."""
    template: Template | None = None
    """As what words go there, where nothing else is taken."""


class Facts(Struct, frozen=True, kw_only=True, gc=False):
    """What the store knows of the messages a row speaks of, in the target room."""

    about: Known | None = None
    reply: Known | None = None
    carried: tuple[Carried, ...] = ()
    """What of its files the room gets."""
    thread: Known | None = None
    emojis: Emojis | None = None


def person(row: Row, view: View) -> Person | None:
    """Who is behind a row, by the name they have in the room, without any native id."""
    event = row.event
    user = event.author if isinstance(event, (Posted, Edited)) else event.by
    if user is None or row.person is None:
        return None
    return Person(number=row.person, name=bare(name_of(row, view)), avatar=sign(user.avatar))


@lru_cache(maxsize=1024)
def sign(avatar: str | None) -> str | None:
    """What crosses of the handle of a picture: that it is this one, and never where it lies."""
    return None if avatar is None else sha256(avatar.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def writer(row: Row, about: Known, view: View) -> Person | None:
    """Who may change a copy: anybody through our one account, but only its own writer where people have ghosts."""
    by = person(row, view)
    if view.capabilities.authorship is not Authorship.GHOST or (by is not None and by.number == about.person):
        return by
    return None if about.person is None else Person(number=about.person, name="")


def speaker(row: Row) -> tuple[PersonNumber, str] | None:
    """Whose act a row is, by number and by name; None for the bridge's own."""
    event = row.event
    user = event.author if isinstance(event, (Posted, Edited)) else event.by
    return None if user is None or row.person is None else (row.person, user.name)


def name_of(row: Row, view: View) -> str:
    """What the one behind a row is called in the room; empty for the bridge itself."""
    by = speaker(row)
    if by is None:
        return ""
    return view.labels.get(by[0]) or label(by[1])


def outgoing(row: Row, part: Part, view: View, index: int, reply: Target | None = None) -> Outgoing:
    """A part as the connector is asked to send it."""
    return Outgoing(
        room=view.place.room, thread=view.place.thread, key=key_of(view, index), text=part.text, manner=part.manner,
        author=person(row, view), label=part.label, files=part.files, shared=part.shared, in_reply_to=reply,
        at=written(row),
    )  # fmt: skip


def written(row: Row) -> datetime | None:
    """When a message was written on its platform; the bridge's own words were not."""
    return None if row.person is None else row.event.at


def late(row: Row, view: View, now: datetime) -> str:
    """When a message was written, where it is shown much later and no ghost shows the time itself: 14:05."""
    at = row.event.at
    if not view.late or row.person is None or view.capabilities.authorship is Authorship.GHOST:
        return ""
    if (now - at).total_seconds() < view.late:
        return ""
    there = at.astimezone(view.zone)
    today = there.date() == now.astimezone(view.zone).date()
    return f"{there:%H:%M}" if today else f"{there:%b} {there.day}, {there:%H:%M}"


def key_of(view: View, index: int) -> Key:
    """The key of one part: equal on each retry, never given twice."""
    return Key(f"{view.prefix}.{index}")


def target_of(view: View, parts: tuple[tuple[MessageId, ...], ...]) -> Target:
    """A message in the room, by all its native ids."""
    ids = tuple(native for part in parts for native in part)
    return Target(room=view.place.room, thread=view.place.thread, parts=ids)


def within(at: int, limit: timedelta | None, now: datetime) -> bool:
    """Whether what happened at `at` (milliseconds) is younger than `limit`."""
    return limit is None or now.timestamp() - at / 1000 < limit.total_seconds()


def words_only(text: str) -> Rich:
    """The bridge's own words."""
    return (Paragraph((Text(text),)),)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Plan)


def sealed(plan: Plan) -> bytes:
    """A plan as stored."""
    return _encoder.encode(plan)


def unsealed(data: bytes) -> Plan:
    """A stored plan again."""
    return _decoder.decode(data)
