"""A whole bridge, one of its platforms behind a line that fails: one warning, one all-clear, and all arrives."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from bridge.connector import Connector
from bridge.testing.contract_line import address_of
from bridge.testing.loop import hurried
from bridge.testing.platform import Platform, texts
from bridge.testing.proxy import Outage, Proxy
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from connectors.irc.connector import Irc
from connectors.irc.emulator import IrcEmulator
from connectors.matrix.connector import Matrix
from connectors.matrix.emulator import MatrixEmulator
from connectors.telegram.connector import Telegram
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED
from tests.scenarios.bridge_under_test import Bridge, balanced

CONNECTORS: dict[str, type[Connector[Any]]] = {"irc": Irc, "matrix": Matrix, "telegram": Telegram}
NAMES = tuple(CONNECTORS)
OUTAGES = (Outage.REFUSED, Outage.RESET, Outage.SILENT, Outage.MUTE)
SECONDS = 3600


class World:
    """Three platforms, each behind a proxy, and a bridge between their first rooms."""

    def __init__(self, folder: Path) -> None:
        self.platforms: Mapping[str, Platform] = {
            "irc": IrcEmulator(),
            "matrix": MatrixEmulator(),
            "telegram": TelegramEmulator(limits=UNLIMITED),
        }
        self.proxies: dict[str, Proxy] = {}
        self._folder = folder

    def configuration(self) -> str:
        accounts = {name: self._settings(name) for name in NAMES}
        rooms = [f"{name}/{platform.rooms[0]}" for name, platform in self.platforms.items()]
        store = {"path": "data/q.db", "min_free_mib": 0}
        return msgspec.json.encode({"store": store, "accounts": accounts, "links": {"one": {"rooms": rooms}}}).decode()

    def _settings(self, name: str) -> Mapping[str, object]:
        setting, url = address_of(self.platforms[name])
        address = url._replace(netloc=f"{url.hostname}:{self.proxies[name].port}").geturl()
        return {**self.platforms[name].settings(), setting: address}

    async def say(self, name: str, words: str) -> None:
        await self.platforms[name].say(self.platforms[name].rooms[0], "Ada", said(words))

    async def hears(self, name: str, words: str, seconds: float = SECONDS) -> None:
        """Wait until the platform shows these words."""
        room = self.platforms[name].rooms[0]

        async def there() -> bool:
            return any(words in text for text in await texts(self.platforms[name], room))

        await eventually(there, what=lambda: f"{words} on {name}", seconds=seconds)

    async def order(self, name: str) -> list[str]:
        """The words that came from others, without names and without doubles."""
        shown = await texts(self.platforms[name], self.platforms[name].rooms[0])
        return list(dict.fromkeys(text.rpartition(" ")[2] for text in shown))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    with hurried():
        async with AsyncExitStack() as stack:
            for name, platform in world.platforms.items():
                await stack.enter_async_context(platform)
                _, url = address_of(platform)
                world.proxies[name] = await stack.enter_async_context(Proxy((url.hostname or "", url.port or 0)))
            yield world


@pytest.mark.parametrize("lost", NAMES)
@pytest.mark.parametrize("outage", OUTAGES)
async def test_an_outage_is_told_once_and_over_once_and_nobody_else_waits(
    outage: Outage, lost: str, world: World, tmp_path: Path
) -> None:
    bridge = await Bridge(tmp_path, world.configuration(), connectors=CONNECTORS).start()
    speaker, other = (name for name in NAMES if name != lost)
    with capture_logs() as logs:
        await world.say(speaker, "before")
        await world.hears(lost, "before")
        await world.proxies[lost].begin(outage)
        for number in range(10):
            began = bridge.clock.monotonic()
            await world.say(speaker, f"w{number}")
            await world.hears(other, f"w{number}")
            assert bridge.clock.monotonic() - began < 10, "others wait for the one that is lost"
            await asyncio.sleep(60)
        await world.proxies[lost].end()
        await world.hears(lost, "w9")
        await eventually(lambda: bridge.account(lost).state == "up", seconds=SECONDS)
    assert await world.order(lost) == ["before", *(f"w{number}" for number in range(10))]
    told = [(one["event"], one["account"]) for one in logs if one["event"] in ("account lost", "account back")]
    assert told == [("account lost", lost), ("account back", lost)]
    assert not [one for one in logs if one["log_level"] == "error"]
    await bridge.drained()
    assert balanced(await bridge.ledger())
    await bridge.stop()
