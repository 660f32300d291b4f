"""Names and topics of rooms as state: with the power they need, and without an event where nothing changes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.errors import RoomClosed
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from connectors.matrix.config import MatrixConfig
from connectors.matrix.connector import Matrix
from connectors.matrix.emulator import MatrixEmulator


@pytest.fixture
async def server() -> AsyncIterator[MatrixEmulator]:
    async with MatrixEmulator() as emulator:
        yield emulator


async def test_who_has_no_power_is_refused_and_what_is_there_makes_no_event(
    server: MatrixEmulator, tmp_path: Path
) -> None:
    config = MatrixConfig.model_validate(server.settings())
    kit = Kit(server, KitHost(tmp_path), lambda host: Matrix(config, host), Terms())
    async with kit.running() as run:
        room = run.place(kit.town).room
        with pytest.raises(RoomClosed, match="permission"):
            await run.connector.rename(room, "Hall")
        with pytest.raises(RoomClosed, match="permission"):
            await run.connector.describe(room, "tea")
        await server.titles.trust(kit.town)
        await run.connector.rename(room, "Hall")
        await run.connector.describe(room, "tea")
        before = len(await server.events(kit.town))
        await run.connector.rename(room, "Hall")
        await run.connector.describe(room, "tea")
        assert len(await server.events(kit.town)) == before
        assert (await server.titles.name_of(kit.town), await server.titles.topic_of(kit.town)) == ("Hall", "tea")
