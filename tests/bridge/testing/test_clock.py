"""Time in tests passes when it is told to."""

import asyncio
from datetime import timedelta

import pytest

from bridge.testing.clock import HandClock, HastyClock
from bridge.testing.loop import SkippingLoop


async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    clock, woken = HandClock(), []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        for seconds in (3, 1, 2):
            group.create_task(sleep(seconds))
        await asyncio.sleep(0)
        assert clock.next_wake == 1
        await clock.turn(2.5)
        assert woken == [(1, 1), (2, 2)]
        await clock.turn(0.5)
    assert woken == [(1, 1), (2, 2), (3, 3)]
    assert clock.next_wake is None


async def test_who_sleeps_again_while_time_passes_wakes_again() -> None:
    clock, ticks = HandClock(), []

    async def tick() -> None:
        for _ in range(3):
            await clock.sleep(1)
            ticks.append(clock.monotonic())

    async with asyncio.TaskGroup() as group:
        group.create_task(tick())
        await clock.turn(0)
        await clock.turn(10)
    assert ticks == [1, 2, 3]
    assert clock.monotonic() == 10


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = HandClock()
    sleeper = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    sleeper.cancel()
    await asyncio.wait([sleeper])
    assert clock.next_wake is None
    await clock.turn(10)


async def test_the_wall_clock_can_be_set_alone() -> None:
    clock = HandClock()
    begin = clock.now()
    clock.step(-3600)
    await clock.turn(60)
    assert clock.now() - begin == timedelta(seconds=60 - 3600)
    assert clock.monotonic() == 60


async def test_no_time_needs_no_turn() -> None:
    await HandClock().sleep(0)


async def test_a_hasty_clock_hurries() -> None:
    clock = HastyClock(100)
    begin, wall = clock.monotonic(), clock.now()
    async with asyncio.timeout(5):
        await clock.sleep(20)
    assert clock.monotonic() - begin >= 19
    assert clock.now() - wall >= timedelta(seconds=19)


def test_a_skipping_loop_waits_for_nothing() -> None:
    async def year() -> float:
        await asyncio.sleep(31_536_000)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        assert runner.run(year()) == pytest.approx(31_536_000)


def test_a_skipping_loop_tells_when_nothing_can_happen() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    loop = SkippingLoop()
    task = loop.create_task(forever())
    with pytest.raises(RuntimeError, match="everybody waits"):
        loop.run_until_complete(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()
