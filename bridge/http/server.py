"""The one web server of the bridge: on the configured address for the world, on a local socket for the operator."""

import asyncio
from collections.abc import Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from pydantic import SecretStr

from bridge.chance import SystemChance
from bridge.clock import Clock
from bridge.config import HttpSettings
from bridge.http import files, page, routes, webhooks
from bridge.http.access import Failures, gate, harden, told
from bridge.http.admin import Admin
from bridge.http.backups import Backups
from bridge.http.door import Door
from bridge.http.hosts import called_by_name
from bridge.http.socket import listening, socket_path
from bridge.snapshot import Bridge

logger = structlog.get_logger()
MAX_BODY = 1024 * 1024
_IDLE_SECONDS = 75.0
_END_SECONDS = 5.0
_INSTANCE = 8
"""Characters of the word by which one running bridge is told from another."""


class CannotListen(Exception):
    """The configured address is not ours to listen on."""


class Server:
    """Started and stopped with the bridge; `reload` follows a changed address, a changed token needs nothing."""

    def __init__(self, bridge: Bridge, clock: Clock) -> None:
        self._bridge, self._admin = bridge, Admin(bridge, clock, SystemChance().token(_INSTANCE))
        self._failures = Failures(clock)
        mask = self._admin.mask
        guards = [called_by_name(lambda: bridge.config.http, mask), gate(self._token, self._failures, mask)]
        self._door = Door(self._speaker)
        self._backups = Backups(bridge)
        self._world = self._runner([self._door.heard, *guards], self._page_and_webhooks)
        self._local = self._runner([], self._for_the_operator)
        self._site: asyncio.Server | None = None
        self._settings: HttpSettings | None = None
        self._local_path = socket_path(bridge.config.store.path)

    @property
    def port(self) -> int | None:
        """The port it listens on, also when the configuration leaves it to the system; None without a server."""
        sockets = self._site.sockets if self._site is not None else ()
        return int(sockets[0].getsockname()[1]) if sockets else None

    @property
    def router(self) -> web.UrlDispatcher:
        """Every route that the world can reach."""
        return self._world.app.router

    async def start(self) -> None:
        """Listen. Raises `CannotListen` when the address is taken or not ours."""
        self._backups.clean()
        await self._world.setup()
        await self._local.setup()
        await self._listen()
        try:
            channel = listening(self._local_path)
        except OSError as error:
            logger.warning("no local socket: `qantara status` and the like cannot ask", why=str(error))
            return
        await web.SockSite(self._local, channel).start()

    async def reload(self) -> None:
        """Follow the configuration in force. When the new address cannot be had, the old one stays."""
        if self._bridge.config.http != self._settings:
            try:
                await self._listen()
            except CannotListen as error:
                logger.warning("the web server stays where it is", why=str(error))

    async def stop(self) -> None:
        """Take no new calls, let those under way end, a few seconds. Stopping twice is no error."""
        self._local_path.unlink(missing_ok=True)
        if self._site is not None:
            self._site.close()
        await self._world.cleanup()
        await self._local.cleanup()

    async def _listen(self) -> None:
        http, before = self._bridge.config.http, self._settings
        if http is None or before is None or http.listen != before.listen:
            site = None if http is None else await self._open(http)
            if self._site is not None:
                self._site.close()
            self._site = site
        self._settings = http

    def _speaker(self) -> asyncio.Protocol:
        """Who speaks HTTP on one connection."""
        server = self._world.server
        if server is None:
            raise RuntimeError("the web server is not set up")
        return server()

    async def _open(self, http: HttpSettings) -> asyncio.Server:
        try:
            site = await asyncio.get_running_loop().create_server(self._door, http.host, http.port)
        except OSError as error:
            raise CannotListen(f"cannot listen on {http.listen}: {error.strerror or error}") from None
        port = site.sockets[0].getsockname()[1]
        logger.info("listening", address=f"{http.host}:{port}", admin="with token" if http.token else "none")
        return site

    def _token(self) -> SecretStr | None:
        http = self._bridge.config.http
        return http.token if http is not None else None

    def _page_and_webhooks(self, router: web.UrlDispatcher) -> None:
        page.add(router)

        async def receive(request: web.Request) -> web.StreamResponse:
            return await webhooks.receive(self._bridge, request)

        async def file(request: web.Request) -> web.StreamResponse:
            return await files.give(self._bridge, request)

        router.add_get("/files/{id}/{name}", file)
        router.add_route("*", "/in/{account}", receive)
        router.add_route("*", "/in/{account}/{tail:.*}", receive)

    def _for_the_operator(self, router: web.UrlDispatcher) -> None:
        """The whole store goes to nobody but its owner."""
        router.add_post("/backup", self._backups.give)

    def _runner(self, gates: list[Middleware], more: Callable[[web.UrlDispatcher], None]) -> web.AppRunner:
        application = web.Application(client_max_size=MAX_BODY, middlewares=[told(self._admin.mask), *gates])
        application.on_response_prepare.append(harden)
        routes.add(application.router, self._admin)
        more(application.router)
        return web.AppRunner(
            application, access_log=None, auto_decompress=False, keepalive_timeout=_IDLE_SECONDS,
            shutdown_timeout=_END_SECONDS, lingering_time=_END_SECONDS,
        )  # fmt: skip
