"""A running bridge with a web server on a free port, and who asks it."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bridge.testing.memory import MemoryPlatform
from tests.bridge.http.hooked import HookedConnector
from tests.scenarios.bridge_under_test import Bridge, configured

TOKEN = "t0ken-of-the-operator-0123456789abcdef"
HTTP = f"http: {{listen: '127.0.0.1:0', token: {TOKEN}}}\n"


@pytest.fixture
async def bridge(left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path) -> AsyncIterator[Bridge]:
    yaml = configured(left, right, connector="hooked", more=HTTP)
    bridge = await Bridge(tmp_path, yaml, connectors={"hooked": HookedConnector}).start()
    yield bridge
    await bridge.stop()


class Caller:
    """Asks the bridge's web server: as the operator, unless told otherwise."""

    def __init__(self, bridge: Bridge, session: aiohttp.ClientSession) -> None:
        self.bridge, self.session = bridge, session

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.bridge.app.server.port}{path}"

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        token: str | None = TOKEN,
        headers: dict[str, str] | None = None,
        data: object = None,
    ) -> aiohttp.ClientResponse:
        """The answer, read to its end."""
        own = {"Authorization": f"Bearer {token}"} if token is not None else {}
        async with self.session.request(
            method, self.url(path), headers={**own, **(headers or {})}, data=data
        ) as response:
            await response.read()
            return response


@pytest.fixture
async def call(bridge: Bridge) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(bridge, session)
