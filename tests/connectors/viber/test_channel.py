"""A Viber channel: the bridge posts in an administrator's name, and hears nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import pytest

from bridge import Authorship, Kind, Outgoing, Rejected, RoomId, Unauthorized, Unavailable
from bridge.connector import Connector
from bridge.ids import Key
from bridge.testing import samples
from bridge.testing.door import Door
from bridge.testing.host import KitHost
from bridge.testing.platform import texts
from bridge.text.nodes import said
from connectors.viber.checkup import known
from connectors.viber.config import ViberConfig
from connectors.viber.connector import Viber
from connectors.viber.emulator import Emulated, ViberChannelEmulator, ViberEmulator
from connectors.viber.emulator_rules import MIB, Habits
from connectors.viber.emulator_world import CHANNEL
from connectors.viber.wire import Json


class Running:
    """A channel's connector, running; the kit's own wants two rooms."""

    def __init__(self, server: Emulated, door: Door, path: Path, **settings: object) -> None:
        self.server, self.door, self.host = server, door, KitHost(path)
        self.viber = Viber(ViberConfig.model_validate({**server.settings(), **settings}), self.host)
        door.admit(self.viber, self.host)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.viber.run())
        async with asyncio.timeout(5):
            await self.host.when(lambda: self.host.online)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def outgoing(self, room: RoomId, words: str, **more: Any) -> Outgoing:  # noqa: ANN401 the fields of an outgoing
        return Outgoing(room=room, key=Key("k.1.0"), text=said(words), **more)


@pytest.fixture
async def channel(door: Door, tmp_path: Path) -> AsyncIterator[Running]:
    async with ViberChannelEmulator() as server, Running(server, door, tmp_path) as running:
        yield running


async def test_a_post_stands_in_the_channel_under_its_name(channel: Running) -> None:
    room = (await channel.viber.join("channel")).room
    assert room == CHANNEL
    (native,) = await channel.viber.send(channel.outgoing(room, "News of the day"))
    assert await texts(channel.server, "channel") == ["News of the day"]
    (call,) = [one for one in channel.server.calls if one.method == "post"]
    owner = channel.server.world.person("Owner").id
    assert call.body == {"from": owner, "type": "text", "text": "News of the day", "min_api_version": 1}
    assert native == str(channel.server.world.shown_in(CHANNEL)[0].token)
    set_webhook = next(one.body for one in channel.server.calls if one.method == "set_webhook")
    assert set_webhook == {"url": channel.door.url}


async def test_a_picture_stands_in_the_channel(channel: Running) -> None:
    room = (await channel.viber.join("townnews")).room
    upload = samples.upload(Kind.IMAGE, "sunset")
    await channel.viber.send(channel.outgoing(room, "look", files=(channel.host.keep(upload),)))
    (shown,) = await channel.server.shown("channel")
    assert (shown.text, shown.files[0].data) == ("look", upload.data)


async def test_a_channel_has_names_in_front_and_neither_receipts_nor_lists(channel: Running) -> None:
    can = channel.viber.capabilities(RoomId(CHANNEL))
    assert (can.authorship, can.confirms_within, can.max_recipients) == (Authorship.PREFIX, None, 0)
    with pytest.raises(NotImplementedError):
        await channel.viber.broadcast(channel.outgoing(RoomId(CHANNEL), "x"), [RoomId("a")])
    assert [one.name for one in await channel.viber.rooms()] == ["townnews"]
    assert channel.viber.can(Connector.rooms)


async def test_only_the_tokens_own_channel_is_a_room(channel: Running) -> None:
    for name in ("channel", "TownNews", CHANNEL):
        assert (await channel.viber.join(name)).room == CHANNEL
    with pytest.raises(Rejected, match="Town News"):
        await channel.viber.join("another")


async def test_a_bots_token_is_no_channels(server: ViberEmulator, door: Door, tmp_path: Path) -> None:
    named = {"account": "channel", "post_as": "01234567890A="}
    async with Running(server, door, tmp_path, **named) as run:
        with pytest.raises(Unauthorized, match="account: bot"):
            await run.viber.send(run.outgoing(RoomId("pa:75346594275468546724"), "x"))


@pytest.mark.parametrize("video_bytes", [26 * MIB, 50 * MIB])
async def test_the_size_of_a_channels_videos_is_a_setting(video_bytes: int, door: Door, tmp_path: Path) -> None:
    async with (
        ViberChannelEmulator(habits=Habits(video_bytes=video_bytes)) as server,
        Running(server, door, tmp_path, video_mib=video_bytes / MIB) as run,
    ):
        assert run.viber.capabilities(RoomId(CHANNEL)).media[Kind.VIDEO].max_bytes == video_bytes


CONFIG = ViberConfig.model_validate({"connector": "viber", "token": "0a0a0a0a-1b1b1b1b", "account": "channel"})
MEMBERS: list[tuple[list[Json], str]] = [
    ([{"id": "a", "role": "participant"}, {"id": "b", "role": "admin"}, {"id": "c", "role": "superadmin"}], "c"),
    ([{"id": "a", "role": "participant"}, {"id": "b", "role": "Super Admin"}], "b"),
    ([{"id": "a", "role": "participant"}, {"id": "b", "role": "ADMIN"}], "b"),
    ([{"id": "a"}, {"id": "b", "role": 5}], "a"),
    ([{"role": "superadmin"}, {"id": "b", "role": "admin"}], "b"),
]


@pytest.mark.parametrize(("members", "author"), MEMBERS)
def test_posts_go_in_the_name_of_the_highest_however_it_is_spelled(members: list[Json], author: str) -> None:
    assert known({"id": "pa:1", "members": members}, CONFIG).author == author


@pytest.mark.parametrize("members", [None, [], ["x"], [{"name": "no id"}]])
def test_without_anybody_the_settings_have_to_say_whose_name(members: object) -> None:
    with pytest.raises(Unavailable, match="post_as"):
        known({"id": "pa:1", "members": members}, CONFIG)
    named = CONFIG.model_copy(update={"post_as": "me"})
    assert known({"id": "pa:1", "members": members}, named).author == "me"


def test_an_account_without_an_id_is_none() -> None:
    with pytest.raises(Unavailable):
        known({"name": "x"}, CONFIG)


@pytest.mark.parametrize("owner", ["superadmin", "admin"])
async def test_either_spelling_of_the_owner_may_post(owner: str, door: Door, tmp_path: Path) -> None:
    async with ViberChannelEmulator(habits=Habits(owner=owner)) as server, Running(server, door, tmp_path) as run:
        await run.viber.send(run.outgoing(RoomId(CHANNEL), "by the owner"))
        assert await texts(server, "channel") == ["by the owner"]
