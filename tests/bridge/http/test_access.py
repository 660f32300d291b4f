"""Nobody gets in: the token, the headers, and what is refused before anything looks at it."""

import gzip
import io
from pathlib import Path

import aiohttp
import pytest

from bridge.http.access import HEADERS, Failures, is_open
from bridge.http.routes import ROUTES, Route
from bridge.testing.clock import HandClock
from bridge.testing.memory import MemoryPlatform
from tests.bridge.http.conftest import TOKEN, Caller
from tests.scenarios.bridge_under_test import Bridge, configured

GUARDED = [route for route in ROUTES if route.needs_token]


def path(route: Route) -> str:
    return route.path.replace("{what}", "1").replace("{account}", "left")


def test_only_health_and_readiness_and_webhooks_are_open() -> None:
    assert {route.path for route in ROUTES if not route.needs_token} == {"/health", "/ready"}
    assert not is_open("/in")
    assert not is_open("/health/x")


def test_every_route_of_the_router_is_in_the_table(bridge: Bridge) -> None:
    router = bridge.app.server.router
    mounted = {resource.canonical for resource in router.resources()}
    assert mounted == {route.path for route in ROUTES} | {"/in/{account}", "/in/{account}/{tail}"}


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize(
    "header",
    [
        None, "", "Bearer", "Bearer ", "Bearer x", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN,
        f"Bearer {TOKEN.upper()}", f"Bearer é{TOKEN}",
    ],
)  # fmt: skip
async def test_without_the_token_every_route_is_refused(call: Caller, route: Route, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await call(route.method, path(route), token=None, headers=headers)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="qantara"')


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/", "/nothing", "/status/", "//status", "/queue/retry", "/in", "/%2e%2e/status"])
async def test_what_does_not_exist_is_refused_as_well(call: Caller, method: str, path: str) -> None:
    assert (await call(method, path, token=None)).status == 401


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: f"{route.method} {route.path}")
async def test_with_the_token_every_route_answers(call: Caller, route: Route) -> None:
    answer = await call(route.method, path(route), data=b'{"room": "left/town"}' if route.takes else None)
    assert answer.status == (404 if route.path.startswith("/trace") else 200)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("token", [None, TOKEN])
async def test_every_answer_is_hardened(call: Caller, route: Route, token: str | None) -> None:
    answer = await call(route.method, path(route), token=token)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_without_a_token_in_the_configuration_there_are_no_such_routes(
    left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path
) -> None:
    bridge = await Bridge(tmp_path, configured(left, right, more="http: {listen: '127.0.0.1:0'}\n")).start()
    async with aiohttp.ClientSession() as session:
        call = Caller(bridge, session)
        assert {(await call(route.method, path(route))).status for route in GUARDED} == {404}
        assert (await call("POST", "/status")).status == 404
        assert [(await call("GET", path)).status for path in ("/health", "/ready")] == [200, 200]
    await bridge.stop()


async def test_after_thirty_wrong_tokens_an_address_has_to_wait(call: Caller) -> None:
    wrong = [(await call("GET", "/status", token="x" * 32)).status for _ in range(31)]
    assert wrong == [401] * 30 + [429]
    answer = await call("GET", "/status")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    assert (await call("GET", "/health")).status == 200


async def test_a_minute_later_it_is_heard_again() -> None:
    clock = HandClock()
    failures = Failures(clock)
    for _ in range(30):
        failures.add("192.0.2.1")
    assert failures.too_many("192.0.2.1")
    assert not failures.too_many("192.0.2.2")
    await clock.turn(61)
    assert not failures.too_many("192.0.2.1")


def test_neighbours_in_one_ipv6_network_count_as_one_and_the_table_is_bounded() -> None:
    failures = Failures(HandClock())
    for number in range(30):
        failures.add(f"2001:db8::{number:x}")
    assert failures.too_many("2001:db8::ffff")
    for number in range(1024):
        failures.add(f"10.0.{number // 256}.{number % 256}")
    assert not failures.too_many("2001:db8::1")


async def test_a_packed_body_is_refused_unread(call: Caller) -> None:
    bomb = gzip.compress(bytes(16 * 1024 * 1024))
    for where in ("/in/left/post", "/queue/drop"):
        answer = await call("POST", where, data=bomb, headers={"Content-Encoding": "gzip"})
        assert answer.status == 415


@pytest.mark.parametrize("where", ["/in/left/post", "/queue/drop"])
async def test_a_body_over_a_mebibyte_is_refused(call: Caller, where: str) -> None:
    assert (await call("POST", where, data=io.BytesIO(b" " * (1024 * 1024 + 1)))).status == 413


async def test_a_wrong_method_says_which_are_right(call: Caller) -> None:
    answer = await call("DELETE", "/queue")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")
    assert await answer.json() == {"error": "Method Not Allowed", "faults": []}
