"""`check` and `rooms`: what is wrong with a file, and what the accounts see."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shown
from bridge.text.nodes import said
from connectors.irc.emulator import IrcEmulator
from connectors.telegram.emulator import TelegramEmulator
from tests.bridge.cli.program import daemon, environment, qantara
from tests.bridge.cli.stranger import install


@pytest.fixture
async def network() -> AsyncIterator[IrcEmulator]:
    async with IrcEmulator() as server:
        yield server


def written(folder: Path, network: IrcEmulator, *rooms: str) -> Path:
    accounts = {"libera": dict(network.settings()), "other": {**network.settings(), "nick": "elsewhere"}}
    links = {"lobby": {"rooms": [*(f"libera/{room}" for room in rooms), f"other/{network.rooms[1]}"]}}
    path = folder / "config.yaml"
    path.write_text(
        yaml.safe_dump({"store": {"min_free_mib": 0, "ballast_mib": 0}, "accounts": accounts, "links": links})
    )
    path.chmod(0o600)
    return path


async def well(path: Path) -> bool:
    """Whether the daemon is up and in every room."""
    return (await qantara("status", "-c", path)).status == 0


async def test_a_good_file_is_told_so_and_a_wrong_one_completely(tmp_path: Path, network: IrcEmulator) -> None:
    path = written(tmp_path, network, network.rooms[0])
    done = await qantara("check", "-c", path)
    assert (done.status, done.out, done.err) == (0, f"{path}: 2 accounts and 1 links, no fault\n", "")
    path.write_text(path.read_text().replace("libera/", "libra/") + "more: 1\n")
    done = await qantara("check", env=environment(QANTARA_CONFIG=str(path)))
    assert (done.status, done.out) == (2, "")
    assert 'no account "libra", did you mean "libera"?' in done.err
    assert len(done.err.splitlines()) == 2


async def test_a_warning_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("accounts: {a: {connector: console}}\n")
    done = await qantara("check", cwd=tmp_path)
    assert (done.status, done.err) == (0, "warning: config.yaml:1  links  there are no links: nothing is bridged\n")


async def test_live_it_logs_in_and_enters_the_rooms_and_takes_nothing(tmp_path: Path, network: IrcEmulator) -> None:
    town, garden = network.rooms[:2]
    done = await qantara("check", "--live", "-c", written(tmp_path, network, town))
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()[1:]
    assert [line for line in lines if line.startswith(("libera", "other"))] == [
        f"libera (irc): logged in as {network.settings()['nick']}",
        "other (irc): logged in as elsewhere",
    ]
    assert [line.partition(";")[0] for line in lines if ": entered" in line] == [
        f"  room {town}: entered",
        f"  room {garden}: entered",
    ]
    assert await texts(network, town) == []
    assert not (tmp_path / "data" / "qantara.db").exists()


async def test_live_a_server_that_is_not_there_is_told(tmp_path: Path, network: IrcEmulator) -> None:
    path = written(tmp_path, network, network.rooms[0])
    gone = yaml.safe_load(path.read_text())
    gone["accounts"]["libera"]["server"] = "irc://127.0.0.1:1"
    path.write_text(yaml.safe_dump(gone))
    done = await qantara("check", "--live", "-c", path)
    assert done.status == 1
    assert "libera (irc): not logged in" in done.out
    assert "other (irc): logged in as elsewhere" in done.out


async def test_live_the_running_daemon_is_asked_instead(tmp_path: Path, network: IrcEmulator) -> None:
    town = network.rooms[0]
    path = written(tmp_path, network, town)
    async with daemon(path) as one:
        await one.says("running")
        await eventually(lambda: well(path))
        listed = await qantara("rooms", "libera", "-c", path)
        done = await qantara("check", "--live", "-c", path)
        assert await one.stop() == 0
    assert "the daemon is running; it says:" in done.out
    assert "libera (irc): " in done.out
    assert f"  room libera/{town}: open" in done.out
    assert (done.status, listed.status) == (0, 0)


async def test_what_waits_on_a_platform_is_still_there_for_the_daemon(tmp_path: Path, network: IrcEmulator) -> None:
    async with TelegramEmulator() as telegram:
        path, town = written(tmp_path, network, network.rooms[0]), network.rooms[0]
        file = yaml.safe_load(path.read_text())
        file["accounts"]["tg"] = dict(telegram.settings())
        file["links"]["lobby"]["rooms"] = [f"libera/{town}", f"tg/{telegram.rooms[0]}"]
        path.write_text(yaml.safe_dump(file))
        async with daemon(path) as one:
            await one.says("running")
            await eventually(lambda: well(path))
            await telegram.say(telegram.rooms[0], "Ada", said("before"))
            await shown(network, town, lambda seen: any("before" in message.text for message in seen))
            assert await one.stop() == 0
        await telegram.say(telegram.rooms[0], "Ada", said("meanwhile"))
        assert "tg (telegram): logged in as" in (await qantara("check", "--live", "-c", path)).out
        async with daemon(path) as one:
            await shown(network, town, lambda seen: any("meanwhile" in message.text for message in seen))
            assert await one.stop() == 0


async def test_rooms_are_listed_ready_to_paste(tmp_path: Path, network: IrcEmulator) -> None:
    done = await qantara("rooms", "libera", "-c", written(tmp_path, network, network.rooms[0]))
    assert (done.status, done.err) == (0, "")
    assert set(yaml.safe_load(done.out)) >= {f"libera/{room}" for room in network.rooms}


async def test_rooms_of_an_account_that_is_not_there(tmp_path: Path, network: IrcEmulator) -> None:
    done = await qantara("rooms", "nobody", "-c", written(tmp_path, network, network.rooms[0]))
    assert (done.status, done.err) == (2, "no account nobody; there are libera, other\n")


async def test_rooms_of_a_connector_that_cannot_list_them(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("accounts: {a: {connector: quiet}}\n")
    done = await qantara("rooms", "a", cwd=tmp_path, env=environment(install(tmp_path / "site")))
    assert (done.status, done.out) == (1, "")
    assert done.err == "a: this connector cannot list rooms: name the room in the configuration\n"


async def test_live_a_bug_of_a_connector_is_told_without_its_secret(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("accounts: {a: {connector: talkative, token: swordfish}}\n")
    (tmp_path / "config.yaml").chmod(0o600)
    done = await qantara("check", "--live", cwd=tmp_path, env=environment(install(tmp_path / "site")))
    assert done.status == 1
    assert "ValueError: GET https://api.example.org/***/me failed" in done.out
    assert "swordfish" not in done.out + done.err
