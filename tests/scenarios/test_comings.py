"""Who comes and goes, and what a room is called: told where the link says so, and nowhere else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.events import AnyEvent, Joined, Left, Posted, RoomChanged, User
from bridge.ids import EventId, MessageId, RoomId, UserId
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA = User(id=UserId("ada"), name="Ada")
TOWN = RoomId("!town")


def came(event: str, user: User = ADA, room: RoomId = TOWN) -> Joined:
    return Joined(id=EventId(event), room=room, at=NOON, user=user)


def renamed(event: str) -> RoomChanged:
    return RoomChanged(id=EventId(event), room=TOWN, at=NOON, name="Hall", topic="tea")


def words(event: str) -> Posted:
    return Posted(id=EventId(event), room=TOWN, at=NOON, message=(MessageId(event),), author=ADA, text=said(event))


async def linked(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, show: str) -> Bridge:
    return await Bridge(tmp_path, configured(left, right, link=f"show: [{show}], ")).start()


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("", ["Ada: hello"]),
        ("joins", ["Ada joined", "Ada: hello", "Ada left"]),
        ("topics", ["Ada: hello", "the room is called “Hall” now; the topic is now: tea"]),
        ("joins, topics",
         ["Ada joined", "Ada: hello", "the room is called “Hall” now; the topic is now: tea", "Ada left"]),
    ],
)  # fmt: skip
async def test_a_link_tells_what_it_shows_in_order(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, show: str, expected: list[str]
) -> None:
    bridge = await linked(tmp_path, left, right, show)
    events: list[AnyEvent] = [
        came("e1"), words("hello"), renamed("e2"), Left(id=EventId("e3"), room=TOWN, at=NOON, user=ADA),
    ]  # fmt: skip
    for _ in range(2):  # a platform may give all of it again
        await bridge.account("left").publish(*events, position="7")
    await shows(right, "town", expected)
    await bridge.drained()
    assert await texts(right, "town") == expected
    assert await texts(left, "town") == []
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_nobody_hears_of_ourselves_nor_of_rooms_without_a_link(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await linked(tmp_path, left, right, "joins")
    account = bridge.account("left")
    assert account.me is not None
    await account.publish(came("e1", account.me), came("e2", room=RoomId("!garden")))
    await account.publish(came("e3"))
    await shows(right, "town", ["Ada joined"])
    await bridge.stop()
