"""Addresses that people gave are fetched from the outside only: a server inside is not even connected to."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bridge.download import Download
from bridge.errors import Rejected, Unavailable
from bridge.outside import Bounds

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
NOWHERE = "3000::1"
"""A number of the public internet that nobody was given."""
SHORT = aiohttp.ClientTimeout(total=0.3)


class Inner:
    """A server on this machine that counts who connects to it."""

    def __init__(self) -> None:
        self.connections, self.heard = 0, list[web.Request]()
        self.answer: Answer = self._hello

    async def start(self) -> None:
        server = web.Server(self._answered)
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(lambda: self._counted(server), "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]
        self.place = f"127.0.0.1:{self.port}"
        self._server = server

    def _counted(self, server: "web.Server[web.Request]") -> asyncio.Protocol:
        self.connections += 1
        return server()

    async def _answered(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.BaseRequest)
        self.heard.append(request)  # type: ignore[arg-type]
        return await self.answer(request)  # type: ignore[arg-type]

    async def _hello(self, _: web.Request) -> web.Response:
        return web.Response(body=b"inside")

    async def stop(self) -> None:
        self._listening.close()
        await self._server.shutdown(1)


class Names(AbstractResolver):
    """Answers in order, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host, host=one, port=port, proto=0, flags=socket.AI_NUMERICHOST,
                family=socket.AF_INET6 if ":" in one else socket.AF_INET,
            )
            for one in found
        ]  # fmt: skip

    async def close(self) -> None:
        pass


@pytest.fixture
async def inner() -> AsyncIterator[Inner]:
    server = Inner()
    await server.start()
    yield server
    await server.stop()


async def fetched(download: Download, address: str, **more: object) -> bytes:
    return b"".join([piece async for piece in download.fetch(address, **more)])  # type: ignore[arg-type]


def strict(inner: Inner, names: Names | None = None) -> Download:
    """As it ships, but for the port: that alone shall not be what keeps it from the server inside."""
    return Download(Bounds(ports=frozenset({inner.port})), names=names, times=SHORT)


def known(inner: Inner, **more: object) -> Download:
    return Download(Bounds(inside=frozenset({inner.place, f"named.example:{inner.port}"})), **more)  # type: ignore[arg-type]


LITERALS = ["127.0.0.1", "[::ffff:127.0.0.1]", "0x7f.1", "0x7f000001", "0177.0.0.1", "2130706433", "127.1", "localhost"]
WRAPPED = [
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1]", "169.254.169.254", "0.0.0.0", "[::]", "[2001:0:7f00:1::]",
]  # fmt: skip


@pytest.mark.parametrize("host", [*LITERALS, *WRAPPED])
async def test_an_address_that_leads_inside_is_not_connected_to(inner: Inner, host: str) -> None:
    with pytest.raises(Rejected):
        await fetched(strict(inner), f"http://{host}:{inner.port}/")
    assert inner.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "0x7f.1", "localhost"])
async def test_without_the_check_the_same_address_would_reach_it(inner: Inner, host: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{inner.port}/") as answer:
        assert await answer.read() == b"inside"
    assert inner.connections == 1


@pytest.mark.parametrize("scheme", ["file", "gopher", "ftp", "ws", "dict", ""])
async def test_only_the_web_is_fetched_from(inner: Inner, scheme: str) -> None:
    with pytest.raises(Rejected, match="web"):
        await fetched(strict(inner), f"{scheme}://127.0.0.1:{inner.port}/etc/passwd")
    assert inner.connections == 0


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1"], ["::ffff:127.0.0.1"], [NOWHERE, "127.0.0.1"], ["127.0.0.1", NOWHERE], ["64:ff9b::7f00:1"]],
)
async def test_a_name_that_leads_inside_is_not_connected_to(inner: Inner, answers: list[str]) -> None:
    with pytest.raises(Rejected, match="inside"):
        await fetched(strict(inner, Names(answers)), f"http://named.example:{inner.port}/")
    assert inner.connections == 0


async def test_a_name_that_is_bound_again_after_it_was_looked_at_leads_nowhere_else(inner: Inner) -> None:
    names = Names([NOWHERE], ["127.0.0.1"])
    with pytest.raises(Unavailable):
        await fetched(strict(inner, names), f"http://named.example:{inner.port}/")
    assert (names.asked, inner.connections) == (1, 0)
    with pytest.raises(Rejected, match="inside"):
        await fetched(strict(inner, names), f"http://named.example:{inner.port}/")
    assert inner.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "[::ffff:127.0.0.1]", "localhost", "named.example"])
