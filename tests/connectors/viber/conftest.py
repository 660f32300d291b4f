"""An emulated Viber, the door it calls at, and a kit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import Struct

from bridge.testing.clock import HandClock
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.door import Door, opened
from bridge.testing.host import KitHost
from connectors.viber.config import ViberConfig
from connectors.viber.connector import Viber
from connectors.viber.emulator import ViberEmulator
from connectors.viber.emulator_rules import Habits, Limits


class Lab(Struct):
    """Everything one test needs; `made` are the connectors, the newest last."""

    server: ViberEmulator
    door: Door
    kit: Kit
    made: list[Viber]

    @property
    def viber(self) -> Viber:
        return self.made[-1]


def lab_of(server: ViberEmulator, door: Door, path: Path, **settings: object) -> Lab:
    made: list[Viber] = []

    def connect(host: KitHost) -> Viber:
        config = ViberConfig.model_validate({**server.settings(), **settings})
        made.append(Viber(config, host))
        door.admit(made[-1], host)
        return made[-1]

    return Lab(server, door, Kit(server, KitHost(path), connect, Terms()), made)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with opened() as door:
        yield door


@pytest.fixture
async def server() -> AsyncIterator[ViberEmulator]:
    async with ViberEmulator() as server:
        yield server


@pytest.fixture
def lab(server: ViberEmulator, door: Door, tmp_path: Path) -> Lab:
    return lab_of(server, door, tmp_path)


@pytest.fixture
async def strict() -> AsyncIterator[ViberEmulator]:
    """Real limits, and a clock that a test turns."""
    async with ViberEmulator(limits=Limits(), habits=Habits(), clock=HandClock()) as server:
        yield server
