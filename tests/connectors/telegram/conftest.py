"""A Telegram server, and the connector run against it as the bridge runs it."""

from collections.abc import AsyncIterator, Callable
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


@pytest.fixture
def kit_with(server: TelegramEmulator, tmp_path: Path) -> Callable[..., Kit]:
    """A kit whose account has other settings."""

    def kit(webhook_url: str | None = None, **more: object) -> Kit:
        config = TelegramConfig.model_validate({**server.settings(), **more})
        return Kit(server, KitHost(tmp_path, webhook_url=webhook_url), lambda host: Telegram(config, host), Terms())

    return kit


@pytest.fixture
def kit(kit_with: Callable[..., Kit]) -> Kit:
    return kit_with()
