"""A reverse proxy that makes trouble between a client and a real HTTP server."""

from collections import deque
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

from bridge.testing.closing import closed
from bridge.testing.platform import Fault
from connectors.matrix.emulator_errors import Canned, refusal
from connectors.matrix.emulator_http import FAULTS, cut, spoken

_UNAUTHORIZED = refusal(401, "M_UNKNOWN_TOKEN")
_HOP = {"connection", "content-length", "transfer-encoding", "content-encoding", "host", "keep-alive"}


class FaultProxy:
    """Passes everything on to `upstream`; `faults` hit the next sends, `canned` the next request with such a path."""

    def __init__(self, upstream: str) -> None:
        self.faults: deque[Fault] = deque()
        self.canned: deque[tuple[str, Canned]] = deque()
        self.refuses_everybody = False
        self.address = ""
        self._upstream = upstream

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(auto_decompress=False, connector=aiohttp.TCPConnector(force_close=True))
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.drop_connections()
        await closed(self._runner)
        await self._session.close()

    def drop_connections(self) -> None:
        """Cut every connection of the client's."""
        server = self._runner.server
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.popleft() if self.faults and _is_send(request) else None
        answer = _UNAUTHORIZED if self.refuses_everybody else self._scripted(request)
        if answer is None and fault in FAULTS:
            answer = FAULTS[fault]
        if answer is not None:
            return await spoken(request, answer)
        passed = await self._passed_on(request)
        if fault is Fault.LOST_ANSWER:
            cut(request)
        return passed

    def _scripted(self, request: web.Request) -> Canned | None:
        for index, (words, answer) in enumerate(self.canned):
            if words in request.path:
                del self.canned[index]
                return answer
        return None

    async def _passed_on(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        address = URL(self._upstream + request.raw_path, encoded=True)
        async with self._session.request(
            request.method, address, data=await request.read(), headers=headers, allow_redirects=False
        ) as response:
            kept = {name: value for name, value in response.headers.items() if name.lower() not in _HOP}
            return web.Response(status=response.status, body=await response.read(), headers=kept)


def _is_send(request: web.Request) -> bool:
    return request.method == "PUT" and ("/send/" in request.path or "/redact/" in request.path)
