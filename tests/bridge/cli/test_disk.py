"""The daemon on a disk that fails or takes nothing: what it says, and the status it ends with."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from bridge.chance import SeededChance
from bridge.store.sqlite import SqliteStore
from bridge.testing.waiting import eventually
from tests.bridge.cli.program import daemon, environment, qantara
from tests.bridge.cli.stranger import install

_CONFIG = (
    "store: {min_free_mib: 0, ballast_mib: 0}\naccounts:\n  one: {connector: pushing}\n  two: {connector: pushing}\n"
)
_LINKS = "links:\n  l: {rooms: [one/a, two/b]}\n"
_PUSHING = '''\


class Pushing(Quiet):
    """Publishes without end, and writes down what it may acknowledge."""

    async def join(self, name):
        from bridge import Place, RoomId
        return Place(RoomId(name))

    async def run(self):
        import itertools
        from datetime import UTC, datetime
        from bridge import EventId, MessageId, Posted, RoomId, StoreFull
        from bridge.text.nodes import said
        ada = User(id=UserId("ada"), name="Ada")
        self.host.connected(User(id=UserId("me"), name="Pushing"))
        room = RoomId("a" if self.host.data_dir.name == "one" else "b")
        self.host.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.host.data_dir / "acknowledged").open("a", buffering=1) as book:
            for number in itertools.count(1 + int(await self.host.position() or 0)):
                if room == "b" or number > 5000:
                    await asyncio.Event().wait()
                posted = Posted(
                    id=EventId(f"e{number}"), room=room, at=datetime.now(UTC), message=(MessageId(f"m{number}"),),
                    author=ada, text=said(f"words {number}"),
                )
                await self.host.publish(posted, position=str(number))
                print(number, file=book)
                await asyncio.sleep(0.001)
'''
_FAILING = '''\
"""Python imports this first: SQLite's files stand on a disk whose syncs fail once a file says so."""
import os
import apsw


class File(apsw.VFSFile):
    def __init__(self, name, flags):
        super().__init__("unix", name, flags)

    def xSync(self, flags):
        if os.path.exists(os.environ["SYNCS_FAIL"]):
            with open(os.environ["SYNCS_FAIL"], "a") as book:
                book.write("sync\\n")
            raise apsw.IOError("the disk failed to sync")
        super().xSync(flags)


class Disk(apsw.VFS):
    def __init__(self):
        super().__init__("failing", "unix", makedefault=True)

    def xOpen(self, name, flags):
        return File(name, flags)


disk = Disk()
'''


def written(folder: Path) -> Path:
    path = folder / "config.yaml"
    path.write_text(_CONFIG + _LINKS)
    path.chmod(0o600)
    return path


@pytest.fixture
def pushing(tmp_path: Path) -> dict[str, str]:
    site = install(tmp_path / "site")
    points = site / "stranger-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "pushing = stranger:Pushing\n")
    (site / "stranger.py").write_text((site / "stranger.py").read_text() + _PUSHING)
    return environment(site, SYNCS_FAIL=str(tmp_path / "syncs-fail"))


async def test_a_failed_sync_ends_the_daemon_with_74_and_nothing_it_acknowledged_is_missing(
    tmp_path: Path, pushing: dict[str, str]
) -> None:
    (tmp_path / "site" / "sitecustomize.py").write_text(_FAILING)
    book, fails = tmp_path / "data" / "accounts" / "one" / "acknowledged", tmp_path / "syncs-fail"
    async with daemon(written(tmp_path), pushing) as one:
        await one.says("running")
        await eventually(lambda: book.exists() and len(book.read_text().split()) > 50)
        fails.touch()
        assert await one.ends() == 74
        assert "the store failed, the bridge ends" in one.text
        assert "Traceback" not in one.text
    assert fails.read_text() == "sync\n"
    fails.unlink()
    acknowledged = {int(number) for number in book.read_text().split()}
    store = SqliteStore(tmp_path / "data" / "qantara.db", SeededChance(1))
    seen = {int(str(event)[1:]) for (event,) in store._connection.execute("SELECT event FROM seen")}
    assert acknowledged <= seen
    store.close()
    async with daemon(written(tmp_path), pushing) as one:
        await one.says("running")
        assert await one.stop() == 0


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """The data directory with a store in it, on a disk that is then mounted read-only."""
    data = tmp_path / "data"
    data.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(data)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a disk; the simulated one is tested in tests/bridge/store/test_opening.py")
    SqliteStore(data / "qantara.db", SeededChance(1)).close()
    subprocess.run(["mount", "-o", "remount,ro", str(data)], check=True)
    yield data
    subprocess.run(["umount", "--lazy", str(data)], check=True)


async def test_a_disk_mounted_read_only_is_told_and_ends_with_74(
    tmp_path: Path, pushing: dict[str, str], read_only: Path
) -> None:
    done = await qantara("run", "-c", written(tmp_path), env=pushing)
    assert done.status == 74
    assert "is the disk mounted read-only" in done.err
    assert "Traceback" not in done.err


async def test_a_newer_store_ends_with_65_and_says_what_to_install(tmp_path: Path, pushing: dict[str, str]) -> None:
    path = tmp_path / "data" / "qantara.db"
    SqliteStore(path, SeededChance(1)).close()
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    done = await qantara("run", "-c", written(tmp_path), env=pushing)
    assert done.status == 65
    assert "was written by a newer version of this program (schema 99" in done.err
