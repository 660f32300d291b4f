"""When somebody is there: days and times of a week, in one time zone. Pure: no I/O, no clock, no state."""

import re
from collections.abc import Iterator
from datetime import datetime, time
from zoneinfo import ZoneInfo

from msgspec import Struct

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? (?P<from>[0-2][0-9]:[0-5][0-9])-(?P<to>[0-2][0-9]:[0-5][0-9])"
)
_MIDNIGHT = "24:00"


class Span(Struct, frozen=True):
    """From `begin` to `end` (not in it) on some days; Monday is 0; no end: until midnight."""

    days: frozenset[int]
    begin: time
    end: time | None


class Hours(Struct, frozen=True):
    """Spans of a week; without any, always."""

    spans: tuple[Span, ...] = ()
    zone: str = "UTC"

    def open(self, at: datetime) -> bool:
        """Whether somebody is there at a moment."""
        there = at.astimezone(ZoneInfo(self.zone))
        return not self.spans or any(_within(span, there) for span in self.spans)


def span(text: str) -> Span | None:
    """`mon-fri 09:00-17:30` as a span; None when it is none."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None or found["first"] not in _DAYS or (found["last"] or "mon") not in _DAYS:
        return None
    begin, end = _time(found["from"]), _time(found["to"])
    if begin is None or (end is None and found["to"] != _MIDNIGHT) or (end is not None and end <= begin):
        return None
    return Span(frozenset(_days(found["first"], found["last"] or found["first"])), begin, end)


def _within(span: Span, there: datetime) -> bool:
    now = there.time().replace(tzinfo=None)
    return there.weekday() in span.days and span.begin <= now and (span.end is None or now < span.end)


def _days(first: str, last: str) -> Iterator[int]:
    """Each day from the first to the last, around the end of the week."""
    begin, end = _DAYS.index(first), _DAYS.index(last)
    for ahead in range((end - begin) % len(_DAYS) + 1):
        yield (begin + ahead) % len(_DAYS)


def _time(text: str) -> time | None:
    hour, minute = text.split(":")
    return time(int(hour), int(minute)) if int(hour) < 24 else None  # noqa: PLR2004 - hours of a day
