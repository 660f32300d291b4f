"""A server that answers whatever a test lays out, and keeps what it was asked."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from msgspec import Struct, field

from bridge.testing.closing import closed
from connectors.graph.config import GraphConfig

TOKEN = "EAAtoken0123456789"
SECRET = "0123456789abcdef0123456789abcdef"


class Asked(Struct):
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Server(Struct):
    """`answers` are given in order, the last again and again; `asked` is what came."""

    address: str = ""
    answers: list[web.Response | None] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """The next answer; None cuts the connection."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, request.path, dict(request.query), headers, body))
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if given is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(status=given.status, body=given.body, headers=given.headers)

    def config(self, **more: object) -> GraphConfig:
        """Settings that lead here."""
        return GraphConfig.model_validate(
            {"connector": "graph", "token": TOKEN, "app_secret": SECRET, "verify_token": "open sesame"}
            | {"api_url": self.address, "timeout_seconds": 5, **more}
        )


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """A server on this machine for as long as the block lasts."""
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        server.address = f"http://127.0.0.1:{port}"
        yield server
    finally:
        await closed(runner)
