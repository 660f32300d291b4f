"""Two memory platforms with a bridge between their first rooms."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from bridge.testing.loop import SkippingLoop
from bridge.testing.memory import MemoryPlatform
from tests.scenarios.bridge_under_test import Bridge


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Nothing here talks to a socket: time is skipped wherever everybody waits."""
    return {"skipping": SkippingLoop}


@pytest.fixture
async def left() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="left") as platform:
        yield platform


@pytest.fixture
async def right() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="right") as platform:
        yield platform


def configured(*platforms: MemoryPlatform, more: str = "") -> str:
    """A file that links the first room of each platform; the account is named like the platform."""
    accounts = "".join(
        f"  {platform.name}:\n" + "".join(f"    {key}: {value}\n" for key, value in platform.settings().items())
        for platform in platforms
    )
    rooms = ", ".join(f"{platform.name}/{platform.rooms[0]}" for platform in platforms)
    links = f"links:\n  town: {{rooms: [{rooms}]}}\n"
    return f"store: {{path: data/q.db, min_free_mib: 0}}\naccounts:\n{accounts}{links}{more}"


@pytest.fixture
async def bridge(left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path) -> AsyncIterator[Bridge]:
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    yield bridge
    await bridge.stop()
