"""A call is answered by what becomes of it in the run that took it."""

import asyncio

import pytest

from bridge.calls import Calls
from bridge.errors import StoreFull, Unavailable


async def stored() -> str:
    await asyncio.sleep(0)
    return "stored"


async def never() -> None:
    await asyncio.Event().wait()


async def refused() -> None:
    raise StoreFull("no space")


async def test_what_is_stored_is_answered_so() -> None:
    assert await Calls().take(stored()) == "stored"


async def test_an_error_is_the_callers() -> None:
    with pytest.raises(StoreFull):
        await Calls().take(refused())


async def test_what_is_not_stored_when_the_run_ends_is_to_be_given_again() -> None:
    calls = Calls()
    asyncio.get_running_loop().call_soon(calls.end)
    with pytest.raises(Unavailable):
        await calls.take(never())


async def test_who_gives_up_a_call_gives_up_its_storing() -> None:
    under_way = asyncio.create_task(Calls().take(never()))
    await asyncio.sleep(0)
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
