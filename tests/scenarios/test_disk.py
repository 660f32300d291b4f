"""The disk is full, or fails: nothing acknowledged is lost, what was accepted is still delivered."""

import asyncio
from pathlib import Path

from bridge.app import Exit
from bridge.chance import SeededChance
from bridge.errors import StoreFull
from bridge.ids import MessageId
from bridge.store.ballast import Ballast
from bridge.store.ops import Accept, Op, Relate, Settle, StoreBroken
from bridge.store.sqlite import SqliteStore
from bridge.testing.disk import Disk as SimulatedDisk
from bridge.testing.disk import DiskBallast
from bridge.testing.memory import MemoryPlatform, Repeats
from bridge.testing.platform import Fault
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured


class Disk(SqliteStore):
    """A disk that is full for everything, or fails, at a word."""

    full = False
    full_for: type[Op] | None = None
    broken = False

    def drain(self, batch: list[Op]) -> list[object]:
        if self.full_for is not None and any(isinstance(op, self.full_for) for op in batch):
            return [StoreFull("the disk is full", retry_after=5.0)] * len(batch)
        if self.broken and any(isinstance(op, Accept) for op in batch):
            raise StoreBroken("the disk failed")
        if self.full:
            return [StoreFull("the disk is full", retry_after=5.0)] * len(batch)
        return super().drain(batch)


class Dead(SqliteStore):
    """A disk that fails at the first thing it is asked."""

    def drain(self, batch: list[Op]) -> list[object]:
        raise StoreBroken(f"the disk failed before {len(batch)} were stored")


