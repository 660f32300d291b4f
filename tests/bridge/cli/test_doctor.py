"""`doctor`: a healthy set-up has no finding, and each planted fault is found with its way out."""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
import yaml
from aiohttp import ClientSession

from bridge.chance import SystemChance
from bridge.cli.doctor import examined
from bridge.clock import Clock, SystemClock
from bridge.config import load
from bridge.findings import Finding, Grade
from bridge.registry import installed
from bridge.store.sqlite import SqliteStore
from bridge.testing.clock import HandClock
from bridge.testing.platform import Fault, Platform
from bridge.testing.waiting import eventually
from connectors.irc.emulator import IrcEmulator
from connectors.matrix.emulator import MatrixEmulator
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_world import Status
from tests.bridge.cli.program import daemon, qantara

SASL = {"qantara": "canary-of-the-irc-account"}
ADMIN = "canary-of-the-admin-token-0123456789abcdef"


class Setup(NamedTuple):
    """Three platforms, and a bridge between them that is as it should be."""

    irc: IrcEmulator
    matrix: MatrixEmulator
    telegram: TelegramEmulator
    path: Path

    @property
    def store(self) -> Path:
        return self.path.parent / "data" / "qantara.db"

    def change(self, *trail: str, to: object) -> None:
        """Set a value of the file."""
        file = yaml.safe_load(self.path.read_text())
        part = file
        for step in trail[:-1]:
            part = part.setdefault(step, {})
        part[trail[-1]] = to
        self.path.write_text(yaml.safe_dump(file))


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with AsyncExitStack() as stack:
        irc = await stack.enter_async_context(IrcEmulator(accounts=SASL))
        matrix = await stack.enter_async_context(MatrixEmulator())
        telegram = await stack.enter_async_context(TelegramEmulator())
        one = Setup(irc, matrix, telegram, tmp_path / "config.yaml")
        _write(one)
        yield one


def _write(setup: Setup) -> None:
    def account(platform: Platform) -> dict[str, object]:
        return dict(platform.settings())

    login = {"sasl_user": "qantara", "sasl_password": SASL["qantara"]}
    accounts = {"home": account(setup.matrix), "tg": account(setup.telegram), "libera": account(setup.irc) | login}
    rooms = [f"home/{setup.matrix.rooms[0]}", f"tg/{setup.telegram.rooms[0]}", f"libera/{setup.irc.rooms[0]}"]
    file = {
        "store": {"min_free_mib": 0}, "notices": rooms[0], "links": {"lobby": {"rooms": rooms}}, "accounts": accounts,
        "http": {"listen": "127.0.0.1:0", "token": ADMIN},
    }  # fmt: skip
    setup.path.write_text(yaml.safe_dump(file))
    setup.path.chmod(0o600)


class Told(NamedTuple):
    """What was found."""

    findings: list[Finding]

    @property
    def wrong(self) -> list[Finding]:
        return [one for one in self.findings if one.grade is not Grade.NOTE]

    def only(self, words: str) -> Finding:
        """The one thing that is wrong: its place or sentence holds these words, and it says what to do."""
        assert len(self.wrong) == 1, self.wrong
        return self.among(words)

    def among(self, words: str) -> Finding:
        """One of the things that are wrong."""
        found = [one for one in self.wrong if words in f"{one.where}  {one.what}"]
        assert len(found) == 1, (words, self.wrong)
        assert found[0].remedy
        return found[0]


async def looked(setup: Setup, clock: Clock | None = None) -> Told:
    """Everything that the doctor finds; no secret is in it, even before it is masked."""
    config = load(setup.path, os.environ, installed())
    found = await examined(setup.path, config, clock or SystemClock())
    for secret in (SASL["qantara"], ADMIN, setup.telegram.token, str(setup.matrix.settings()["token"])):
        assert secret not in repr(found)
    return Told(found)


async def well(setup: Setup) -> bool:
    return (await qantara("status", "-c", setup.path)).status == 0


async def test_a_healthy_set_up_has_no_finding_before_while_and_after_it_runs(setup: Setup) -> None:
    before = await looked(setup)
    assert before.wrong == []
    assert {"accounts.home (matrix)  the homeserver", "accounts.libera (irc)  the server", "this program"} <= {
        one.where for one in before.findings
    }
    async with daemon(setup.path) as one:
        await one.says("running")
        await eventually(lambda: well(setup))
        meanwhile = await looked(setup)
        assert await one.stop() == 0
    assert meanwhile.wrong == []
    assert "accounts.home (matrix)  the homeserver" in {one.where for one in meanwhile.findings}
    assert (await looked(setup)).wrong == []


