"""What an attachment may hold besides a file: a place, a person's card, a question with answers."""

from msgspec import Struct


class Location(Struct, frozen=True, kw_only=True):
    """A point on the earth in degrees (WGS 84); a venue has a `title` and an `address` as well.

    `live_seconds` is how long after it was sent the point may still move; None for one that stays where it is.
    """

    latitude: float
    longitude: float
    title: str = ""
    address: str = ""
    live_seconds: int | None = None


class Contact(Struct, frozen=True, kw_only=True):
    """Somebody's card. `phone` crosses to another platform only where the link says so."""

    name: str
    phone: str = ""


class Poll(Struct, frozen=True, kw_only=True):
    """A question; `most` is how many of its answers one person may choose."""

    question: str
    answers: tuple[str, ...] = ()
    most: int = 1
