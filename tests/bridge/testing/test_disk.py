"""The simulated disk: what is synced stays, what is not may vanish, and each fault is the one it is named after."""

from collections import Counter
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.chance import SeededChance
from bridge.store.ops import StoreBroken
from bridge.store.sqlite import SqliteStore, StoreInUse, StoreUnreadable, StoreUnwritable
from bridge.testing.disk import Disk, Loss, OpenFile
from bridge.testing.disk_content import Change, Content
from bridge.testing.store_kit import Opened

_MAKES = apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_READWRITE
_LOG = _MAKES | apsw.SQLITE_OPEN_WAL


def opened(disk: Disk, path: str, flags: int = _MAKES) -> OpenFile:
    return disk.xOpen(path, [flags, 0])


def store_on(disk: Disk) -> SqliteStore:
    return SqliteStore(Path("q.db"), SeededChance(1), vfs=disk.name)


def outcomes(loss: Loss | None, trials: int = 100) -> Counter[bytes]:
    """What was left of a synced "old" and three unsynced writes over it, over many power cuts."""
    found: Counter[bytes] = Counter()
    for seed in range(trials):
        disk = Disk(SeededChance(seed))
        file = opened(disk, "f", _LOG)
        file.xWrite(b"old" * 1000, 0)
        file.xSync(0)
        for offset in (0, 3000, 6000):
            file.xWrite(b"new" * 1000, offset)
        disk.cut(loss)
        found[disk.read("f")] += 1
    return found


def test_the_last_writes_before_a_cut_may_vanish_in_order() -> None:
    old, new = b"old" * 1000, b"new" * 1000
    assert set(outcomes(Loss.LAST)) == {old, new, new * 2, new * 3}


def test_a_cut_may_lose_everything_or_nothing_that_was_not_synced() -> None:
    assert set(outcomes(Loss.ALL)) == {b"old" * 1000}
    assert set(outcomes(Loss.NONE)) == {b"new" * 3000}


def test_a_cut_may_keep_a_later_write_without_the_earlier_and_tear_one_at_a_sector() -> None:
    found = outcomes(Loss.ANY, trials=300)
    assert any(content[6000:] == b"new" * 1000 and content[:3000] == b"old" * 1000 for content in found)
    first = {
        (content[:512] == (b"new" * 171)[:512], content[512:1024] == (b"old" * 342)[512:1024]) for content in found
    }
    assert (True, True) in first


def test_every_kind_of_loss_happens_by_itself() -> None:
    disk = Disk(SeededChance(7))
    for _ in range(100):
        opened(disk, "f", _LOG).xWrite(b"x" * 5000, 0)
        disk.cut()
    happened = ("cuts", "kept", "lost", "torn", "names lost", *(f"cut: {loss}" for loss in Loss))
    assert all(disk.tally[one] for one in happened), disk.tally


_CHANGES = st.lists(st.tuples(st.integers(0, 3000), st.one_of(st.none(), st.binary(min_size=1, max_size=2000))))


@given(synced=_CHANGES, pending=_CHANGES, seed=st.integers(0, 2**32), loss=st.sampled_from(Loss))
def test_what_was_synced_is_never_lost(synced: list[Change], pending: list[Change], seed: int, loss: Loss) -> None:
    content = Content()
    for change in synced:
        content.change(*change)
    content.sync()
    durable = bytes(content.now)
    assert content.after_cut(loss, SeededChance(seed), Counter()) == durable
    for change in pending:
        content.change(*change)
    left = content.after_cut(loss, SeededChance(seed), Counter())
    least = min([len(durable), *(offset for offset, _ in pending)])
    assert left[:least] == durable[:least]
    if loss is Loss.NONE:
        assert left == bytes(content.now)


