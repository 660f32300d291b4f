"""Viber's statuses in the bridge's words. Pure: one table, one function; facts/platform-apis.md 1.9."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from bridge import BridgeError, Feature, Rejected, RoomClosed, Scope, Unauthorized, Unavailable, Uncertain, Unsupported
from connectors.viber.wire import Json, text

OK: Final = 0
FLOOD_SECONDS: Final = 60.0
"""Viber names no wait; the count of an hour begins anew at the hour, or when the person answers."""
LONGEST_WAIT: Final = 3600.0
_LONGEST: Final = 160
_SECRETS: Final = re.compile(r"https?://\S+|\S{8,}={1,2}|[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]+)*|\+?\d[\d \-]{5,}\d")


class Asked(StrEnum):
    """What a call was about: the same status means another thing."""

    WORDS = "words"
    FILE = "file"
    """A message with something that is not text: a definite no to it is one to what it carries."""
    ACCOUNT = "account"
    """Nothing that a reader would see."""


class GeneralError(Exception):
    """Viber failed and cannot say why: the bridge tries a few times and parks, as with any undeclared error."""


class Forgotten(Unavailable):
    """Viber does not know our address any more: it has to be told again."""


_Becomes = Callable[[str], BridgeError]


def _later(why: str) -> BridgeError:
    return Unavailable(why, retry_after=FLOOD_SECONDS, scope=Scope.ROOM)


def _later_for_all(why: str) -> BridgeError:
    return Unavailable(why, retry_after=FLOOD_SECONDS, scope=Scope.ACCOUNT)


def _forgotten(why: str) -> BridgeError:
    return Forgotten(why, scope=Scope.ACCOUNT)


def _closed(why: str) -> BridgeError:
    return RoomClosed(why)


STATUSES: Final[Mapping[int, tuple[str, _Becomes]]] = {
    1: ("Viber does not reach the bridge's address, or it has no valid certificate", _later_for_all),
    2: ("the token is refused", Unauthorized),
    3: ("something in the message is not as Viber wants it", Rejected),
    4: ("something is missing in the message", Rejected),
    5: ("Viber knows no such person", _closed),
    6: ("the person is not subscribed", _closed),
    7: ("the account is blocked", Unauthorized),
    8: ("the account does not exist", Unauthorized),
    9: ("the account is suspended", Unauthorized),
    10: ("Viber has forgotten the bridge's address", _forgotten),
    11: ("the person has no device that could show it", _closed),
    12: ("too many messages", _later),
    13: ("the person's program is too old", Rejected),
    14: ("the person's program cannot show it", Rejected),
    15: ("the account may not do this", Unauthorized),
    16: ("a reply inside of a chat is not allowed", Rejected),
    17: ("the account is none for use inside of chats", Rejected),
    18: ("the token belongs to a bot: set `account: bot`", Unauthorized),
    19: ("the account cannot send to many", Rejected),
    20: ("the account may not send to many", Rejected),
    21: ("Viber does not deliver to the person's country", _closed),
    22: ("the payment is not supported", Rejected),
    23: ("the month's free messages outside of conversations are used up", _closed),
    24: ("there is no balance for messages outside of conversations", _closed),
}
"""What each status means, and what the bridge does about it."""


def refusal(answer: Json | None, asked: Asked) -> Exception | None:
    """The error in an answer with HTTP's 200; None when it is a success. What is no answer leaves all open."""
    status = status_of(answer)
    if answer is None or status is None:
        return Uncertain("Viber gave an answer that cannot be read", scope=_scope(asked))
    return None if status == OK else meaning(status, text(answer, "status_message"), asked)


def meaning(status: int, message: str, asked: Asked) -> Exception:
    """One status, of an answer or of an entry in `failed_list`."""
    why, becomes = STATUSES.get(status, ("Viber failed", GeneralError))
    told = f"{why} (Viber's status {status}{f': {clean(message)}' if message else ''})"
    error = becomes(told)
    if asked is Asked.ACCOUNT and isinstance(error, GeneralError | Rejected | RoomClosed):
        return Unavailable(told, scope=Scope.ACCOUNT)
    if asked is Asked.FILE and isinstance(error, Rejected):
        return Unsupported(Feature.ATTACHMENT, told)
    return error


def status_of(answer: Json | None) -> int | None:
    """The status of an answer or entry, a number or digits; None when it has none."""
    match (answer or {}).get("status"):
        case bool():
            return None
        case int() as status:
            return status
        case str() as digits if digits.isascii() and digits.isdigit() and len(digits) < 9:  # noqa: PLR2004
            return int(digits)
        case _:
            return None


def of_http(status: int, retry_after: str | None, asked: Asked) -> BridgeError:
    """An answer that is none of Viber's own, such as a gateway's; facts/platform-apis.md 1.1."""
    why, scope = f"Viber's server answered {status}", _scope(asked)
    if status in {429, 503}:
        return Unavailable(why, retry_after=waiting(retry_after), scope=scope)
    if status == 413:  # noqa: PLR2004  HTTP's own number
        return Rejected(why)
    if 400 <= status < 500:  # noqa: PLR2004
        return Unavailable(why, scope=Scope.ACCOUNT)
    return Uncertain(why, scope=scope)


def waiting(retry_after: str | None) -> float | None:
    """The seconds of a header; None when it says nothing that can be used."""
    given = retry_after or ""
    return min(float(given[:9]), LONGEST_WAIT) if given.isascii() and given.isdigit() else None


def clean(sentence: str) -> str:
    """A server's sentence, short and without anything that looks like a token, an address or somebody's number."""
    return _SECRETS.sub("***", " ".join(sentence.split()))[:_LONGEST]


def _scope(asked: Asked) -> Scope:
    return Scope.ACCOUNT if asked is Asked.ACCOUNT else Scope.ROOM
