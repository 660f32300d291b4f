"""The bridge's web server, reduced to the accounts of one test: hands calls to the one that runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bridge import Request
from connectors.matrix_appservice.connector import MatrixAppservice
from connectors.matrix_appservice.door import LARGEST_TRANSACTION


class Door:
    """`calls` are those that came, `answers` their statuses."""

    def __init__(self) -> None:
        self.connectors: list[MatrixAppservice] = []
        self.calls: list[Request] = []
        self.answers: list[int] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """What the newest connector that runs answers."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Request(
            method=request.method, path=request.match_info["tail"], query=dict(request.query), headers=headers,
            body=await request.read(),
        )  # fmt: skip
        self.calls.append(call)
        running = [one for one in self.connectors if one.is_running] or self.connectors
        if not running:
            return web.Response(status=503)
        given = await running[-1].receive(call)
        self.answers.append(given.status)
        return web.Response(status=given.status, body=given.body, headers=dict(given.headers))


@asynccontextmanager
async def opened() -> AsyncIterator[Door]:
    door = Door()
    app = web.Application(client_max_size=LARGEST_TRANSACTION)
    app.router.add_route("*", "/in/kit{tail:.*}", door.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    door.url = f"http://127.0.0.1:{runner.addresses[0][1]}/in/kit"
    try:
        yield door
    finally:
        await runner.cleanup()
