"""Who has what people write once it is on a platform: as its connector declares it."""

from msgspec import Struct


class Recipient(Struct, frozen=True, kw_only=True):
    """The company behind a platform, under which terms it has people's words, and how long.

    What a connector's author knows of it, in sentences for notices and records; `seen` is when they compared that with
    the terms (a year and a month), empty where nobody did: then people are told so.
    Where people run servers of their own `company` is empty, and `server` names the setting with its address.
    `terms` is where they stand, empty where each server has its own.
    """

    keeps: str
    """How long it keeps what is written, in a sentence."""
    reads: str
    """Who can read it there, in a sentence."""
    company: str = ""
    seat: str = ""
    terms: str = ""
    server: str = ""
    seen: str = ""
