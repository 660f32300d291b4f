"""Calls to the Graph API: what goes out, and what becomes of each kind of answer."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bridge import BridgeError, Rejected, Scope, Unavailable, Uncertain, Unsupported
from bridge.errors import Feature
from connectors.graph.client import Call, Client, Upload, allowed, connected_to
from connectors.graph.errors import GraphError
from tests.connectors.graph.graph_server import SECRET, TOKEN, Server, serving


def meaning(error: GraphError, scope: Scope) -> BridgeError:
    return Rejected(f"{error.code} {error.status} {error.wait} {scope}")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    async with connected_to(server.config(), meaning) as client:
        yield client


async def test_a_call_carries_token_and_proof(server: Server, client: Client) -> None:
    server.answers = [web.json_response({"success": True})]
    assert await client.call(Call(path="123/messages", query={"a": "b c"}, body={"text": "Привіт"})) == {
        "success": True
    }
    (asked,) = server.asked
    proof = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
    assert (asked.method, asked.path) == ("POST", "/v25.0/123/messages")
    assert asked.query == {"a": "b c", "appsecret_proof": proof}
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(asked.body) == {"text": "Привіт"}


async def test_the_proof_can_be_left_out_and_the_version_chosen(server: Server) -> None:
    server.answers = [web.json_response({})]
    config = server.config(secret_proof="omitted", api_version="v26.0")
    async with connected_to(config, meaning) as client:
        await client.call(Call(path="me", method="GET", query={"fields": "id"}))
    (asked,) = server.asked
    assert (asked.path, asked.query, asked.body) == ("/v26.0/me", {"fields": "id"}, b"")


async def test_an_error_gets_its_platforms_meaning(server: Server, client: Client) -> None:
    error = {"error": {"code": 4, "message": "(#4) limit"}}
    for status in (200, 400, 429):
        server.answers = [web.json_response(error, status=status, headers={"Retry-After": "9"})]
        with pytest.raises(Rejected, match=f"4 {status} 9.0 room"):
            await client.call(Call(path="x"))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.Response(status=502, body=b"<html>"), Uncertain),
        (web.Response(status=200, body=b""), Uncertain),
        (web.Response(status=200, body=b"[]"), Uncertain),
        (web.Response(status=404, body=b"{}"), Uncertain),
        (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), Uncertain),
        (web.Response(status=200, body=b'{"a":"' + b"x" * 5_000_000 + b'"}'), Uncertain),
        (web.Response(status=429, body=b"slow down", headers={"Retry-After": "7"}), Unavailable),
        (None, Uncertain),
    ],
)
async def test_what_cannot_be_read_is_never_taken_for_a_success(
    server: Server, client: Client, answer: web.Response | None, error: type[Unavailable]
) -> None:
    server.answers = [answer]
    with pytest.raises(error) as caught:
        await client.call(Call(path="x", scope=Scope.ACCOUNT))
    assert type(caught.value) is error
    assert caught.value.scope is Scope.ACCOUNT
    assert len(server.asked) == 1
    assert TOKEN not in repr((caught.value, caught.value.__context__))


async def test_nobody_there_is_no_unknown_outcome() -> None:
    async with serving() as gone:
        config = gone.config()
    async with connected_to(config, meaning) as client:
        with pytest.raises(Unavailable) as caught:
            await client.call(Call(path="x"))
    assert (type(caught.value), caught.value.scope) == (Unavailable, Scope.ACCOUNT)


async def read_whole() -> AsyncIterator[bytes]:
    yield b"abc"
    yield b"def"


async def read_broken() -> AsyncIterator[bytes]:
    yield b"abc"
    raise Unsupported(Feature.ATTACHMENT, "the file is gone")


async def test_a_file_is_uploaded_as_a_form(server: Server, client: Client) -> None:
    server.answers = [web.json_response({"id": "44"})]
    upload = Upload(name="a.png", mime="image/png", size=6, read=read_whole)
    assert await client.upload(Call(path="123/media"), {"messaging_product": "whatsapp"}, upload) == {"id": "44"}
    (asked,) = server.asked
    assert asked.headers["content-type"].startswith("multipart/form-data")
    for part in (b'name="messaging_product"', b'name="file"; filename="a.png"', b"image/png", b"abcdef"):
        assert part in asked.body


async def test_a_file_that_cannot_be_read_says_so_itself(server: Server, client: Client) -> None:
    server.answers = [web.json_response({"id": "44"})]
    with pytest.raises(Unsupported, match="the file is gone"):
        await client.upload(Call(path="x"), {}, Upload(name="a", mime="a/b", size=6, read=read_broken))


async def test_a_file_is_fetched_with_the_token_from_named_hosts_only(server: Server, client: Client) -> None:
    onward = web.Response(status=302, headers={"Location": "/there"})
    server.answers = [onward, web.Response(body=b"x" * 200_000)]
    host = frozenset({server.address.removeprefix("http://")})
    pieces = [piece async for piece in client.download(f"{server.address}/here", host)]
    assert b"".join(pieces) == b"x" * 200_000
    assert [(one.path, one.headers["authorization"]) for one in server.asked] == [
        ("/here", f"Bearer {TOKEN}"), ("/there", f"Bearer {TOKEN}")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (web.Response(status=302, headers={"Location": "http://127.0.0.2:9/"}), Rejected),
        (web.Response(status=302, headers={"Location": "/again"}), Unavailable),
        (web.Response(status=404), Rejected),
        (web.Response(status=401), Rejected),
        (web.Response(status=500), Unavailable),
        (None, Unavailable),
    ],
)
async def test_a_file_that_does_not_come_is_an_error(
    server: Server, client: Client, answer: web.Response | None, error: type[BridgeError]
) -> None:
    server.answers = [answer]
    host = frozenset({server.address.removeprefix("http://")})
    with pytest.raises(error) as caught:
        [piece async for piece in client.download(f"{server.address}/here", host)]
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("address", "lets"),
    [
        ("https://lookaside.fbsbx.com/a?b", True),
        ("https://LOOKASIDE.fbsbx.com/", True),
        ("https://cdn.example.org/", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://lookaside.fbsbx.com/", False),
        ("https://lookaside.fbsbx.com:8443/", False),
        ("https://lookaside.fbsbx.com@evil.example/", False),
        ("https://evil.example/lookaside.fbsbx.com", False),
        ("https://xlookaside.fbsbx.com/", False),
        ("https://example.org/", False),
        ("http://127.0.0.1:8081/x", False),
        ("http://127.0.0.1/", False),
        ("file:///etc/passwd", False),
        ("//lookaside.fbsbx.com/", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_the_token_goes_only_where_it_may(address: str, lets: bool) -> None:  # noqa: FBT001 a table's column
    hosts = frozenset({"lookaside.fbsbx.com", ".example.org", "127.0.0.1:8080"})
    assert allowed(address, hosts) is lets
