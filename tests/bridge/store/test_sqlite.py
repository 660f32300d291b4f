"""The default store keeps the contract, and what only a file can break."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import apsw
import pytest

from bridge.chance import SeededChance
from bridge.errors import StoreFull
from bridge.store.ops import Op, Settle, StoreBroken
from bridge.store.rows import Outcome
from bridge.store.sqlite import SqliteStore, StoreInUse, StoreUnreadable, StoreUnwritable
from bridge.testing.store import StoreContract
from bridge.testing.store_kit import Opened, accepting, purging


def opened(path: Path, **options: Any) -> SqliteStore:  # noqa: ANN401 - handed on
    return SqliteStore(path, SeededChance(1), **options)


class TestSqlite(StoreContract):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], SqliteStore]:
        return lambda: opened(tmp_path / "q.db")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "q.db"


def filled(path: Path, messages: int = 300) -> bytes:
    """A store with rows in it, closed."""
    store = opened(path)
    there = Opened(store)
    there.accept(*(there.posted(f"m{number}") for number in range(messages)))
    store.close()
    return path.read_bytes()


def test_every_operation_stands_in_exactly_one_table(path: Path) -> None:
    store = opened(path)
    assert not set(store._facts) & set(store._questions)
    assert set(store._facts) | set(store._questions) == set(get_args(Op))
    store.close()


def test_the_modes_the_promises_stand_on_are_in_force(path: Path) -> None:
    store = opened(path)
    modes = store.modes()
    assert (modes["journal_mode"], modes["synchronous"], modes["locking_mode"]) == ("wal", "FULL", "exclusive")
    assert store._connection.pragma("secure_delete") == 1
    assert store.synchronous == "FULL"
    store.close()


def test_a_batch_is_one_commit(path: Path) -> None:
    store = opened(path)
    there, before = Opened(store), store.commits
    store.drain([accepting(there.posted(f"m{number}")) for number in range(100)])
    assert store.commits == before + 1
    store.close()


def test_a_second_connection_is_refused_and_the_first_is_unhurt(path: Path) -> None:
    store = opened(path)
    there = Opened(store)
    with pytest.raises(StoreInUse, match="in use by another process"):
        opened(path)
    assert len(there.post("m1")) == 1
    store.close()
    opened(path).close()


def test_a_second_process_is_refused(path: Path) -> None:
    store = opened(path)
    script = (
        "import sys; from pathlib import Path; from bridge.chance import SeededChance;"
        "from bridge.store.sqlite import SqliteStore, StoreInUse\n"
        "try: SqliteStore(Path(sys.argv[1]), SeededChance(1))\n"
        "except StoreInUse: sys.exit(75)"
    )
    found = subprocess.run([sys.executable, "-c", script, str(path)], check=False, timeout=30)
    assert found.returncode == 75
    store.close()


def _short(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _torn(content: bytes) -> bytes:
    return content[: len(content) - 100]


def _without_head(content: bytes) -> bytes:
    return b"\0" * 100 + content[100:]


def _page_overwritten(content: bytes) -> bytes:
    return content[:8192] + b"\xff" * 4096 + content[12288:]


def _another_file(_: bytes) -> bytes:
    return b"this is a letter to my aunt\n" * 400


@pytest.mark.parametrize("damage", [_short, _torn, _without_head, _page_overwritten, _another_file])
def test_a_damaged_file_is_refused_untouched(path: Path, damage: Callable[[bytes], bytes]) -> None:
    damaged = damage(filled(path))
    path.write_bytes(damaged)
    with pytest.raises(StoreUnreadable, match="damaged and was not touched: move it away"):
        opened(path)
    assert path.read_bytes() == damaged
    assert not [entry for entry in path.parent.iterdir() if entry != path and entry.stat().st_size]


def test_a_newer_schema_is_refused_untouched(path: Path) -> None:
    filled(path)
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    content = path.read_bytes()
    with pytest.raises(StoreUnreadable, match="newer version of this program"):
        opened(path)
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_refused_untouched(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE recipe (name TEXT)")
    connection.close()
    content = path.read_bytes()
    with pytest.raises(StoreUnreadable, match="another program"):
        opened(path)
    assert path.read_bytes() == content


def test_a_path_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "q.db").mkdir()
    with pytest.raises(StoreUnwritable, match="cannot be written"):
        opened(tmp_path / "q.db")


def test_nothing_of_a_settled_message_remains(path: Path) -> None:
    secret = "the treasure lies under the third palm"
    store = opened(path)
    there = Opened(store)
    (row,) = there.accept(there.posted("m1", words=secret))
    assert secret.encode() in b"".join(file.read_bytes() for file in path.parent.iterdir())
    there.ask(Settle(row=row, outcome=Outcome.DELIVERED))
    store.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert secret.encode() not in path.read_bytes()


def test_a_full_disk_refuses_what_is_new_keeps_what_was_accepted_and_recovers(path: Path) -> None:
    store = opened(path)
    there = Opened(store)
    rows = list(there.accept(*(there.posted(f"m{number}", words="x" * 3000) for number in range(100))))
    pages = int(str(store._connection.pragma("page_count")))
    store._connection.pragma("max_page_count", pages + 3)
    refused: object = None
    for number in range(1000, 2000):
        (refused,) = there.store.drain([accepting(there.posted(f"m{number}", words="x" * 3000), position=str(number))])
        if isinstance(refused, StoreFull):
            break
        rows += there.page(after=rows[-1].number)
    assert isinstance(refused, StoreFull)
    assert not store._connection.in_transaction
    assert len(there.page(most=5000)) == len(rows)
    settled, again = store.drain(
        [Settle(row=rows[0], outcome=Outcome.DELIVERED), accepting(there.posted("new", words="y" * 90_000))]
    )
    assert settled is None
    assert isinstance(again, StoreFull)
    store._connection.pragma("max_page_count", 1 << 20)
    (row,) = there.post("afterwards")
    assert row.number > rows[-1].number
    assert there.balanced()
    store.close()
    store = opened(path)
    assert len(Opened(store).page(most=5000)) == len(rows)
    store.close()


class FailingFile(apsw.VFSFile):
    """A file whose syncs fail once `failing` names it."""

    def __init__(self, layer: "FailingDisk", filename: Any, flags: list[int]) -> None:  # noqa: ANN401 - the driver's
        super().__init__("", filename, flags)
        self._layer = layer

    def xSync(self, flags: int) -> None:  # noqa: N802 - the driver's name
        self._layer.syncs += 1
        if self._layer.failing:
            raise apsw.IOError("the disk failed")
        super().xSync(flags)


class FailingDisk(apsw.VFS):
    """A file layer over the machine's own."""

    def __init__(self) -> None:
        super().__init__("failing", "")
        self.failing = False
        self.syncs = 0

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802, ANN401 - the driver's
        return FailingFile(self, name, flags)


