"""Two platforms in memory, for whoever tests what stands between them."""

import resource
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from bridge.testing.memory import MemoryPlatform

_DESCRIPTORS = 8192


def pytest_configure() -> None:
    """Both ends of every connection are in the process of the tests: it needs more than the usual 1,024 descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    settings.register_profile("untimed", deadline=None)  # how fast the machine is at this moment proves nothing
    settings.load_profile("untimed")


@pytest.fixture
async def left() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="left") as platform:
        yield platform


@pytest.fixture
async def right() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="right") as platform:
        yield platform
