"""A Telegram server, and the connector run against it as the bridge runs it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from connectors.telegram.config import TelegramConfig
from connectors.telegram.connector import Telegram
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED


@pytest.fixture
async def server() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator(limits=UNLIMITED) as emulator:
        yield emulator


def connect(server: TelegramEmulator, host: KitHost, **more: object) -> Telegram:
    return Telegram(TelegramConfig.model_validate({**server.settings(), **more}), host)


@pytest.fixture
def kit(server: TelegramEmulator, tmp_path: Path) -> Kit:
    return Kit(server, KitHost(tmp_path), lambda host: connect(server, host), Terms())
