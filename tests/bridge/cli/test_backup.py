"""`qantara backup`: with a daemon under load, without one, and when it cannot be made."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from typer.testing import CliRunner

from bridge.chance import SeededChance
from bridge.cli import app
from bridge.ids import AccountName
from bridge.store.backups import examined
from bridge.store.ops import Accept
from bridge.store.questions import CopyOut, DropCopy
from bridge.store.sqlite import SqliteStore
from bridge.testing.memory import MemoryPlatform
from bridge.testing.store_kit import Opened
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.bridge.cli.program import Done, environment, qantara
from tests.scenarios.bridge_under_test import Bridge, configured


@pytest.fixture
async def bridge(left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path) -> AsyncIterator[Bridge]:
    bridge = Bridge(tmp_path, configured(left, right))
    (tmp_path / "config.yaml").write_text(bridge.yaml)
    yield bridge
    await bridge.stop()


async def backed_up(bridge: Bridge, *arguments: object) -> Done:
    return await qantara("backup", *arguments, cwd=bridge.folder)


def files(folder: Path) -> list[str]:
    """What lies there; the store's own ballast comes and goes."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".ballast"))


async def test_a_running_bridge_is_copied_while_it_goes_on(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await bridge.start()
    own = bridge.account("left").data_dir / "keys"
    own.mkdir()
    (own / "secret").write_bytes(b"of the account")
    saying = asyncio.create_task(_saying(left, 300))
    done = await backed_up(bridge, "here.db")
    assert (done.status, done.err) == (0, "")
    await saying
    await shows(right, "town", [f"Ada: {number}" for number in range(300)], seconds=60)
    path = bridge.folder / "here.db"
    assert done.out.startswith("here.db: ")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files(bridge.folder) == ["config.yaml", "data", "here.db"]
    assert files(bridge.folder / "data") == ["accounts", "q.db", "q.db-wal", "q.sock"]
    with examined(path) as (connection, held):
        assert held.files == 1
        assert held.at is not None
        kept = list(connection.execute("SELECT path, content FROM belonging"))
        assert kept == [("left/keys/secret", b"of the account")]
        assert f"{held.totals.messages} messages so far" in done.out


async def test_a_database_of_an_account_is_copied_whole_and_without_its_log(bridge: Bridge) -> None:
    await bridge.start()
    path = bridge.account("left").data_dir / "keys.db"
    using = apsw.Connection(str(path))
    list(using.execute("PRAGMA journal_mode = WAL"))
    using.execute("CREATE TABLE held (name TEXT); INSERT INTO held VALUES ('in the log')")
    (path.parent / "notes-journal").write_bytes(b"a file of its own")
    assert path.with_name("keys.db-wal").stat().st_size
    done = await backed_up(bridge, "here.db")
    assert (done.status, done.err) == (0, "")
    using.close()
    with examined(bridge.folder / "here.db") as (connection, _):
        kept = dict(connection.execute("SELECT path, content FROM belonging"))
    assert sorted(kept) == ["left/keys.db", "left/notes-journal"]
    copy = bridge.folder / "copy.db"
    copy.write_bytes(kept["left/keys.db"])
    with closing(apsw.Connection(str(copy))) as connection:
        assert list(connection.execute("PRAGMA integrity_check")) == [("ok",)]
        assert list(connection.execute("SELECT name FROM held")) == [("in the log",)]


async def _saying(left: MemoryPlatform, count: int) -> None:
    for number in range(count):
        await left.say("town", "Ada", said(str(number)))
        await asyncio.sleep(0.005)


async def test_a_stopped_bridge_is_copied_and_not_changed(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await bridge.start()
    await left.say("town", "Ada", said("hello"))
    await shows(right, "town", ["Ada: hello"])
    await bridge.crash()
    store = bridge.folder / "data" / "q.db"
    (bridge.folder / "data" / "q.sock").unlink(missing_ok=True)
    before = store.read_bytes()
    done = await backed_up(bridge)
    assert (done.status, done.err) == (0, "")
    assert store.read_bytes() == before
    (made,) = (bridge.folder / "data" / "backups").iterdir()
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    with examined(made) as (_, held):
        assert held.totals.messages == 1


async def test_what_lies_there_is_not_overwritten_unless_told(bridge: Bridge) -> None:
    await bridge.start()
    there = bridge.folder / "here.db"
    there.write_text("mine")
    done = await backed_up(bridge, "here.db")
    assert (done.status, done.err) == (1, "here.db is there already: choose another name, or say --overwrite\n")
    assert there.read_text() == "mine"
    assert (await backed_up(bridge, "here.db", "--overwrite")).status == 0
    with examined(there):
        pass


async def test_a_store_that_somebody_holds_and_nobody_answers_for_is_left_alone(bridge: Bridge) -> None:
    await bridge.start()
    (bridge.folder / "data" / "q.sock").unlink()
    done = await backed_up(bridge, "here.db")
    assert done.status == 75
    assert "in use by another process" in done.err
    assert files(bridge.folder) == ["config.yaml", "data"]


def _newer(folder: Path) -> bytes:
    path = folder / "newer.db"
    SqliteStore(path, SeededChance(1)).close()
    connection = apsw.Connection(str(path))
    for pragma in ("journal_mode = DELETE", "user_version = 99"):
        list(connection.execute(f"PRAGMA {pragma}"))
    connection.close()
    content = path.read_bytes()
    for made in folder.glob("newer.db*"):
        made.unlink()
    return content


def _torn(folder: Path) -> bytes:
    """A store whose tree is broken in the middle."""
    there = Opened(SqliteStore(folder / "torn.db", SeededChance(1)))
    for number in range(200):
        there.post(f"m{number}")
    there.store.close()
    content = bytearray((folder / "torn.db").read_bytes())
    for made in folder.glob("torn.db*"):
        made.unlink()
    content[8 * 4096 : 12 * 4096] = b"\xff" * (4 * 4096)
    return bytes(content)


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A folder with a configuration and no daemon."""
    (tmp_path / "config.yaml").write_text(f"store: {{path: {tmp_path}/data/q.db}}\n")
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda _: None, "there is no store at"),
        (lambda _: b"no database" * 1000, "damaged"),
        (_newer, "newer version"),
        (_torn, "damaged"),
    ],
)
def test_what_is_no_whole_store_of_ours_becomes_no_backup(
    content: Callable[[Path], bytes | None], words: str, alone: Path
) -> None:
    made = content(alone)
    if made is not None:
        (alone / "data" / "q.db").write_bytes(made)
    result = CliRunner().invoke(app, ["backup", str(alone / "here.db"), "-c", str(alone / "config.yaml")])
    assert (result.exit_code, words in result.stderr) == (65, True), result.stderr
    assert files(alone) == ["config.yaml", "data"]


async def test_a_full_disk_leaves_nothing_half(bridge: Bridge, left: MemoryPlatform) -> None:
    """The limit of a file's size stands in for the disk: the same call fails in the same place."""
    await bridge.start()
    for number in range(400):
        await left.say("town", "Ada", said(f"{number} " + "word " * 100))
    await eventually(lambda: bridge.store.commits > 20)
    await eventually(lambda: not bridge.writer.depth)
    small = "ulimit -f 128; exec python -m bridge backup here.db"  # 64 KiB
    done = await _shell(bridge.folder, small)
    assert done.status == 74, done
    assert "here.db cannot be written" in done.err
    assert files(bridge.folder) == ["config.yaml", "data"]
    assert files(bridge.folder / "data") == ["q.db", "q.db-wal", "q.sock"]


async def _shell(folder: Path, script: str) -> Done:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", "trap '' XFSZ; " + script, cwd=folder, env={**environment(), "PATH": path},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return Done(process.returncode or 0, out.decode(), err.decode())


def test_a_copy_holds_what_was_written_while_it_was_made(tmp_path: Path) -> None:
    there = Opened(SqliteStore(tmp_path / "q.db", SeededChance(1)))
    for number in range(300):
        there.accept(*(there.posted(f"m{number}.{one}", words="word " * 50) for one in range(5)))
    path, pieces = tmp_path / "copy.db", 0
    while (piece := there.ask(CopyOut(str(path), pages=20))).left:
        pieces += 1
        there.post(f"later {pieces}")
        there.ask(Accept(account=AccountName("left"), arrivals=(), at=1, position=str(pieces)))
    assert pieces > 5
    there.post("too late")
    with examined(path) as (connection, held):
        assert held.totals == piece.totals
        assert held.totals.messages == 1500 + pieces
        assert list(connection.execute("SELECT position FROM account")) == [(str(pieces),)]
    there.store.close()


def test_a_copy_that_is_given_up_leaves_nothing_and_the_store_can_be_closed(tmp_path: Path) -> None:
    there = Opened(SqliteStore(tmp_path / "q.db", SeededChance(1)))
    for number in range(50):
        there.post(f"m{number}")
    for drop in (DropCopy, None):
        there.ask(CopyOut(str(tmp_path / "copy.db"), pages=1))
        assert (tmp_path / "copy.db").exists()
        if drop is not None:
            there.ask(drop())
            assert not (tmp_path / "copy.db").exists()
    there.store.close()
    assert sorted(path.name for path in tmp_path.iterdir() if "ballast" not in path.name) == ["q.db"]


async def test_only_the_local_socket_gives_the_store(bridge: Bridge) -> None:
    await bridge.start()
    paths = {resource.canonical for resource in bridge.app.server.router.resources()}  # type: ignore[attr-defined]
    assert "/status" in paths
    assert "/backup" not in paths
