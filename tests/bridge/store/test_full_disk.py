"""A full disk: nothing new is taken, what was accepted can be settled, and it goes on by itself once there is space."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from bridge.chance import SeededChance
from bridge.errors import StoreFull
from bridge.ids import AccountName, MessageId, MessageNumber
from bridge.store.ballast import Ballast, BallastFile
from bridge.store.ops import Accept, Accepted, Op, Settle, StoreBroken
from bridge.store.questions import Locate, Twins
from bridge.store.rows import Outcome, Row
from bridge.store.sqlite import SqliteStore
from bridge.testing.disk import Disk, DiskBallast
from bridge.testing.store_kit import Opened, accepting, examples

KIB = 1 << 10
_BALLAST = 512 * KIB


@pytest.fixture
def disk() -> Disk:
    return Disk(SeededChance(1))


def opened(disk: Disk) -> Opened:
    ballast = Ballast(DiskBallast(disk, "q.db.ballast"))
    return Opened(SqliteStore(Path("q.db"), SeededChance(1), vfs=disk.name, ballast=ballast))


def result(there: Opened, op: Op) -> object:
    (found,) = there.store.drain([op])
    return found


def fill(there: Opened, words: int = 3000) -> list[Row]:
    """Accept until the disk is full; the rows that were."""
    rows: list[Row] = []
    for number in range(10_000):
        posted = there.posted(f"fill{number}", words="x" * words)
        accepted = result(there, accepting(posted, position=str(number)))
        if isinstance(accepted, StoreFull):
            return rows
        assert isinstance(accepted, Accepted)
        rows += accepted.rows
    raise AssertionError("the disk was never full")


def full(disk: Disk) -> tuple[Opened, list[Row]]:
    there = opened(disk)
    assert there.store.ballast.keep(_BALLAST)
    disk.capacity = sum(disk.files.values()) + 1024 * KIB
    return there, fill(there)


def test_what_was_accepted_can_all_be_settled_on_a_full_disk(disk: Disk) -> None:
    there, rows = full(disk)
    assert there.store.ballast.spent
    assert len(rows) > 10
    for row in rows:
        assert result(there, Settle(row=row, outcome=Outcome.DELIVERED)) is None
    assert not there.page()
    assert there.balanced()
    there.store.close()


def test_without_ballast_the_same_disk_stops_deliveries_too(disk: Disk) -> None:
    """The control: the ballast is what lets them go on."""
    there = opened(disk)
    disk.capacity = sum(disk.files.values()) + 1024 * KIB
    rows = fill(there)
    settled = [result(there, Settle(row=row, outcome=Outcome.DELIVERED)) for row in rows]
    assert any(isinstance(one, StoreFull) for one in settled)
    there.store.close()


def test_nothing_new_is_taken_while_the_ballast_is_gone_but_the_bridges_own_words_are(disk: Disk) -> None:
    there, _ = full(disk)
    assert disk.free > 100 * KIB
    settled, new = there.store.drain(
        [Settle(row=there.page()[0], outcome=Outcome.DELIVERED), accepting(there.posted("a"))]
    )
    assert settled is None
    assert isinstance(new, StoreFull)
    own = accepting(there.posted("notice"))
    assert isinstance(result(there, Accept(account=AccountName(""), arrivals=own.arrivals, at=1)), Accepted)
    there.store.close()


def test_with_space_again_the_ballast_is_made_anew_and_events_are_taken(disk: Disk) -> None:
    there, rows = full(disk)
    disk.capacity = sum(disk.files.values())
    assert not there.store.ballast.keep(_BALLAST)
    disk.capacity = None
    assert isinstance(result(there, accepting(there.posted("early"))), StoreFull)
    assert there.store.ballast.keep(_BALLAST)
    (row,) = there.post("afterwards")
    assert row.number > rows[-1].number
    assert disk.files["q.db.ballast"] == _BALLAST
    there.store.close()


def test_a_full_disk_loses_nothing_that_was_accepted(disk: Disk) -> None:
    there, rows = full(disk)
    disk.cut()
    there.store.close()
    disk.capacity = None
    there = opened(disk)
    assert [row.number for row in there.page(most=10_000)] == [row.number for row in rows]
    there.store.close()


def test_a_log_that_cannot_be_folded_in_stays_and_every_commit_is_told_rightly(disk: Disk) -> None:
    """The log has its space already; the file it would be folded into has none."""
    there = opened(disk)
    store = there.store
    assert isinstance(store, SqliteStore)
    there.accept(*(there.posted(f"m{number}", words="x" * 3000) for number in range(200)))
    store._log.every = 1
    disk.capacity = sum(disk.files.values())
    assert isinstance(result(there, Settle(row=there.page()[0], outcome=Outcome.DELIVERED)), StoreFull)
    disk.capacity += 40 * KIB
    assert result(there, Settle(row=there.page()[0], outcome=Outcome.DELIVERED)) is None
    assert store.ballast.refusals
    disk.capacity = None
    for number in range(100):
        there.post(f"after{number}")
    assert len(there.page(most=1000)) == 299
    assert there.balanced()
    store.close()


def test_a_sync_that_fails_while_the_log_is_folded_in_breaks_the_store(disk: Disk) -> None:
    there = opened(disk)
    there.post("m1")
    assert isinstance(there.store, SqliteStore)
    there.store._log.every = 1
    disk.failing_sync_of = "q.db"
    with pytest.raises(StoreBroken, match="failed to sync"):
        there.post("m2")
    disk.failing_sync_of = None
    disk.cut()
    there.store.close()
    assert [row.event.id for row in opened(disk).page()][:1] == ["em1"]


def test_the_log_stays_short_under_load(disk: Disk) -> None:
    there = opened(disk)
    for number in range(600):
        (row,) = there.accept(there.posted(f"m{number}", words="x" * 20_000))
        there.deliver(row, f"c{number}")
        there.page()
    assert disk.files["q.db-wal"] < 20 << 20
    assert disk.tally["syncs"] > 1200
    there.store.close()


def test_no_question_and_no_fact_leaves_the_log_held(disk: Disk, tmp_path: Path) -> None:
    """A reader that is never finished would keep the log from being folded in: none of ours is."""
    there = opened(disk)
    store = there.store
    assert isinstance(store, SqliteStore)
    (row,) = there.post("m1")
    there.deliver(row, "c1")
    more = [Locate((there.left, there.right), MessageId("m1")), Twins(there.left, (row.message or MessageNumber(0),))]
    for op in [*examples(there, there.post("m3")[0], tmp_path / "copy").values(), *more]:
        store.drain([op])
        assert store._connection.txn_state() == apsw.SQLITE_TXN_NONE, op


# --- the file of ballast on a real disk ---


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Two mebibytes of memory as a disk."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(tmp_path)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk; the simulated one is tested above")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def on_file(path: Path) -> Opened:
    return Opened(SqliteStore(path, SeededChance(1)))


def test_a_small_real_disk_fills_up_delivers_and_recovers(small: Path) -> None:
    there = on_file(small / "q.db")
    assert there.store.ballast.keep(_BALLAST)
    rows = fill(there)
    assert len(rows) > 10
    assert not (small / "q.db.ballast").exists()
    for row in rows[:-5]:
        assert result(there, Settle(row=row, outcome=Outcome.DELIVERED)) is None
    assert not there.store.ballast.keep(2 << 20)
    assert there.store.ballast.keep(16 * KIB)
    assert len(there.post("afterwards")) == 1
    there.store.close()
    there = on_file(small / "q.db")
    assert len(there.page()) == 6
    assert there.balanced()
    there.store.close()


def test_a_ballast_takes_its_space_and_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "ballast"
    ballast = Ballast(BallastFile(path))
    assert ballast.missing(KIB) == KIB
    assert ballast.keep(KIB)
    assert (path.stat().st_size, path.stat().st_blocks > 0, ballast.missing(KIB)) == (KIB, True, 0)
    assert ballast.keep(2 * KIB)
    assert path.stat().st_size == 2 * KIB
    assert ballast.give_up()
    assert (path.exists(), ballast.spent) == (False, True)
    assert not ballast.give_up()
    assert ballast.refusals == 2
    assert ballast.keep(0)
    assert not ballast.spent


def test_a_ballast_that_cannot_be_made_leaves_nothing_and_counts_as_spent(tmp_path: Path) -> None:
    ballast = Ballast(BallastFile(tmp_path / "ballast"))
    assert not ballast.keep(1 << 60)
    assert ballast.spent
    assert not list(tmp_path.iterdir())