async def test_the_command_prints_the_worst_first_and_its_status_tells(setup: Setup) -> None:
    setup.path.chmod(0o602)
    setup.change("accounts", "libera", "sasl_user", to=None)
    setup.change("accounts", "libera", "sasl_password", to=None)
    done = await qantara("doctor", "-c", setup.path)
    assert (done.status, done.err) == (1, "")
    lines = done.out.splitlines()
    assert lines[0].startswith(f"fault    {setup.path}: its mode is 0602")
    assert lines[1] == f"         → chmod go-w {setup.path}"
    assert lines[-1] == "1 faults, 1 warnings"
    assert ADMIN not in done.out
    done = await qantara("doctor", "--json", "-c", setup.path)
    assert [one["grade"] for one in json.loads(done.out)["findings"]][:3] == ["fault", "warning", "note"]
    setup.change("accounts", "libera", "nickname", to="x")
    done = await qantara("doctor", "-c", setup.path)
    assert (done.status, done.out) == (2, "")


# Accounts.


async def test_refused_credentials(setup: Setup) -> None:
    setup.matrix.fail_next(Fault.UNAUTHORIZED)
    found = (await looked(setup)).only("accounts.home (matrix)")
    assert found.grade is Grade.FAULT
    assert "token" in found.remedy


async def test_a_server_that_is_not_there(setup: Setup) -> None:
    setup.change("accounts", "libera", "server", to="irc://127.0.0.1:1")
    assert (await looked(setup)).only("accounts.libera (irc)").grade is Grade.FAULT


async def test_an_encrypted_room(setup: Setup) -> None:
    room = await setup.matrix.make_room("secret", encrypted=True)
    setup.change("notices", to=f"home/{room}")
    assert "make a new room" in (await looked(setup)).only(f"room {room}: the room is encrypted").what


@pytest.mark.parametrize(
    ("kind", "grade"),
    [("m.room.message", Grade.FAULT), ("m.reaction", Grade.WARNING), ("m.room.redaction", Grade.WARNING)],
)
async def test_too_little_power_in_a_room(setup: Setup, kind: str, grade: Grade) -> None:
    room = setup.matrix.rooms[0]
    await setup.matrix.set_state(room, "m.room.power_levels", {"users": {}, "events": {kind: 50}})
    found = (await looked(setup)).only(f"accounts.home (matrix)  room {room}")
    assert (found.grade, kind in found.what) == (grade, True)


async def test_privacy_mode_and_a_bot_that_is_no_administrator(setup: Setup) -> None:
    setup.telegram.set_status(setup.telegram.rooms[0], Status.MEMBER)
    assert "Add Admin" in (await looked(setup)).only("is not an administrator").remedy
    setup.telegram.world.reads_everything = False
    assert "/setprivacy" in (await looked(setup)).only("privacy mode is on").remedy


async def test_another_program_with_the_same_token(setup: Setup) -> None:
    async with ClientSession() as session:
        address = f"{setup.telegram.server.address}/bot{setup.telegram.token}/setWebhook"
        async with session.post(address, data={"url": "https://other.example.org/canary-path"}) as answer:
            assert answer.status == 200
    found = (await looked(setup)).only("accounts.tg (telegram)")
    assert "https://other.example.org" in found.what
    assert "canary-path" not in found.what


async def test_a_nick_that_is_taken_and_one_that_is_not_registered(setup: Setup) -> None:
    nick = str(setup.irc.settings()["nick"])
    async with _somebody(setup.irc, nick):
        assert "REGAIN" in (await looked(setup)).only(f"the nick {nick} is taken").remedy
    setup.change("accounts", "libera", "sasl_user", to=None)
    setup.change("accounts", "libera", "sasl_password", to=None)
    assert "REGISTER" in (await looked(setup)).only("not registered").remedy


@asynccontextmanager
async def _somebody(server: IrcEmulator, nick: str) -> AsyncIterator[None]:
    """Somebody else's client, who has the nick."""
    host, port = str(server.settings()["server"]).removeprefix("irc://").rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"NICK {nick}\r\nUSER x 0 * :x\r\n".encode())
    await reader.readuntil(b" 422 ")
    yield
    writer.close()
    await writer.wait_closed()


# Clocks and certificates.


async def test_a_clock_that_is_wrong(setup: Setup) -> None:
    clock = HandClock(SystemClock().now())
    clock.step(120)
    told = await looked(setup, clock)
    assert {one.grade for one in told.wrong} == {Grade.WARNING}
    assert len(told.wrong) == 2
    clock.step(-1200)
    told = await looked(setup, clock)
    assert {(one.grade, "behind" in one.what) for one in told.wrong} == {(Grade.FAULT, True)}


def _certificate(folder: Path, name: str, until: timedelta) -> tuple[ssl.SSLContext, Path]:
    authority, now = trustme.CA(), SystemClock().now()
    own = authority.issue_cert(name, not_before=now - timedelta(days=30), not_after=now + until)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.configure_cert(context)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return context, folder / "authority.pem"


@pytest.mark.parametrize(
    ("name", "days", "trusted", "words"),
    [
        ("localhost", 15, True, ""),
        ("localhost", 13, True, "expires in 12 days"),
        ("localhost", -1, True, "the certificate has expired"),
        ("irc.example.org", 90, True, "another name's"),
        ("localhost", 90, False, "does not trust"),
    ],
)
async def test_certificates(setup: Setup, name: str, days: int, trusted: bool, words: str) -> None:  # noqa: FBT001 - a column of the table
    tls, authority = _certificate(setup.path.parent, name, timedelta(days=days))
    async with IrcEmulator(accounts=SASL, tls=tls) as server:
        address = str(server.settings()["server"])
        setup.change("accounts", "libera", "server", to=address)
        if trusted:
            setup.change("accounts", "libera", "ca_file", to=str(authority))
        told = await looked(setup)
    assert (not words) == (told.wrong == [])
    assert not words or told.among(words).where == address


