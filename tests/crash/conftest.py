"""A town of emulators, new for every test."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bridge.chance import SeededChance
from bridge.testing.platform import Platform
from connectors.irc.emulator import IrcEmulator
from connectors.matrix.emulator import MatrixEmulator
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED
from tests.crash.town import MatrixQueue, TelegramQueue, Town, daemon_between
from tests.crash.trial import Trial


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        matrix = await stack.enter_async_context(MatrixEmulator())
        telegram = await stack.enter_async_context(TelegramEmulator(limits=UNLIMITED))
        irc = await stack.enter_async_context(IrcEmulator())
        platforms: dict[str, Platform] = {"matrix": matrix, "telegram": telegram, "irc": irc}
        daemon = daemon_between(tmp_path / "daemon", platforms)
        stack.callback(daemon.kill)
        yield Town(platforms, daemon, {"matrix": MatrixQueue(matrix), "telegram": TelegramQueue(telegram)})


@pytest.fixture
def trial(town: Town, tmp_path: Path) -> Trial:
    return Trial(town, SeededChance(7), tmp_path / "deaths")
