"""A messenger in memory behind a small HTTP server: what the promises about the network are tried on."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

import msgspec
from aiohttp import web

from bridge.testing.closing import closed
from bridge.testing.memory_platform import MemoryPlatform, Session
from bridge.testing.memory_rooms import Post
from bridge.testing.memory_trouble import Trouble

POLL_SECONDS = 20.0
"""How long the server keeps a question for news open before it answers that there are none."""
_BOT = "bridge"


class WiredPlatform(MemoryPlatform):
    """A memory platform that is reached over HTTP, on a free port of 127.0.0.1."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        app = web.Application()
        app.router.add_post("/{call}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        await closed(self._runner)

    def settings(self) -> Mapping[str, object]:
        return {
            "connector": "wired",
            "url": f"http://127.0.0.1:{self._runner.addresses[0][1]}",
            "token": self.token,
        }

    async def _answer(self, request: web.Request) -> web.Response:
        asked = msgspec.json.decode(await request.read())
        try:
            session = await self.connect(_BOT, request.headers.get("Token", ""))
            answer = await _CALLS[request.match_info["call"]](session, asked)
        except Trouble as trouble:
            return web.json_response({"fault": trouble.fault}, status=409)
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json")


async def _begin(session: Session, _: Any) -> object:  # noqa: ANN401 JSON is anything
    return {"me": session.me, "newest": await session.newest()}


async def _updates(session: Session, asked: Any) -> object:  # noqa: ANN401
    await session.confirm(asked["after"])
    with suppress(TimeoutError):
        async with asyncio.timeout(POLL_SECONDS):
            return {"updates": await session.updates(asked["after"])}
    return {"updates": ()}


async def _enter(session: Session, asked: Any) -> object:  # noqa: ANN401
    return {"room": await session.enter(asked["room"])}


async def _post(session: Session, asked: Any) -> object:  # noqa: ANN401
    return {"id": await session.post(msgspec.convert(asked, Post))}


_CALLS = {"begin": _begin, "updates": _updates, "enter": _enter, "post": _post}
