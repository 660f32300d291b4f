"""Who floods waits for himself: other people, rooms and accounts hardly notice."""

import asyncio
from pathlib import Path

from msgspec.structs import replace

from bridge.capabilities import Rate
from bridge.errors import Scope
from bridge.testing.memory import EVERYTHING, MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.scenarios.faulty import faulty
from tests.scenarios.speaking import heard, lines, speak

MANY_AT_ONCE = replace(EVERYTHING, in_flight=64)


async def test_a_rate_of_the_account_holds_for_all_its_rooms_together(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(MANY_AT_ONCE, rates=(Rate(Scope.ACCOUNT, 3, 10.0),))
    bridge = await faulty(tmp_path, left, right, rooms=("town", "garden"))
    await speak(left, lines(5))
    await speak(left, lines(5), room="garden")
    await shows(right, "town", heard(lines(5)), seconds=120)
    await shows(right, "garden", heard(lines(5)), seconds=120)
    times = bridge.connector("right").times
    assert all(later - earlier >= 10.0 for earlier, later in zip(times, times[3:], strict=False))
    await bridge.stop()


async def test_a_flooded_room_leaves_the_other_rooms_of_its_account_their_turn(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(MANY_AT_ONCE, rates=(Rate(Scope.ACCOUNT, 5, 5.0),))
    bridge = await faulty(tmp_path, left, right, rooms=("town", "garden"))
    await speak(left, lines(300))
    connector = bridge.connector("right")
    for number in range(10):
        await eventually(lambda number=number: len(connector.times) >= 20 * number, seconds=300)
        began = asyncio.get_running_loop().time()
        await speak(left, lines(1, number), room="garden")
        await shows(right, "garden", heard(lines(number + 1)), seconds=60)
        assert asyncio.get_running_loop().time() - began <= 6
    await shows(right, "town", heard(lines(300)), seconds=900)
    await bridge.stop()


async def test_an_account_that_fails_at_every_message_delays_no_other(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    async with MemoryPlatform("third") as third:
        bridge = await faulty(tmp_path, left, right, third)
        bridge.connector("right").poison = "Ada"
        began = asyncio.get_running_loop().time()
        await speak(left, lines(200))
        await shows(third, "town", heard(lines(200)))
        assert asyncio.get_running_loop().time() - began < 2
        assert not await texts(right, "town")
        await bridge.stop()


async def test_a_room_that_floods_hardly_delays_another(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right, rooms=("town", "garden"))

    async def worst() -> float:
        """The longest of many journeys through the quiet room, in seconds."""
        longest = 0.0
        for _ in range(50):
            began = asyncio.get_running_loop().time()
            before = len(await texts(right, "garden"))
            await left.say("garden", "Bob", said("quiet"))
            await eventually(lambda before=before: _grown(right, before))
            longest = max(longest, asyncio.get_running_loop().time() - began)
        return longest

    alone = await worst()
    flood = asyncio.create_task(_thousand_a_second(left, 3000))
    beside = await worst()
    await flood
    await shows(right, "town", heard(lines(3000)), seconds=600)
    assert beside < 2 * alone
    await bridge.stop()


async def _thousand_a_second(platform: MemoryPlatform, count: int) -> None:
    for line in lines(count):
        await speak(platform, [line])
        await asyncio.sleep(0.001)


async def _grown(platform: MemoryPlatform, before: int) -> bool:
    return len(await texts(platform, "garden")) > before
