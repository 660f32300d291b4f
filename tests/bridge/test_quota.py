"""Quotas of rooms: who is full, and who waits for it."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bridge.ids import RoomNumber
from bridge.quota import Quota

TOWN, GARDEN = RoomNumber(1), RoomNumber(2)


@given(st.lists(st.sampled_from((1, -1)), max_size=200))
def test_a_room_is_full_from_the_quota_down_to_nine_tenths(steps: list[int]) -> None:
    quota, depth, full = Quota(20), 0, False
    for step in steps:
        depth = max(0, depth + step)
        quota.grew(TOWN, depth) if step > 0 else quota.shrank(TOWN, depth)
        full = depth >= 20 or (full and depth > 18)
        assert (TOWN in quota.full) == full


async def test_who_waits_for_one_room_does_not_wait_for_another() -> None:
    quota = Quota(10)
    quota.grew(TOWN, 10)
    await quota.space([GARDEN])
    waiting = asyncio.create_task(quota.space([TOWN, GARDEN]))
    quota.grew(GARDEN, 10)
    await asyncio.sleep(0)
    quota.shrank(TOWN, 0)
    await asyncio.sleep(0)
    assert not waiting.done()
    quota.shrank(GARDEN, 0)
    async with asyncio.timeout(1):
        await waiting


async def test_another_quota_lets_everybody_look_again() -> None:
    quota = Quota(10)
    quota.grew(TOWN, 10)
    waiting = asyncio.create_task(quota.space([TOWN]))
    await asyncio.sleep(0)
    quota.most = 20
    async with asyncio.timeout(1):
        await waiting
    quota.grew(TOWN, 19)
    assert not quota.full
