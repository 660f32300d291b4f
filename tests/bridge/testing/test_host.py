"""The kit's host keeps, drops, refuses and holds as the bridge does."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.errors import StoreFull, Unauthorized
from bridge.events import AnyEvent, Deleted, Edited, Joined, Posted, Reacted, User
from bridge.ids import EventId, Key, MessageId, RoomId, UserId
from bridge.testing.clock import HandClock
from bridge.testing.host import KitHost
from bridge.text.nodes import said

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOWN = RoomId("town")
ADA = User(id=UserId("u1"), name="Ada")
ME = User(id=UserId("bot"), name="bridge")


def posted(number: int, author: User = ADA, echo_of: Key | None = None) -> Posted:
    message = (MessageId(f"m{number}"),)
    text = said(f"words {number}")
    event = EventId(f"e{number}")
    return Posted(id=event, room=TOWN, at=NOON, message=message, author=author, text=text, echo_of=echo_of)


@pytest.fixture
def host(tmp_path: Path) -> KitHost:
    return KitHost(tmp_path)


async def test_events_and_position_are_kept_in_order(host: KitHost) -> None:
    await host.publish(posted(1), posted(2), position="2")
    await host.publish(posted(3))
    assert host.words() == ["words 1", "words 2", "words 3"]
    assert await host.position() == "2"


async def test_an_event_seen_before_is_dropped_and_counted(host: KitHost) -> None:
    await host.publish(posted(1))
    await host.publish(posted(1), position="9")
    assert host.words() == ["words 1"]
    assert host.repeated == ["e1"]
    assert await host.position() == "9"


@pytest.mark.parametrize(
    "event",
    [
        posted(1, ME),
        Edited(id=EventId("e"), room=TOWN, at=NOON, replaces=MessageId("m"), author=ME),
        Deleted(id=EventId("e"), room=TOWN, at=NOON, message=MessageId("m"), by=ME),
        Reacted(id=EventId("e"), room=TOWN, at=NOON, message=MessageId("m"), emoji="👍", by=ME),
    ],
)
async def test_what_our_own_user_did_is_dropped(host: KitHost, event: AnyEvent) -> None:
    host.connected(ME)
    await host.publish(event)
    assert (list(host.events), host.own) == ([], [event])


async def test_what_happens_to_us_is_kept(host: KitHost) -> None:
    host.connected(ME)
    joined = Joined(id=EventId("e"), room=TOWN, at=NOON, user=ME)
    await host.publish(joined)
    assert list(host.events) == [joined]


async def test_an_echo_is_put_aside(host: KitHost) -> None:
    await host.publish(posted(1, echo_of=Key("k")))
    assert (host.words(), len(host.echoes)) == ([], 1)


async def test_a_full_store_keeps_neither_events_nor_position(host: KitHost) -> None:
    host.fill()
    with pytest.raises(StoreFull):
        await host.publish(posted(1), position="1")
    assert (host.words(), await host.position(), host.refused) == ([], None, 1)
    host.drain()
    await host.publish(posted(1), position="1")
    assert host.words() == ["words 1"]


async def test_a_held_publish_waits_and_stores_in_its_turn(host: KitHost) -> None:
    host.hold()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(host.publish(posted(1)))
        group.create_task(host.publish(posted(2)))
        await host.until(lambda _: len(host.waiting) == 2)
        assert host.words() == []
        host.release()
    assert host.words() == ["words 1", "words 2"]
    assert host.waiting == []


async def test_what_waited_at_a_crash_is_not_stored(host: KitHost) -> None:
    host.connected(ME)
    await host.publish(posted(1), position="1")
    host.hold()
    late = asyncio.create_task(host.publish(posted(2), position="2"))
    await host.until(lambda _: host.waiting)
    fresh = host.after_crash()
    late.cancel()
    await asyncio.wait([late])
    assert (fresh.words(), await fresh.position(), fresh.connected_as) == (["words 1"], "1", ME)
    await fresh.publish(posted(1), posted(2))
    assert fresh.words() == ["words 1", "words 2"]
    assert host.words() == ["words 1"]


async def test_the_host_before_a_crash_never_stores_again(host: KitHost) -> None:
    fresh = host.after_crash()
    late = asyncio.create_task(host.publish(posted(1)))
    await host.until(lambda _: host.waiting)
    late.cancel()
    await asyncio.wait([late])
    assert (host.words(), fresh.words()) == ([], [])


async def test_another_user_under_the_same_account_is_refused(host: KitHost) -> None:
    host.connected(ME)
    with pytest.raises(Unauthorized):
        host.after_crash().connected(ADA)


async def test_a_value_is_remembered_until_its_time_is_over(tmp_path: Path) -> None:
    clock = HandClock()
    host = KitHost(tmp_path, clock=clock)
    await host.remember("upload", "17", timedelta(seconds=10))
    assert await host.recall("upload") == "17"
    await clock.turn(11)
    assert await host.recall("upload") is None
    assert await host.recall("never") is None


async def test_a_vain_wait_tells_what_there_is_instead(host: KitHost) -> None:
    host.patience_seconds = 0.01
    await host.publish(posted(1), posted(1))
    with pytest.raises(AssertionError, match="in vain for a miracle") as caught:
        await host.until(lambda _: False, "a miracle")
    assert "words 1" in str(caught.value)
    assert "seen before: e1" in str(caught.value)
