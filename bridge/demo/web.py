"""The page of the demonstration: static files, a stream of what the rooms show, and what visitors do."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.resources import files
from typing import Self

import msgspec
from aiohttp import web

from bridge.config import is_loopback
from bridge.demo.acts import Actors, AnyAct, Refused
from bridge.demo.daemon import Daemon, NotStarted
from bridge.demo.stage import Cast
from bridge.demo.view import view

_LOOK_AGAIN_SECONDS = 0.1
_STILL_THERE_LOOKS = 100
"""After so many looks without news a comment is sent, so that a page that went away is noticed."""
_MOST_BYTES = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """The web server, on the loopback interface only. Entered as an asynchronous context manager."""

    def __init__(self, cast: Cast, daemon: Daemon, *, port: int = 0) -> None:
        self._cast, self._daemon, self._port = cast, daemon, port
        self._actors = Actors(cast.everybody)
        self._closing = asyncio.Event()
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self._runner.cleanup()

    @property
    def address(self) -> str:
        """What to open in a browser."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/"

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=_MOST_BYTES, middlewares=[_guarded])
        app.on_response_prepare.append(_with_headers)
        for path, (name, kind) in _FILES.items():
            app.router.add_get(path, _file(name, kind))
        app.router.add_get("/events", self._events)
        app.router.add_post("/act", self._act)
        app.router.add_post("/bridge/kill", self._kill)
        app.router.add_post("/bridge/start", self._start)
        return app

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the whole view, whenever it changed."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        last, quiet = b"", 0
        with suppress(ConnectionError):
            while not self._closing.is_set():
                seen = msgspec.json.encode(await view(self._cast, self._daemon.state))
                quiet = quiet + 1 if seen == last else 0
                if seen != last:
                    await response.write(b"data: " + seen + b"\n\n")
                elif quiet % _STILL_THERE_LOOKS == 0:
                    await response.write(b": still here\n\n")
                last = seen
                await self._pause()
        return response

    async def _pause(self) -> None:
        """The emulators tell nobody when something changes, so the page's stream looks again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                await self._closing.wait()

    async def _act(self, request: web.Request) -> web.Response:
        try:
            await self._actors.do(msgspec.json.decode(await request.read(), type=AnyAct))
        except msgspec.DecodeError:
            return web.json_response({"error": "That could not be understood."}, status=400)
        except Refused as refused:
            return web.json_response({"error": str(refused)}, status=409)
        return web.Response(status=204)

    async def _kill(self, _: web.Request) -> web.Response:
        await self._daemon.kill()
        return web.Response(status=204)

    async def _start(self, _: web.Request) -> web.Response:
        await self._daemon.start()
        try:
            await self._daemon.ready()
        except NotStarted:
            return web.json_response({"error": f"The bridge did not start: see {self._daemon.log}."}, status=503)
        return web.Response(status=204)


def _file(name: str, kind: str) -> Answer:
    body = files("bridge.demo").joinpath("page", name).read_bytes()

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return answer


@web.middleware
async def _guarded(request: web.Request, handler: Answer) -> web.StreamResponse:
    """No page of another site may act here: it cannot send JSON, nor reach us under a name of its own."""
    if not is_loopback(request.url.host or ""):
        raise web.HTTPForbidden(text="Open the address that the demo printed.")
    if request.method == "POST" and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON.")
    return await handler(request)


async def _with_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
