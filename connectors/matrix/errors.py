"""A homeserver's refusals and a connection's failures, in the bridge's words. Pure.

Source: client-server API 1.19, "Standard error response"; facts/matrix.md.
"""

import math
from collections.abc import Mapping

import aiohttp

from bridge.errors import BridgeError, Rejected, RoomClosed, Scope, Unauthorized, Unavailable, Uncertain

LONGEST_WAIT_SECONDS = 3600.0
"""A homeserver that asks for more is asked again after an hour."""

_CREDENTIALS = frozenset(
    {
        "M_UNKNOWN_TOKEN",
        "M_MISSING_TOKEN",
        "M_USER_DEACTIVATED",
        "M_USER_LOCKED",
        "M_USER_SUSPENDED",
        "M_CONSENT_NOT_GIVEN",
    }
)
_BUSY = frozenset({"M_RESOURCE_LIMIT_EXCEEDED"})
_CERTAINLY_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class NotFound(RoomClosed):
    """What was asked for is not there: a room, an alias, a state, an event."""


class Unknown(Unavailable):
    """The homeserver does not know what was asked; an older way to ask may work."""


class AlreadyThere(Rejected):
    """There is a file at this address already."""


class Duplicate(Rejected):
    """Our reaction is there already."""


class Barred(Rejected):
    """A ghost is in the room and may not do this there."""


class InUse(Rejected):
    """The user to be made is there already."""


def translated(
    *,
    status: int = 0,
    body: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    cause: Exception | None = None,
) -> BridgeError:
    """What the bridge should do about a refusal (`status`, `body`, `headers`) or about a failed exchange (`cause`)."""
    if cause is not None:
        return _failed(cause)
    said = body or {}
    errcode = said.get("errcode")
    code = errcode if isinstance(errcode, str) else ""
    return _refused(status, code, _sentence(status, code, said), waiting(said, headers or {}))


def waiting(body: Mapping[str, object], headers: Mapping[str, str]) -> float | None:
    """Seconds the homeserver asks us to wait, from body and header, whichever is longer; None where neither is sane."""
    asked = (_number(body.get("retry_after_ms"), 1000.0), _number(headers.get("Retry-After"), 1.0))
    known = [seconds for seconds in asked if seconds is not None]
    return min(max(known), LONGEST_WAIT_SECONDS) if known else None


def _failed(cause: Exception) -> BridgeError:
    if isinstance(cause, _CERTAINLY_NOT_SENT):
        return Unavailable(f"the homeserver cannot be reached ({type(cause).__name__})", scope=Scope.ACCOUNT)
    return Uncertain(f"the homeserver's answer was lost ({type(cause).__name__})")


def _refused(status: int, code: str, why: str, wait: float | None) -> BridgeError:
    if code in _CREDENTIALS or (status == 401 and code):  # noqa: PLR2004  a proxy's 401 bears no Matrix error
        return Unauthorized(why)
    if status == 429 or code == "M_LIMIT_EXCEEDED":  # noqa: PLR2004
        return Unavailable(why, retry_after=wait, scope=Scope.ACCOUNT)
    if status >= 500:  # noqa: PLR2004
        return _server_failed(status, why, wait)
    if status < 300:  # noqa: PLR2004  something answered in the homeserver's place, and may have asked it before
        return Uncertain(why, scope=Scope.ACCOUNT)
    if code == "M_UNRECOGNIZED":
        return Unknown(why, retry_after=wait, scope=Scope.ACCOUNT)
    if code in _BUSY or not 400 <= status < 500:  # noqa: PLR2004
        return Unavailable(why, retry_after=wait, scope=Scope.ACCOUNT)
    return _client_failed(status, code, why)


def _server_failed(status: int, why: str, wait: float | None) -> BridgeError:
    if status == 503 and wait is not None:  # noqa: PLR2004
        return Unavailable(why, retry_after=wait, scope=Scope.ACCOUNT)
    return Uncertain(why, retry_after=wait)


def _client_failed(status: int, code: str, why: str) -> BridgeError:
    match code:
        case "M_FORBIDDEN":
            return RoomClosed(why)
        case code if code and status == 404:  # noqa: PLR2004  M_NOT_FOUND by the specification, M_UNKNOWN at times
            return NotFound(why)
        case "M_DUPLICATE_ANNOTATION":
            return Duplicate(why)
        case "M_CANNOT_OVERWRITE_MEDIA":
            return AlreadyThere(why)
        case "M_USER_IN_USE":
            return InUse(why)
        case "" if status != 413:  # noqa: PLR2004  a proxy that is in the way, not a homeserver's verdict
            return Unavailable(why, scope=Scope.ACCOUNT)
        case _:
            return Rejected(why)


def _sentence(status: int, code: str, body: Mapping[str, object]) -> str:
    words = body.get("error")
    told = " ".join(words.split())[:200] if isinstance(words, str) else ""
    return f"the homeserver answered {status} {code or 'without a Matrix error'}{': ' if told else ''}{told}"


def _number(value: object, divisor: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value) / divisor
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
