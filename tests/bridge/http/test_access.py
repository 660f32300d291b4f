"""Nobody gets in: the token, the headers, and what is refused before anything looks at it."""

import ast
import gzip
import inspect
import io
import re
from pathlib import Path

import aiohttp
import pytest

from bridge.config import HttpSettings
from bridge.http import access, page
from bridge.http.access import HEADERS, Failures, is_open
from bridge.http.hosts import may_be_called
from bridge.http.routes import ROUTES, Route
from bridge.testing.clock import HandClock
from bridge.testing.memory import MemoryPlatform
from tests.bridge.http.conftest import TOKEN, Caller
from tests.scenarios.bridge_under_test import Bridge, configured

ROOT = Path(__file__).parents[3]
BODIES = {
    "/queue/retry": b'{"room": "left/town"}',
    "/queue/drop": b'{"room": "left/town"}',
    "/follow": b'{"room": "left/town", "to": "!garden"}',
    "/people/forget": b'{"number": 1}',
    "/claim": b'{"account": "left"}',
    "/leave": b'{"room": "left/garden"}',
}
GUARDED = [route for route in ROUTES if route.needs_token]


def path(route: Route) -> str:
    return route.path.replace("{what}", "1").replace("{account}", "left").replace("{number}", "1")


def test_only_health_and_readiness_and_webhooks_are_open() -> None:
    assert {route.path for route in ROUTES if not route.needs_token} == {"/health", "/ready", "/in/.here"}
    assert not is_open("/in")
    assert not is_open("/health/x")


def test_every_route_of_the_router_is_in_the_table(bridge: Bridge) -> None:
    router = bridge.app.server.router
    mounted = {resource.canonical for resource in router.resources()}
    open_to_all = {"/in/{account}", "/in/{account}/{tail}", "/files/{id}/{name}"}
    assert mounted == {route.path for route in ROUTES} | open_to_all | set(page.FILES)


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
@pytest.mark.parametrize(
    "path",
    [
        "/operator",
        "/operator/",
        "/operator/x",
        "/nothing",
        "/status/",
        "//status",
        "/queue/retry",
        "/in",
        "/%2e%2e/status",
    ],
)
async def test_what_does_not_exist_is_refused_as_well(call: Caller, method: str, path: str) -> None:
    assert (await call(method, path, token=None)).status == 401


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: f"{route.method} {route.path}")
async def test_with_the_token_every_route_answers(call: Caller, route: Route) -> None:
    answer = await call(route.method, path(route), data=BODIES.get(route.path))
    assert answer.status == {"/trace/{what}": 404, "/people/{number}": 404, "/people/forget": 404, "/follow": 409}.get(
        route.path, 200
    )


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("token", [None, TOKEN])
async def test_every_answer_is_hardened(call: Caller, route: Route, token: str | None) -> None:
    answer = await call(route.method, path(route), token=token)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("file", page.FILES)
async def test_the_operators_page_is_open_and_only_to_be_read(call: Caller, file: str) -> None:
    answer = await call("GET", file, token=None)
    assert (answer.status, answer.content_type) == (200, page.FILES[file][1])
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert not answer.cookies
    assert (await call("HEAD", file, token=None)).status == 200
    assert {(await call(method, file, token=None)).status for method in ("POST", "PUT", "DELETE", "OPTIONS")} == {401}
    assert (await call("GET", file, token=None, headers={"Host": "evil.example.org"})).status == 421


async def test_there_is_nothing_in_the_page_that_its_headers_forbid() -> None:
    """No script, style or handler stands in the page itself, and nothing comes from elsewhere."""
    folder = ROOT / "bridge" / "http" / "static"
    text = (folder / "index.html").read_text("utf-8")
    assert not re.search(r"<style|style=|\son[a-z]+=|javascript:|https?:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    scripts = "".join(file.read_text("utf-8") for file in folder.glob("*.js"))
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|\.cookie|localStorage", scripts
    )


async def test_without_a_token_in_the_configuration_there_are_no_such_routes(
    left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path
) -> None:
    bridge = await Bridge(tmp_path, configured(left, right, more="http: {listen: '127.0.0.1:0'}\n")).start()
    async with aiohttp.ClientSession() as session:
        call = Caller(bridge, session)
        assert {(await call(route.method, path(route))).status for route in GUARDED} == {404}
        assert (await call("POST", "/status")).status == 404
        assert {(await call("GET", file)).status for file in page.FILES} == {404}
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
    assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
    assert await answer.json() == {"error": "Method Not Allowed", "faults": []}


STRANGERS = [
    "evil.example.org",
    "evil.example.org:80",
    "127.0.0.1.example.org",
    "localhost.example.org",
    "10.0.0.1",
    "[::",
    "",
]


@pytest.mark.parametrize("host", STRANGERS)
async def test_on_loopback_a_strangers_name_is_refused(call: Caller, host: str) -> None:
    """Whoever leads a name of his own to this machine gets nothing, not even told whether a token is right."""
    for given in (TOKEN, "wrong", None):
        answer = await call("GET", "/status", token=given, headers={"Host": host})
        assert answer.status == 421
    assert (await call("GET", "/health", headers={"Host": host})).status == 200


@pytest.mark.parametrize("host", ["localhost:1", "LOCALHOST", "127.0.0.1", "[::1]:8980", "127.9.9.9"])
async def test_by_its_own_names_it_answers(call: Caller, host: str) -> None:
    assert (await call("GET", "/status", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    ("listen", "host", "answers"),
    [
        ("127.0.0.1:0", "bridge.example.org", True),
        ("127.0.0.1:0", "bridge.example.org:8980", True),
        ("127.0.0.1:0", "other.example.org", False),
        ("127.0.0.1:0", None, False),
        ("0.0.0.0:0", "anything.example.org", True),
    ],
)
def test_a_public_name_is_ours_and_elsewhere_any_is(listen: str, host: str | None, answers: bool) -> None:  # noqa: FBT001 - a table
    name = None if host is None else host.partition(":")[0]
    assert may_be_called(name, HttpSettings(listen=listen, public_url="https://bridge.example.org/q")) is answers


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=lambda route: route.path)
async def test_the_head_of_what_may_be_got_is_given_without_its_body(call: Caller, route: Route) -> None:
    got, head = [await call(method, path(route)) for method in ("GET", "HEAD")]
    assert (head.status, head._body) == (got.status, b"")
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PATCH", "PROPFIND"])
async def test_other_methods_do_nothing_and_echo_nothing(call: Caller, method: str) -> None:
    headers = {"Origin": "https://evil.example.org", "Access-Control-Request-Method": "POST", "X-Canary": "canary"}
    answer = await call(method, "/queue", headers=headers)
    assert answer.status in {400, 405}
    assert "canary" not in await answer.text()
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_secrets_are_compared_in_constant_time() -> None:
    """`==` stops at the first wrong character: where a secret is compared, another function does it."""
    compared = [
        f"{file.name}:{node.lineno}"
        for file in sorted((ROOT / "bridge" / "http").glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Compare) and {"expected", "secret", "token", "given"} & _names(node)
        if any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
    ]
    assert compared == []
    assert "hmac.compare_digest(" in inspect.getsource(access._knows)


def _names(node: ast.AST) -> set[str]:
    names = [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]
    names += [inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)]
    return {word for name in names for word in name.split("_")}
