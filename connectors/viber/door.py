"""Viber's calls to us: the signature over the raw bytes first, then what it says. Pure; facts/platform-apis.md 1.3."""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from bridge import Request, Response
from connectors.viber.wire import Json, loads, moment, text

SIGNATURE: Final = "x-viber-content-signature"
_QUERY: Final = "sig"
OLDEST: Final = timedelta(days=7)
"""The bridge remembers for eight days what it was told; what is older could be told a second time."""
_LATER_SECONDS: Final = "5"


class Refused(StrEnum):
    """Why a call brings nothing."""

    METHOD = "not posted"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    MALFORMED = "malformed"
    STALE = "replayed after a week"


_ANSWERS: Final = {
    Refused.METHOD: Response(status=405, headers={"Allow": "POST"}),
    Refused.UNSIGNED: Response(status=403),
    Refused.FORGED: Response(status=403),
    Refused.MALFORMED: Response(status=400),
    Refused.STALE: Response(status=403),
}


class Callback(Struct, frozen=True):
    """One call that Viber itself made."""

    event: str
    at: datetime
    raw: Json


def signature(body: bytes, token: str) -> str:
    """What Viber sends beside a body."""
    return hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def is_signed(request: Request, token: str) -> bool:
    """Whether the holder of the token wrote this body, as it came over the wire; the header counts before the query."""
    given = request.headers.get(SIGNATURE) or request.query.get(_QUERY, "")
    expected = signature(request.body, token)
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))


def callback(request: Request, token: str, now: datetime) -> Callback | Refused:
    """What a call says, or why it is refused."""
    if request.method != "POST":
        return Refused.METHOD
    if SIGNATURE not in request.headers and _QUERY not in request.query:
        return Refused.UNSIGNED
    if not is_signed(request, token):
        return Refused.FORGED
    raw = loads(request.body)
    event, at = text(raw, "event"), moment((raw or {}).get("timestamp"))
    if raw is None or not event or at is None:
        return Refused.MALFORMED
    return Refused.STALE if now - at > OLDEST else Callback(event, at, raw)


def is_greeting(request: Request) -> bool:
    """Whether it looks like the call that tries our address out: it brings nothing, so it may be unsigned."""
    return request.method == "POST" and text(loads(request.body), "event") == "webhook"


def answer(refused: Refused) -> Response:
    """What whoever called is told."""
    return _ANSWERS[refused]


def later() -> Response:
    """Not stored: Viber calls again."""
    return Response(status=503, headers={"Retry-After": _LATER_SECONDS})
