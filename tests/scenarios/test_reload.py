"""A configuration is read again while people talk."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.config import ConfigError
from bridge.store.questions import Depths
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured
from tests.scenarios.faulty import faulty


async def talk(platform: MemoryPlatform, count: int) -> None:
    for number in range(count):
        await platform.say("town", "Ada", said(str(number)))
        await asyncio.sleep(0.002)


async def garden_linked_until(
    fact: Callable[[], object], bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """One more room is linked, and taken out again as soon as something is so."""
    before = bridge.yaml
    bridge.yaml = configured(left, right, rooms=("town", "garden"), connector="faulty")
    await bridge.app.reload()
    await eventually(fact, seconds=60)
    bridge.yaml = before
    await bridge.app.reload()


async def test_a_wrong_file_changes_nothing(bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform) -> None:
    before = bridge.app.config
    bridge.yaml = bridge.yaml.replace("right/town", "wrong/town")
    with pytest.raises(ConfigError):
        await bridge.app.reload()
    assert bridge.app.config is before
    await left.say("town", "Ada", said("still here"))
    await shows(right, "town", ["Ada: still here"])


@pytest.mark.parametrize(("setting", "value"), [("path", "elsewhere/q.db"), ("durability", "relaxed")])
async def test_what_the_bridge_stands_on_does_not_change_while_it_runs(
    setting: str, value: str, bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    before, yaml = bridge.app.config, bridge.yaml
    stands = {"path": "data/q.db", "durability": "full", setting: value}
    bridge.yaml = yaml.replace("path: data/q.db", f"path: {stands['path']}, durability: {stands['durability']}")
    bridge.yaml = bridge.yaml.replace("  town: {", "  square: {")
    (fault,) = await bridge.app.reload_or_tell()
    assert (
        str(fault) == f"store.{setting}  cannot change while the bridge runs: stop it, then start it with the new file"
    )
    assert bridge.app.config is before
    assert not (bridge.folder / "elsewhere").exists()
    await left.say("town", "Ada", said("still here"))
    await shows(right, "town", ["Ada: still here"])


@pytest.mark.parametrize("change", ["a link", "an account"])
async def test_nothing_is_lost_or_doubled_while_the_file_changes(
    change: str, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.repeats = type(right.repeats).SHOWN
    bridge = await faulty(tmp_path, left, right)
    bridge.connector("right").slow = {"!town": 0.01}
    first = bridge.yaml
    talking = asyncio.create_task(talk(left, 300))
    for turn in range(8):
        await asyncio.sleep(0.06)
        other = first.replace("lifetime_hours: 24", "lifetime_hours: 12")
        if change == "an account":
            other = first.replace("platform: right", "unknown_outcome: detect, platform: right")
        bridge.yaml = first if turn % 2 else other
        await bridge.app.reload()
        if change == "an account":
            await eventually(bridge._settled)
            bridge.connector("right").slow = {"!town": 0.01}
    await talking
    await shows(right, "town", [f"Ada: {number}" for number in range(300)], seconds=60)
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_a_link_may_come_and_go(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    both, one = configured(left, right, rooms=("town", "garden")), configured(left, right)
    bridge = await Bridge(tmp_path, one).start()
    await left.say("garden", "Ada", said("nobody hears this"))
    bridge.yaml = both
    await bridge.app.reload()
    await eventually(lambda: bridge.lane("right/garden").state.joined and bridge.lane("left/garden").state.joined)
    await left.say("garden", "Ada", said("hello"))
    await shows(right, "garden", ["Ada: hello"])
    right.closed = {"garden"}
    await left.say("garden", "Ada", said("waits"))
    await eventually(lambda: bridge.lane("right/garden").state.held)
    bridge.yaml = one
    await bridge.app.reload()
    await eventually(lambda: right.left)
    assert {str(lane.name) for lane in bridge.app.rooms.lanes.values()} == {"left/town", "right/town"}
    await left.say("town", "Ada", said("the others go on"))
    await shows(right, "town", ["Ada: the others go on"])
    right.closed = set()
    bridge.yaml = both
    await bridge.app.reload()
    await shows(right, "garden", ["Ada: hello", "Ada: waits"], seconds=60)
    assert bridge.app.shared.loaded.rows == 0
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_a_send_that_outlives_its_link_is_not_made_again_when_the_link_comes_back(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.repeats = type(right.repeats).SHOWN
    bridge = await faulty(tmp_path, left, right, rooms=("town", "garden"))
    connector, both = bridge.connector("right"), bridge.yaml
    connector.slow = {"!garden": 15.0}
    began = bridge.clock.monotonic()
    await left.say("garden", "Ada", said("slowly"))
    await shows(right, "garden", ["Ada: slowly"])
    bridge.yaml = configured(left, right, connector="faulty")
    await bridge.app.reload()
    assert bridge.clock.monotonic() - began < 15
    await eventually(lambda: bridge.clock.monotonic() - began > 16, seconds=20)
    bridge.yaml = both
    await bridge.app.reload()
    await eventually(lambda: bridge.lane("right/garden").state.joined and bridge.lane("left/garden").state.joined)
    await left.say("garden", "Ada", said("again"))
    await shows(right, "garden", ["Ada: slowly", "Ada: again"], seconds=60)
    await bridge.drained()
    assert (connector.tries("slowly"), balanced(await bridge.ledger())) == (1, True)
    await bridge.stop()


async def test_a_call_that_hangs_while_its_link_goes_and_comes_back_is_given_up_in_time(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right, rooms=("town", "garden"))
    connector, both = bridge.connector("right"), bridge.yaml
    connector.slow = {"!garden": 1e6}
    await left.say("garden", "Ada", said("for ever"))
    await eventually(lambda: connector.tries("for ever") == 1)
    bridge.yaml = configured(left, right, connector="faulty")
    await bridge.app.reload()
    connector.slow = {}
    bridge.yaml = both
    await bridge.app.reload()
    await eventually(lambda: connector.tries("for ever") == 2)
    await bridge.drained()
    assert bridge.app.accounts["right"].lanes.busy == 1
    await eventually(lambda: bridge.app.accounts["right"].lanes.busy == 0, seconds=90)
    await bridge.stop()


async def test_a_room_that_is_entered_when_its_link_has_gone_is_left_again(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    connector.enters = {"garden": 15.0}
    await garden_linked_until(lambda: "garden" in connector.entering, bridge, left, right)
    assert not right.left
    await eventually(lambda: right.left, seconds=30)
    await bridge.stop()


async def test_a_room_that_another_link_names_as_well_is_not_left(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    connector.enters, connector.leads = {"garden": 15.0}, {"garden": "town"}
    await garden_linked_until(lambda: "garden" in connector.entering, bridge, left, right)
    await bridge.passes(30)
    assert not right.left
    await left.say("town", "Ada", said("still here"))
    await shows(right, "town", ["Ada: still here"])
    await bridge.stop()


async def test_a_room_that_refuses_us_is_not_tried_any_more_when_its_link_has_gone(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    connector.shut = "garden"
    await garden_linked_until(lambda: connector.entering.count("garden") > 2, bridge, left, right)
    tries = connector.entering.count("garden")
    await bridge.passes(3600)
    assert connector.entering.count("garden") <= tries + 1
    await bridge.stop()


async def test_an_account_may_go_and_come_back(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    async with MemoryPlatform(name="third") as third:
        three, two = configured(left, right, third), configured(left, right)
        bridge = await Bridge(tmp_path, three).start()
        third.closed = {"town"}
        await left.say("town", "Ada", said("one"))
        await shows(right, "town", ["Ada: one"])
        bridge.yaml = two
        await bridge.app.reload()
        assert set(bridge.app.accounts) == {"left", "right"}
        await left.say("town", "Ada", said("two"))
        await shows(right, "town", ["Ada: one", "Ada: two"])
        records = await bridge.writer.ask(Depths())
        assert [record.waiting for record in records if record.account == "third"] == [1]
        third.closed = set()
        bridge.yaml = three
        await bridge.app.reload()
        await left.say("town", "Ada", said("three"))
        await shows(third, "town", ["Ada: one", "Ada: three"], seconds=60)
        await bridge.stop()


async def test_another_user_under_an_accounts_name_is_refused(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    bridge.yaml = bridge.yaml.replace("platform: right", "user: somebody-else, platform: right")
    await bridge.app.reload()
    await eventually(lambda: bridge.account("right").state == "stopped")
    await left.say("town", "Ada", said("not to you"))
    await bridge.app.writer.ask(Depths())
    assert not await texts(right, "town")
    bridge.yaml = bridge.yaml.replace("user: somebody-else, ", "")
    await bridge.app.reload()
    await shows(right, "town", ["Ada: not to you"], seconds=60)
    await bridge.stop()


async def test_memory_is_bounded_whatever_waits(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    right.closed = {"town"}
    for number in range(2000):
        await left.say("town", "Ada", said(str(number)))

    async def waiting() -> bool:
        assert bridge.app.shared.loaded.rows <= 64 + 4
        return (await bridge.ledger())["waiting"] == 2000

    await eventually(waiting, seconds=120)
    right.closed = set()
    most = 0

    async def drained() -> bool:
        nonlocal most
        most = max(most, bridge.app.shared.loaded.rows)
        return len(right.written.messages["!town"]) == 2000  # type: ignore[index]  # the id of the room

    await eventually(drained, seconds=600)
    assert most <= 64 + 4
    await shown(right, "town", lambda seen: [one.text for one in seen] == [f"Ada: {n}" for n in range(2000)])
    assert not await bridge.parked()
    await bridge.stop()
