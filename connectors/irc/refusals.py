"""What a server's refusal means, in the bridge's words. Pure: one table, one function a kind of line.

Numerics: RFC 2812, IRCv3, and what InspIRCd, ngIRCd, Solanum, UnrealIRCd and Ergo add.
"""

import re

from bridge.errors import BridgeError, Feature, Rejected, RoomClosed, Scope, Unauthorized, Unavailable, Unsupported

CLOSED = frozenset(
    "401 403 404 405 406 415 442 470 471 473 474 475 477 480 482 486 489 494 495 520 531 716".split()  # noqa: SIM905  # a table
)
"""The room (or the person) cannot be written to, or entered, as things stand."""
LATER = frozenset({"263", "407", "437", "439", "500"})
"""Too fast, or not now."""
NEVER = frozenset({"411", "412", "413", "414", "417", "421", "448", "461", "476", "479"})
"""This line will never be taken."""
STRANGERS = frozenset({"451", "464", "465", "902", "904", "905", "908"})
"""Our credentials, or we ourselves, are refused."""
REFUSALS = CLOSED | LATER | NEVER | STRANGERS
"""All numerics that refuse something."""

_WAIT = re.compile(r"(\d{1,5}) ?(?:s\b|sec)", re.IGNORECASE)
_COLOURS = re.compile(r"colou?r|formatting", re.IGNORECASE)
_WORDING = re.compile(r"phrase|censor|filter|spam|capital|repeat|too long|CTCP|advertis", re.IGNORECASE)
_BANNED = re.compile(r"\bbanned\b|[KGZDE][:-]?lined?\b|password|not authori[sz]ed|SASL access", re.IGNORECASE)


def refusal(numeric: str, why: str) -> BridgeError:
    """The error behind a numeric; `why` is the server's sentence.

    A 404 is told apart by its words: servers give it for closed channels, for formatting and for single words alike.
    """
    said = f"the server says {numeric}: {why}"
    if numeric == "404" and _COLOURS.search(why):
        return Unsupported(Feature.FORMATTING, said)
    if numeric in NEVER or (numeric == "404" and _WORDING.search(why)):
        return Rejected(said)
    if numeric in STRANGERS:
        return Unauthorized(said)
    if numeric in LATER:
        return Unavailable(said, retry_after=_seconds(why))
    return RoomClosed(said)


def failure(code: str, why: str) -> BridgeError:
    """The error behind a `FAIL` of IRCv3's standard replies."""
    said = f"the server says {code}: {why}"
    match code:
        case "ACCOUNT_REQUIRED" | "NEED_REGISTRATION" | "ACCOUNT_REQUIRED_TO_CONNECT":
            return Unauthorized(said)
        case "RATE_LIMITED" | "TEMPORARILY_UNAVAILABLE" | "THROTTLED":
            return Unavailable(said, retry_after=_seconds(why))
        case "CANNOT_SEND" | "NOT_IN_CHANNEL" | "NO_SUCH_CHANNEL" | "CANNOT_SEND_TO_CHANNEL":
            return RoomClosed(said)
        case _:
            return Rejected(said)


def closing(why: str) -> BridgeError:
    """The error behind the server's last word (`ERROR :Closing link …`)."""
    said = f"the server closed the connection: {why}"
    return Unauthorized(said) if _BANNED.search(why) else Unavailable(said, scope=Scope.ACCOUNT)


def _seconds(why: str) -> float | None:
    """The waiting time a server names, at most an hour."""
    found = _WAIT.search(why)
    return min(float(found[1]), 3600.0) if found else None
