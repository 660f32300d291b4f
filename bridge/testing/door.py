"""The bridge's web server, reduced to the accounts of one test: hands a platform's calls to the one that runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from mimetypes import guess_type
from typing import Any, Protocol, runtime_checkable

from aiohttp import web
from msgspec import Struct

from bridge.connector import MAX_CALL, Connector, Request, Response
from bridge.testing.closing import closed
from bridge.testing.host import KitHost

ACCOUNT = "kit"
"""The account whose calls come in, as `KitHost` names it."""


@runtime_checkable
class Hooked(Protocol):
    """A connector that is called by its platform, and says whether its `run` is under way."""

    @property
    def is_running(self) -> bool: ...

    async def receive(self, request: Request) -> Response: ...


class Door:
    """`url` is where the platform calls and `files_url` where it finds files; `admit` each connector that is made.

    `calls` are those that came, `answers` their statuses, `taken` the files that were asked for.
    """

    def __init__(self) -> None:
        self.connectors: list[Hooked] = []
        self.calls: list[Request] = []
        self.answers: list[int] = []
        self.taken: list[str] = []
        self.url = ""
        self.files_url = ""
        self._files: dict[str, bytes] = {}

    def admit(self, connector: Hooked, host: KitHost) -> None:
        """From now on this connector is called; its host's links lead here."""
        host.webhook_url, host.files_url, self._files = self.url, self.files_url, host.files
        self.connectors.append(connector)

    def admitted(self, connector: Connector[Any], host: KitHost) -> Connector[Any]:
        """The same with whatever was made; it has to say whether it runs."""
        if not isinstance(connector, Hooked):
            raise TypeError(f"{type(connector).__name__} is called by its platform: it needs `is_running`")
        self.admit(connector, host)
        return connector

    async def answer(self, request: web.Request) -> web.Response:
        """What the newest connector that runs answers."""
        call = Request(
            method=request.method, path=request.match_info["tail"], query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()}, body=await request.read(),
        )  # fmt: skip
        self.calls.append(call)
        running = [one for one in self.connectors if one.is_running] or self.connectors
        if not running:
            return web.Response(status=503)
        given = await running[-1].receive(call)
        self.answers.append(given.status)
        return web.Response(status=given.status, body=given.body, headers=dict(given.headers))

    async def give(self, request: web.Request) -> web.Response:
        """A file of the host's, with the type that its name tells."""
        data, name = self._files.get(request.match_info["id"]), request.match_info["name"]
        self.taken.append(name)
        if data is None:
            return web.Response(status=404)
        return web.Response(body=data, content_type=guess_type(name)[0] or "application/octet-stream")


class Site(Struct, frozen=True):
    """Where a door is: port 0 takes a free one."""

    address: str = "127.0.0.1"
    port: int = 0
    account: str = ACCOUNT


@asynccontextmanager
async def opened(max_call: int = MAX_CALL, site: Site = Site()) -> AsyncIterator[Door]:  # noqa: B008 - it is frozen
    """A door on a port of its own unless told, for calls of at most so many bytes."""
    door = Door()
    app = web.Application(client_max_size=max_call)
    app.router.add_route("*", f"/in/{site.account}{{tail:.*}}", door.answer)
    app.router.add_route("*", "/files/{id}/{name}", door.give)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, site.address, site.port).start()
    address = f"http://{site.address}:{runner.addresses[0][1]}"
    door.url, door.files_url = f"{address}/in/{site.account}", f"{address}/files"
    try:
        yield door
    finally:
        await closed(runner)
