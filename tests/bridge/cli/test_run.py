"""The daemon as a program: how it starts, what signals do, and how it ends."""

import asyncio
import json
import signal
import stat
from pathlib import Path

import aiohttp
import pytest

from bridge.testing.waiting import eventually
from tests.bridge.cli.program import daemon, environment, qantara
from tests.bridge.cli.stranger import install

CANARY = "c4nary-" + "x" * 40
STORE = "store: {min_free_mib: 0, ballast_mib: 0}\n"
ALONE = STORE + "accounts:\n  one: {connector: stubborn}\n  two: {connector: stubborn}\n"
LINKS = "links:\n  l: {rooms: [one/a, two/b]}\n"
QUIET = STORE + "accounts:\n  one: {connector: quiet}\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture
def stranger(tmp_path: Path) -> dict[str, str]:
    return environment(install(tmp_path / "site"), CANARY=CANARY)


async def test_a_wrong_file_tells_every_fault_and_starts_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "accounts:\n  a: {connector: vibr}\nlink: {}\nlinks:\n  l: {rooms: [a/x, b/y]}\n")
    done = await qantara("run", "--config", path)
    assert (done.status, done.out) == (2, "")
    assert [line.split("  ")[1] for line in done.err.splitlines()] == [
        "accounts.a.connector",
        "link",
        "links.l.rooms[1]",
    ]
    assert not (tmp_path / "data").exists()


async def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    done = await qantara("run", "-c", tmp_path / "none.yaml")
    assert (done.status, done.err) == (2, f"{tmp_path}/none.yaml  cannot be read: No such file or directory\n")


async def test_it_starts_says_on_what_it_stands_and_stops_in_order(tmp_path: Path, stranger: dict[str, str]) -> None:
    path = written(tmp_path, QUIET)
    async with daemon(path, stranger) as one:
        opened = await one.says("store open")
        assert (opened["journal_mode"], opened["synchronous"], opened["policy"]) == (
            "wal",
            "FULL",
            "fsync at every commit",
        )
        assert opened["path"] == str(tmp_path / "data" / "qantara.db")
        assert (await one.says("running"))["clean"]
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
        assert await one.stop() == 0
    assert '"event": "stopped"' in one.text
    async with daemon(path, stranger) as one:
        assert (await one.says("running"))["clean"]
        one.send(signal.SIGINT)
        assert await one.ends() == 0


async def test_a_killed_one_carries_on(tmp_path: Path, stranger: dict[str, str]) -> None:
    path = written(tmp_path, QUIET)
    async with daemon(path, stranger) as one:
        await one.says("running")
        one.send(signal.SIGKILL)
        assert await one.ends() == -signal.SIGKILL
    async with daemon(path, stranger) as one:
        assert not (await one.says("running"))["clean"]
        assert await one.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_told_a_second_time_it_ends_at_once(
    tmp_path: Path, stranger: dict[str, str], number: signal.Signals
) -> None:
    async with daemon(written(tmp_path, ALONE + LINKS), stranger) as one:
        await one.says("running")
        one.send(signal.SIGTERM)
        await one.says("stopping")
        one.send(number)
        assert await one.ends() == 128 + number
    assert "told to stop a second time" in one.text


async def test_a_stop_that_hangs_ends_at_its_deadline(tmp_path: Path, stranger: dict[str, str]) -> None:
    """The event loop itself is stuck: the alarm is the system's, not the loop's. What was accepted is on disk."""
    path = written(tmp_path, QUIET + "  two: {connector: stuck}\n")
    async with daemon(path, stranger) as one:
        await one.says("running")
        await until_up(path, stranger)
        began = asyncio.get_running_loop().time()
        one.send(signal.SIGTERM)
        assert await one.ends() == 128 + signal.SIGTERM
        assert 20 < asyncio.get_running_loop().time() - began < 28
    assert "the end took too long" in one.text
    async with daemon(written(tmp_path, QUIET), stranger) as one:
        assert not (await one.says("running"))["clean"]
        assert await one.stop() == 0


