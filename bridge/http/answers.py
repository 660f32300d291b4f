"""What the administrative routes take and give, as shapes, and how they are written as JSON."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from bridge.advice import about_parked
from bridge.connector import RoomInfo
from bridge.findings import Finding
from bridge.ids import RowNumber
from bridge.logs import Mask
from bridge.store.people import Somebody
from bridge.store.questions import ParkedRow

MOST_ROWS = 10_000
Number: TypeAlias = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]


class Health(Struct, frozen=True):
    """The event loop turns."""

    status: str


class Here(Struct, frozen=True):
    """Which running bridge answers: a word that changes with each start."""

    instance: str


class Examined(Struct, frozen=True):
    """What the connectors of the accounts that are up found to say, by account."""

    accounts: dict[str, list[Finding]]


class Problem(Struct, frozen=True):
    """What is wrong, in a sentence; `faults` where there are several, each with its place."""

    error: str
    faults: list[str] = []


class Parked(Struct, frozen=True, kw_only=True):
    """A delivery that could not go; `at` is when it was accepted, `message` what to trace. Its words are not shown."""

    number: int
    room: str
    link: str
    kind: str
    author: str
    reason: str
    error: str
    advice: str
    at: datetime
    message: int | None


class Queue(Struct, frozen=True):
    """Parked deliveries, oldest first; `more` says that there are others behind them."""

    rows: list[Parked]
    more: bool = False


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """Which parked deliveries are meant: either their numbers, or a room, `account/name`, for all of its."""

    rows: Annotated[list[Number], Meta(min_length=1, max_length=MOST_ROWS)] | UnsetType = UNSET
    room: Annotated[str, Meta(min_length=3, max_length=1000)] | UnsetType = UNSET


EITHER: Final = {"Change": ("rows", "room")}
"""Of these fields of a shape exactly one is given."""


class Changed(Struct, frozen=True):
    """How many deliveries it concerned, and in which rooms."""

    rows: int
    rooms: list[str]


class Whereabouts(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a held room is: `room` as in the configuration, `to` one of the two places that its status tells of."""

    room: Annotated[str, Meta(min_length=3, max_length=1000)]
    to: Annotated[str, Meta(min_length=1, max_length=1000)]


class People(Struct, frozen=True):
    """People who may be meant: `messages` related to them, `waiting` deliveries of theirs, also parked ones."""

    people: list[Somebody]


class Whom(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is meant: the number that `/people` tells."""

    number: Number


class Gone(Struct, frozen=True):
    """What was done: deliveries dropped, copies that targets are asked to delete."""

    dropped: int
    copies: int


class Read(Struct, frozen=True):
    """The configuration that is in force now."""

    accounts: list[str]
    links: list[str]


class Seen(Struct, frozen=True):
    """Rooms as their account sees them: `name` is what one writes behind `account/`."""

    rooms: list[RoomInfo]


class Farewell(Struct, frozen=True, forbid_unknown_fields=True):
    """A room to leave, `account/name`, that no link names any more."""

    room: Annotated[str, Meta(min_length=3, max_length=1000)]


class Claimant(Struct, frozen=True):
    """An account of the configuration that this copy of the store is to run."""

    account: str


class Copy(Struct, frozen=True):
    """A native id in a room: `origin` where it was written, `copy`, or `note` about it."""

    room: str
    id: str
    kind: str


class Waiting(Struct, frozen=True):
    """A delivery that is not done: what it is, and why it waits."""

    room: str
    what: str
    why: str


class Trace(Struct, frozen=True, kw_only=True):
    """The life of one message: where from, where it is, what is still to be done."""

    message: int
    room: str
    author: str
    at: datetime
    copies: list[Copy]
    waiting: list[Waiting]


class Deed(Struct, frozen=True, kw_only=True):
    """Who did what in a room, by a command or by a ban: `about` is who it was done to, as they were called.

    `unremoved` counts copies that were to be taken back for it and that their rooms would not give.
    """

    number: int
    at: datetime
    link: str
    room: str
    actor: str
    did: str
    about: str
    unremoved: int


class Deeds(Struct, frozen=True):
    """What moderators did, newest first."""

    deeds: list[Deed]


def moment(milliseconds: int) -> datetime:
    """The store's time, as the answers show it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def parked(row: ParkedRow) -> Parked:
    """The same for the outside."""
    return Parked(
        number=RowNumber(row.number), room=row.room, link=row.link, kind=row.kind, author=row.author,
        reason=row.reason, error=row.error, advice=about_parked(row.reason), at=moment(row.at), message=row.message,
    )  # fmt: skip


def answer(shape: Struct, mask: Mask, status: int = 200) -> web.Response:
    """As JSON, without any secret."""
    plain: Any = mask.value(msgspec.to_builtins(shape))
    return web.Response(status=status, body=msgspec.json.encode(plain), content_type="application/json")
