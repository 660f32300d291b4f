"""Topics of channels, set by us: where we may, cut as the server says, without waiting for what never comes."""

import asyncio
from pathlib import Path

import pytest

from bridge.errors import RoomClosed, Uncertain
from bridge.events import RoomChanged
from bridge.ids import RoomId
from bridge.testing.platform import texts
from connectors.irc.emulator_network import ECHO_ONLY, FULL, Limits
from connectors.irc.server import Server
from connectors.irc.topics import Topics
from tests.connectors.irc.lab import LOBBY, running

ROOM = RoomId(LOBBY)


@pytest.mark.parametrize("capabilities", [FULL, ECHO_ONLY, frozenset()], ids=["labels", "echoes", "fences"])
async def test_where_only_operators_set_it_we_are_refused_and_still_speak(
    tmp_path: Path, capabilities: frozenset[str]
) -> None:
    async with running(tmp_path, capabilities=capabilities) as (server, run):
        channel = server.network.channels[server.network.fold(LOBBY)]
        channel.modes.add("t")
        with pytest.raises(RoomClosed, match="482"):
            await run.connector.describe(ROOM, "tea")
        await run.send("hello")
        channel.operators.add(server.network.fold("qantara"))
        channel.operators |= set(channel.members)
        await run.connector.describe(ROOM, "tea")
        assert await server.titles.topic_of(LOBBY) == "tea"
        assert await texts(server, LOBBY) == ["hello"]


async def test_a_topic_that_is_there_is_not_waited_for(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, run):
        server.enter(LOBBY, "Ada")
        server.topic(LOBBY, "Ada", "tea")
        await run.event(RoomChanged, lambda change: change.topic == "tea", "Ada's topic")
        async with asyncio.timeout(5):
            await run.connector.describe(ROOM, "tea")
            await run.connector.describe(ROOM, "")
            await run.connector.describe(ROOM, "")
        assert await server.titles.topic_of(LOBBY) == ""


async def test_the_servers_limit_is_the_rooms(tmp_path: Path) -> None:
    async with running(tmp_path, limits=Limits(topic_bytes=20)) as (server, run):
        assert run.capabilities(LOBBY).max_topic == 20
        await run.connector.describe(ROOM, "tea and cake and more of it")
        assert await server.titles.topic_of(LOBBY) == "tea and cake and mor"


async def test_a_server_that_says_nothing_leaves_it_open(tmp_path: Path) -> None:
    del tmp_path
    topics = Topics(Server(), lambda _: None)
    with pytest.raises(Uncertain):
        await topics.set(LOBBY, "tea", 0.01)
    waiting = asyncio.create_task(topics.set(LOBBY, "tea", 5))
    await asyncio.sleep(0)
    topics.lost(RoomClosed("gone"))
    with pytest.raises(Uncertain, match="gone"):
        await waiting
