"""The Graph API's errors: one struct, whatever shape they come in."""

import json

import pytest

from connectors.graph.errors import GraphError, clean, refusal, told, waiting

FULL = {
    "error": {
        "message": "(#131047) Re-engagement message",
        "type": "OAuthException",
        "code": 131047,
        "error_data": {"messaging_product": "whatsapp", "details": "more than 24 hours have passed"},
        "error_subcode": 2494010,
        "fbtrace_id": "AXsg",
    }
}
WHY = "(#131047) Re-engagement message: more than 24 hours have passed"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (FULL, GraphError(code=131047, subcode=2494010, status=400, why=WHY)),
        ({"error": {"message": "no", "code": "100"}}, GraphError(code=100, status=400, why="no")),
        ({"error": {"code": 1, "error_data": "plain"}}, GraphError(code=1, status=400, why="plain")),
        ({"error": {}}, GraphError(code=-1, status=400, why="the Graph API gave no reason")),
        ({"error": {"code": 0, "message": 7}}, GraphError(code=0, status=400, why="the Graph API gave no reason")),
        ({"error": "no"}, None),
        ({"success": True}, None),
        ([], None),
    ],
)
def test_an_answers_error_is_read(body: object, expected: GraphError | None) -> None:
    assert refusal(400, json.dumps(body).encode(), {}) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000, b'{"error":'])
def test_what_is_no_json_holds_no_error(body: bytes) -> None:
    assert refusal(502, body, {}) is None


def test_an_events_error_is_read_as_well() -> None:
    raw = {"code": 131026, "title": "Undeliverable", "error_data": {"details": "Undeliverable"}}
    assert told(raw) == GraphError(code=131026, why="Undeliverable")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "60"}, 60),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({"Retry-After": "9" * 400}, 3600),
        ({"X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":2}]}'}, 120),
        ({"X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":0}]}'}, None),
        ({"X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":1e99}],"2":7}'}, None),
        ({"X-Business-Use-Case-Usage": "nonsense"}, None),
        ({"Retry-After": "5", "X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":1}]}'}, 60),
    ],
)
def test_a_wait_is_believed_within_reason(headers: dict[str, str], seconds: float | None) -> None:
    assert waiting(headers) == seconds


@pytest.mark.parametrize(
    "secret", ["EAAGm0PX4ZCpsBAKZCkZA", "+380 67 111-22-33", "380671112233", "UA.13491208655302741918", "US.ENT.118157"]
)
def test_no_token_and_nobodys_number_is_told(secret: str) -> None:
    assert clean(f"no  such\nuser {secret} here") == "no such user *** here"
    assert clean("(#131047) error 2494010") == "(#131047) error ***"
