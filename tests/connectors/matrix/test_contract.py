"""The contract of a connector, kept by Matrix over the emulated homeserver."""

from collections.abc import AsyncIterator

import pytest

from bridge.testing.contract import ConnectorContract
from bridge.testing.host import KitHost
from connectors.matrix.config import MatrixConfig
from connectors.matrix.connector import Matrix
from connectors.matrix.emulator import MatrixEmulator


class TestMatrix(ConnectorContract):
    @pytest.fixture
    async def platform(self) -> AsyncIterator[MatrixEmulator]:
        async with MatrixEmulator() as server:
            yield server

    def connector(self, platform: MatrixEmulator, host: KitHost) -> Matrix:
        return Matrix(MatrixConfig.model_validate(platform.settings()), host)
