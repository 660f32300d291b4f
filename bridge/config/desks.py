"""Desks: whose private conversations are answered from which room, and how. Pure: values and lines in, desks out."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bridge.asked import Template
from bridge.config.faults import FIXED_SENTENCE, MAX_NAME, Fault, did_you_mean, shown
from bridge.config.page import Page
from bridge.config.rooms import Sides, room
from bridge.hours import Hours, span
from bridge.ids import AccountName, Room


class Answer(StrEnum):
    """What of the agents' acts goes to the person, besides `!reply`."""

    REPLIES = "replies"
    """A reply to one of the person's messages."""
    REACTIONS = "reactions"
    """A reaction on one of the person's messages."""


def _hours(value: tuple[str, ...]) -> tuple[str, ...]:
    if any(span(one) is None for one in value):
        raise PydanticCustomError(FIXED_SENTENCE, "must be days and times, such as mon-fri 09:00-17:00")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError(FIXED_SENTENCE, "is no time zone, such as Europe/Kyiv") from None
    return value


def _shown_as(value: str) -> str:
    if any(brace in value.replace("{name}", "") for brace in "{}") or not value.isprintable() or len(value) > MAX_NAME:
        raise PydanticCustomError(
            FIXED_SENTENCE, "must be printable text of at most {most} characters; {field} is the agent's name",
            {"most": MAX_NAME, "field": "{name}"},
        )  # fmt: skip
    return value


def _gaps(value: tuple[str, ...]) -> tuple[str, ...]:
    if any(brace in one.replace("{answer}", "").replace("{agent}", "") for one in value for brace in "{}"):
        raise PydanticCustomError(
            FIXED_SENTENCE, "has a field that there is not: there are {known}", {"known": "{answer} and {agent}"}
        )
    return value


class TemplateSettings(BaseModel):
    """Words that a platform approved beforehand, for people who wrote too long ago to be answered freely."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: Annotated[str, Field(min_length=1)]
    """What the template is called on the platform."""
    language: str = "en"
    """Its language as the platform writes it, such as uk or en_US."""
    parameters: Annotated[tuple[str, ...], AfterValidator(_gaps)] = ()
    """What stands in its gaps, in order; `{answer}` are the agent's words, `{agent}` is their name as it is shown."""


class DeskSettings(BaseModel):
    """People who write to some accounts in private are answered from one room."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    room: str
    """The room of the agents, `account/name`: each person gets a thread there, or lines that begin with a number."""
    accounts: tuple[str, ...]
    """The accounts to which people write in private."""
    answers: tuple[Answer, ...] = (Answer.REPLIES, Answer.REACTIONS)
    """What of the agents' acts goes to the person besides `!reply`: `replies` to the person's messages, `reactions`
    on them. All other words in a thread are talk among agents."""
    shown_as: Annotated[str, AfterValidator(_shown_as)] = "{name}"
    """How an agent is called before the person: `{name}` is their own name, other words hide it; empty: not at all."""
    greeting: str = ""
    """What somebody who writes for the first time is told at once; empty: nothing."""
    away: str = ""
    """What who writes outside `hours` is told, at most every 12 hours; empty: nothing."""
    hours: Annotated[tuple[str, ...], AfterValidator(_hours)] = ()
    """When agents are there, such as `mon-fri 09:00-17:00`; without it, always."""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """The time zone of `hours`, such as Europe/Kyiv."""
    alarm_minutes: Annotated[float, Field(ge=0, le=10080)] = 0
    """When somebody waits this long, in minutes, for an answer, the agents are told; 0: never."""
    messages_per_minute: Annotated[int, Field(ge=0, le=100_000)] = 60
    """How many messages of one person come to the agents in a minute; what is over it is parked with the reason
    `flood`, and the thread says so once. 0: all of them."""
    claim_minutes: Annotated[float, Field(ge=0, le=10080)] = 60
    """How long, in minutes after their last answer, a conversation stays the agent's who answered; 0: nobody's."""
    window_warning_minutes: Annotated[float, Field(ge=0, le=1440)] = 60
    """How long, in minutes, before a platform lets us answer no more the agents are told; 0: never."""
    template: TemplateSettings | None = None
    """What is sent in place of an answer that came too late, where the platform takes templates; without it the answer
    waits until the person writes again."""
    show_ids: bool = False
    """Whether agents see the person's id on the platform, which may be a phone number."""


