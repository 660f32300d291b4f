"""Places, cards and polls in words, for rooms that have no better form for them. Pure: no I/O, no clock, no state."""

from collections.abc import Iterable
from typing import Final

from msgspec import structs

from bridge.capabilities import Capabilities
from bridge.content import Contact, Location, Poll
from bridge.events import Attachment, Kind
from bridge.people import defused
from bridge.text.nodes import Link, List, Paragraph, Rich, Text

STRUCTURED: Final = frozenset({Kind.LOCATION, Kind.CONTACT, Kind.POLL})
"""Kinds that are no files."""
_MINUTE = 60
_NORTH, _EAST = 90.0, 180.0


def is_native(one: Attachment, to: Capabilities) -> bool:
    """Whether a room shows this place, card or poll as what it is. A place that still moves is kept up in words."""
    if one.kind not in to.media:
        return False
    match one.kind:
        case Kind.LOCATION:
            return one.location is not None and one.location.live_seconds is None and _on_earth(one.location)
        case Kind.CONTACT:
            return one.contact is not None and bool(one.contact.phone)
        case Kind.POLL:
            return one.poll is not None and len(one.poll.answers) > 1
        case _:
            return False


def in_words(one: Attachment) -> Rich:
    """All that there is to say of a place, a card or a poll; () where an attachment is none of them."""
    if one.location is not None:
        return _place(one.location)
    if one.contact is not None:
        return _card(one.contact)
    return _poll(one.poll) if one.poll is not None else ()


def headline(one: Attachment) -> str:
    """One line about it, to stand in front of the native form or in an answer; never a phone number."""
    if one.location is not None:
        return _plainly(f"📍 {_named(one.location)}")
    if one.contact is not None:
        return _plainly(f"👤 {one.contact.name or 'a contact'}")
    return _plainly(f"📊 {one.poll.question}") if one.poll is not None else ""


def still(attachments: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
    """Attachments for a room in which nothing can be changed later: a moving place is told as where it was."""
    return tuple(_still(one) for one in attachments) if moves(attachments) else attachments


def moves(attachments: Iterable[Attachment]) -> bool:
    """Whether one of them is a place that is still kept up to date."""
    return any(one.location is not None and one.location.live_seconds is not None for one in attachments)


def without_numbers(attachments: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
    """Cards without their phone numbers."""
    if not any(one.contact is not None and one.contact.phone for one in attachments):
        return attachments
    return tuple(
        structs.replace(one, contact=structs.replace(one.contact, phone="")) if one.contact else one
        for one in attachments
    )


def map_link(place: Location) -> str:
    """The address of a map with a mark on it, readable by everybody."""
    at = f"{_degrees(place.latitude)}/{_degrees(place.longitude)}"
    mark = f"mlat={_degrees(place.latitude)}&mlon={_degrees(place.longitude)}"
    return f"https://www.openstreetmap.org/?{mark}#map=16/{at}"


def _still(one: Attachment) -> Attachment:
    if one.location is None:
        return one
    title = f"{one.location.title or 'a live location'} (not followed here)"
    return structs.replace(one, location=structs.replace(one.location, live_seconds=None, title=title))


def _place(place: Location) -> Rich:
    if not _on_earth(place):
        return (Paragraph((Text(_plainly(f"📍 {_named(place)}")),)),)
    url = map_link(place)
    return (Paragraph((Text(_plainly(f"📍 {_named(place)}:") + " "), Link((Text(url),), url))),)


def _named(place: Location) -> str:
    called = ", ".join(filter(None, (place.title, place.address)))
    if place.live_seconds is None:
        return called or "a location"
    minutes = max(1, round(place.live_seconds / _MINUTE))
    return f"{called or 'a live location'} (kept up to date for up to {minutes} min)"


def _card(contact: Contact) -> Rich:
    said = " ".join(filter(None, (contact.name or "a contact", contact.phone)))
    return (Paragraph((Text(_plainly(f"👤 {said}")),)),)


def _poll(poll: Poll) -> Rich:
    question = (Paragraph((Text(_plainly(f"📊 {poll.question}")),)),)
    answers = tuple((Paragraph((Text(_plainly(answer) or "…"),)),) for answer in poll.answers)
    return (*question, List(answers, start=1)) if answers else question


def _plainly(words: str) -> str:
    return defused(" ".join(words.split()))


def _on_earth(place: Location) -> bool:
    return abs(place.latitude) <= _NORTH and abs(place.longitude) <= _EAST


def _degrees(value: float) -> str:
    """About ten centimetres, without an exponent."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
