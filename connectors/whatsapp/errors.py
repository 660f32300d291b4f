"""WhatsApp's error codes in the bridge's words. Pure: one table; facts/platform-apis.md 2.9.

Only the code decides, never HTTP's status: sources disagree about it.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final

from bridge import (
    BridgeError,
    Failure,
    Feature,
    Rejected,
    RoomClosed,
    Scope,
    Unauthorized,
    Unavailable,
    Uncertain,
    Unsupported,
)
from connectors.graph.errors import LONGEST_WAIT, GraphError

PAIR_SECONDS: Final = 6.0
"""One message in so many seconds may go to one person; facts/platform-apis.md 2.8."""
_TRIES: Final = 3


class Meaning(Enum):
    """What a code says of the next try."""

    STOP = auto()
    """Only the operator can help."""
    ACCOUNT = auto()
    """Later, and until then nothing at all."""
    PAIR = auto()
    """Later, for this person."""
    LATER = auto()
    FALTER = auto()
    """Later, but not for ever: it may be the message."""
    WINDOW = auto()
    """The person has to write first, or a template may go."""
    AWAY = auto()
    """Nothing can go to this room."""
    PHONE = auto()
    """Not to a user id: to the phone number."""
    MEDIA = auto()
    """Not this file; the message may go without."""
    NEVER = auto()


class Crowded(Unavailable):
    """Too many messages to one person: each time it is refused, the wait grows fourfold."""


class Faltering(Unavailable):
    """Something went wrong that may be the message's fault: it is tried `tries` times in all."""

    def __init__(self, why: str, *, tries: int, retry_after: float | None, scope: Scope) -> None:
        super().__init__(why, retry_after=retry_after, scope=scope)
        self.tries = tries


class PhoneNeeded(Rejected):
    """This message goes to phone numbers only, not to user ids."""


MEANINGS: Final[Mapping[int, Meaning]] = {
    **dict.fromkeys((0, 3, 10, 190, *range(200, 300), 368, 131005, 131031, 131042, 131045, 133010), Meaning.STOP),
    **dict.fromkeys((4, 80007, 130429, 131048, 131064, 131208, 133016), Meaning.ACCOUNT),
    131056: Meaning.PAIR,
    **dict.fromkeys((2, 131016, 131052, 131057), Meaning.LATER),
    **dict.fromkeys((1, 131000, 135000), Meaning.FALTER),
    131047: Meaning.WINDOW,
    # 130497 (a country we may not write to) is about one person, though the sheet lists it among what stops.
    **dict.fromkeys((130497, 131020, 131041, 131207, 131212, 131215), Meaning.AWAY),
    131062: Meaning.PHONE,
    131053: Meaning.MEDIA,
    **dict.fromkeys((33, 100, 130472, 131008, 131009, 131021, 131026, 131030, 131037, 131049, 131050), Meaning.NEVER),
    **dict.fromkeys((131051, 131063, 130501, 131201, 131202, 131204, 131209, 131210, 131211), Meaning.NEVER),
    **dict.fromkeys((131213, 131214, 137000), Meaning.NEVER),
    **dict.fromkeys(range(132000, 132100), Meaning.NEVER),
}
"""Every code whose meaning is known."""
_HINTS: Final[Mapping[int, str]] = {
    131026: "the person cannot get it: not on WhatsApp, an old version, or we are blocked",
    131030: "a test number reaches only the people on its list: WhatsApp, API Setup, To",
    131042: "Meta wants a way to pay: Business settings, Billing",
    131049: "Meta withholds this template from the person to keep advertising down",
    133010: "the phone number is not registered: WhatsApp, Phone numbers",
}


def meaning(error: GraphError, scope: Scope) -> BridgeError:
    """What an answer with this error means for the room, or for the account where the call was about that."""
    why = _said(error)
    if scope is Scope.ACCOUNT and error.code in {33, 100}:
        return Unauthorized(why)  # an id in the settings is wrong: nothing will ever go out
    if error.code == 100 and "appsecret_proof" in error.why:  # noqa: PLR2004  the code of a wrong parameter
        return Unauthorized(f"{why}; see `app_secret` and `secret_proof`")
    known = MEANINGS.get(error.code)
    if known is None:
        return Uncertain(why, scope=scope) if error.status >= 500 else Rejected(why)  # noqa: PLR2004  HTTP's own number
    return _BECOMES[known](error, why, scope)


_Becomes = Callable[[GraphError, str, Scope], BridgeError]
_BECOMES: Final[Mapping[Meaning, _Becomes]] = {
    Meaning.STOP: lambda _, why, __: Unauthorized(why),
    Meaning.ACCOUNT: lambda error, why, _: Unavailable(why, retry_after=error.wait, scope=Scope.ACCOUNT),
    Meaning.PAIR: lambda error, why, _: Crowded(why, retry_after=max(PAIR_SECONDS, error.wait or 0)),
    Meaning.LATER: lambda error, why, scope: Unavailable(why, retry_after=error.wait, scope=scope),
    Meaning.FALTER: lambda error, why, scope: Faltering(why, tries=_TRIES, retry_after=error.wait, scope=scope),
    Meaning.WINDOW: lambda _, why, __: RoomClosed(why, accepts=frozenset({Feature.TEMPLATE})),
    Meaning.AWAY: lambda _, why, __: RoomClosed(why),
    Meaning.PHONE: lambda _, why, __: PhoneNeeded(why),
    Meaning.MEDIA: lambda _, why, __: Unsupported(Feature.ATTACHMENT, why),
    Meaning.NEVER: lambda _, why, __: Rejected(why),
}


def failure(error: GraphError) -> Failure:
    """What can be done about a message that was accepted and then failed with this."""
    match MEANINGS.get(error.code):
        case Meaning.WINDOW:
            return Failure.CLOSED
        case Meaning.ACCOUNT | Meaning.PAIR | Meaning.LATER | Meaning.FALTER | Meaning.STOP:
            return Failure.LOST
        case Meaning.AWAY | Meaning.PHONE | Meaning.MEDIA | Meaning.NEVER | None:
            return Failure.REFUSED


def pair_wait(refusals: int) -> float:
    """Seconds before a person is written to again, who has been refused so many times in a row."""
    return min(max(PAIR_SECONDS, 4.0 ** min(refusals, 6)), LONGEST_WAIT)


def _said(error: GraphError) -> str:
    hint = _HINTS.get(error.code)
    return f"{error.why} (code {error.code})" + (f": {hint}" if hint else "")
