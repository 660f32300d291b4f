"""Titles and descriptions of chats, set by the bot: with its right, within their lengths, twice without harm."""

import pytest

from bridge.errors import Rejected
from bridge.events import RoomChanged
from bridge.ids import RoomId
from bridge.testing.contract_kit import Kit
from connectors.telegram.emulator import TOWN, TelegramEmulator
from connectors.telegram.emulator_world import Status

ROOM = RoomId(str(TOWN))


async def test_only_an_administrator_sets_them(kit: Kit, server: TelegramEmulator) -> None:
    server.world.chats[TOWN].bot = Status.MEMBER
    async with kit.running() as run:
        with pytest.raises(Rejected, match="not enough rights to change chat title"):
            await run.connector.rename(ROOM, "Hall")
        with pytest.raises(Rejected, match="not enough rights to change chat description"):
            await run.connector.describe(ROOM, "tea")
        await server.titles.trust(ROOM)
        await run.connector.rename(ROOM, "Hall")
        await run.connector.describe(ROOM, "tea")
        assert (await server.titles.name_of(ROOM), await server.titles.topic_of(ROOM)) == ("Hall", "tea")


async def test_what_is_too_long_is_refused_and_our_limits_are_telegrams(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        can = run.capabilities(kit.town)
        assert (can.max_name, can.max_topic) == (128, 255)
        await run.connector.rename(ROOM, "x" * 128)
        await run.connector.describe(ROOM, "x" * 255)
        with pytest.raises(Rejected):
            await run.connector.rename(ROOM, "x" * 129)
        with pytest.raises(Rejected):
            await run.connector.describe(ROOM, "x" * 256)


@pytest.mark.parametrize("tells_bots", [True, False])
async def test_our_own_title_is_known_as_ours_whether_telegram_tells_of_it_or_not(
    kit: Kit, server: TelegramEmulator, *, tells_bots: bool
) -> None:
    server.titles.tells_bots = tells_bots
    async with kit.running() as run:
        await run.connector.rename(ROOM, "Hall")
        await server.titles.rename(ROOM, "Ada", "Market")
        await run.event(RoomChanged, lambda change: change.name == "Market", "Ada's name for it")
        by = [(one.name, one.by and one.by.name) for one in kit.host.events if isinstance(one, RoomChanged)]
        assert by == [("Hall", "Bridge"), ("Market", "Ada")][not tells_bots :]
