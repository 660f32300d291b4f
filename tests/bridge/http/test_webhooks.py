"""Calls of the platforms: handed over as they are, stored before they are answered."""

import io
from collections.abc import Mapping

import pytest

from bridge.connector import MAX_CALL
from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import shows
from tests.bridge.http.conftest import Caller
from tests.bridge.http.hooked import HookedConnector
from tests.scenarios.bridge_under_test import Bridge


def hooked(bridge: Bridge) -> HookedConnector:
    connector = bridge.account("left").connector
    assert isinstance(connector, HookedConnector)
    return connector


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
async def test_a_call_reaches_the_connector_as_it_is(call: Caller, bridge: Bridge, method: str) -> None:
    answer = await call(
        method, "/in/left/some/path?a=1&b=%20x", token=None, headers={"X-Sign": "Abc"}, data=b"\x00raw\xff"
    )
    assert (answer.status, await answer.text("latin-1")) == (200, "\x00raw\xff")
    assert (answer.headers["Content-Type"], answer.headers["X-Own"]) == ("text/plain", "1")
    request = hooked(bridge).last
    assert request is not None
    assert (request.method, request.path, dict(request.query)) == (method, "some/path", {"a": "1", "b": " x"})
    assert (request.headers["x-sign"], request.body) == ("Abc", b"\x00raw\xff")


@pytest.mark.parametrize(("path", "tail"), [("/in/left", ""), ("/in/left/", ""), ("/in/left/x", "x")])
async def test_the_path_is_what_follows_the_account(call: Caller, bridge: Bridge, path: str, tail: str) -> None:
    assert (await call("POST", path, token=None)).status == 200
    request = hooked(bridge).last
    assert request is not None
    assert request.path == tail


async def test_what_a_call_brings_is_relayed(call: Caller, right: MemoryPlatform) -> None:
    assert (await call("POST", "/in/left/post", token=None, data=b"hello")).status == 200
    await shows(right, "town", ["Ada: hello"])


@pytest.mark.parametrize("path", ["/in/nobody", "/in/LEFT", "/in/left%2Fx", "/in/"])
async def test_an_unknown_account_is_not_found(call: Caller, path: str) -> None:
    assert (await call("POST", path, token=None)).status == 404


@pytest.mark.parametrize(
    ("headers", "size", "status"),
    [({}, MAX_CALL, 200), ({}, MAX_CALL + 1, 413), ({"X-Sign": "Abc"}, 3 * MAX_CALL, 200),
     ({"X-Sign": "Abc"}, 3 * MAX_CALL + 1, 413)],
)  # fmt: skip
async def test_a_call_is_as_large_as_the_connector_takes(
    call: Caller, headers: Mapping[str, str], size: int, status: int
) -> None:
    answer = await call("POST", "/in/left/raw", token=None, headers=headers, data=io.BytesIO(b"x" * size))
    assert answer.status == status


async def test_a_full_store_asks_for_the_call_again(call: Caller) -> None:
    answer = await call("POST", "/in/left/full", token=None)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "8")


async def test_while_nothing_is_accepted_the_connector_is_not_even_asked(call: Caller, bridge: Bridge) -> None:
    bridge.app.intake.refusing = "the bridge stops"
    answer = await call("POST", "/in/left/post", token=None, data=b"late")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert hooked(bridge).last is None
    bridge.app.intake.refusing = None


async def test_a_fault_of_a_connector_tells_nothing(call: Caller, left: MemoryPlatform) -> None:
    answer = await call("POST", "/in/left/bug", token=None)
    text = await answer.text()
    assert answer.status == 500
    assert left.token not in text
    assert "ValueError" not in text
