"""Reading what a homeserver answers, and building what it is asked."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.matrix import calls
from connectors.matrix.answers import decoded
from connectors.matrix.batch import NEWS, Batch, RoomNews, batch, direct_rooms
from connectors.matrix.config import MatrixConfig


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a": "\\ud83d"}', {"a": "?"}),
        (b'{"a": ' + b"9" * 5000 + b', "b": 1}', {"a": 0, "b": 1}),
        (b'{"a": ' + b"[" * 9000 + b"]" * 9000 + b', "b": 1}', None),
        (b'{"a": "[[[", "b": ' + b"[" * 9000 + b"]" * 9000 + b"}", None),
        (b"[]", None),
        (b"", None),
        (b"<html>", None),
        (b'{"a": 1', None),
        (b"\xff{}", None),
        (b"[" * 9000, None),
    ],
)
def test_an_answer_is_read_or_none(body: bytes, value: dict[str, Any] | None) -> None:
    result = decoded(body)
    if value is None and result is not None:
        json.dumps(result)  # what was nested too deep is gone, the rest is there
        assert result["b"] == 1 or result["a"] == "[[["
    else:
        assert result == value


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(body: bytes) -> None:
    assert decoded(body) is None or isinstance(decoded(body), dict)


CALLS = (
    calls.whoami(),
    calls.profile("@a:x"),
    calls.direct_rooms("@a:x"),
    calls.sync("s1", 30, NEWS),
    calls.messages("!r:x", "a", "b", 100, {"lazy_load_members": True}),
    calls.event("!r:x", "$e"),
    calls.state("!r:x", "m.room.name"),
    calls.annotations("!r:x", "$e"),
    calls.send("!r:x", "m.room.message", {"body": "x"}, "k.1.0"),
    calls.redact("!r:x", "$e/1", "k.1.0"),
    calls.resolve("#a:x"),
    calls.join("!r:x", ["x", "y"]),
    calls.leave("!r:x"),
    calls.joined_rooms(),
)


@pytest.mark.parametrize("call", CALLS, ids=[call.path[:50] for call in CALLS])
def test_no_request_has_a_token_in_its_address(call: calls.Call) -> None:
    assert "access_token" not in call.path
    assert call.path.startswith("/_matrix/client/")
    assert (call.body is None) == (call.method == "GET")


def test_an_id_cannot_leave_its_place_in_the_address() -> None:
    assert calls.redact("!r:x/../admin", "$e?x=1#y", "k/../1").path == (
        "/_matrix/client/v3/rooms/%21r%3Ax%2F..%2Fadmin/redact/%24e%3Fx%3D1%23y/k%2F..%2F1"
    )


def test_the_servers_that_know_a_room_are_named_both_ways() -> None:
    assert calls.join("!r:x", ["y"]).path.endswith("/join/%21r%3Ax?via=y&server_name=y")


def test_a_long_poll_is_given_its_time() -> None:
    call = calls.sync("s1", 30, {})
    assert call.held == 30
    assert "timeout=30000" in call.path
    assert "since=s1" in call.path


def test_a_batch_is_taken_apart() -> None:
    event = {"type": "m.room.message"}
    room = {"timeline": {"events": [event, 7], "limited": True, "prev_batch": "p"}, "state": {"events": [event]}}
    answer = {
        "next_batch": "s2",
        "rooms": {"join": {"!a:x": room}, "leave": {"!b:x": {}}, "invite": {"!c:x": {}}},
        "account_data": {"events": [{"type": "m.direct", "content": {"@a:x": ["!a:x"], "@b:x": "!b:x"}}]},
    }
    joined = RoomNews(room="!a:x", state=(event,), events=(event,), limited=True, prev_batch="p")
    left = RoomNews(room="!b:x", is_left=True)
    assert batch(answer) == Batch(token="s2", rooms=(joined, left), invites=("!c:x",), direct=frozenset({"!a:x"}))


@pytest.mark.parametrize(
    "answer", [{}, {"rooms": []}, {"rooms": {"join": {"!a:x": 7}}, "account_data": {"events": {}}}, {"next_batch": 1}]
)
def test_a_strange_batch_is_an_empty_one(answer: dict[str, Any]) -> None:
    assert batch(answer).token == ""
    assert not [event for room in batch(answer).rooms for event in room.events]


def test_a_list_of_private_rooms_is_read_as_far_as_it_is_one() -> None:
    assert direct_rooms({"@a:x": ["!a:x", 7], "@b:x": {}}) == {"!a:x"}


GOOD = {"connector": "matrix", "homeserver": "https://x/", "user": "@bridge:x", "token": "secret"}


def test_the_token_is_not_shown() -> None:
    config = MatrixConfig.model_validate(GOOD)
    assert config.homeserver == "https://x"
    assert "secret" not in repr(config) + str(config.model_dump())


@pytest.mark.parametrize(
    "wrong", [{"homeserver": "x"}, {"user": "bridge"}, {"user": "@bridge"}, {"token": ""}, {"sync_timeout_seconds": -1}]
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MatrixConfig.model_validate(GOOD | wrong)