async def test_a_redirect_is_checked_like_the_first_address(inner: Inner, host: str) -> None:
    other = Inner()
    await other.start()

    async def away(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"http://{host}:{other.port}/"})

    inner.answer = away
    bounds = Bounds(inside=frozenset({inner.place}), ports=frozenset({other.port}))
    with pytest.raises(Rejected):
        await fetched(
            Download(bounds, names=Names(["127.0.0.1"]) if "." in host[1:] else None), f"http://{inner.place}/"
        )
    assert other.connections == 0
    await other.stop()


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://user@named.example/", "http://["]
)
async def test_a_redirect_out_of_the_web_is_not_followed(inner: Inner, target: str) -> None:
    async def away(_: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": target})

    inner.answer = away
    with pytest.raises(Rejected):
        await fetched(known(inner), f"http://{inner.place}/")


@pytest.mark.parametrize(("hops", "arrives"), [(0, True), (3, True), (4, False)])
async def test_three_redirects_are_followed_and_not_four(inner: Inner, hops: int, arrives: bool) -> None:  # noqa: FBT001 - a table
    async def on(request: web.Request) -> web.Response:
        left = int(request.path[1:])
        return web.Response(status=307, headers={"Location": f"/{left - 1}"}) if left else web.Response(body=b"there")

    inner.answer = on
    if arrives:
        assert await fetched(known(inner), f"http://{inner.place}/{hops}") == b"there"
        return
    with pytest.raises(Rejected, match="on and on"):
        await fetched(known(inner), f"http://{inner.place}/{hops}")


async def test_a_token_goes_to_the_first_host_alone(inner: Inner) -> None:
    async def away(request: web.Request) -> web.Response:
        elsewhere = f"http://named.example:{inner.port}/end"
        if request.path == "/end":
            return web.Response(body=b"there")
        raise web.HTTPFound(elsewhere)

    inner.answer = away
    download = known(inner, names=Names(["127.0.0.1"]))
    headers = {"Authorization": "Bearer secret"}
    assert await fetched(download, f"http://{inner.place}/", headers=headers) == b"there"
    assert ["Authorization" in one.headers for one in inner.heard] == [True, False]


async def test_bytes_are_counted_whatever_their_length_is_said_to_be(inner: Inner) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(bytes(1 << 16))

    inner.answer = endless
    with pytest.raises(Rejected, match="more than"):
        await fetched(known(inner), f"http://{inner.place}/", most=1 << 20)


async def test_what_says_that_it_is_too_long_is_not_read(inner: Inner) -> None:
    async def long(_: web.Request) -> web.Response:
        return web.Response(body=bytes(2000))

    inner.answer = long
    with pytest.raises(Rejected, match="too many"):
        await fetched(known(inner), f"http://{inner.place}/", most=1000)
    assert len(await fetched(known(inner), f"http://{inner.place}/", most=2000)) == 2000


async def test_a_packed_bomb_is_not_unpacked(inner: Inner) -> None:
    async def packed(_: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(bytes(1 << 24)), headers={"Content-Encoding": "gzip"})

    inner.answer = packed
    with pytest.raises(Rejected, match="packed"):
        await fetched(known(inner), f"http://{inner.place}/")


async def test_a_server_that_says_nothing_is_given_up(inner: Inner) -> None:
    over = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    inner.answer = silent
    with pytest.raises(Unavailable):
        await fetched(known(inner, times=SHORT), f"http://{inner.place}/")
    over.set()


async def test_what_ends_too_early_is_no_file(inner: Inner) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100"})
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return answer

    inner.answer = cut
    with pytest.raises(Unavailable):
        await fetched(known(inner), f"http://{inner.place}/")


@pytest.mark.parametrize(
    ("status", "error"), [(404, Rejected), (403, Rejected), (206, Rejected), (429, Unavailable), (503, Unavailable)]
)
async def test_an_answer_says_whether_to_come_again(inner: Inner, status: int, error: type[Exception]) -> None:
    async def refused(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "7"})

    inner.answer = refused
    with pytest.raises(error) as raised:
        await fetched(known(inner), f"http://{inner.place}/")
    assert getattr(raised.value, "retry_after", 7.0) == 7.0