async def until_up(path: Path, env: dict[str, str]) -> None:
    """Wait until both accounts are up."""
    while '"state": "up"' not in (await qantara("status", "--json", "-c", path, env=env)).out.partition('"two"')[2]:
        pass


async def test_a_changed_file_is_read_again_and_a_wrong_one_changes_nothing(
    tmp_path: Path, stranger: dict[str, str]
) -> None:
    path = written(tmp_path, QUIET)
    async with daemon(path, stranger) as one:
        await one.says("running")
        written(tmp_path, QUIET + "nonsense: 1\nmore: 2\n")
        one.send(signal.SIGHUP)
        faults = (await one.says("configuration not used: nothing changed"))["faults"]
        assert [fault.split("  ")[1] for fault in faults] == ["nonsense", "more"]
        written(tmp_path, QUIET + "  two: {connector: quiet}\n")
        one.send(signal.SIGHUP)
        assert (await one.says("configuration read again"))["accounts"] == 2
        assert await one.stop() == 0


async def test_a_second_one_on_the_same_store_is_refused_and_the_first_unhurt(
    tmp_path: Path, stranger: dict[str, str]
) -> None:
    path = written(tmp_path, QUIET)
    async with daemon(path, stranger) as one:
        await one.says("running")
        done = await qantara("run", "-c", path, env=stranger)
        assert done.status == 75
        assert "is in use by another process: stop that one first" in done.err
        assert (await qantara("status", "-c", path, env=stranger)).status == 0
        assert await one.stop() == 0


async def test_a_damaged_store_is_refused_and_not_touched(tmp_path: Path, stranger: dict[str, str]) -> None:
    path = written(tmp_path, QUIET)
    (tmp_path / "data").mkdir()
    damaged = b"SQLite format 3\x00" + b"x" * 8192
    (tmp_path / "data" / "qantara.db").write_bytes(damaged)
    done = await qantara("run", "-c", path, env=stranger)
    assert done.status == 65
    assert "is damaged and was not touched" in done.err
    assert (tmp_path / "data" / "qantara.db").read_bytes() == damaged


async def test_a_place_where_nothing_can_be_stored_is_told(tmp_path: Path, stranger: dict[str, str]) -> None:
    (tmp_path / "data").write_text("a file")
    done = await qantara("run", "-c", written(tmp_path, QUIET), env=stranger)
    assert done.status == 74
    assert "Traceback" not in done.err


async def test_an_address_that_is_taken_is_told(tmp_path: Path, stranger: dict[str, str]) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    done = await qantara(
        "run", "-c", written(tmp_path, QUIET + f"http: {{listen: '127.0.0.1:{port}'}}\n"), env=stranger
    )
    taken.close()
    assert done.status == 69
    assert f"cannot listen on 127.0.0.1:{port}" in done.err
    assert "Traceback" not in done.err


async def test_no_secret_reaches_the_log_the_status_or_the_metrics(tmp_path: Path, stranger: dict[str, str]) -> None:
    http = f"http: {{listen: '127.0.0.1:0', token: '{CANARY}-http'}}\n"
    text = STORE + "accounts:\n  one: {connector: talkative, token: '${CANARY}'}\n" + http
    async with daemon(written(tmp_path, text), stranger) as one:
        address = (await one.says("listening"))["address"]
        await one.says("account lost")
        headers = {"Authorization": f"Bearer {CANARY}-http"}
        async with aiohttp.ClientSession(headers=headers) as session:

            async def asked(path: str) -> str:
                async with session.get(f"http://{address}{path}") as response:
                    assert response.status == 200
                    return await response.text()

            async def failed() -> bool:
                return "api.example.org" in await asked("/status")

            await eventually(failed)
            answers = [await asked(path) for path in ("/status", "/metrics", "/queue", "/openapi.json")]
        assert await one.stop() == 0
    assert "api.example.org/***/me" in one.text
    assert not any(CANARY in text for text in (*answers, one.text))
    assert json.loads(answers[0])["accounts"]["one"]["state"] == "down"
