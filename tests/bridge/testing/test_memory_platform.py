"""The platform in memory is strict, can hang, and serves several bridges."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.asked import Outgoing, Target
from bridge.capabilities import Capabilities
from bridge.errors import BridgeError, Rejected, RoomClosed, Unauthorized, Unavailable
from bridge.ids import MessageId
from bridge.testing.contract_kit import Kit, Terms
from bridge.testing.host import KitHost
from bridge.testing.memory import MemoryConfig, MemoryConnector, MemoryPlatform
from bridge.testing.memory_rooms import room_id
from bridge.testing.platform import texts
from bridge.text.nodes import Bold, Paragraph, Rich, Text, said

BOLD: Rich = (Paragraph((Bold((Text("loud"),)),)),)


@pytest.fixture
async def platform() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(capabilities=Capabilities(max_text=10)) as platform:
        yield platform


def connect(platform: MemoryPlatform, host: KitHost, /, **more: object) -> MemoryConnector:
    return MemoryConnector(MemoryConfig.model_validate({**platform.settings(), **more}), host)


@pytest.fixture
def kit(platform: MemoryPlatform, tmp_path: Path) -> Kit:
    return Kit(platform, KitHost(tmp_path), lambda host: connect(platform, host), Terms())


@pytest.mark.parametrize("text", [said("12345678901"), BOLD, said("bad word")])
async def test_what_does_not_fit_is_refused(kit: Kit, platform: MemoryPlatform, text: Rich) -> None:
    platform.refused_words.add("bad")
    async with kit.running() as run:
        with pytest.raises(Rejected):
            await run.send(text)
        await run.send("good")
        assert await texts(platform, "town") == ["good"]
        assert len(platform.attempts) == 2


async def test_a_reply_to_nothing_is_refused(kit: Kit) -> None:
    async with kit.running() as run:
        with pytest.raises(Rejected):
            await run.send("yes", in_reply_to=Target(room=room_id("town"), parts=(MessageId("m77"),)))


async def test_a_closed_room_takes_nothing_until_it_is_restored(kit: Kit, platform: MemoryPlatform) -> None:
    async with kit.running() as run:
        platform.closed.add("town")
        with pytest.raises(RoomClosed):
            await run.send("hello")
        await run.send("hello", room="garden")
        platform.restore()
        await run.send("hello")
        assert await texts(platform, "town") == ["hello"]


async def test_a_platform_that_hangs_answers_when_it_is_restored(kit: Kit, platform: MemoryPlatform) -> None:
    async with kit.running() as run:
        platform.hang()
        sends = [asyncio.create_task(run.send(words)) for words in ("one", "two")]
        await asyncio.sleep(0)
        assert await texts(platform, "town") == []
        platform.restore()
        await asyncio.wait_for(asyncio.gather(*sends), 5)
        assert await texts(platform, "town") == ["one", "two"]


async def test_a_hanging_send_can_be_cancelled_and_was_not_carried_out(kit: Kit, platform: MemoryPlatform) -> None:
    async with kit.running() as run:
        platform.hang()
        send = asyncio.create_task(run.send("never"))
        await asyncio.sleep(0)
        send.cancel()
        await asyncio.wait([send])
        platform.restore()
        await run.send("now")
        assert await texts(platform, "town") == ["now"]


@pytest.mark.parametrize(
    ("settings", "error"), [({"token": "wrong"}, Unauthorized), ({"platform": "elsewhere"}, Unavailable)]
)
async def test_who_may_not_enter_is_told(
    platform: MemoryPlatform, tmp_path: Path, settings: dict[str, object], error: type[BridgeError]
) -> None:
    with pytest.raises(error):
        await connect(platform, KitHost(tmp_path), **settings).run()


async def test_an_unknown_room_cannot_be_joined(kit: Kit) -> None:
    async with kit.running() as run:
        with pytest.raises(Rejected):
            await run.connector.join("attic")
        with pytest.raises(Rejected):
            await run.send_part(Outgoing(room=room_id("attic"), key=kit.key(), text=said("hello")))


async def test_nothing_is_sent_before_the_connection(platform: MemoryPlatform, tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await connect(platform, KitHost(tmp_path)).join("town")


async def test_two_bridges_hear_each_other_as_strangers(platform: MemoryPlatform, tmp_path: Path) -> None:
    first, second = (
        Kit(platform, KitHost(tmp_path), lambda host, name=name: connect(platform, host, user=name), Terms())
        for name in ("one", "two")
    )
    async with first.running() as one, second.running() as two:
        await one.send("hello")
        event = await two.published("hello")
        assert event.author.name == "one"
        assert event.echo_of is None
        assert first.host.words() == []
