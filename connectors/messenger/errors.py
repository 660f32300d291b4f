"""Messenger's refusals in the bridge's words. Pure: one table, one function; facts/platform-apis.md 3.6.

The status of HTTP decides nothing where the body names a code: which one goes with which code is uncertain.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

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
)
from connectors.graph.errors import GraphError

_RESTRICTED_SECONDS: Final = 1800.0
_SERVER: Final = 500


class OutsideWindow(RoomClosed):
    """The person has been silent for too long."""


class NotOurs(Unsupported):
    """An uploaded file that Meta knows no more, or never did for this page."""

    def __init__(self, why: str) -> None:
        super().__init__(Feature.ATTACHMENT, why)


class NoPersona(Rejected):
    """A persona that is not there, or not allowed."""


Becomes = Callable[[GraphError, Scope], BridgeError]


class Refusal(Struct, frozen=True):
    """One documented error: without a `subcode` any that no row before it names; `says` stands in its message."""

    code: int | None
    subcode: int | None
    becomes: Becomes
    says: str = ""


def _held(error: GraphError, _: Scope) -> BridgeError:
    return RoomClosed(error.why)


def _outside(error: GraphError, _: Scope) -> BridgeError:
    return OutsideWindow(error.why)


def _file(error: GraphError, _: Scope) -> BridgeError:
    return Unsupported(Feature.ATTACHMENT, error.why)


def _not_ours(error: GraphError, _: Scope) -> BridgeError:
    return NotOurs(error.why)


def _no_persona(error: GraphError, _: Scope) -> BridgeError:
    return NoPersona(error.why)


def _refused(error: GraphError, _: Scope) -> BridgeError:
    return Rejected(error.why)


def _unauthorized(error: GraphError, _: Scope) -> BridgeError:
    return Unauthorized(error.why)


def _permission(error: GraphError, scope: Scope) -> BridgeError:
    """Asked of one person it may be about that person only; of the account it is the token."""
    return RoomClosed(error.why) if scope is Scope.ROOM else Unauthorized(error.why)


def _later(error: GraphError, scope: Scope) -> BridgeError:
    return Unavailable(error.why, retry_after=error.wait, scope=scope)


def _all_later(error: GraphError, _: Scope) -> BridgeError:
    return Unavailable(error.why, retry_after=error.wait, scope=Scope.ACCOUNT)


def _restricted(error: GraphError, _: Scope) -> BridgeError:
    return Unavailable(error.why, retry_after=error.wait or _RESTRICTED_SECONDS, scope=Scope.ACCOUNT)


def _doubtful(error: GraphError, scope: Scope) -> BridgeError:
    return Uncertain(error.why, retry_after=error.wait, scope=scope)


REFUSALS: Final[tuple[Refusal, ...]] = (
    Refusal(None, 1545041, _held),  # one of Meta's tables says blocked, another a closed window: held in both cases
    Refusal(10, 2018278, _outside),
    Refusal(10, 2534022, _outside),
    Refusal(200, 2018065, _outside),
    Refusal(10, 1893063, _restricted),
    Refusal(100, 2018001, _held),
    Refusal(100, 2018109, _file),
    Refusal(100, 2018008, _file),
    Refusal(100, 2018047, _file),
    Refusal(100, 2018294, _file),
    Refusal(100, 2018074, _not_ours),
    Refusal(100, None, _unauthorized, "appsecret_proof"),
    Refusal(100, None, _no_persona, "persona"),
    Refusal(100, None, _refused),
    Refusal(190, None, _unauthorized),
    Refusal(102, None, _unauthorized),
    Refusal(230, None, _unauthorized),
    Refusal(551, None, _held),
    Refusal(3, None, _permission),
    Refusal(10, None, _permission),
    Refusal(200, None, _permission),
    Refusal(368, None, _restricted),
    Refusal(613, None, _later),
    Refusal(4, None, _all_later),
    Refusal(17, None, _all_later),
    Refusal(32, None, _all_later),
    Refusal(80006, None, _all_later),
    Refusal(2, None, _later),
    Refusal(1200, None, _later),
    Refusal(1, None, _doubtful),
)
"""Every refusal whose meaning is known. The first row that fits decides."""


def meaning(error: GraphError, scope: Scope) -> BridgeError:
    """What an error of the Graph API means; one that nobody knows is a refusal, unless the server itself failed."""
    for row in REFUSALS:
        if _fits(row, error):
            return row.becomes(error, scope)
    return _doubtful(error, scope) if error.status >= _SERVER else Rejected(error.why)


def _fits(row: Refusal, error: GraphError) -> bool:
    same = row.code in {None, error.code} and row.subcode in {None, error.subcode}
    return same and row.says in error.why.casefold()