async def test_a_certificate_that_is_not_checked(setup: Setup) -> None:
    tls, _ = _certificate(setup.path.parent, "127.0.0.1", timedelta(days=90))
    async with IrcEmulator(accounts=SASL, tls=tls) as server:
        setup.change("accounts", "libera", "server", to=str(server.settings()["server"]))
        setup.change("accounts", "libera", "verify", to="none")
        assert "verify: full" in (await looked(setup)).only("is not checked").remedy


async def test_the_certificate_of_the_public_address(setup: Setup) -> None:
    tls, _ = _certificate(setup.path.parent, "localhost", timedelta(days=90))
    async with IrcEmulator(tls=tls) as server:
        address = str(server.settings()["server"]).replace("ircs://", "https://")
        setup.change("http", "public_url", to=address)
        assert (await looked(setup)).only("does not trust").where == address


# The store and its place.


def _made(setup: Setup) -> None:
    """A store as the daemon makes it."""
    setup.store.parent.mkdir(mode=0o700)
    before = os.umask(0o077)
    SqliteStore(setup.store, SystemChance()).close()
    os.umask(before)


async def test_a_damaged_store(setup: Setup) -> None:
    _made(setup)
    setup.store.write_bytes(b"no database" * 1000)
    found = (await looked(setup)).only("is damaged")
    assert (found.grade, f"mv {setup.store}" in found.remedy) == (Grade.FAULT, True)


async def test_a_store_that_another_process_holds(setup: Setup) -> None:
    _made(setup)
    store = SqliteStore(setup.store, SystemChance())
    try:
        assert "fuser" in (await looked(setup)).only("is in use by another process").remedy
    finally:
        store.close()


async def test_modes_that_let_others_in(setup: Setup) -> None:
    _made(setup)
    setup.store.chmod(0o644)
    assert (await looked(setup)).only("0644").remedy == f"chmod 600 {setup.store}"
    setup.store.chmod(0o600)
    setup.store.parent.chmod(0o755)
    assert (await looked(setup)).only("0755").remedy == f"chmod 700 {setup.store.parent}"
    setup.store.parent.chmod(0o700)
    os.utime(setup.store, (4_000_000_000, 4_000_000_000))
    assert "timedatectl" in (await looked(setup)).only("was set back").remedy


async def test_secrets_in_a_file_that_everybody_reads(setup: Setup) -> None:
    setup.path.chmod(0o644)
    told = await looked(setup)
    assert len(told.wrong) == 4
    assert {one.remedy for one in told.wrong} == {f"chmod 600 {setup.path}"}


async def test_a_disk_that_is_too_full(setup: Setup) -> None:
    setup.change("store", "min_free_mib", to=1024 * 1024)
    assert "du -xh" in (await looked(setup)).only("nothing is accepted").remedy


# The running daemon.


async def test_what_the_running_daemon_knows(setup: Setup, unused_tcp_port: int) -> None:
    address = f"http://127.0.0.1:{unused_tcp_port}"
    setup.change("http", "listen", to=f"127.0.0.1:{unused_tcp_port}")
    setup.change("http", "public_url", to=address)
    async with daemon(setup.path) as one:
        await one.says("running")
        await eventually(lambda: well(setup))
        assert (await looked(setup)).wrong == []
        setup.change("http", "public_url", to=setup.matrix.server.address)
        assert "lead /in/" in (await looked(setup)).only("answers 404").remedy
        setup.change("http", "public_url", to="http://127.0.0.1:1")
        assert "curl -i" in (await looked(setup)).only("nobody answers").remedy
        setup.change("http", "public_url", to=address)
        setup.change("accounts", "more", to={**setup.irc.settings(), "nick": "more"})
        assert "reload" in (await looked(setup)).only("other accounts than").remedy
        setup.change("accounts", "more", to=None)
        _without(setup, "more")
        await setup.matrix.change_membership(setup.matrix.rooms[0], str(setup.matrix.settings()["user"]), "ban")
        await eventually(lambda: _told_of(setup, "accounts.home", f"home/{setup.matrix.rooms[0]}"))
        setup.matrix.fail_next(Fault.UNAUTHORIZED)
        await eventually(lambda: _told_of(setup, "accounts.home", "stopped"))
        assert await one.stop() == 0


def _without(setup: Setup, account: str) -> None:
    file = yaml.safe_load(setup.path.read_text())
    del file["accounts"][account]
    setup.path.write_text(yaml.safe_dump(file))


async def _told_of(setup: Setup, *words: str) -> bool:
    told = await looked(setup)
    return any(any(one in f"{found.where}  {found.what}" for one in words[1:]) for found in told.wrong)