@pytest.fixture
def disk() -> Iterator[FailingDisk]:
    disk = FailingDisk()
    yield disk
    disk.unregister()


def test_a_commit_is_synced(path: Path, disk: FailingDisk) -> None:
    store = opened(path, vfs="failing")
    there, before = Opened(store), disk.syncs
    there.post("m1")
    assert disk.syncs > before
    store.close()


def test_a_failed_sync_acknowledges_nothing_and_is_never_tried_again(path: Path, disk: FailingDisk) -> None:
    store = opened(path, vfs="failing")
    there = Opened(store)
    there.post("m1")
    disk.failing = True
    with pytest.raises(StoreBroken, match="the disk failed"):
        there.post("m2")
    after = disk.syncs
    store.close()
    assert disk.syncs == after
    disk.failing = False
    store = opened(path)
    assert "em1" in [row.event.id for row in Opened(store).page()]
    store.close()


def test_a_purge_that_finds_nothing_more_cuts_the_log_off(path: Path) -> None:
    store = opened(path)
    there = Opened(store)
    (row,) = there.post("m1")
    there.ask(Settle(row=row, outcome=Outcome.DELIVERED))
    log = path.with_name("q.db-wal")
    assert b"words m1" in log.read_bytes()
    while there.ask(purging(1)):
        pass
    assert log.read_bytes() == b""
    assert b"words m1" not in path.read_bytes()
    store.close()
