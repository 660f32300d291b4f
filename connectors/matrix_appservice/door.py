"""What the homeserver asks of us: who may ask, and which of its addresses means what. Pure.

Source: application service API 1.19. Addresses without a version are the old ones, which homeservers try second.
"""

import hmac
import json
import re
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from bridge.connector import Request, Response
from bridge.errors import BridgeError, StoreFull

LARGEST_TRANSACTION = 16 * 1024 * 1024
"""Bytes: a hundred events of 64 KiB, as Synapse sends them, and what goes with them."""
_PATH = re.compile(r"/*(?:_matrix/app/v1/)?(transactions|users|rooms|ping)(?:/(.+))?", re.DOTALL)
_METHODS: Mapping[str, str] = {"transactions": "PUT", "users": "GET", "rooms": "GET", "ping": "POST"}
_UNREADABLE_SECONDS = 5


class NotJsonError(ValueError):
    """The body of a transaction is none."""


class Asked(StrEnum):
    """What a call is about."""

    TRANSACTION = "transactions"
    USER = "users"
    ROOM = "rooms"
    PING = "ping"


class Question(Struct, frozen=True):
    """A call that may be answered: `about` is the transaction, user or alias."""

    asked: Asked
    about: str = ""


def question(request: Request, expected: str) -> Question | Response:
    """What the homeserver asks, or the refusal of whoever asks."""
    refusal = _refused(request, expected)
    if refusal is not None:
        return refusal
    found = _PATH.fullmatch(request.path)
    if found is None or (found[1] == Asked.PING) != (found[2] is None):
        return told(404, "M_UNRECOGNIZED", "there is no such address")
    if request.method != _METHODS[found[1]]:
        return told(405, "M_UNRECOGNIZED", "this address is not asked so")
    return Question(Asked(found[1]), found[2] or "")


def refusal(error: BridgeError | NotJsonError) -> Response:
    """What is said of a transaction that is not stored: what cannot be done now is to be given again."""
    match error:
        case NotJsonError():
            return told(400, "M_NOT_JSON", "this is no transaction")
        case StoreFull():
            return later(error.retry_after)
        case _:
            return later()


def is_trusted(request: Request, expected: str) -> bool:
    """Whether whoever asks is the homeserver."""
    return _refused(request, expected) is None


def told(status: int, errcode: str, error: str) -> Response:
    """A refusal, as Matrix words it."""
    return Response(status=status, body=json.dumps({"errcode": errcode, "error": error}).encode())


def later(seconds: float | None = None) -> Response:
    """Not stored: the homeserver keeps it and gives it again."""
    wait = str(max(1, int(seconds or _UNREADABLE_SECONDS)))
    return Response(status=503, body=b'{"errcode":"M_UNKNOWN","error":"later"}', headers={"Retry-After": wait})


def _refused(request: Request, expected: str) -> Response | None:
    """The token stands in the header; old homeservers write it into the query, and some into both."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    given = [bearer] if scheme.lower() == "bearer" else []
    given += [request.query["access_token"]] if "access_token" in request.query else []
    if not given:
        return told(401, "M_MISSING_TOKEN", "the homeserver proves itself with its token")
    same = [hmac.compare_digest(one.encode("utf-8", "surrogateescape"), expected.encode()) for one in given]
    return None if all(same) else told(403, "M_FORBIDDEN", "this is not the homeserver's token")
