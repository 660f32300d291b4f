"""Long polling: confirmed only when stored, no loss, no endless repeat, no fight."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from bridge import Left, Posted, Scope, Unavailable
from bridge.testing.contract_kit import Kit
from bridge.testing.host import KitHost
from bridge.text.nodes import said
from bridge.text.walk import plain
from connectors.telegram.config import TelegramConfig
from connectors.telegram.connector import Telegram
from connectors.telegram.emulator import TOWN, TelegramEmulator
from connectors.telegram.emulator_world import Status
from connectors.telegram.errors import CONFLICT_SECONDS
from connectors.telegram.incoming import ALLOWED_UPDATES

PHOTO = [{"file_id": "F", "file_unique_id": "u", "width": 90, "height": 60}]


def polls(server: TelegramEmulator) -> list[dict[str, Any]]:
    return [dict(call.fields) for call in server.calls if call.method == "getupdates"]


async def until(fact: Callable[[], bool], server: TelegramEmulator) -> None:
    async with asyncio.timeout(5):
        while not fact():
            await server.world.clock.sleep(0.01)


async def other_poller(server: TelegramEmulator) -> dict[str, Any]:
    """What a second program with the same token does."""
    async with aiohttp.ClientSession() as session:
        url = f"{server.settings()['api_url']}/bot{server.token}/getUpdates"
        async with session.post(url, json={"timeout": 0}) as answer:
            return dict(await answer.json())


async def test_an_offset_is_sent_only_after_its_updates_are_stored(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        await run.hears("stored")
        kit.host.hold()
        number = server.world.next_update
        await server.say(kit.town, "Ada", said("not stored"))
        await kit.host.until(lambda _: kit.host.waiting, "a publish that waits")
        assert [one.body["update_id"] for one in server.world.pending] == [number]
        assert all(int(poll.get("offset", 0)) <= number for poll in polls(server))
        kit.host.release()
        await run.hears("stored too")
    assert any(int(poll.get("offset", 0)) == number + 1 for poll in polls(server))


async def test_every_poll_names_the_updates_it_wants_in_full(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running():
        pass
    assert all(poll["allowed_updates"] == list(ALLOWED_UPDATES) for poll in polls(server))
    assert polls(server)


async def test_numbers_that_begin_anew_after_a_quiet_week_lose_nothing(
    kit_with: Callable[..., Kit], server: TelegramEmulator
) -> None:
    kit = kit_with(poll_seconds=1)
    async with kit.running() as run:
        await run.hears("before the week")
        await server.say(kit.town, "Ada", said("last words"))
        await run.published("last words")
        await until(lambda: server.server.is_polled and "offset" not in polls(server)[-1], server)
        server.world.next_update = 17
        await run.hears("after the week")
        await run.hears("and on")
    assert kit.host.words() == ["before the week", "last words", "after the week", "and on"]
    assert kit.host.repeated == []


async def test_numbers_that_begin_anew_while_we_are_away_lose_nothing(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        await run.hears("before")
        await until(lambda: not server.world.pending, server)
        kit.crash()
    server.world.next_update = 17
    await server.say(kit.town, "Ada", said("meanwhile"))
    for words in ("back", "back again"):
        async with kit.running() as run:
            await run.published("meanwhile")
            await run.hears(words)
            await until(lambda: not server.world.pending, server)
            kit.crash()
    assert kit.host.words() == ["before", "meanwhile", "back", "back again"]


async def test_an_unreadable_update_does_not_stop_the_stream(kit: Kit, server: TelegramEmulator) -> None:
    with capture_logs() as logs:
        async with kit.running() as run:
            await run.hears("before")
            number = server.world.next_update
            server.world.add({"update_id": number, "message": {"message_id": 7, "date": 5, "chat": {"id": TOWN}}})
            server.world.add({"update_id": number + 1, "message": "what is this"})
            server.world.add({"update_id": number + 2})
            await run.hears("after")
    assert kit.host.words() == ["before", "[a message that could not be read]", "after"]
    told = [log["update"] for log in logs if log["event"] == "telegram update cannot be read"]
    assert told == [number, number + 1]


async def test_half_a_character_is_replaced(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        chat = server.world.chats[TOWN].brief()
        message = {"message_id": 7, "date": 1_760_000_000, "chat": chat, "from": server.world.person("Ada")}
        server.world.add({"update_id": server.world.next_update, "message": {**message, "text": "half \ud83d"}})
        await run.hears("whole")
    assert kit.host.words() == ["half ?", "whole"]


async def test_the_pictures_of_an_album_are_one_message(kit: Kit, server: TelegramEmulator) -> None:
    content = {"photo": PHOTO, "media_group_id": "77"}
    async with kit.running() as run:
        await run.hears("look")
        first = await server.send_content(kit.town, "Ada", content, "our garden")
        await until(lambda: not server.server.is_polled, server)  # the first picture is on its way
        second = await server.send_content(kit.town, "Ada", content)
        album = await run.event(Posted, lambda one: bool(one.attachments), "the album")
        assert album.message == (first, second)
        await run.hears("nice")
    assert kit.host.words() == ["look", "our garden", "nice"]


async def test_an_album_that_was_not_stored_comes_again_whole(kit: Kit, server: TelegramEmulator) -> None:
    content = {"photo": PHOTO, "media_group_id": "77"}
    async with kit.running() as run:
        await run.hears("look")
        kit.host.hold()
        ids = [await server.send_content(kit.town, "Ada", content) for _ in range(3)]
        await server.say(kit.town, "Ada", said("that was it"))
        await kit.host.until(lambda _: kit.host.waiting, "a publish that waits")
        kit.crash()
    async with kit.running() as run:
        album = await run.event(Posted, lambda one: bool(one.attachments), "the album")
        assert list(album.message) == ids
        await run.published("that was it")


async def test_a_second_poller_is_told_and_not_fought(server: TelegramEmulator, tmp_path: Path) -> None:
    host = KitHost(tmp_path)
    run = asyncio.create_task(Telegram(TelegramConfig.model_validate(server.settings()), host).run())
    await until(lambda: host.online and server.server.is_polled, server)
    before = len(polls(server))
    assert (await other_poller(server))["ok"]
    with pytest.raises(Unavailable) as caught:
        await asyncio.wait_for(run, 5)
    assert "other getUpdates" in str(caught.value)
    assert (caught.value.retry_after, caught.value.scope) == (CONFLICT_SECONDS, Scope.ACCOUNT)
    assert len(polls(server)) == before + 1, "the other's poll is the last one"


async def test_what_waited_before_the_first_start_only_teaches_rooms(kit: Kit, server: TelegramEmulator) -> None:
    await server.say(kit.town, "Ada", said("old news"))
    async with kit.running() as run:
        await run.hears("new news")
        assert str(TOWN) in [room.name for room in await run.connector.rooms()]
    assert kit.host.words() == ["new news"]


async def test_removal_and_return_are_told_as_our_own(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        server.set_status(kit.town, Status.KICKED)
        left = await run.event(Left, lambda _: True, "our removal")
        assert kit.host.connected_as is not None
        assert left.user.id == kit.host.connected_as.id
        assert left.reason == "removed"


async def test_more_than_a_batch_arrives_whole_and_in_order(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        await run.hears("start")
        kit.crash()
    words = [f"number {number}" for number in range(250)]
    for one in words:
        await server.say(kit.town, "Ada", said(one))
    async with kit.running() as run:
        await run.published(words[-1])
    assert [plain(one.text) for one in kit.host.events if isinstance(one, Posted)] == ["start", *words]
