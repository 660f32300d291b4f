"""Live locations of Matrix: one message, which moves with each beacon and comes to rest."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge import Attachment, Location
from bridge.events import Edited, Kind, Posted
from bridge.ids import MessageId
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from connectors.matrix.config import MatrixConfig
from connectors.matrix.connector import Matrix
from connectors.matrix.emulator import MatrixEmulator

INFO, BEACON, WHERE = "org.matrix.msc3672.beacon_info", "org.matrix.msc3672.beacon", "org.matrix.msc3488.location"


@pytest.fixture
async def platform() -> AsyncIterator[MatrixEmulator]:
    async with MatrixEmulator() as server:
        yield server


@pytest.fixture
def kit(platform: MatrixEmulator, tmp_path: Path) -> Kit:
    config = MatrixConfig.model_validate(platform.settings())
    return Kit(platform, KitHost(tmp_path), lambda host: Matrix(config, host), Terms())


STABLE = {INFO: "m.beacon_info", BEACON: "m.beacon", WHERE: "m.location"}


def began(*, live: bool = True, **more: object) -> dict[str, Any]:
    return {"live": live, "timeout": 900_000, "description": "on  my way", **more}


def beacon(info: str, at: str, where: str = WHERE) -> dict[str, Any]:
    return {"m.relates_to": {"rel_type": "m.reference", "event_id": info}, where: {"uri": f"geo:{at}"}}


def spot(latitude: float, live: int | None) -> tuple[Attachment, ...]:
    place = Location(latitude=latitude, longitude=2.0, title="on my way", live_seconds=live)
    return (Attachment(kind=Kind.LOCATION, location=place),)


def told(kit: Kit) -> list[tuple[str, MessageId, tuple[Attachment, ...]]]:
    return [
        ("posted", one.message[0], one.attachments)
        if isinstance(one, Posted)
        else ("edited", one.replaces, one.attachments)
        for one in kit.host.events
        if isinstance(one, (Posted, Edited)) and one.attachments
    ]


@pytest.mark.parametrize("names", [{}, STABLE])
async def test_a_live_location_is_one_message_that_moves_and_comes_to_rest(
    kit: Kit, platform: MatrixEmulator, names: dict[str, str]
) -> None:
    kind, moves, where = names.get(INFO, INFO), names.get(BEACON, BEACON), names.get(WHERE, WHERE)
    async with kit.running() as run:
        await platform.promote(kit.town, "Ada")
        info = await platform.set_own_state(kit.town, "Ada", kind, began())
        for at in ("1.0,2.0", "1.5,2.0"):
            await platform.post(kit.town, "Ada", moves, beacon(info, at, where))
            await run.hears(f"at {at}")
        await platform.set_own_state(kit.town, "Ada", kind, began(live=False))
        await run.hears("the end")
        assert told(kit) == [
            ("posted", info, spot(1.0, 900)), ("edited", info, spot(1.5, 900)), ("edited", info, spot(1.5, None)),
        ]  # fmt: skip


async def test_nobody_moves_what_is_not_theirs_and_nothing_else_is_a_live_location(
    kit: Kit, platform: MatrixEmulator
) -> None:
    async with kit.running() as run:
        await platform.promote(kit.town, "Ada")
        info = await platform.set_own_state(kit.town, "Ada", INFO, began(timeout="long", description=7))
        words, _ = await run.hears("no location")
        for person, about, where in (
            ("Eve", info, "1.0,2.0"), ("Ada", words, "1.0,2.0"), ("Ada", info, "nowhere"),
        ):  # fmt: skip
            await platform.post(kit.town, person, BEACON, beacon(about, where))
        await platform.set_own_state(kit.town, "Ada", INFO, began(live=False))
        await run.hears("the end")
        assert told(kit) == []
