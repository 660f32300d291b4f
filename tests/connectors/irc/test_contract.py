"""The contract of a connector, kept on three kinds of server."""

from collections.abc import AsyncIterator

import pytest

from bridge.testing.contract import ConnectorContract
from bridge.testing.host import KitHost
from connectors.irc.config import IrcConfig
from connectors.irc.connector import Irc
from connectors.irc.emulator import IrcEmulator
from connectors.irc.emulator_network import ECHO_ONLY, RELAYING, REMEMBERING

SASL = {"qantara": "open sesame, please"}


class _Kept(ConnectorContract):
    replays = False
    replays_reason = "IRC keeps nothing for who was away"
    idempotent = False
    idempotent_reason = "IRC has no key that makes a line count once"

    def connector(self, platform: IrcEmulator, host: KitHost) -> Irc:
        return Irc(IrcConfig.model_validate(platform.settings()), host)


class TestWithEverything(_Kept):
    @pytest.fixture
    async def platform(self) -> AsyncIterator[IrcEmulator]:
        async with IrcEmulator(accounts=SASL) as server:
            yield server


class TestWithRelationsAsTags(TestWithEverything):
    def connector(self, platform: IrcEmulator, host: KitHost) -> Irc:
        return Irc(IrcConfig.model_validate({**platform.settings(), "relations": "tags"}), host)


class TestWithEchoesOnly(_Kept):
    @pytest.fixture
    async def platform(self) -> AsyncIterator[IrcEmulator]:
        async with IrcEmulator(capabilities=ECHO_ONLY, password="let me in, please") as server:
            yield server


class TestWithNothing(_Kept):
    @pytest.fixture
    async def platform(self) -> AsyncIterator[IrcEmulator]:
        async with IrcEmulator(capabilities=frozenset()) as server:
            yield server


class TestWithHistory(_Kept):
    """The server keeps what is said while we are away."""

    replays = True
    replays_reason = ""

    @pytest.fixture
    async def platform(self) -> AsyncIterator[IrcEmulator]:
        async with IrcEmulator(capabilities=REMEMBERING) as server:
            yield server


class TestWithRelays(_Kept):
    """Everybody speaks under a nick of their own."""

    @pytest.fixture
    async def platform(self) -> AsyncIterator[IrcEmulator]:
        async with IrcEmulator(capabilities=RELAYING) as server:
            yield server


class TestWithRelaysAndEchoesOnly(_Kept):
    @pytest.fixture
    async def platform(self) -> AsyncIterator[IrcEmulator]:
        async with IrcEmulator(capabilities=ECHO_ONLY | {"draft/relaymsg"}) as server:
            yield server
