"""The wall clock is set forwards, back, again and again: nothing is tried too early, stuck, or over before its time."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.errors import Unavailable
from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import balanced
from tests.scenarios.faulty import FaultyBridge, faulty

HOUR = 3600.0


async def waiting(folder: Path, left: MemoryPlatform, right: MemoryPlatform) -> tuple[FaultyBridge, float]:
    """A bridge whose right platform has just asked for a wait of 600 seconds; and when it did."""
    bridge = await faulty(folder, left, right)
    connector = bridge.connector("right")
    connector.fails = [Unavailable("slow down", retry_after=600.0)]
    await left.say("town", "Ada", said("one"))
    await eventually(lambda: connector.times)
    await eventually(lambda: not bridge.writer.depth)
    return bridge, connector.times[0]


@pytest.mark.parametrize("step", [HOUR, -HOUR, 40 * 24 * HOUR])
async def test_a_wait_is_as_long_as_asked_for_whatever_the_wall_clock_does(
    step: float, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge, began = await waiting(tmp_path, left, right)
    bridge.clock.step(step)
    await shows(right, "town", ["Ada: one"], seconds=2 * HOUR)
    assert 600.0 <= bridge.connector("right").times[1] - began < 610.0
    await bridge.stop()


@pytest.mark.parametrize("step", [0, -HOUR, -1000 * HOUR])
async def test_a_stored_wait_outlives_the_process_and_no_clock_makes_it_endless(
    step: float, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge, began = await waiting(tmp_path, left, right)
    await bridge.crash()
    bridge.clock.step(step)
    await bridge.start()
    await shows(right, "town", ["Ada: one"], seconds=3 * HOUR)
    waited = bridge.connector("right").times[0] - began
    assert 595 <= waited <= (HOUR + 15 if step else 615)
    await bridge.stop()


async def test_a_stored_wait_is_over_when_the_wall_clock_says_so(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """Time that passed while nobody ran counts: it cannot be told from a clock set forwards."""
    bridge, _ = await waiting(tmp_path, left, right)
    await bridge.crash()
    bridge.clock.step(HOUR)
    await bridge.start()
    await shows(right, "town", ["Ada: one"], seconds=30)
    await bridge.stop()


async def test_no_step_of_the_wall_clock_expires_what_waits(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(right.capabilities, in_flight=1)
    bridge = await faulty(tmp_path, left, right, lifetime_hours=1)
    connector = bridge.connector("right")
    connector.fails = [Unavailable("slow down", retry_after=60.0)]
    for number in range(20):
        await left.say("town", "Ada", said(f"{number}"))
    await eventually(lambda: connector.times)
    bridge.clock.step(48 * HOUR)
    await shows(right, "town", [f"Ada: {number}" for number in range(20)], seconds=HOUR)
    ledger = await bridge.ledger()
    assert (ledger["delivered"], ledger.get("expired", 0)) == (20, 0)
    await bridge.stop()


async def test_a_clock_that_steps_all_the_time_disturbs_no_order_and_loses_nothing(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(right.capabilities, in_flight=1)
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    expected = []
    for number in range(60):
        bridge.clock.step((HOUR, -2 * HOUR, HOUR)[number % 3])
        if number % 7 == 0:
            connector.fails.append(Unavailable("not now", retry_after=5.0))
        await left.say("town", "Ada", said(f"{number}"))
        expected.append(f"Ada: {number}")
        await asyncio.sleep(1)
    await shows(right, "town", expected, seconds=600)
    await bridge.drained()
    assert balanced(await bridge.ledger())
    assert all(later - earlier < 400 for earlier, later in zip(connector.times, connector.times[1:], strict=False))
    await bridge.stop()