def test_a_new_name_is_certain_only_once_a_log_beside_it_was_synced() -> None:
    left = Counter[int]()
    for seed in range(40):
        disk = Disk(SeededChance(seed))
        opened(disk, "dir/db").xSync(0)
        disk.cut()
        left[len(disk.files)] += 1
    assert set(left) == {0, 1}
    disk = Disk(SeededChance(0))
    opened(disk, "dir/db").xSync(0)
    opened(disk, "other/db").xSync(0)
    opened(disk, "dir/log", _LOG).xSync(0)
    disk.cut(Loss.ALL)
    assert set(disk.files) == {"dir/db", "dir/log"}


def test_a_deleted_file_may_come_back_unless_the_directory_was_synced() -> None:
    left = Counter[str]()
    for seed in range(40):
        disk = Disk(SeededChance(seed))
        for path in ("certain", "perhaps"):
            opened(disk, path, _LOG).xSync(0)
        disk.xDelete("certain", syncdir=True)
        disk.xDelete("perhaps", syncdir=False)
        disk.cut()
        left.update(disk.files.keys())
    assert left["certain"] == 0
    assert 0 < left["perhaps"] < 40


def test_a_killed_process_loses_nothing_it_wrote_and_its_files_are_dead() -> None:
    disk = Disk(SeededChance(0))
    file = opened(disk, "f")
    file.xWrite(b"written", 0)
    disk.kill()
    assert disk.read("f") == b"written"
    with pytest.raises(apsw.IOError, match="dead"):
        file.xWrite(b"x", 0)
    file.xClose()
    disk.cut(Loss.ALL)
    assert not disk.files


def test_the_power_is_cut_at_the_step_asked_for() -> None:
    disk = Disk(SeededChance(0))
    file = opened(disk, "f", _LOG)
    disk.cut_after(3)
    file.xWrite(b"one", 0)
    file.xSync(0)
    with pytest.raises(apsw.IOError, match="the power was cut"):
        file.xWrite(b"two", 3)
    assert disk.life == 1
    assert disk.read("f").startswith(b"one")


def test_a_full_disk_takes_what_does_not_grow() -> None:
    disk = Disk(SeededChance(0), capacity=1000)
    file = opened(disk, "f")
    file.xWrite(b"x" * 900, 0)
    with pytest.raises(apsw.FullError):
        file.xWrite(b"y" * 200, 900)
    file.xWrite(b"z" * 900, 0)
    disk.capacity = None
    file.xWrite(b"y" * 200, 900)


def test_a_store_on_a_disk_keeps_what_it_acknowledged() -> None:
    disk = Disk(SeededChance(3))
    for life in range(20):
        store = store_on(disk)
        there = Opened(store)
        there.post(f"m{life}")
        disk.cut()
        store.close()
    there = Opened(store_on(disk))
    assert [row.event.id for row in there.page()] == [f"em{life}" for life in range(20)]
    there.store.close()


def test_a_disk_that_fails_to_sync_or_to_write_breaks_the_store() -> None:
    for fault in ("failing_syncs", "failing_writes", "read_only"):
        disk = Disk(SeededChance(3))
        there = Opened(store_on(disk))
        setattr(disk, fault, True)
        with pytest.raises(StoreBroken):
            there.post("m1")
        syncs = disk.tally["syncs"]
        there.store.close()
        assert disk.tally["syncs"] == syncs


def test_nothing_is_opened_for_writing_on_a_read_only_disk() -> None:
    disk = Disk(SeededChance(3))
    store_on(disk).close()
    disk.read_only = True
    with pytest.raises(StoreUnwritable, match="read-only"):
        store_on(disk)


def test_two_stores_cannot_hold_one_file_until_the_first_is_killed() -> None:
    disk = Disk(SeededChance(3))
    first = store_on(disk)
    with pytest.raises(StoreInUse):
        store_on(disk)
    Opened(first).post("m1")
    disk.kill()
    second = store_on(disk)
    first.close()
    assert len(Opened(second).page()) == 1
    second.close()


def test_a_flipped_byte_is_refused() -> None:
    disk = Disk(SeededChance(3))
    Opened(store_on(disk)).store.close()
    disk.flip("q.db", 3)
    with pytest.raises(StoreUnreadable):
        store_on(disk)