async def test_a_disk_that_fails_while_the_bridge_starts_ends_it_at_once(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = Bridge(tmp_path, configured(left, right))
    bridge.make_store = Dead
    bridge.begin()
    async with asyncio.timeout(1):
        assert await bridge.task is Exit.DISK_FAILED


async def on_disk(folder: Path, *platforms: MemoryPlatform) -> tuple[Bridge, Disk]:
    bridge = Bridge(folder, configured(*platforms))
    bridge.make_store = Disk
    await bridge.start()
    assert isinstance(bridge.store, Disk)
    return bridge, bridge.store


async def test_a_full_disk_stops_accepting_and_loses_nothing(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.repeats = Repeats.SHOWN
    bridge, disk = await on_disk(tmp_path, left, right)
    for number in range(20):
        await left.say("town", "Ada", said(f"before {number}"))
    await eventually(lambda: len(right.written.journal) >= 3)
    disk.full = True
    for number in range(20):
        await left.say("town", "Ada", said(f"while {number}"))
    confirmed = dict(left.confirmed)
    began = bridge.clock.monotonic()
    await eventually(lambda: bridge.clock.monotonic() - began > 300, seconds=400)
    assert left.confirmed == confirmed
    assert not bridge.task.done()
    disk.full = False
    await left.say("town", "Ada", said("after"))
    expected = [f"Ada: {when} {number}" for when in ("before", "while") for number in range(20)]
    await shows(right, "town", [*expected, "Ada: after"], seconds=120)
    await bridge.drained()
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_on_a_full_disk_a_row_waits_that_asks_what_it_speaks_of(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge, disk = await on_disk(tmp_path, left, right)
    disk.full_for = Relate
    await left.say("town", "Ada", said("to what nobody heard"), in_reply_to=MessageId("long ago"))
    await bridge.passes(60)
    assert not bridge.task.done()
    assert not right.written.journal
    disk.full_for = None
    await shows(right, "town", ["Ada: to what nobody heard"], seconds=60)
    await bridge.stop()


async def test_nothing_is_sent_before_it_is_written_that_what_stood_in_front_need_not_go(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge, disk = await on_disk(tmp_path, left, right)
    right.closed = {"town"}
    first = await left.say("town", "Ada", said("one"))
    await eventually(lambda: bridge.lane("right/town").state.held)
    await left.say("town", "Ada", said("two"))
    await left.delete("town", "Ada", first)
    await eventually(lambda: left.confirmed and set(left.confirmed.values()) == {3})
    disk.full_for, right.closed = Settle, set()
    await bridge.passes(120)
    assert not right.written.journal
    disk.full_for = None
    await shows(right, "town", ["Ada: two"], seconds=60)
    await bridge.stop()


async def test_a_full_disk_lets_no_configuration_be_used_by_half(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge, disk = await on_disk(tmp_path, left, right)
    accounts, before = dict(bridge.app.accounts), bridge.app.config
    bridge.yaml = configured(left, right, rooms=("town", "garden")).replace("user: bridge", "user: other")
    disk.full = True
    bridge.app.told_to_reload()
    (fault,) = await bridge.app.reload_or_tell()
    assert "the disk is full" in fault.problem
    assert (bridge.app.accounts, bridge.app.config) == (accounts, before)
    assert not bridge.task.done()
    disk.full = False
    await left.say("town", "Ada", said("the old one holds"))
    await shows(right, "town", ["Ada: the old one holds"], seconds=60)
    assert not await bridge.app.reload_or_tell()
    await eventually(lambda: "right/garden" in {str(lane.name) for lane in bridge.app.rooms.lanes.values()})
    await bridge.stop()


async def test_a_failed_disk_ends_the_bridge_and_acknowledges_nothing(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge, disk = await on_disk(tmp_path, left, right)
    await left.say("town", "Ada", said("one"))
    await shows(right, "town", ["Ada: one"])
    disk.broken = True
    await left.say("town", "Ada", said("two"))
    assert await bridge.task is Exit.DISK_FAILED
    assert set(left.confirmed.values()) == {1}
    bridge._pump.stop()
    bridge.make_store = SqliteStore
    await bridge.start()
    await shows(right, "town", ["Ada: one", "Ada: two"])
    await bridge.stop()


async def test_hardly_any_space_stops_accepting_until_there_is_some(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    yaml = configured(left, right, more="notices: left/garden\n")
    bridge = await Bridge(tmp_path, yaml).start()
    bridge.yaml = yaml.replace("min_free_mib: 0", "min_free_mib: 1000000")
    await bridge.app.reload()
    await eventually(lambda: bridge.app.intake.refusing, seconds=120)
    await left.say("town", "Ada", said("waits"))
    began = bridge.clock.monotonic()
    await eventually(lambda: bridge.clock.monotonic() - began > 30, seconds=60)
    assert not right.written.journal
    bridge.yaml = yaml
    await bridge.app.reload()
    await shows(right, "town", ["Ada: waits"], seconds=120)
    low, again = [one.text for one in await shown(left, "garden", lambda there: len(there) > 1)]
    assert low.startswith("The disk is nearly full (")
    assert again == "There is space on the disk again: messages are accepted."
    await bridge.stop()


async def test_a_disk_that_fills_up_delivers_what_it_took_and_goes_on_by_itself(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """On a disk whose every byte is counted, with a mebibyte of ballast."""
    disk = SimulatedDisk(SeededChance(5))
    yaml = configured(left, right, more="notices: left/garden\n").replace("ballast_mib: 0", "ballast_mib: 1")
    bridge = Bridge(tmp_path, yaml)
    bridge.make_store = lambda path, chance: SqliteStore(
        path, chance, vfs=disk.name, ballast=Ballast(DiskBallast(disk, "ballast"))
    )
    await bridge.start()
    right.fail_next(Fault.UNAVAILABLE, 10_000)
    disk.capacity = sum(disk.files.values()) + (1 << 20)
    said_so_far = 0
    while not bridge.app.intake.refusing:
        await left.say("town", "Ada", said(f"{said_so_far} " + "x" * 3000))
        said_so_far += 1
        await asyncio.sleep(0.1)
    await shown(left, "garden", lambda there: len(there) == 1)
    confirmed = dict(left.confirmed)
    assert not right.written.journal
    right.restore()
    await bridge.drained()
    assert 10 < len(await right.shown("town")) < said_so_far
    assert left.confirmed == confirmed
    disk.capacity = None
    await shown(right, "town", lambda there: len(there) == said_so_far, seconds=300)
    assert [one.text.split()[1] for one in await right.shown("town")] == [str(n) for n in range(said_so_far)]
    low, again = [one.text for one in await shown(left, "garden", lambda there: len(there) > 1)]
    assert low.startswith("The disk is nearly full (")
    assert again == "There is space on the disk again: messages are accepted."
    assert balanced(await bridge.ledger())
    assert disk.files["ballast"] == 1 << 20
    await bridge.stop()


async def test_words_that_cannot_be_stored_stop_nobody(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await Bridge(tmp_path, configured(left, right, more="notices: left/garden\n")).start()
    await left.say("town", "Ada", said("one"))
    await left.say("town", "Ada", said("lone \ud800 surrogate"))
    await left.say("town", "Ada", said("x" * (2 << 20)))
    await left.say("town", "Ada", said("two"))
    await shows(right, "town", ["Ada: one", "Ada: two"])
    notices = [one.text for one in await left.shown("garden")]
    assert any("cannot be stored: not relayed" in notice for notice in notices)
    assert any("could not be stored and is lost" in notice for notice in notices)
    assert balanced(await bridge.ledger())
    await bridge.stop()
