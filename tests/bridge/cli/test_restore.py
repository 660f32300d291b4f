"""`qantara restore` when it must not: a damaged backup, a newer one, a running bridge, nobody to ask."""

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bridge.chance import SeededChance
from bridge.cli import app
from bridge.store.backups import completed, copied
from bridge.store.sqlite import SqliteStore
from bridge.testing.store_kit import Opened
from tests.bridge.cli.program import Done, environment
from tests.bridge.store.older import SCHEMA_2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration, a store with a little in it, and a backup of it with a file of an account."""
    (tmp_path / "config.yaml").write_text(f"store: {{path: {tmp_path}/data/q.db}}\n")
    there = Opened(SqliteStore(tmp_path / "data" / "q.db", SeededChance(1)))
    for number in range(100):
        there.post(f"m{number}")
    there.store.close()
    keys = tmp_path / "data" / "accounts" / "home" / "keys.db"
    keys.parent.mkdir(parents=True)
    with sqlite3.connect(keys) as connection:
        connection.execute("CREATE TABLE secret (word TEXT)")
        connection.execute("INSERT INTO secret VALUES ('of the account')")
    connection.close()
    copied(tmp_path / "data" / "q.db", tmp_path / "backup.db")
    completed(tmp_path / "backup.db", tmp_path / "data" / "accounts", 1_795_320_000_000)
    return tmp_path


def restored(folder: Path, *arguments: object, answer: str | None = None) -> Result:
    config = str(folder / "config.yaml")
    return CliRunner().invoke(app, ["restore", *map(str, arguments), "-c", config], input=answer)


def content(folder: Path) -> dict[str, bytes]:
    """The store's folder, byte by byte."""
    return {str(path): path.read_bytes() for path in (folder / "data").rglob("*") if path.is_file()}


def damaged(path: Path) -> None:
    bytes_ = bytearray(path.read_bytes())
    bytes_[5 * 4096 : 9 * 4096] = b"\xff" * (4 * 4096)
    path.write_bytes(bytes_)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE somebody (elses TEXT)")
        connection.execute("PRAGMA user_version = 1")
    connection.close()


def leading_out(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE belonging SET path = '../../outside'")
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (damaged, "damaged or no backup"),
        (cut, "damaged or no backup"),
        (lambda path: path.write_bytes(b"words" * 5000), "damaged or no backup"),
        (newer, "newer version"),
        (foreign, "no store of this program"),
        (leading_out, "leads out"),
    ],
)
def test_what_cannot_be_trusted_is_refused_and_nothing_is_changed(
    spoil: Callable[[Path], None], words: str, folder: Path
) -> None:
    spoil(folder / "backup.db")
    before = content(folder)
    result = restored(folder, folder / "backup.db", "--from", "now", "--yes")
    assert (result.exit_code, words in result.stderr) == (65, True), result.output
    assert content(folder) == before


def test_while_the_bridge_runs_it_is_refused(folder: Path) -> None:
    running = SqliteStore(folder / "data" / "q.db", SeededChance(2))
    result = restored(folder, folder / "backup.db", "--from", "now", "--yes")
    running.close()
    assert result.exit_code == 75
    assert "in use by another process: stop that one first" in result.stderr


def test_without_a_word_nothing_is_done(folder: Path) -> None:
    before = content(folder)
    for arguments, status, words in (
        ((), 2, "say --from now or --from backup"),
        (("--from", "now"), 1, "say --yes where nobody can be asked"),
        (("--from", "elsewhere"), 2, "Invalid value"),
    ):
        result = restored(folder, folder / "backup.db", *arguments)
        assert (result.exit_code, words in result.stderr) == (status, True), result.output
    assert "--from backup  sends the 100 deliveries again" in restored(folder, folder / "backup.db").stdout
    store = folder / "data" / "q.db"
    assert restored(folder, store, "--from", "now", "--yes").exit_code == 1
    assert restored(folder, folder / "none.db", "--from", "now", "--yes").exit_code == 1
    assert content(folder) == before


def test_the_accounts_files_come_with_it_and_the_old_ones_are_kept(folder: Path) -> None:
    (folder / "data" / "accounts" / "home" / "newer").write_text("later")
    result = restored(folder, folder / "backup.db", "--from", "backup", "--yes")
    assert result.exit_code == 0, result.output
    accounts = folder / "data" / "accounts"
    assert [path.name for path in accounts.rglob("*") if path.is_file()] == ["keys.db"]
    assert [*sqlite3.connect(accounts / "home" / "keys.db").execute("SELECT word FROM secret")] == [("of the account",)]
    (old,) = (folder / "data").glob("accounts.replaced-*")
    assert (old / "home" / "newer").read_text() == "later"


def test_a_store_that_is_damaged_makes_room_for_a_backup_and_its_log_does_not_meet_it(folder: Path) -> None:
    data = folder / "data"
    there = Opened(SqliteStore(data / "q.db", SeededChance(2)))
    there.post("in the log")
    log = (data / "q.db-wal").read_bytes()
    there.store.close()
    (data / "q.db").write_bytes(b"nothing of a database" * 4096)
    (data / "q.db-wal").write_bytes(log)
    result = restored(folder, folder / "backup.db", "--from", "backup", "--yes")
    assert result.exit_code == 0, result.output
    assert "cannot be compared: it cannot be read" in result.stdout
    aside = sorted(path.read_bytes()[:7] for path in data.glob("q.db.replaced-*"))
    assert aside == sorted([b"nothing", log[:7]])
    assert not (data / "q.db-wal").exists()
    there = Opened(SqliteStore(data / "q.db", SeededChance(3)))
    assert len(there.page(most=1000)) == 100
    there.store.close()


def test_a_backup_of_an_older_version_is_brought_up_to_date(folder: Path) -> None:
    backup = folder / "backup.db"
    with sqlite3.connect(backup) as connection:
        connection.executescript(SCHEMA_2)
    connection.close()
    before = backup.read_bytes()
    assert restored(folder, backup, "--from", "backup", "--yes").exit_code == 0
    assert backup.read_bytes() == before
    there = Opened(SqliteStore(folder / "data" / "q.db", SeededChance(3)))
    assert {there.started.epochs.of(row.number) for row in there.page()} == {"ancient"}
    there.store.close()


async def test_a_full_disk_leaves_the_old_store_in_its_place(folder: Path) -> None:
    before = content(folder)
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f"trap '' XFSZ; ulimit -f 64; exec {sys.executable} -m bridge restore backup.db"
        " --from now --yes", cwd=folder, env=environment(), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    done = Done(process.returncode or 0, out.decode(), err.decode())
    assert done.status == 74, done
    assert content(folder) == before
