"""An emulated WhatsApp, and the connector run against it as the bridge runs it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from msgspec import Struct

from bridge.clock import Clock
from bridge.ids import RoomId
from bridge.testing.clock import HandClock
from bridge.testing.contract_kit import Kit, Running, Terms
from bridge.testing.door import Door, opened
from bridge.testing.host import KitHost
from connectors.graph.door import LARGEST_CALL
from connectors.whatsapp.config import WhatsAppConfig
from connectors.whatsapp.connector import WhatsApp
from connectors.whatsapp.emulator import PrivateWhatsApp, WhatsAppEmulator
from connectors.whatsapp.emulator_world import LIKELY, UNLIMITED, Limits, Switches


class Lab(Struct):
    """A platform, the door it calls at, and the kit with its connector; `ada` is her room."""

    server: WhatsAppEmulator
    door: Door
    kit: Kit
    run: Running

    @property
    def ada(self) -> RoomId:
        return RoomId(self.server.rooms[0])

    @property
    def connector(self) -> WhatsApp:
        assert isinstance(self.run.connector, WhatsApp)
        return self.run.connector


Labs = Callable[..., AbstractAsyncContextManager[Lab]]


@pytest.fixture
def lab_with(tmp_path: Path) -> Labs:
    """A lab with other switches, limits, clock or settings; `kind` is which rooms it has."""

    @asynccontextmanager
    async def made(
        switches: Switches = LIKELY,
        limits: Limits = UNLIMITED,
        clock: Clock | None = None,
        kind: type[WhatsAppEmulator] = PrivateWhatsApp,
        **settings: object,
    ) -> AsyncIterator[Lab]:
        async with opened(LARGEST_CALL) as door, kind(switches=switches, limits=limits, clock=clock) as server:
            config = WhatsAppConfig.model_validate({**server.settings(), **settings})

            def connect(host: KitHost) -> WhatsApp:
                connector = WhatsApp(config, host)
                door.admit(connector, host)
                return connector

            kit = Kit(server, KitHost(tmp_path, clock=clock), connect, Terms())
            async with kit.running() as run:
                yield Lab(server, door, kit, run)

    return made


@pytest.fixture
async def lab(lab_with: Labs) -> AsyncIterator[Lab]:
    async with lab_with() as made:
        yield made


@pytest.fixture
def clock() -> HandClock:
    return HandClock()