class Desk(Struct, frozen=True, kw_only=True):
    """Whose private conversations are answered from which room."""

    name: str
    room: Room
    accounts: frozenset[AccountName]
    answers: frozenset[Answer] = frozenset(Answer)
    shown_as: str = "{name}"
    greeting: str = ""
    away: str = ""
    hours: Hours = Hours()
    alarm: timedelta | None = None
    most: int = 60
    """Messages of one person in a minute; 0: no limit."""
    claim: timedelta | None = timedelta(hours=1)
    warning: timedelta | None = timedelta(hours=1)
    template: Template | None = None
    show_ids: bool = False


def desk(name: str, settings: DeskSettings, place: Room) -> Desk:
    """A desk as its settings say."""
    template = settings.template
    return Desk(
        name=name, room=place, accounts=frozenset(map(AccountName, settings.accounts)),
        answers=frozenset(settings.answers), shown_as=settings.shown_as.strip(), greeting=settings.greeting.strip(),
        away=settings.away.strip(),
        hours=Hours(tuple(one for one in map(span, settings.hours) if one is not None), settings.timezone),
        alarm=_minutes(settings.alarm_minutes), claim=_minutes(settings.claim_minutes),
        warning=_minutes(settings.window_warning_minutes), show_ids=settings.show_ids,
        most=settings.messages_per_minute,
        template=None if template is None else Template(
            name=template.name, language=template.language, parameters=template.parameters
        ),
    )  # fmt: skip


def _minutes(minutes: float) -> timedelta | None:
    return timedelta(minutes=minutes) if minutes else None


def desks(page: Page, links: tuple[Sides, ...]) -> tuple[Mapping[str, Room], tuple[Fault, ...]]:
    """The room of each desk that could be read, and everything wrong with desks and their rooms."""
    written = page.at(("desks",))
    found: dict[str, Room] = {}
    faults: list[Fault] = []
    linked = {seat.room: side.name for side in links for seat in (*side.sources, *side.targets)}
    for name, value in written.items() if isinstance(written, dict) else ():
        if isinstance(value, dict):
            faults += _wrong(page, name, value, found, linked)
    return found, (*faults, *_twice(page))


def _wrong(
    page: Page, name: str, value: Mapping[str, object], found: dict[str, Room], linked: Mapping[Room, str]
) -> Iterator[Fault]:
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        yield page.fault(("desks", name), f"a desk's name is printable text of at most {MAX_NAME} characters")
    place = room(page, ("desks", name, "room"))
    if isinstance(place, Fault):
        yield place
    elif place is not None:
        if place in linked:
            problem = f'is in link "{shown(linked[place])}": what agents say among themselves would be heard there'
            yield page.fault(("desks", name, "room"), problem)
        if place in found.values():
            yield page.fault(("desks", name, "room"), "is the room of another desk")
        found[name] = place
    if value.get("accounts") == []:
        yield page.fault(("desks", name, "accounts"), "needs an account")


def _twice(page: Page) -> Iterator[Fault]:
    """An account that there is not, or that two desks list."""
    written, known = page.at(("desks",)), page.at(("accounts",))
    first: dict[str, str] = {}
    for name, value in written.items() if isinstance(written, dict) else ():
        listed = value.get("accounts") if isinstance(value, dict) else None
        for index, account in enumerate(listed if isinstance(listed, list) else ()):
            trail = ("desks", name, "accounts", index)
            if not isinstance(account, str):
                continue
            if isinstance(known, dict) and account not in known:
                what = "no account of that name"
                hidden = page.mark(trail).hidden
                yield page.fault(
                    trail, what if hidden else f'no account "{shown(account)}"{did_you_mean(account, known)}'
                )
            elif first.setdefault(account, f"{name}.{index}") != f"{name}.{index}":
                yield page.fault(trail, "is listed by a desk already: a conversation has one desk")


__all__ = ["Answer", "Desk", "DeskSettings", "TemplateSettings", "desk", "desks"]
