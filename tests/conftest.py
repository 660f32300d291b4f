"""Two platforms in memory, for whoever tests what stands between them."""

from collections.abc import AsyncIterator

import pytest

from bridge.testing.memory import MemoryPlatform


@pytest.fixture
async def left() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="left") as platform:
        yield platform


@pytest.fixture
async def right() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="right") as platform:
        yield platform
