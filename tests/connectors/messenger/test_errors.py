"""Every documented refusal, whatever status of HTTP it comes with, and through the whole way."""

import json

import pytest

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
from connectors.graph.errors import GraphError, refusal
from connectors.messenger.errors import REFUSALS, NoPersona, NotOurs, OutsideWindow, meaning

CASES: list[tuple[int, int | None, str, type[BridgeError]]] = [
    (10, 2018278, "(#10) This message is sent outside of allowed window.", OutsideWindow),
    (10, 2534022, "outside", OutsideWindow),
    (200, 2018065, "outside", OutsideWindow),
    (10, 1893063, "restricted", Unavailable),
    (551, 1545041, "not available", RoomClosed),
    (200, 1545041, "not available", RoomClosed),
    (551, None, "not available", RoomClosed),
    (100, 2018001, "No matching user found", RoomClosed),
    (100, 2018109, "too large", Unsupported),
    (100, 2018008, "cannot fetch", Unsupported),
    (100, 2018047, "MIME", Unsupported),
    (100, 2018294, "timeout", Unsupported),
    (100, 2018074, "not yours", NotOurs),
    (100, None, "API calls from the server require an appsecret_proof argument", Unauthorized),
    (100, None, "Invalid appsecret_proof provided in the API argument", Unauthorized),
    (100, None, "Invalid persona id", NoPersona),
    (100, None, "anything", Rejected),
    (100, 33, "anything", Rejected),
    (190, 463, "expired", Unauthorized),
    (102, None, "session", Unauthorized),
    (230, None, "needs pages_messaging", Unauthorized),
    (3, None, "capability", RoomClosed),
    (10, None, "permission", RoomClosed),
    (200, None, "permission", RoomClosed),
    (368, None, "blocked for a while", Unavailable),
    (613, None, "rate", Unavailable),
    (4, None, "rate", Unavailable),
    (17, None, "rate", Unavailable),
    (32, None, "rate", Unavailable),
    (80006, None, "rate", Unavailable),
    (2, 2018344, "temporary", Unavailable),
    (1200, None, "temporary", Unavailable),
    (1, None, "unknown", Uncertain),
]


@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize(("code", "subcode", "message", "becomes"), CASES)
def test_the_body_decides(
    code: int, subcode: int | None, message: str, becomes: type[BridgeError], status: int
) -> None:
    told = {"message": message, "type": "OAuthException", "code": code}
    body = {"error": told if subcode is None else {**told, "error_subcode": subcode}}
    error = refusal(status, json.dumps(body).encode(), {})
    assert error is not None
    assert type(meaning(error, Scope.ROOM)) is becomes


def test_every_row_has_its_case() -> None:
    used = {next(row for row in REFUSALS if _decides(row, case)) for case in CASES}
    assert used == set(REFUSALS)


def _decides(row: object, case: tuple[int, int | None, str, type[BridgeError]]) -> bool:
    code, subcode, says = (getattr(row, name) for name in ("code", "subcode", "says"))
    return code in {None, case[0]} and subcode in {None, case[1]} and says in case[2].casefold()


def test_a_missing_feature_is_named() -> None:
    error = meaning(GraphError(code=100, subcode=2018109, why="too large"), Scope.ROOM)
    assert isinstance(error, Unsupported)
    assert error.feature is Feature.ATTACHMENT


def test_a_permission_that_the_account_lacks_stops_it() -> None:
    assert isinstance(meaning(GraphError(code=200), Scope.ACCOUNT), Unauthorized)


@pytest.mark.parametrize(("status", "becomes"), [(400, Rejected), (500, Uncertain), (503, Uncertain)])
def test_an_unknown_code_is_a_refusal_unless_the_server_failed(status: int, becomes: type[BridgeError]) -> None:
    assert type(meaning(GraphError(code=987654, status=status), Scope.ROOM)) is becomes


def test_waits_are_handed_on_and_a_restriction_is_long() -> None:
    limited = meaning(GraphError(code=613, wait=7.0), Scope.ROOM)
    restricted = meaning(GraphError(code=10, subcode=1893063), Scope.ROOM)
    assert isinstance(limited, Unavailable)
    assert isinstance(restricted, Unavailable)
    assert (limited.retry_after, limited.scope) == (7.0, Scope.ROOM)
    assert (restricted.retry_after, restricted.scope) == (1800.0, Scope.ACCOUNT)
