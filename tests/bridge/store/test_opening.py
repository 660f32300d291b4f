"""What a store is opened on: older and newer schemas, damage, disks that take nothing."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import pytest

from bridge.chance import SeededChance
from bridge.errors import BridgeError
from bridge.events import Posted
from bridge.ids import AccountName, MessageId
from bridge.store.opening import shipped
from bridge.store.ops import Unpark
from bridge.store.questions import Parked, Position, Recall, Twins
from bridge.store.sqlite import SqliteStore, StoreUnreadable, StoreUnwritable
from bridge.testing.disk import Disk, Loss
from bridge.testing.store_kit import Opened

SCHEMAS = Path(__file__).parent / "schemas"
_PLANTED = (
    "ALTER TABLE message ADD COLUMN mood TEXT; UPDATE message SET mood = 'glad'",
    "CREATE TABLE extra AS SELECT number, zeroblob(9000) AS body FROM event",
)


class Later(SqliteStore):
    """The program two schemas later."""

    migrations = (*shipped(), *_PLANTED)


def written(disk: Disk, schema: int = 1) -> None:
    """A store as a release of that schema left it."""
    connection = apsw.Connection("q.db", vfs=disk.name)
    connection.execute((SCHEMAS / f"{schema}.sql").read_text("utf-8"))
    connection.close()
    disk.sync()


def opened(disk: Disk, made: type[SqliteStore] = SqliteStore) -> SqliteStore:
    return made(Path("q.db"), SeededChance(1), vfs=disk.name)


def looked_at(disk: Disk, path: str, *questions: str) -> list[list[Any]]:
    """What stands in a file, asked without our own code."""
    connection = apsw.Connection(path, vfs=disk.name)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    answers = [list(connection.execute(question)) for question in ("PRAGMA integrity_check", *questions)]
    connection.close()
    assert answers.pop(0) == [("ok",)]
    return answers


# --- schemas ---


@pytest.mark.parametrize("schema", [int(path.stem) for path in SCHEMAS.glob("*.sql")])
@pytest.mark.parametrize("made", [SqliteStore, Later])
def test_a_store_of_an_older_schema_is_brought_up_with_everything_in_it(
    schema: int, made: type[SqliteStore], tmp_path: Path
) -> None:
    disk = Disk(SeededChance(1))
    written(disk, schema)
    store = opened(disk, made)
    assert store.modes()["schema"] == len(made.migrations)
    there = Opened(store)
    assert there.started.clean
    assert [(row.number, row.attempts, row.plan, row.doubtful) for row in there.page()] == [
        (3, 2, b"plan", True),
        (6, 0, None, False),
    ]
    assert isinstance(there.page()[0].event, Posted)
    (parked,) = there.ask(Parked())
    assert (parked.reason, parked.error) == ("refused", "no")
    assert there.ask(Position(AccountName("left"))) == "5"
    assert there.ask(Recall(AccountName("left"), "x", 0)) == "y"
    assert (MessageId("c1"),) in there.ask(Twins(there.right, (1,)))[1].parts
    assert there.balanced()
    assert there.ask(Unpark((parked.number,)))
    assert len(there.page()) == 3
    (row,) = there.post("m9")
    assert row.number == 7
    store.close()


def test_a_copy_of_the_older_store_lies_beside_it_and_is_kept() -> None:
    disk = Disk(SeededChance(1))
    written(disk)
    opened(disk).close()
    copy = "q.db.schema-1.backup"
    question = "SELECT count(*) FROM outbox"
    assert looked_at(disk, copy, "PRAGMA user_version", question) == [[(1,)], [(4,)]]
    disk.damage("q.db", disk.read(copy))
    before = disk.read(copy)
    opened(disk).close()
    assert disk.read(copy) == before
    assert "q.db.schema-1-2.backup" in disk.files


def test_a_new_store_needs_no_copy() -> None:
    disk = Disk(SeededChance(1))
    opened(disk, Later).close()
    opened(disk, Later).close()
    assert set(disk.files) == {"q.db"}


def test_a_newer_store_is_refused_untouched() -> None:
    disk = Disk(SeededChance(1))
    opened(disk, Later).close()
    before = disk.read("q.db")
    with pytest.raises(StoreUnreadable, match=r"newer version of this program \(schema \d+, this one knows \d+\)"):
        opened(disk)
    assert disk.read("q.db") == before


def _steps() -> int:
    disk = Disk(SeededChance(1))
    written(disk)
    before = disk.steps
    opened(disk, Later).close()
    return disk.steps - before


def _mood(version: int) -> Sequence[str]:
    first, second = len(shipped()) + 1, len(shipped()) + 2
    return (
        "SELECT count(*) FROM outbox",
        "SELECT sum(mood = 'glad') FROM message" if version >= first else "SELECT count(*) FROM message",
        "SELECT count(*) FROM extra" if version >= second else "SELECT count(*) FROM event",
    )


def test_a_power_cut_at_any_moment_of_a_migration_leaves_a_whole_schema() -> None:
    found: Counter[int] = Counter()
    for step in range(1, _steps() + 1):
        disk = Disk(SeededChance(step))
        written(disk)
        disk.cut_after(step)
        with suppress(BridgeError):
            opened(disk, Later).close()
        assert disk.life, "no power was cut"
        version = int(looked_at(disk, "q.db", "PRAGMA user_version")[0][0][0])
        found[version] += 1
        assert looked_at(disk, "q.db", *_mood(version)) == [[(4,)], [(3,)], [(3,)]], step
        if version > 1:
            assert looked_at(disk, "q.db.schema-1.backup", "SELECT count(*) FROM outbox") == [[(4,)]]
        opened(disk, Later).close()
        assert looked_at(disk, "q.db", *_mood(99)) == [[(4,)], [(3,)], [(3,)]]
    assert set(found) == {1, *range(2, len(Later.migrations) + 1)}, found


def test_a_migration_for_which_there_is_no_space_changes_nothing() -> None:
    disk = Disk(SeededChance(1))
    written(disk)
    disk.capacity = disk.files["q.db"] + 30_000
    with pytest.raises(StoreUnwritable, match="full or failing"):
        opened(disk, Later)
    disk.capacity = None
    assert looked_at(disk, "q.db", "PRAGMA user_version") == [[(1,)]]
    opened(disk, Later).close()


# --- damage ---


def filled(path: Path) -> bytes:
    there = Opened(SqliteStore(path, SeededChance(1)))
    for number in range(60):
        there.accept(there.posted(f"m{number}", words="word " * 100))
    there.store.close()
    return path.read_bytes()


def test_a_damaged_store_names_the_newest_copy_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    damaged = filled(path)[:9000]
    path.write_bytes(damaged)
    with pytest.raises(StoreUnreadable, match=r"there is none beside it \(.*q\.db\*\.backup\)"):
        SqliteStore(path, SeededChance(1))
    (tmp_path / "q.db.schema-1.backup").write_bytes(b"a copy")
    with pytest.raises(StoreUnreadable, match=r"put the newest copy, .*q\.db\.schema-1\.backup, in its place"):
        SqliteStore(path, SeededChance(1))
    assert path.read_bytes() == damaged


def test_a_byte_that_flipped_in_what_holds_the_file_together_is_refused_untouched(tmp_path: Path) -> None:
    """A byte that flipped inside somebody's words is not noticed: pages carry no sums."""
    path = tmp_path / "q.db"
    whole, chance = filled(path), SeededChance(4)
    seen: Counter[str] = Counter()
    for _ in range(200):
        content = bytearray(whole)
        content[int(chance.fraction() * len(content))] ^= 1 << int(chance.fraction() * 8)
        path.write_bytes(content)
        try:
            store = SqliteStore(path, SeededChance(1))
        except (StoreUnreadable, StoreUnwritable):
            seen["refused"] += 1
            assert path.read_bytes() == content
            continue
        seen["opened"] += 1
        store.close()
    assert seen["refused"] > 3, seen


# --- disks that take nothing ---


def test_a_read_only_disk_is_told_and_nothing_is_changed() -> None:
    disk = Disk(SeededChance(1))
    opened(disk).close()
    before = disk.read("q.db")
    disk.read_only = True
    with pytest.raises(StoreUnwritable, match="is the disk mounted read-only"):
        opened(disk)
    assert disk.read("q.db") == before


def test_a_disk_that_fails_while_the_store_is_opened_is_told() -> None:
    disk = Disk(SeededChance(1))
    disk.failing_syncs = True
    with pytest.raises(StoreUnwritable, match="full or failing"):
        opened(disk)
    disk.cut(Loss.ALL)
    disk.failing_syncs = False
    opened(disk).close()
