"""A running bridge with a web server, in a thread of its own, so that a browser can be driven beside it."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from bridge.testing.memory import MemoryPlatform
from tests.scenarios.faulty import FaultyBridge, FaultyConnector

T = TypeVar("T")
TOKEN = "t0ken-of-the-operator-0123456789abcdef"
_PATIENCE_SECONDS = 30.0


class Lab:
    """Platforms named in order, all linked as `links` says; `do` runs something on the bridge's loop."""

    def __init__(self, folder: Path, platforms: dict[str, tuple[str, ...]], links: str) -> None:
        self._folder, self._rooms, self._links = folder, platforms, links
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="the bridge", daemon=True)
        self._stack = AsyncExitStack()
        self.platforms: dict[str, MemoryPlatform] = {}

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Run it there and wait for what it gives."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(what, self._loop)
        return future.result(_PATIENCE_SECONDS)

    def begin(self) -> None:
        self._thread.start()
        self.do(self._begin())

    async def _begin(self) -> None:
        for name, rooms in self._rooms.items():
            platform = await self._stack.enter_async_context(MemoryPlatform(name=name, rooms=rooms))
            self.platforms[name] = platform
        accounts = "".join(f"  {name}: {self._account(one)}\n" for name, one in self.platforms.items())
        yaml = (
            f"store: {{path: data/q.db, min_free_mib: 0}}\nhttp: {{listen: '127.0.0.1:0', token: {TOKEN}}}\n"
            f"accounts:\n{accounts}links:\n{self._links}"
        )
        self.bridge = FaultyBridge(self._folder, yaml, connectors={"faulty": FaultyConnector})
        await self.bridge.start()

    @staticmethod
    def _account(platform: MemoryPlatform) -> str:
        settings = {**platform.settings(), "connector": "faulty"}
        return "{" + ", ".join(f"{key}: {value}" for key, value in settings.items()) + "}"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.bridge.app.server.port}/"

    def end(self) -> None:
        try:
            self.do(self._end())
        finally:
            self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_SECONDS)
        self._loop.close()

    async def _end(self) -> None:
        if hasattr(self, "bridge"):
            await self.bridge.stop()
        await self._stack.aclose()


@contextmanager
def lab(folder: Path, platforms: dict[str, tuple[str, ...]], links: str) -> Iterator[Lab]:
    """A lab that runs."""
    one = Lab(folder, platforms, links)
    try:
        one.begin()
        yield one
    finally:
        one.end()
