"""The contract of every connector, kept by Telegram's."""

from collections.abc import AsyncIterator

import pytest

from bridge.testing.contract import ConnectorContract
from bridge.testing.contract_kit import Kit
from bridge.testing.host import KitHost
from connectors.telegram.config import TelegramConfig
from connectors.telegram.connector import Telegram
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED


class TestTelegram(ConnectorContract):
    """Telegram over its emulator."""

    idempotent = False
    idempotent_reason = "the Bot API knows no key: an unknown outcome that is tried again may be a double"

    @pytest.fixture
    async def platform(self) -> AsyncIterator[TelegramEmulator]:
        async with TelegramEmulator(limits=UNLIMITED) as server:
            yield server

    def connector(self, platform: TelegramEmulator, host: KitHost) -> Telegram:
        return Telegram(TelegramConfig.model_validate(platform.settings()), host)

    @pytest.mark.xfail(reason="Telegram tells bots of no deletion: facts/platform-apis.md 4.2", strict=True)
    async def test_a_deletion_arrives(self, kit: Kit) -> None:
        kit.host.patience_seconds = 2.0
        await super().test_a_deletion_arrives(kit)
