"""The platform in memory keeps every promise, whatever it can and cannot show."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from bridge.capabilities import Authorship, Capabilities
from bridge.testing.contract import ConnectorContract
from bridge.testing.host import KitHost
from bridge.testing.memory import (
    EVERYTHING,
    WITH_FILES,
    BareMemoryConnector,
    MemoryConfig,
    MemoryConnector,
    MemoryPlatform,
    Repeats,
)


class TestMemory(ConnectorContract):
    """Everything it can do."""

    @pytest.fixture
    async def platform(self) -> AsyncIterator[MemoryPlatform]:
        async with MemoryPlatform(capabilities=WITH_FILES) as platform:
            yield platform

    def connector(self, platform: MemoryPlatform, host: KitHost) -> MemoryConnector:
        return MemoryConnector(MemoryConfig.model_validate(platform.settings()), host)


class TestBareMemory(ConnectorContract):
    """Nothing but words, one send at a time."""

    idempotent = False
    idempotent_reason = "this platform shows a repeated key again"

    @pytest.fixture
    async def platform(self) -> AsyncIterator[MemoryPlatform]:
        async with MemoryPlatform(capabilities=Capabilities(max_text=200), repeats=Repeats.SHOWN) as platform:
            yield platform

    def connector(self, platform: MemoryPlatform, host: KitHost) -> BareMemoryConnector:
        return BareMemoryConnector(MemoryConfig.model_validate(platform.settings()), host)


class TestMemoryWithEchoes(ConnectorContract):
    """Our own messages come home with their key, under their author's name."""

    @pytest.fixture
    async def platform(self) -> AsyncIterator[MemoryPlatform]:
        async with MemoryPlatform(capabilities=replace(EVERYTHING, authorship=Authorship.OVERRIDE)) as platform:
            yield platform

    def connector(self, platform: MemoryPlatform, host: KitHost) -> MemoryConnector:
        settings = {**platform.settings(), "echoes": "published"}
        return MemoryConnector(MemoryConfig.model_validate(settings), host)


class TestMemoryWithGhosts(ConnectorContract):
    """Everybody has a stand-in."""

    @pytest.fixture
    async def platform(self) -> AsyncIterator[MemoryPlatform]:
        async with MemoryPlatform(capabilities=replace(EVERYTHING, authorship=Authorship.GHOST)) as platform:
            yield platform

    def connector(self, platform: MemoryPlatform, host: KitHost) -> MemoryConnector:
        return MemoryConnector(MemoryConfig.model_validate(platform.settings()), host)
