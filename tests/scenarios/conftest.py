"""Two memory platforms with a bridge between their first rooms."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from bridge.testing.loop import SkippingLoop
from bridge.testing.memory import MemoryPlatform
from tests.scenarios.bridge_under_test import Bridge, configured


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Nothing here talks to a socket: time is skipped wherever everybody waits."""
    return {"skipping": SkippingLoop}


@pytest.fixture
async def bridge(left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path) -> AsyncIterator[Bridge]:
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    yield bridge
    await bridge.stop()
