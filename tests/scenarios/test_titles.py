"""Names and topics of rooms that are the same where the link says so, whoever changes them, wherever and when."""

import asyncio
from pathlib import Path

import pytest

from bridge.errors import BridgeError, Unauthorized
from bridge.ids import RoomId
from bridge.testing.memory import BareMemoryConnector, MemoryConnector, MemoryPlatform
from bridge.testing.platform import Fault, texts
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, configured

BOTH = "sync: [topic, name], "


async def linked(tmp_path: Path, *platforms: MemoryPlatform, link: str = BOTH, more: str = "") -> Bridge:
    return await Bridge(tmp_path, configured(*platforms, link=link, more=more)).start()


async def is_called(platform: MemoryPlatform, name: str) -> None:
    async def called() -> bool:
        return await platform.titles.name_of("town") == name

    await eventually(called, what=lambda: platform.titles.made, seconds=600)


async def quiet(bridge: Bridge, *platforms: MemoryPlatform) -> list[list[str]]:
    """What the bridge set everywhere, once nothing is to be set any more."""
    await asyncio.sleep(300)
    await bridge.drained()
    return [one.titles.made for one in platforms]


async def test_what_people_call_a_room_is_what_the_others_are_called(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await linked(tmp_path, left, right)
    await left.titles.rename("town", "Ada", "Town hall")
    await left.titles.describe("town", "Ada", "tea\nand cake")
    await is_called(right, "Town hall")
    await right.titles.describe("town", "Ben", "")
    await quiet(bridge, right)
    assert await left.titles.topic_of("town") == await right.titles.topic_of("town") == ""
    assert set(left.titles.made) <= {""}
    assert [await texts(one, "town") for one in (left, right)] == [[], []], "and nothing is said about it"
    await bridge.stop()


async def test_nothing_is_set_where_the_link_does_not_say_so(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await linked(tmp_path, left, right, link="sync: [topic], ")
    await left.titles.rename("town", "Ada", "Town hall")
    await left.titles.describe("town", "Ada", "tea")
    assert await quiet(bridge, right) == [["tea"]]
    await bridge.stop()


async def test_our_own_change_comes_home_and_nothing_follows(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await linked(tmp_path, left, right, link="sync: [name], show: [topics], ")
    await left.titles.rename("town", "Ada", "one")
    await is_called(right, "one")
    await right.titles.rename("town", "Ben", "two")
    await is_called(left, "two")
    await left.titles.rename("town", "Ada", "one")
    assert await quiet(bridge, left, right) == [["two"], ["one", "one"]]
    told = ["the room is called “one” now", "the room is called “one” now"]
    assert await texts(right, "town") == told, "the line that people are shown is about people's changes only"
    assert await texts(left, "town") == ["the room is called “two” now"]
    await bridge.stop()


async def test_rooms_that_are_renamed_at_once_are_called_the_same(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    third = MemoryPlatform("third")
    async with third:
        bridge = await linked(tmp_path, left, right, third)
        for round_ in range(5):
            for number, one in enumerate((left, right, third)):
                await one.titles.rename("town", "Ada", f"name {number} of {round_}")
            await asyncio.sleep(round_ * 0.7)
        made = await quiet(bridge, left, right, third)
        names = {await one.titles.name_of("town") for one in (left, right, third)}
        assert len(names) == 1, names
        assert all(len(one) < 15 for one in made), made
        await bridge.stop()


async def test_what_was_to_be_set_is_set_after_a_death(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await linked(tmp_path, left, right)
    right.fail_next(Fault.UNAVAILABLE, 1000)
    await left.titles.rename("town", "Ada", "Town hall")
    await left.say("town", "Ada", said("hello"))
    await asyncio.sleep(20)
    await bridge.crash()
    right.restore()
    bridge = await Bridge(tmp_path, bridge.yaml).start()
    await is_called(right, "Town hall")
    assert await quiet(bridge, left, right) == [[], ["Town hall"]]
    await bridge.stop()


async def test_a_bridge_that_is_stopped_in_between_goes_on_where_it_was(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await linked(tmp_path, left, right)
    right.fail_next(Fault.UNAVAILABLE, 1000)
    await left.titles.rename("town", "Ada", "one")
    await asyncio.sleep(20)
    await bridge.stop()
    right.restore()
    await left.titles.rename("town", "Ada", "two")
    bridge = await Bridge(tmp_path, bridge.yaml).start()
    await is_called(right, "two")
    assert (await quiet(bridge, left, right))[0] == []
    await bridge.stop()


async def test_a_link_that_goes_takes_what_was_to_be_set_with_it(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await linked(tmp_path, left, right)
    right.fail_next(Fault.UNAVAILABLE, 1000)
    await left.titles.rename("town", "Ada", "one")
    await asyncio.sleep(20)
    bridge.yaml = bridge.yaml.replace(BOTH, "")
    await bridge.app.reload()
    right.restore()
    await left.titles.rename("town", "Ada", "two")
    await quiet(bridge, left, right)
    assert await right.titles.name_of("town") == "town"
    await bridge.stop()


async def test_what_we_may_not_set_is_told_once_and_left(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.titles.locked.add("town")
    bridge = await linked(tmp_path, left, right, more="notices: left/garden\n")
    for name in ("one", "two", "three"):
        await left.titles.rename("town", "Ada", name)
        await asyncio.sleep(100)
    assert await quiet(bridge, right) == [[]]
    told = [one for one in await texts(left, "garden") if "cannot be set" in one]
    assert told == ["The name of right/town cannot be set as its link says: bots may not change that here"]
    right.titles.locked.clear()
    await left.titles.rename("town", "Ada", "four")
    await is_called(right, "four")
    await bridge.stop()


@pytest.mark.parametrize("error", [Unauthorized("signed out"), BridgeError("who knows"), ValueError("a bug")])
async def test_whatever_setting_a_title_raises_the_bridge_goes_on(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, error: Exception
) -> None:
    class Failing(MemoryConnector):
        async def rename(self, room: RoomId, name: str) -> None:
            raise error

    yaml = configured(left, right, link=BOTH, connector="failing")
    bridge = await Bridge(tmp_path, yaml, connectors={"failing": Failing}).start()
    await left.titles.rename("town", "Ada", "Town hall")
    stopped = isinstance(error, Unauthorized)
    await eventually(lambda: (bridge.account("right").state == "stopped") is stopped, seconds=600)
    await asyncio.sleep(300)
    assert bridge.account("left").state == "up"
    assert bridge.running
    await bridge.stop()


async def test_a_platform_that_has_no_such_thing_is_told_of_once(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    yaml = configured(left, right, link=BOTH, more="notices: left/garden\n", connector="bare")
    bridge = await Bridge(tmp_path, yaml, connectors={"bare": BareMemoryConnector}).start()
    await left.titles.describe("town", "Ada", "tea")
    await left.titles.describe("town", "Ada", "cake")
    assert await quiet(bridge, right) == [[]]
    assert len([one for one in await texts(left, "garden") if "cannot be set" in one]) == 1
    await bridge.stop()


class Mute(MemoryConnector):
    """A platform that tells nobody what its bots did."""

    def _tells(self, session: object, update: object) -> bool:
        return getattr(getattr(update, "person", None), "id", "") != "bot-bridge"


async def test_rooms_converge_also_where_nobody_is_told_what_bots_do(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    yaml = configured(left, right, link=BOTH, connector="mute")
    bridge = await Bridge(tmp_path, yaml, connectors={"mute": Mute}).start()
    for delay in (0.0, 0.9, 0.99, 1.0, 1.01, 1.1, 3.0):
        await left.titles.rename("town", "Ada", f"left {delay}")
        await asyncio.sleep(delay)
        await right.titles.rename("town", "Ben", f"right {delay}")
        await quiet(bridge, left, right)
        assert await left.titles.name_of("town") == await right.titles.name_of("town") == f"right {delay}"
    await bridge.stop()


async def test_a_one_way_link_sets_one_way(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    yaml = configured(left, right, link=BOTH).replace("rooms: [left/town, right/town]", "X")
    assert "X" in yaml, yaml
    bridge = await Bridge(tmp_path, yaml.replace("X", "from: [left/town], to: [right/town]")).start()
    await left.titles.rename("town", "Ada", "one")
    await is_called(right, "one")
    await right.titles.rename("town", "Ben", "two")
    assert await quiet(bridge, left, right) == [[], ["one"]]
    assert await right.titles.name_of("town") == "two"
    await bridge.stop()
