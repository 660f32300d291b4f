"""How the connector comes in: TLS, SASL, passwords, nicks that are taken."""

import ssl
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from bridge.chance import SeededChance
from bridge.errors import BridgeError, Unauthorized, Unavailable
from bridge.testing.host import KitHost
from connectors.irc.config import IrcConfig
from connectors.irc.connector import Irc
from connectors.irc.emulator import IrcEmulator
from connectors.irc.emulator_network import ECHO_ONLY, FULL, Limits
from connectors.irc.login import nicks
from tests.connectors.irc.lab import LOBBY, RawClient, kit_on, running

SASL = {"qantara": "open sesame"}
LONG_SASL = {"qantara": "x" * 1500}
EXACT_SASL = {"qantara": "x" * (300 - len("\0qantara\0"))}


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate, and the file that makes it trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, path


async def refused(path: Path, server: IrcEmulator, **settings: object) -> BridgeError:
    """Why `run` ends."""
    config = IrcConfig.model_validate({**server.settings(), **settings})
    with pytest.raises(BridgeError) as caught:
        await Irc(config, KitHost(path)).run()
    return caught.value


@pytest.mark.parametrize("capabilities", [FULL, ECHO_ONLY])
@pytest.mark.parametrize("accounts", [SASL, LONG_SASL, EXACT_SASL])
async def test_we_identify_ourselves_before_we_come_in(
    tmp_path: Path, capabilities: AbstractSet[str], accounts: dict[str, str]
) -> None:
    async with running(tmp_path, capabilities=capabilities, accounts=accounts) as (server, run):
        await run.send("identified")
        assert server.network.members["bridge"].account == "qantara"


async def test_words_go_over_tls(tmp_path: Path, trusted: tuple[ssl.SSLContext, Path]) -> None:
    context, path = trusted
    async with running(tmp_path, tls=context, ca_file=path, accounts=SASL) as (_, run):
        await run.send("nobody listens")
        await run.kit.reads(LOBBY, "nobody listens")
        await run.hears("nobody at all")
        run.kit.platform.drop_connections()
        await run.deliver(run.outgoing("still nobody"))


async def test_an_unknown_certificate_is_refused(tmp_path: Path, trusted: tuple[ssl.SSLContext, Path]) -> None:
    async with IrcEmulator(tls=trusted[0]) as server:
        error = await refused(tmp_path, server)
        assert isinstance(error, Unavailable)
        assert "certificate" in str(error)


async def test_a_certificate_is_not_checked_only_on_request(
    tmp_path: Path, trusted: tuple[ssl.SSLContext, Path]
) -> None:
    async with running(tmp_path, {"verify": "none"}, tls=trusted[0]) as (_, run):
        await run.send("hello whoever you are")


async def test_a_wrong_account_password_stops_the_account(tmp_path: Path) -> None:
    async with IrcEmulator(accounts=SASL) as server:
        error = await refused(tmp_path, server, sasl_password="wrong")
        assert isinstance(error, Unauthorized)
        assert "wrong" not in str(error)


async def test_a_wrong_server_password_stops_the_account(tmp_path: Path) -> None:
    async with IrcEmulator(password="right") as server:
        assert isinstance(await refused(tmp_path, server, password="wrong"), Unauthorized)


@pytest.mark.parametrize("capabilities", [FULL - {"sasl"}, frozenset()])
async def test_without_sasl_we_do_not_enter_as_a_stranger(tmp_path: Path, capabilities: AbstractSet[str]) -> None:
    async with IrcEmulator(capabilities=capabilities, accounts=SASL) as server:
        error = await refused(tmp_path, server)
        assert isinstance(error, Unavailable)
        assert "SASL" in str(error)


async def test_a_banned_bridge_stops(tmp_path: Path) -> None:
    async with IrcEmulator() as server:
        server.network.refusing = True
        assert isinstance(await refused(tmp_path, server), Unauthorized)


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    async with IrcEmulator() as server:
        pass
    error = await refused(tmp_path, server)
    assert isinstance(error, Unavailable)
    assert "reached" in str(error)


