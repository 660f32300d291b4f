"""A page on an emulated Messenger, the door that Meta calls at, and kits with other settings."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from msgspec import Struct

from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.door import Door, opened
from bridge.testing.host import KitHost
from connectors.messenger.config import MessengerConfig
from connectors.messenger.connector import Messenger
from connectors.messenger.emulator import MessengerEmulator
from connectors.messenger.emulator_rules import SURE, UNLIMITED, Limits, Unsure

Open = Callable[..., "Lab"]


class Lab(Struct):
    """One page: `kit` makes kits whose accounts have other settings."""

    server: MessengerEmulator
    door: Door
    folder: Path

    def kit(self, webhook_url: str | None = None, **more: object) -> Kit:
        """A kit with a host of its own."""

        def connect(host: KitHost) -> Messenger:
            settings = {**self.server.settings(), **more}
            made = Messenger(MessengerConfig.model_validate(settings), host)
            self.door.connectors.append(made)
            return made

        return Kit(self.server, KitHost(self.folder, webhook_url=webhook_url), connect, Terms())


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with opened() as door:
        yield door


@pytest.fixture
async def lab_with(door: Door, tmp_path: Path) -> AsyncIterator[Callable[..., object]]:
    """Opens one emulator with these limits and uncertain facts."""
    servers: list[MessengerEmulator] = []

    async def lab(limits: Limits = UNLIMITED, unsure: Unsure = SURE) -> Lab:
        server = MessengerEmulator(limits=limits, unsure=unsure)
        await server.__aenter__()
        servers.append(server)
        server.webhook.url = door.url
        return Lab(server, door, tmp_path)

    yield lab
    for server in servers:
        await server.__aexit__()


@pytest.fixture
async def lab(lab_with: Callable[..., object]) -> Lab:
    return await lab_with()  # type: ignore[misc,no-any-return]
