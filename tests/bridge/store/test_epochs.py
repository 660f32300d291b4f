"""Keys of several lives of one store, and of its copies."""

import shutil
from pathlib import Path

import apsw
import pytest

from bridge.chance import SeededChance
from bridge.ids import Key, RowNumber
from bridge.store.epochs import Epochs
from bridge.store.sqlite import SqliteStore
from bridge.testing.store_kit import Opened
from tests.bridge.store.older import SCHEMA_2

SEVERAL = Epochs("new", 20, ((5, "old"), (10, "middle")))


@pytest.mark.parametrize(
    ("row", "epoch"), [(1, "old"), (5, "old"), (9, "old"), (10, "middle"), (19, "middle"), (20, "new"), (999, "new")]
)
def test_a_row_belongs_to_the_life_that_accepted_it(row: int, epoch: str) -> None:
    assert SEVERAL.of(RowNumber(row)) == epoch
    assert SEVERAL.row_of(Key(f"{epoch}.{row}.2")) == (row, 2)
    assert SEVERAL.row_of(Key(f"{epoch}.{row}.1.3")) == (row, 3)


@pytest.mark.parametrize("key", ["old.20.0", "new.19.0", "other.7.0", "old.5", "old.x.0", "", "old.5.0.0.0"])
def test_a_key_of_another_store_or_life_names_no_row(key: str) -> None:
    assert SEVERAL.row_of(Key(key)) == (None, 0)


def opened(path: Path, seed: int) -> Opened:
    return Opened(SqliteStore(path, SeededChance(seed)))


def keys(there: Opened) -> list[str]:
    return [f"{there.started.epochs.of(row.number)}.{row.number}" for row in there.page()]


def test_two_copies_of_a_store_share_the_keys_of_what_they_share_and_no_other(tmp_path: Path) -> None:
    first = opened(tmp_path / "a.db", 1)
    first.post("shared")
    first.store.close()
    shutil.copy(tmp_path / "a.db", tmp_path / "b.db")
    one, two = opened(tmp_path / "a.db", 2), opened(tmp_path / "b.db", 3)
    for there, words in ((one, "a"), (two, "b")):
        there.post(words)
    assert [row.number for row in one.page()] == [row.number for row in two.page()]
    assert keys(one)[0] == keys(two)[0]
    assert keys(one)[1] != keys(two)[1]
    one.store.close()
    two.store.close()


def test_a_store_that_lost_its_last_commits_uses_no_key_twice(tmp_path: Path) -> None:
    """What may happen where `durability` is relaxed, and when a machine is set back to a snapshot."""
    there = opened(tmp_path / "q.db", 1)
    there.store.close()
    shutil.copy(tmp_path / "q.db", tmp_path / "snapshot.db")
    there = opened(tmp_path / "q.db", 2)
    there.post("lost")
    lost = keys(there)
    there.store.close()
    back = opened(tmp_path / "snapshot.db", 3)
    back.post("new")
    assert not set(lost) & set(keys(back))
    back.store.close()


def test_the_epoch_of_a_store_from_before_is_kept_for_its_rows(tmp_path: Path) -> None:
    there = opened(tmp_path / "q.db", 1)
    (row,) = there.post("old")
    there.store.close()
    connection = apsw.Connection(str(tmp_path / "q.db"))
    connection.execute(SCHEMA_2)
    connection.close()
    there = opened(tmp_path / "q.db", 2)
    assert there.started.epochs.of(row.number) == "ancient"
    (fresh,) = there.post("fresh")
    assert there.started.epochs.of(fresh.number) != "ancient"
    there.store.close()
