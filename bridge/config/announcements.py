"""What the file says of announcements, against the accounts and links there are. Pure: values and lines in."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Annotated

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field

from bridge.config.faults import MAX_NAME, Fault, Trail, did_you_mean, listed, shown
from bridge.config.page import Page, Value
from bridge.config.rooms import Seat, Sides, room
from bridge.ids import AccountName, Room

MILLIONTHS = 1_000_000
"""Money is counted in these, so that sums are exact."""


class Approval(StrEnum):
    """Who may say that a draft goes."""

    SECOND_PERSON = "second_person"
    """Anybody in the room but the author."""
    AUTHOR = "author"
    """Anybody, its author among them."""


class Reachable(StrEnum):
    """Which of the people whom an account can write to in private hear announcements."""

    SUBSCRIBED = "subscribed"
    """Those who said that they want to."""
    WRITERS = "writers"
    """Those as well who only wrote to us once."""


class ApprovedWords(BaseModel):
    """Words that a platform approved beforehand, with one gap for the text of the announcement."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: Annotated[str, Field(min_length=1, max_length=512)]
    """What the template is called on the platform."""
    language: Annotated[str, Field(min_length=2, max_length=15)]
    """Its language as the platform writes it, such as `uk` or `en_US`."""


class AnnouncementSettings(BaseModel):
    """A room where announcements are drafted, and to whom they go."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    room: str
    """The room, `account/name`, in which people draft, approve and follow them; nobody else may be in it."""
    to: tuple[str, ...] = ()
    """Rooms that hear them, each `account/name`."""
    subscribers: tuple[str, ...] = ()
    """Accounts whose people hear them, each in private."""
    reachable: Reachable = Reachable.SUBSCRIBED
    """Which people of these accounts: `subscribed`, or `writers` as well, who only wrote to us once."""
    approval: Approval = Approval.SECOND_PERSON
    """Who approves a draft: a `second_person`, or also its `author`."""
    undo_seconds: Annotated[float, Field(ge=0, le=86400)] = 30
    """How long, in seconds, an approved announcement can be taken back before it goes."""
    templates: dict[str, ApprovedWords] = {}
    """By account, what goes to people whom the platform lets us write to only with words it approved."""
    costs: dict[str, Annotated[float, Field(ge=0, le=1000)]] = {}
    """By account, what one message costs there; it is counted against `budget`."""


class Announcing(Struct, frozen=True, kw_only=True):
    """Where announcements are drafted and to whom they go; `costs` in millionths."""

    name: str
    room: Room
    rooms: tuple[Room, ...] = ()
    accounts: tuple[AccountName, ...] = ()
    reachable: Reachable = Reachable.SUBSCRIBED
    approval: Approval = Approval.SECOND_PERSON
    undo: float = 30.0
    templates: Mapping[AccountName, ApprovedWords] = {}
    costs: Mapping[AccountName, int] = {}


def announcing(name: str, settings: AnnouncementSettings) -> Announcing:
    """Settings without a fault as the bridge uses them."""
    return Announcing(
        name=name, room=_room(settings.room), rooms=tuple(map(_room, settings.to)),
        accounts=tuple(map(AccountName, settings.subscribers)), reachable=settings.reachable,
        approval=settings.approval, undo=settings.undo_seconds,
        templates={AccountName(account): one for account, one in settings.templates.items()},
        costs=millionths(settings.costs),
    )  # fmt: skip


def millionths(amounts: Mapping[str, float]) -> Mapping[AccountName, int]:
    """Money as it is counted."""
    return {AccountName(account): round(amount * MILLIONTHS) for account, amount in amounts.items()}


def _room(text: str) -> Room:
    account, _, name = text.partition("/")
    return Room(AccountName(account), name)


def faults(page: Page, sides: Sequence[Sides]) -> Iterator[Fault]:
    """Everything wrong with the announcements and the budget, whatever is right with each by itself."""
    written = page.at(("announcements",))
    drafting: dict[Room, Trail] = {}
    for name in written if isinstance(written, dict) else ():
        yield from _of_one(page, name, written[name], drafting)
    yield from _heard(page, drafting, sides)
    yield from _answered(page, drafting)
    yield from _accounts(page, ("budget",), page.at(("budget",)))


def _of_one(page: Page, name: str, written: Value, drafting: dict[Room, Trail]) -> Iterator[Fault]:
    trail: Trail = ("announcements", name)
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        yield page.fault(trail, f"its name is printable text of at most {MAX_NAME} characters")
    if not isinstance(written, dict):
        return
    here = room(page, (*trail, "room"))
    if isinstance(here, Fault):
        yield here
    elif here is not None:
        yield from _drafted(page, (*trail, "room"), here, drafting)
    yield from _targets(page, trail, written.get("to"), here if isinstance(here, Room) else None)
    for key in ("subscribers", "templates", "costs"):
        yield from _accounts(page, (*trail, key), written.get(key))
    if not written.get("to") and not written.get("subscribers"):
        yield page.fault(trail, 'needs "to", "subscribers" or both: nobody would hear anything')


def _drafted(page: Page, trail: Trail, here: Room, drafting: dict[Room, Trail]) -> Iterator[Fault]:
    first = drafting.setdefault(here, trail)
    if first != trail:
        yield page.fault(trail, f"other announcements are drafted in this room already, in line {page.line(first)}")


def _targets(page: Page, trail: Trail, written: Value, here: Room | None) -> Iterator[Fault]:
    first: dict[Room, Trail] = {}
    for index in range(len(written) if isinstance(written, list) else 0):
        place: Trail = (*trail, "to", index)
        target = room(page, place)
        if isinstance(target, Fault):
            yield target
        elif target is not None and target == here:
            yield page.fault(place, "is the room in which they are drafted")
        elif target is not None and first.setdefault(target, place) != place:
            yield page.fault(place, f"is named already, in line {page.line(first[target])}")


def _accounts(page: Page, trail: Trail, written: Value) -> Iterator[Fault]:
    """Names of accounts, in a list or as keys."""
    known = page.at(("accounts",))
    if not isinstance(known, dict) or not isinstance(written, (list, dict)):
        return
    for index, name in enumerate(written):
        if isinstance(name, str) and name not in known:
            place = (*trail, index) if isinstance(written, list) else (*trail, name)
            yield page.fault(place, f'no account "{shown(name)}"{did_you_mean(name, known)}')
    if isinstance(written, list) and len(set(map(str, written))) < len(written):
        yield page.fault(trail, "names an account twice")


def _heard(page: Page, drafting: Mapping[Room, Trail], sides: Sequence[Sides]) -> Iterator[Fault]:
    """Drafts must not be read elsewhere."""
    seats: Iterator[tuple[str, Seat]] = chain.from_iterable(
        ((side.name, seat) for seat in side.sources) for side in sides
    )
    for name, seat in seats:
        if seat.room in drafting:
            problem = f"is heard in link {listed([shown(name)])}: drafts would be read there before they are approved"
            yield page.fault(drafting[seat.room], problem)


def _answered(page: Page, drafting: Mapping[Room, Trail]) -> Iterator[Fault]:
    """Both would answer to commands."""
    desks = page.at(("desks",))
    for name in desks if isinstance(desks, dict) else ():
        agents = room(page, ("desks", name, "room"))
        if isinstance(agents, Room) and agents in drafting:
            yield page.fault(drafting[agents], f"is the room of desk {listed([shown(name)])}: each needs its own")


def named(announcements: Mapping[str, Announcing]) -> Iterator[Room]:
    """Every room that announcements name."""
    for one in announcements.values():
        yield one.room
        yield from one.rooms
