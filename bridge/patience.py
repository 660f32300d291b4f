"""How late a link's messages may be, and what is done with later ones."""

from enum import StrEnum

from msgspec import Struct


class Policy(StrEnum):
    """What is done with messages that are later than a link allows."""

    TELL = "tell"
    PARK = "park"
    FILE = "file"


class Patience(Struct, frozen=True):
    """How late, in seconds, a link's messages may be, and what is done with later ones."""

    seconds: float
    policy: Policy = Policy.TELL
