"""Many open conversations cost nothing while nobody speaks in them, and a message costs what it did."""

import asyncio
import os
import resource
import time
from pathlib import Path

from bridge.ids import AccountName, RoomId
from bridge.store.conversations import Converse
from bridge.testing.waiting import eventually
from tests.scenarios.desk_town import NUMBERS, Town, town

OLENA, _, _ = NUMBERS
PIECE = 1000
MANY = int(os.environ.get("CONVERSATIONS", "60"))


async def _talked(there: Town, number: str, name: str, talk: int) -> None:
    """A question and its answer."""
    await there.writes(number, name, "hello")
    thread = await there.thread(f"#{talk} {name}")
    await there.in_thread(thread, f"{name}: hello")
    there.answers("Ada", f"!reply #{talk} good morning")
    await there.reads(number, "Ada: good morning")


async def test_conversations_without_words_are_rows_and_nothing_else(tmp_path: Path) -> None:
    async with town(tmp_path, rooms=MANY, desk="greeting: Welcome!") as there:
        desk = there.bridge.account("office").lanes
        for begin in range(0, MANY, PIECE):
            began, end = time.perf_counter(), min(begin + PIECE, MANY)
            for number in range(begin, end):
                await there.writes(f"38060{number:07}", f"Person {number}", "hello")
            await eventually(lambda end=end: _greeted(there, end), seconds=3600)  # type: ignore[misc]
            each = (time.perf_counter() - began) / (end - begin) * 1000
            largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{end} conversations: {each:.1f} ms for each new one, {largest} MiB with the emulated platforms")
        rooms, shared = there.bridge.app.rooms, there.bridge.app.shared
        await there.bridge.clock.sleep(120)
        assert len(rooms.privates) == 0
        assert set(rooms.lanes) == set(there.bridge.account("office").rooms)
        assert set(desk.lanes) == set(rooms.lanes)
        assert not there.bridge.account("chat").lanes.lanes
        assert len(shared.names) == 1
        assert {*shared.echoes, *shared.under_way, *shared.limiters, *shared.unsure} <= set(rooms.lanes)
        await there.bridge.stop()
        await there.bridge.start()
        assert len(there.bridge.app.rooms.privates) == 0
        assert len(there.bridge.app.shared.names) <= 1


async def _greeted(there: Town, many: int) -> bool:
    """Whether the last ones were greeted: lanes are many, so a few before them are looked at, too."""
    last = range(max(0, many - 20), many)
    return all([len(await there.people.shown(f"38060{number:07}")) == 2 for number in last])


async def test_a_message_asks_as_little_of_the_store_among_many_as_alone(tmp_path: Path) -> None:
    """Counted in steps of its virtual machine, which do not depend on how busy this machine is."""
    async with town(tmp_path) as there:
        await _talked(there, OLENA, "Olena", 1)
        alone = await _steps(there, _talked(there, NUMBERS[1], "Taras", 2))
        ops = [
            Converse(account=AccountName("chat"), native=RoomId(f"!{n}"), desk="help", agents=_agents(there), title="x")
            for n in range(5000)
        ]
        await asyncio.gather(*(there.bridge.writer.ask(op) for op in ops))
        among = await _steps(there, _talked(there, NUMBERS[2], "Petro", 5003))
        assert among < 2 * alone, (alone, among)


def _agents(there: Town) -> int:
    (number,) = there.bridge.account("office").rooms
    return number


async def _steps(there: Town, work: object) -> int:
    """Steps of a thousand that SQLite took for some work."""
    taken = 0

    def count() -> bool:
        nonlocal taken
        taken += 1
        return False

    connection = there.bridge.store._connection
    connection.set_progress_handler(count, 100)
    await work  # type: ignore[misc]
    connection.set_progress_handler(None)
    return taken
