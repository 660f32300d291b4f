"""What follows a failed try. Pure: no I/O, no clock, no state."""

from datetime import datetime
from typing import Literal, TypeAlias, Union

from msgspec import Struct

from bridge.backoff import asked, wait
from bridge.errors import (
    BridgeError,
    Feature,
    Rejected,
    RoomClosed,
    Scope,
    Unauthorized,
    Unavailable,
    Uncertain,
    Unsupported,
)  # fmt: skip

_SHORT_SECONDS = 1.0
_BELIEVED_TIMES = 3
"""So many times in a row a platform is believed that it can be asked again in less than a second."""
_UNDECLARED_TRIES = 12
_UNDECLARED_TRIES_ALONE = 3
_UNDECLARED_SECONDS = 60.0


class Again(Struct, frozen=True):
    """Try again after `seconds`; nothing else of `scope` goes before. `doubtful`: it may have arrived."""

    seconds: float
    scope: Scope
    why: str
    counts: Literal["no", "attempt"] = "no"
    doubtful: Literal["no", "yes"] = "no"


class Refit(Struct, frozen=True):
    """The room lacks this feature: plan again without it."""

    feature: Feature


class GiveUp(Struct, frozen=True):
    """Park the row."""

    reason: str
    why: str


class Closed(Struct, frozen=True):
    """Hold the room; `accepts` is what it takes all the same."""

    why: str
    until: datetime | None
    accepts: frozenset[Feature] = frozenset()


class Stop(Struct, frozen=True):
    """Stop the account."""

    why: str


class Apart(Struct, frozen=True):
    """What was joined with others goes alone, and so do they."""


Setback: TypeAlias = Union[Again, Refit, Apart, Closed, Stop]
Next: TypeAlias = Union[Setback, GiveUp]


class Tries(Struct, frozen=True, kw_only=True):
    """What is known of the tries so far.

    `failures` in a row of this lane, `undeclared` of this row, `since` seconds since its first undeclared one,
    `others_succeed`: other sends of the account went well since then.
    """

    failures: int
    undeclared: int
    since: float
    others_succeed: bool
    policy: str
    fraction: float


def after(error: BaseException, tries: Tries) -> Next:
    """What to do now."""
    match error:
        case Unauthorized():
            return Stop(str(error))
        case RoomClosed():
            return Closed(str(error), error.until, error.accepts)
        case Unsupported():
            return Refit(error.feature)
        case Rejected():
            return GiveUp("rejected", str(error))
        case Uncertain():
            return _doubtful(error, tries)
        case Unavailable():
            return Again(_seconds(error, tries), error.scope, str(error))
        case BridgeError():
            return Again(wait(tries.failures, tries.fraction), Scope.ROOM, str(error))
        case _:
            return _undeclared(error, tries)


def _seconds(error: Unavailable, tries: Tries) -> float:
    """The platform's own wait wins, but whoever says "at once" again and again is asked later and later."""
    told, own = asked(error.retry_after), wait(tries.failures, tries.fraction)
    if told is None or (told < _SHORT_SECONDS and tries.failures >= _BELIEVED_TIMES):
        return max(told or 0.0, own)
    return told


def _doubtful(error: Uncertain, tries: Tries) -> Next:
    if tries.policy == "hold":
        return GiveUp("unknown outcome", str(error))
    return Again(_seconds(error, tries), error.scope, str(error), doubtful="yes")


def _undeclared(error: BaseException, tries: Tries) -> Next:
    """A bug in the connector: it may have arrived, and it must neither lose the message nor stop the room for ever."""
    why = f"{type(error).__name__} in the connector"
    enough = tries.undeclared + 1 >= _UNDECLARED_TRIES
    alone = tries.undeclared + 1 >= _UNDECLARED_TRIES_ALONE and tries.since >= _UNDECLARED_SECONDS
    if tries.policy == "hold":
        return GiveUp("unknown outcome", why)
    if enough or (alone and tries.others_succeed):
        return GiveUp("fails", why)
    return Again(wait(tries.failures, tries.fraction), Scope.ROOM, why, counts="attempt", doubtful="yes")


def leaves_open(error: BaseException) -> bool:
    """Whether a failed try may have arrived all the same."""
    return isinstance(error, Uncertain) or not isinstance(error, BridgeError)
