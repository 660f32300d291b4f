"""The contract of a connector and IRC's own promises, kept on two real servers of different kinds."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bridge.errors import Feature, RoomClosed, Unsupported
from bridge.events import Joined, Left, Posted
from bridge.testing.contract import ConnectorContract
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from bridge.testing.platform import texts
from bridge.text.nodes import Bold, Code, Italic, Paragraph, Rich, Strike, Text, Underline, said
from bridge.text.walk import plain
from connectors.irc.config import IrcConfig
from connectors.irc.connector import Irc
from connectors.irc.wire import line
from tests.live.irc_people import RealIrc
from tests.live.irc_servers import IrcServer

pytestmark = pytest.mark.live

KINDS = ("inspircd", "ngircd")
STYLED: Rich = (
    Paragraph(
        (
            Text("a "),
            Bold((Text("bold and "), Italic((Text("slanted"),)))),
            Text(" "),
            Underline((Text("line"),)),
            Strike((Text("no"),)),
            Code("x = 1"),
            Text(" שלום"),
        )
    ),
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, IrcServer]]:
    """One server of each kind for all tests here."""
    running = {kind: IrcServer(kind, tmp_path_factory.mktemp(kind)) for kind in KINDS}
    with running["inspircd"], running["ngircd"]:
        yield running


class _Kept(ConnectorContract):
    replays = False
    replays_reason = "IRC keeps nothing for who was away"
    idempotent = False
    idempotent_reason = "IRC has no key that makes a line count once"
    elsewhere = "the server is a process of its own: see test_network_live.py"

    def connector(self, platform: RealIrc, host: KitHost) -> Irc:
        return Irc(IrcConfig.model_validate(platform.settings()), host)


class TestOnInspIRCd(_Kept):
    """A server with tags, ids and labels."""

    @pytest.fixture
    async def platform(self, servers: dict[str, IrcServer]) -> AsyncIterator[RealIrc]:
        async with RealIrc(servers["inspircd"]) as platform:
            yield platform


class TestOnNgIRCd(_Kept):
    """A server without any of IRCv3: fences stand for receipts."""

    @pytest.fixture
    async def platform(self, servers: dict[str, IrcServer]) -> AsyncIterator[RealIrc]:
        async with RealIrc(servers["ngircd"]) as platform:
            yield platform


@pytest.fixture(params=KINDS)
async def kit(request: pytest.FixtureRequest, servers: dict[str, IrcServer], tmp_path: Path) -> AsyncIterator[Kit]:
    async with RealIrc(servers[request.param]) as platform:
        yield kit_on(platform, tmp_path)


def kit_on(platform: RealIrc, tmp_path: Path) -> Kit:
    def connect(host: KitHost) -> Irc:
        return Irc(IrcConfig.model_validate({**platform.settings(), "rejoin_seconds": 0.05}), host)

    return Kit(platform, KitHost(tmp_path), connect, Terms())


async def test_a_thousand_lines_keep_their_order_both_ways(kit: Kit) -> None:
    words = [f"line {number}" for number in range(1000)]
    async with kit.running() as run:
        async with asyncio.TaskGroup() as group:
            for one in words:
                group.create_task(run.send(one))
        shown = await kit.until_shown(kit.town, lambda shown: len(shown) >= len(words), "a thousand lines")
        assert [one.text for one in shown] == words
        person = await kit.platform.person("Ada")  # type: ignore[attr-defined]
        person.write(*(line("PRIVMSG", kit.town, one) for one in words))
        await run.published(words[-1])
        assert kit.host.words() == words


async def test_formatting_crosses_both_ways(kit: Kit) -> None:
    async with kit.running() as run:
        await run.send(STYLED)
        assert (await kit.reads(kit.town, plain(STYLED))).rich == STYLED
        await kit.platform.say(kit.town, "Ada", STYLED)
        assert (await run.published(plain(STYLED))).text == STYLED


async def test_a_taken_nick_is_no_obstacle(kit: Kit) -> None:
    await kit.platform.person("bridge")  # type: ignore[attr-defined]
    async with kit.running() as run:
        await run.send("under another name")
        assert (await kit.reads(kit.town, "under another name")).author == "bridge_"
        await kit.platform.say(kit.town, "bridge", said("I am the other one"))
        await run.published("I am the other one")


async def test_a_kick_is_told_and_we_come_back(kit: Kit) -> None:
    async with kit.running() as run:
        reader = kit.platform.reader  # type: ignore[attr-defined]
        reader.write(line("KICK", kit.town, "bridge", "out"))
        left = await run.event(Left, lambda event: event.room == kit.town, "our leaving")
        assert left.user.id == kit.host.connected_as.id  # type: ignore[union-attr]
        assert "out" in left.reason
        await run.event(Joined, lambda event: event.user.id == left.user.id, "our coming back")
        await run.hears("welcome back")
        await run.send("thank you")
        await kit.reads(kit.town, "thank you")


async def test_a_moderated_channel_is_closed(kit: Kit) -> None:
    async with kit.running() as run:
        reader = kit.platform.reader  # type: ignore[attr-defined]
        reader.write(line("MODE", kit.town, "+m"))
        await reader.fence()
        with pytest.raises(RoomClosed):
            await run.send("may I")
        await run.send("I may here", room=kit.garden)
        reader.write(line("MODE", kit.town, "-m"))
        await reader.fence()
        await run.send("now I may")
        assert await texts(kit.platform, kit.town) == ["now I may"]


async def test_a_channel_without_formatting_says_so(servers: dict[str, IrcServer], tmp_path: Path) -> None:
    async with RealIrc(servers["inspircd"]) as platform:
        kit = kit_on(platform, tmp_path)
        async with kit.running() as run:
            platform.reader.write(line("MODE", kit.town, "+c"))
            await platform.reader.fence()
            with pytest.raises(Unsupported) as caught:
                await run.send(STYLED)
            assert caught.value.feature is Feature.FORMATTING
            await run.send("plain")
            platform.reader.write(line("MODE", kit.town, "-c"))
            assert await texts(platform, kit.town) == ["plain"]


async def test_the_longest_line_is_what_others_receive_whole(kit: Kit) -> None:
    async with kit.running() as run:
        for letter in ("x", "é", "😀"):
            await run.send(letter * 700)
        shown = await kit.until_shown(
            kit.town, lambda shown: "".join(one.text for one in shown).count("😀") >= 700, "all"
        )
        assert "".join(one.text for one in shown) == "x" * 700 + "é" * 700 + "😀" * 700


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_starts_again_is_found_again(kind: str, tmp_path: Path) -> None:
    with IrcServer(kind, tmp_path) as server:
        async with RealIrc(server) as platform:
            kit = kit_on(platform, tmp_path)
            async with kit.running() as run:
                await run.hears("before")
                server.stop()
                server.start()
                await kit.host.until(lambda _: kit.host.connections > 1, "a second connection")
                await run.ready()
                async with RealIrc(server) as again:
                    kit.platform = again
                    await run.hears("after")
                    await run.deliver(run.outgoing("and out"))
                    await kit.reads(kit.town, "and out")
    ids = [event.id for event in kit.host.events]
    assert len(set(ids)) == len(ids)
    assert all(first.at <= second.at for first, second in pairwise(kit.host.events) if isinstance(second, Posted))
