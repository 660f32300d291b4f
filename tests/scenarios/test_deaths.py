"""The bridge is killed, stopped or its disk fails: what is there afterwards, and how often."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from bridge.app import Exit
from bridge.asked import Outgoing
from bridge.chance import SeededChance
from bridge.errors import BridgeError, Rejected, Uncertain
from bridge.ids import MessageId
from bridge.store.questions import Parked
from bridge.testing.memory import EVERYTHING, MemoryPlatform, Repeats
from bridge.testing.memory_trouble import Trouble
from bridge.testing.platform import Fault, texts
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from bridge.text.walk import plain
from tests.scenarios.bridge_under_test import Bridge, balanced, configured
from tests.scenarios.faulty import FaultyConnector, faulty

WIDE = replace(EVERYTHING, in_flight=64)


def positions(bridge: Bridge) -> int:
    return int(next(iter(bridge.store._connection.execute("SELECT coalesce(position, 0) FROM account")))[0])


@pytest.mark.parametrize("repeats", list(Repeats))
async def test_twenty_deaths_lose_nothing_and_keep_the_order(
    repeats: Repeats, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.repeats = repeats
    chance = SeededChance(len(repeats))
    bridge = await faulty(tmp_path, left, right)
    expected: list[str] = []
    deaths = 20
    for life in range(deaths):
        bridge.connector("right").slow = {"!town": 0.004}
        for number in range(12):
            words = f"{life}.{number}"
            message = await left.say("town", "Ada", said(words))
            expected.append(f"Ada: {words}")
            if number % 5 == 0:
                await left.edit("town", "Ada", message, said(f"{words} edited"))
                expected[-1] += " edited"
            await asyncio.sleep(0.004 * chance.fraction())
        await asyncio.sleep(0.02 * chance.fraction())
        await bridge.crash()
        await bridge.start()
    await bridge.drained()
    seen = await texts(right, "town")
    unedited = [one.removesuffix(" edited") for one in seen]
    firsts = list(dict.fromkeys(unedited))
    assert firsts == [one.removesuffix(" edited") for one in expected]
    assert set(expected) <= set(seen)
    doubles = len(unedited) - len(firsts)
    assert doubles == 0 if repeats is Repeats.DROPPED else doubles <= deaths * EVERYTHING.in_flight
    assert balanced(await bridge.ledger())
    assert positions(bridge) == len(left.written.journal)
    await bridge.stop()


async def test_the_position_is_never_ahead_of_what_is_stored(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right)
    bridge.connector("right").connects = Uncertain("away")
    right.drop_connections()
    for number in range(200):
        await left.say("town", "Ada", said(str(number)))
        await asyncio.sleep(0.0003)
        if number % 40 == 39:
            await bridge.crash()
            bridge.begin()
            at = positions(bridge)
            (rows,) = bridge.store._connection.execute("SELECT count(*) FROM message")
            assert rows[0] >= at
            await eventually(bridge._settled)
            bridge.connector("right").connects = Uncertain("away")
            right.drop_connections()
    bridge.connector("right").connects = None
    await shows(right, "town", [f"Ada: {number}" for number in range(200)], seconds=600)
    await bridge.stop()


class Deadly(FaultyConnector):
    """Sending a certain message kills the process, as far as anybody can see: the call never ends."""

    deadly: ClassVar[str] = "deadly"
    killed: ClassVar[list[str]] = []

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        if self.deadly in plain(message.text):
            self.killed.append(message.key)
            await asyncio.Event().wait()
        return await super().send(message)


async def test_a_message_that_kills_the_bridge_three_times_is_parked(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(EVERYTHING, in_flight=1)
    Deadly.killed.clear()
    bridge = await faulty(tmp_path, left, right, connector=Deadly)
    for words in ("one", "deadly", "two", "three"):
        await left.say("town", "Ada", said(words))
    for death in range(1, 5):
        await eventually(lambda death=death: len(Deadly.killed) == death)
        await bridge.crash()
        await bridge.start()
    await shows(right, "town", ["Ada: one", "Ada: two", "Ada: three"], seconds=60)
    (parked,) = await bridge.parked()
    assert (parked.reason, len(Deadly.killed), len(set(Deadly.killed))) == ("poison", 4, 1)
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_a_clean_stop_forgives_deaths(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    right.capabilities = replace(EVERYTHING, in_flight=1)
    Deadly.killed.clear()
    bridge = await faulty(tmp_path, left, right, connector=Deadly)
    await left.say("town", "Ada", said("deadly"))
    for death in range(1, 4):
        await eventually(lambda death=death: len(Deadly.killed) == death)
        if death < 3:
            await bridge.crash()
            await bridge.start()
    bridge.app.end()
    account = bridge.account("right")
    await eventually(lambda: account.lanes.busy and not account.lanes.open)
    await bridge.crash()
    Deadly.deadly = "harmless now"
    await bridge.start()
    await shows(right, "town", ["Ada: deadly"], seconds=60)
    Deadly.deadly = "deadly"
    await bridge.stop()


async def test_a_message_is_not_blamed_for_a_death_while_it_waits(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """Its platform is away: the bridge dies for another reason, again and again."""
    right.fail_next(Fault.RATE_LIMITED, 10_000)
    bridge = await faulty(tmp_path, left, right)
    await left.say("town", "Ada", said("innocent"))
    for _ in range(5):
        tried = len(right.attempts)
        await eventually(lambda tried=tried: len(right.attempts) > tried)
        await asyncio.sleep(0.02)
        await bridge.crash()
        await bridge.start()
    right.restore()
    await shows(right, "town", ["Ada: innocent"], seconds=600)
    await bridge.stop()


async def test_a_message_is_not_blamed_for_a_death_while_others_have_its_place(tmp_path: Path) -> None:
    """An account begins with two sends at once: what waits for one of them to end has killed nobody."""
    rooms = ("town", "garden", "yard")
    Deadly.killed.clear()
    async with MemoryPlatform("left", rooms=rooms) as left, MemoryPlatform("right", rooms=rooms) as right:
        bridge = await faulty(tmp_path, left, right, rooms=rooms, connector=Deadly)
        for room, words in zip(rooms, ("deadly", "deadly", "innocent"), strict=True):
            await left.say(room, "Ada", said(words))
        for death in range(1, 5):
            await eventually(lambda death=death: len(Deadly.killed) == 2 * death)
            await bridge.crash()
            await bridge.start()
        await shows(right, "yard", ["Ada: innocent"], seconds=60)
        assert [row.reason for row in await bridge.parked()] == ["poison", "poison"]
        await bridge.stop()


class Looking(FaultyConnector):
    """Looks into the store whenever it sends."""

    look: ClassVar[Callable[[], object]]
    seen: ClassVar[list[object]] = []

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        self.seen.append(Looking.look())
        return await super().send(message)


async def test_a_parked_message_is_stored_as_such_before_the_next_one_goes(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """Else a death finds more messages under way than the room lets be, and takes one of them for new."""
    right.capabilities = replace(EVERYTHING, in_flight=1)
    bridge = await faulty(tmp_path, left, right, connector=Looking)
    Looking.seen.clear()
    Looking.look = lambda: len(bridge.store.drain([Parked()])[0])
    bridge.connector("right").fails.append(Rejected("no"))
    for words in ("one", "two"):
        await left.say("town", "Ada", said(words))
    await shows(right, "town", ["Ada: two"])
    assert Looking.seen == [0, 1]
    await bridge.stop()


async def test_held_is_what_nobody_knows_where_the_account_says_so(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(EVERYTHING, in_flight=1)
    yaml = configured(left, right).replace("platform: right,", "platform: right, unknown_outcome: hold,")
    bridge = await Bridge(tmp_path, yaml).start()
    right.hang()
    await left.say("town", "Ada", said("one"))
    await left.say("town", "Ada", said("two"))
    await eventually(lambda: right.attempts)
    await bridge.crash()
    right.restore()
    await bridge.start()
    rows = await eventually(bridge.parked)
    assert {row.reason for row in rows} == {"unknown outcome"}
    await bridge.retry_parked()
    await shown(right, "town", lambda seen: sorted(one.text for one in seen) == ["Ada: one", "Ada: two"], seconds=60)
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_a_graceful_stop_lets_sends_end_and_doubles_nothing(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.repeats = Repeats.SHOWN
    bridge = await faulty(tmp_path, left, right)
    bridge.connector("right").slow = {"!town": 3.0}
    for number in range(20):
        await left.say("town", "Ada", said(str(number)))
    await eventually(lambda: right.attempts)
    began = bridge.clock.monotonic()
    assert await bridge.stop() is Exit.OK
    assert bridge.clock.monotonic() - began < 25
    await bridge.start()
    await shows(right, "town", [f"Ada: {number}" for number in range(20)], seconds=60)
    await bridge.stop()


async def test_a_stop_does_not_wait_for_ever(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await faulty(tmp_path, left, right)
    right.hang()
    await left.say("town", "Ada", said("one"))
    await eventually(lambda: right.attempts)
    began = bridge.clock.monotonic()
    bridge.app.end()
    assert await bridge.task is Exit.OK
    assert bridge.clock.monotonic() - began < 25
    bridge._pump.stop()
    right.restore()
    await bridge.start()
    await shows(right, "town", ["Ada: one"])
    await bridge.stop()


class Stream(FaultyConnector):
    """A transport that keeps order: what was sent before the cut may have arrived, what came after has not."""

    def __init__(self, config: Any, host: Any) -> None:  # noqa: ANN401 - handed on as they are
        super().__init__(config, host)
        self.waiting: list[tuple[Outgoing, asyncio.Future[Sequence[MessageId]]]] = []
        self.cut_after = -1

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.carry())
                await super().run()
        except* (BridgeError, Trouble) as errors:
            raise errors.exceptions[0] from None
        finally:
            lost, self.waiting = self.waiting, []
            for _, answer in lost:
                if not answer.done():
                    answer.set_exception(Uncertain("the connection is lost"))

    async def carry(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            if self.waiting:
                message, answer = self.waiting[0]
                sent = await super().send(message)
                if self.cut_after == 0:
                    self.cut_after = -1
                    raise Uncertain("cut")
                self.cut_after -= 1
                self.waiting.pop(0)
                answer.set_result(sent)

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        answer = asyncio.get_running_loop().create_future()
        self.waiting.append((message, answer))
        return await answer


@pytest.mark.parametrize("cut_after", [0, 1, 30, 63, 64, 100])
async def test_a_window_cut_in_the_middle_goes_again_in_order(
    cut_after: int, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities, right.repeats = WIDE, Repeats.SHOWN
    bridge = await faulty(tmp_path, left, right, connector=Stream)
    stream = bridge.connector("right")
    assert isinstance(stream, Stream)
    for number in range(100):
        await left.say("town", "Ada", said(f"warm {number}"))
    await shown(right, "town", lambda seen: len(seen) == 100, seconds=60)
    await eventually(lambda: not bridge.lane("right/town").busy)
    stream.cut_after = cut_after
    for number in range(200):
        await left.say("town", "Ada", said(f"line {number}"))
    if cut_after > 1:
        await eventually(lambda: len(stream.waiting) == 64)
    await shown(right, "town", lambda seen: seen[-1].text == "Ada: line 199", seconds=600)
    seen = (await texts(right, "town"))[100:]
    assert len(seen) == 201
    assert seen[cut_after] == seen[cut_after + 1]
    del seen[cut_after]
    assert seen == [f"Ada: line {number}" for number in range(200)]
    await bridge.drained()
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_deaths_in_a_wide_window_keep_the_order(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities, right.repeats = WIDE, Repeats.SHOWN
    bridge = await faulty(tmp_path, left, right, connector=Stream)
    for life in range(6):
        for number in range(60):
            await left.say("town", "Ada", said(f"{life}.{number}"))
        await asyncio.sleep(0.05 * life)
        await bridge.crash()
        await bridge.start()
    await bridge.drained()
    firsts = list(dict.fromkeys(await texts(right, "town")))
    assert firsts == [f"Ada: {life}.{number}" for life in range(6) for number in range(60)]
    await bridge.stop()
