"""The contract of a connector, kept by an application service over the emulated homeserver."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bridge.testing.contract import ConnectorContract
from bridge.testing.door import Door, opened
from bridge.testing.host import KitHost
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix_appservice.config import MatrixAppserviceConfig
from connectors.matrix_appservice.connector import MatrixAppservice
from connectors.matrix_appservice.door import LARGEST_TRANSACTION
from connectors.matrix_appservice.emulator import appservice_homeserver


class TestMatrixAppservice(ConnectorContract):
    @pytest.fixture
    async def door(self) -> AsyncIterator[Door]:
        async with opened(LARGEST_TRANSACTION) as door:
            yield door

    @pytest.fixture
    async def platform(self, door: Door) -> AsyncIterator[MatrixEmulator]:
        server, service = appservice_homeserver(retry_seconds=0.05)
        service.url = door.url
        self.doors = {id(server): door}
        async with server:
            yield server

    def connector(self, platform: Any, host: KitHost) -> MatrixAppservice:  # noqa: ANN401 the emulator, or one behind a line
        made = MatrixAppservice(MatrixAppserviceConfig.model_validate(platform.settings()), host)
        next(iter(self.doors.values())).connectors.append(made)
        return made