async def test_a_taken_nick_is_followed_by_alternatives_and_regained(tmp_path: Path) -> None:
    async with IrcEmulator() as server:
        other = RawClient()
        await other.connect(server, "bridge")
        await other.tell("JOIN #lobby")
        await other.until(" 366 ")
        async with kit_on(server, tmp_path, alternative_nicks=["arch", "span"]).running() as run:
            await run.send("as somebody else")
            assert (await run.kit.reads(LOBBY, "as somebody else")).author == "arch"
            assert run.capabilities(LOBBY).max_text < 512
            await other.tell("QUIT :bye")
            await other.ended()
            await run.kit.until_shown(LOBBY, lambda _: "bridge" in server.network.members, "the nick")
            await run.send("as myself")
            assert (await run.kit.reads(LOBBY, "as myself")).author == "bridge"
            assert run.kit.host.words() == []
        await other.close()


async def test_a_nick_is_regained_when_its_holder_takes_another(tmp_path: Path) -> None:
    async with IrcEmulator() as server:
        server.enter(LOBBY, "bridge")
        async with kit_on(server, tmp_path).running() as run:
            assert "bridge_" in server.network.members
            server.rename("bridge", "troll")
            await run.kit.until_shown(LOBBY, lambda _: "bridge_" not in server.network.members, "the nick")
            await run.send("as myself")
            assert (await run.kit.reads(LOBBY, "as myself")).author == "bridge"


async def test_a_nick_the_server_refuses_is_no_obstacle(tmp_path: Path) -> None:
    settings = {"nick": "muchtoolong", "alternative_nicks": ["short"]}
    async with running(tmp_path, settings, limits=Limits(nick_length=9)) as (_, run):
        await run.send("hello")
        assert (await run.kit.reads(LOBBY, "hello")).author == "short"


async def test_a_server_that_takes_none_of_our_nicks_is_asked_later(tmp_path: Path) -> None:
    async with IrcEmulator(limits=Limits(nick_length=3)) as server:
        error = await refused(tmp_path, server)
        assert isinstance(error, Unavailable)
        assert "nick" in str(error)


def test_the_last_nicks_are_nobodys() -> None:
    config = IrcConfig(connector="irc", server="irc://irc.example.org", nick="bridge", alternative_nicks=("arch",))
    made = list(nicks(config, SeededChance(1)))
    assert made[:4] == ["bridge", "arch", "bridge_", "bridge__"]
    assert len(set(made)) == len(made) > 6


GOOD = [
    ("irc://irc.example.org", ("irc.example.org", 6667)),
    ("ircs://irc.example.org", ("irc.example.org", 6697)),
    ("ircs://irc.example.org:7000", ("irc.example.org", 7000)),
    ("irc://[::1]:6668", ("::1", 6668)),
]


@pytest.mark.parametrize(("server", "address"), GOOD)
def test_an_address_is_read(server: str, address: tuple[str, int]) -> None:
    config = IrcConfig(connector="irc", server=server, nick="bridge")
    assert config.address == address
    assert (config.tls() is None) is server.startswith("irc:")


@pytest.mark.parametrize("encoding", ["latin-1", "koi8-r"])
def test_old_encodings_are_known(encoding: str) -> None:
    config = IrcConfig(connector="irc", server="irc://irc.example.org", nick="bridge", encoding_fallback=encoding)
    assert config.encoding_fallback == encoding


@pytest.mark.parametrize(
    "wrong",
    [
        {"server": "irc.example.org"},
        {"server": "http://irc.example.org"},
        {"server": "irc://"},
        {"server": "irc://irc.example.org:99999"},
        {"server": "irc://user@irc.example.org"},
        {"server": "irc://irc.example.org/#lobby"},
        {"nick": "two words"},
        {"nick": "a\r\nQUIT"},
        {"nick": "#lobby"},
        {"nick": ":bridge"},
        {"nick": "9lives"},
        {"username": "a b"},
        {"realname": "a\nQUIT"},
        {"sasl_user": "alone"},
        {"sasl_password": "alone"},
        {"encoding_fallback": "klingon"},
        {"rate_per_second": -1},
        {"burst": 0},
    ],
)
def test_wrong_settings_are_faults(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        IrcConfig.model_validate({"connector": "irc", "server": "irc://irc.example.org", "nick": "bridge", **wrong})
