"""A target that cannot be reached for long, or answers with errors only: how often it is tried, and who waits."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from bridge.asked import Outgoing
from bridge.backoff import CAP_SECONDS
from bridge.errors import Scope, Unavailable, Uncertain
from bridge.ids import MessageId
from bridge.testing.memory import EVERYTHING, MemoryPlatform
from bridge.testing.waiting import eventually, shows
from tests.scenarios.bridge_under_test import balanced
from tests.scenarios.faulty import FaultyBridge, FaultyConnector, faulty
from tests.scenarios.test_targets_in_trouble import heard, lines, speak

ONE_BY_ONE = replace(EVERYTHING, in_flight=1)
MINUTES = 10
MOST_ATTEMPTS = 40
"""Of all kinds in ten minutes: full jitter up to five minutes makes about ten."""


class StormyConnector(FaultyConnector):
    """While `storm` is set every send ends so; `attempts` are the times of connections."""

    def __init__(self, config: Any, host: Any) -> None:  # noqa: ANN401 - handed on as they are
        super().__init__(config, host)
        self.storm: Exception | None = None
        self.attempts: list[float] = []

    async def run(self) -> None:
        self.attempts.append(self.host.clock.monotonic())
        await super().run()

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        self.fails = [self.storm] if self.storm is not None else []
        return await super().send(message)


@pytest.fixture
async def third() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="third") as platform:
        yield platform


@pytest.fixture
async def bridge(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, third: MemoryPlatform
) -> AsyncIterator[FaultyBridge]:
    right.capabilities = ONE_BY_ONE
    bridge = await faulty(tmp_path, left, right, third, connector=StormyConnector)
    yield bridge
    await bridge.stop()


def stormy(bridge: FaultyBridge) -> StormyConnector:
    connector = bridge.connector("right")
    assert isinstance(connector, StormyConnector)
    return connector


async def others_hear_at_once(bridge: FaultyBridge, left: MemoryPlatform, third: MemoryPlatform) -> list[str]:
    """Ten minutes, in each of which a line is written; what was written."""
    words = lines(MINUTES)
    for number, line in enumerate(words):
        began = bridge.clock.monotonic()
        await speak(left, [line])
        await shows(third, "town", heard(words[: number + 1]))
        assert bridge.clock.monotonic() - began < 1
        await asyncio.sleep(60)
    return words


async def test_a_target_that_refuses_is_tried_later_and_later_and_nobody_waits_for_it(
    bridge: FaultyBridge, left: MemoryPlatform, right: MemoryPlatform, third: MemoryPlatform
) -> None:
    connector = stormy(bridge)
    connector.connects = Unavailable("connection refused", scope=Scope.ACCOUNT)
    with capture_logs() as logs:
        right.drop_connections()
        words = await others_hear_at_once(bridge, left, third)
        assert len(connector.attempts) <= MOST_ATTEMPTS
        await asyncio.sleep(12 * 3600)
        connector.connects = None
        await shows(right, "town", heard(words), seconds=2 * CAP_SECONDS)
    pauses = [later - earlier for earlier, later in pairwise(connector.attempts[1:])]
    assert CAP_SECONDS / 2 < max(pauses) <= CAP_SECONDS
    assert len({round(pause, 3) for pause in pauses}) == len(pauses), "without jitter all bridges come back at once"
    told = [entry["event"] for entry in logs if entry["event"].startswith("account ")]
    assert told == ["account lost", "account back"]
    assert balanced(await bridge.ledger())


STORMS = (
    Uncertain("502 Bad Gateway"),
    Uncertain("502 Bad Gateway", scope=Scope.ACCOUNT),
    Uncertain("503 and come back at once", retry_after=0.0),
    Uncertain("503 and come back at once", retry_after=0.001, scope=Scope.ACCOUNT),
    Unavailable("503 Service Unavailable", scope=Scope.ACCOUNT),
    Unavailable("429 and come back at once", retry_after=0.0),
)


@pytest.mark.parametrize("storm", STORMS, ids=repr)
async def test_a_storm_of_errors_is_probed_with_one_row_and_nobody_waits_for_it(
    storm: Exception, bridge: FaultyBridge, left: MemoryPlatform, right: MemoryPlatform, third: MemoryPlatform
) -> None:
    connector = stormy(bridge)
    connector.storm = storm
    words = await others_hear_at_once(bridge, left, third)
    assert len(connector.times) <= MOST_ATTEMPTS
    assert len(set(connector.keys)) == 1, "the oldest row probes for all"
    connector.storm = None
    await shows(right, "town", heard(words), seconds=2 * CAP_SECONDS)
    assert bridge.account("right").state == "up"
    assert not await bridge.parked()
    assert balanced(await bridge.ledger())


@pytest.mark.parametrize(("scope", "least"), [(Scope.ROOM, 0.0), (Scope.ACCOUNT, 3.0)])
async def test_a_wait_holds_for_what_it_speaks_of(
    scope: Scope, least: float, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = ONE_BY_ONE
    bridge = await faulty(tmp_path, left, right, rooms=("town", "garden"), connector=StormyConnector)
    bridge.connector("right").fails = [Unavailable("slow down", retry_after=3.0, scope=scope)]
    stormy(bridge).storm = Unavailable("slow down", retry_after=3.0, scope=scope)
    began = bridge.clock.monotonic()
    await speak(left, lines(3))
    await eventually(lambda: stormy(bridge).times)
    stormy(bridge).storm = None
    await speak(left, lines(3), room="garden")
    await shows(right, "garden", heard(lines(3)), seconds=60)
    assert least <= bridge.clock.monotonic() - began < least + 2.0
    await shows(right, "town", heard(lines(3)), seconds=60)
    assert stormy(bridge).times[-1] - began >= 3.0
    await bridge.stop()
