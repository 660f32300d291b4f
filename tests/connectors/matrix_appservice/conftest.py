"""A homeserver that knows a service, the door it calls at, and a kit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import Struct

from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.door import Door, opened
from bridge.testing.host import KitHost
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix_appservice.config import MatrixAppserviceConfig
from connectors.matrix_appservice.connector import MatrixAppservice
from connectors.matrix_appservice.door import LARGEST_TRANSACTION
from connectors.matrix_appservice.emulator import Appservice, appservice_homeserver


class Lab(Struct):
    """Everything one test needs."""

    server: MatrixEmulator
    service: Appservice
    door: Door
    kit: Kit


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    server, service = appservice_homeserver(retry_seconds=0.05)
    async with opened(LARGEST_TRANSACTION) as door, server:
        service.url = door.url

        def connect(host: KitHost) -> MatrixAppservice:
            made = MatrixAppservice(MatrixAppserviceConfig.model_validate(server.settings()), host)
            door.connectors.append(made)
            return made

        yield Lab(server, service, door, Kit(server, KitHost(tmp_path), connect, Terms()))
