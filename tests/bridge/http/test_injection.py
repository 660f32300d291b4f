"""Nothing that stands in a parameter of an administrative call becomes a line of its own, here or on a platform."""

from urllib.parse import quote

import msgspec
import pytest
from structlog.testing import capture_logs

from bridge.http.routes import document
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import texts
from tests.bridge.http.conftest import Caller
from tests.scenarios.bridge_under_test import Bridge

EVIL = "\r\nX-Evil: 1\r\n\r\nQUIT :gone\r\n\0\u2028\u0085"
SPOILED = {
    "/queue": [("GET", f"/queue?room={quote('right/town' + EVIL)}", None)],
    "/trace/{what}": [("GET", f"/trace/{quote('1' + EVIL, safe='')}", None)],
    "/people": [("GET", f"/people?who={quote('Ada' + EVIL)}", None)],
    "/people/{number}": [("GET", f"/people/{quote('1' + EVIL, safe='')}", None)],
    "/rooms/{account}": [("GET", f"/rooms/{quote('left' + EVIL, safe='')}", None)],
    "/queue/retry": [("POST", "/queue/retry", {"room": f"right/town{EVIL}"})],
    "/queue/drop": [("POST", "/queue/drop", {"room": f"right/town{EVIL}"})],
    "/follow": [
        ("POST", "/follow", {"room": f"right/town{EVIL}", "to": "x"}),
        ("POST", "/follow", {"room": "right/town", "to": f"x{EVIL}"}),
    ],
    "/leave": [("POST", "/leave", {"room": f"left/town{EVIL}"}), ("POST", "/leave", {"room": f"left{EVIL}/town"})],
    "/claim": [("POST", "/claim", {"account": f"left{EVIL}"})],
    "/people/forget": [("POST", "/people/forget", {"number": f"1{EVIL}"})],
    "/in/{account}": [("POST", f"/in/{quote('left' + EVIL, safe='')}", None)],
}
"""Every parameter of every route, with a line feed and more in it."""
WITHOUT = {
    "/health", "/ready", "/in/.here", "/status", "/metrics", "/reload", "/examine", "/openapi.json", "/backup",
    "/audit",
}  # fmt: skip
"""Routes that take no words."""
CALLS = [call for calls in SPOILED.values() for call in calls]


@pytest.mark.parametrize("made", CALLS, ids=[path[:16] for _, path, _ in CALLS])
async def test_a_parameter_with_lines_in_it_is_a_parameter(
    made: tuple[str, str, object], call: Caller, bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    method, path, body = made
    before = await bridge.ledger()
    with capture_logs() as logs:
        answer = await call(method, path, data=None if body is None else msgspec.json.encode(body))
    found = path.startswith("/people?")  # nobody of that name is an answer, and no mistake
    assert answer.status == 200 if found else 400 <= answer.status < 500
    assert "X-Evil" not in answer.headers
    assert "\n" not in (answer.reason or "")
    assert not [line for line in logs if line["event"] == "operator"]
    assert await bridge.ledger() == before
    assert await texts(left, "town") == await texts(right, "town") == []
    assert all(account.state == "up" for account in bridge.app.accounts.values())


def test_every_route_is_here() -> None:
    described = {path.removesuffix("/{tail}") for path in document()["paths"]}
    assert described - WITHOUT == set(SPOILED) - ({"/in/{account}"} - described)
