"""Rooms that move, close, throw us out or lead elsewhere; connectors that fall or ask their host for things."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.connector import Request
from bridge.errors import Rejected, RoomClosed, Unavailable
from bridge.events import AnyEvent, Confirmation, Joined, Left, Posted, RoomMoved, SendFailed, User
from bridge.ids import EventId, MessageId, Place, RoomId, UserId
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import configured
from tests.scenarios.faulty import FaultyBridge, FaultyConnector, faulty

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EVE = User(id=UserId("eve"), name="Eve")
NOTICES = "notices: left/garden\n"


class Wandering(FaultyConnector):
    """`places` says where a room's name leads, or why it cannot be entered."""

    places: dict[str, Place | Exception]
    asked: int

    async def join(self, name: str) -> Place:
        self.asked = getattr(self, "asked", 0) + 1
        found = getattr(self, "places", {}).get(name)
        if isinstance(found, Exception):
            raise found
        return found or await super().join(name)


def wandering(bridge: FaultyBridge) -> Wandering:
    connector = bridge.connector("right")
    assert isinstance(connector, Wandering)
    return connector


async def started(folder: Path, *platforms: MemoryPlatform) -> FaultyBridge:
    return await faulty(folder, *platforms, more=NOTICES, connector=Wandering)


async def publish(bridge: FaultyBridge, *events: AnyEvent) -> None:
    await bridge.account("right").publish(*events)


def moved(to: str, confirmed: Confirmation) -> RoomMoved:
    return RoomMoved(id=EventId(f"moved-{to}"), room=RoomId("!town"), at=NOON, to=RoomId(to), confirmed=confirmed)


async def notices(platform: MemoryPlatform, count: int) -> list[str]:
    await shown(platform, "garden", lambda seen: len(seen) >= count, seconds=600)
    return await texts(platform, "garden")


async def test_a_move_that_both_ends_confirm_is_followed(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await started(tmp_path, left, right)
    await publish(bridge, moved("!garden", Confirmation.BOTH))
    await left.say("town", "Ada", said("follow me"))
    await shows(right, "garden", ["Ada: follow me"])
    await right.say("garden", "Bob", said("here"))
    await shown(left, "town", lambda seen: seen[-1].text == "Bob: here")
    await bridge.stop()


async def test_a_move_that_one_end_tells_is_held_until_the_operator_says_so(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await started(tmp_path, left, right)
    await publish(bridge, moved("!garden", Confirmation.OLD_END))
    await left.say("town", "Ada", said("waits"))
    (notice,) = await notices(left, 1)
    assert "says that it moved to !garden; name that room to follow it" in notice
    right.drop_connections()
    began = bridge.clock.monotonic()
    await eventually(lambda: bridge.clock.monotonic() - began > 600, seconds=700)
    assert not await texts(right, "town")
    assert not await texts(right, "garden")
    await bridge.stop()


async def test_an_alias_that_leads_elsewhere_is_not_followed(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await started(tmp_path, left, right)
    wandering(bridge).places = {"town": Place(RoomId("!garden"))}
    right.drop_connections()
    await left.say("town", "Ada", said("not there"))
    told = await notices(left, 3)
    assert any("now leads elsewhere (!garden); it was !town" in notice for notice in told)
    assert not await texts(right, "garden")
    await bridge.stop()


async def test_two_names_of_one_room_are_told(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    right.rooms = (*right.rooms, "alias")
    yaml = configured(left, right, connector="faulty", more=NOTICES)
    yaml = yaml.replace("links:\n", "links:\n  two: {from: [left/garden], to: [right/alias]}\n")
    bridge = FaultyBridge(tmp_path, yaml, connectors={"faulty": Aliased})
    await bridge.start()
    told = await notices(left, 1)
    assert any("is the same room as right/" in notice for notice in told)
    await bridge.stop()


class Aliased(Wandering):
    """The names town and alias lead to one room."""

    async def join(self, name: str) -> Place:
        return await super().join("town" if name == "alias" else name)


async def test_thrown_out_we_come_back(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await started(tmp_path, left, right)
    me = bridge.account("right").me
    assert me is not None
    wandering(bridge).places = {"town": RoomClosed("banned")}
    await publish(bridge, Left(id=EventId("l1"), room=RoomId("!town"), at=NOON, user=EVE))
    assert bridge.lane("right/town").state.open
    await publish(bridge, Left(id=EventId("l2"), room=RoomId("!town"), at=NOON, user=me, reason="kicked by Eve"))
    await left.say("town", "Ada", said("waits"))
    asked = wandering(bridge).asked
    await eventually(lambda: wandering(bridge).asked > asked + 2, seconds=600)
    assert not await texts(right, "town")
    wandering(bridge).places = {}
    await shows(right, "town", ["Ada: waits"], seconds=600)
    told = await notices(left, 2)
    assert [("kicked by Eve" in notice, "open again" in notice) for notice in told] == [(True, False), (False, True)]
    await bridge.stop()


@pytest.mark.parametrize("error", [Rejected("no such room"), RoomClosed("invite only"), ValueError("oops")])
async def test_a_room_that_cannot_be_entered_stops_no_other(
    error: Exception, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right, rooms=("town", "garden"), connector=Wandering)
    wandering(bridge).places = {"town": error}
    right.drop_connections()
    await left.say("garden", "Ada", said("open"))
    await left.say("town", "Ada", said("shut"))
    await shows(right, "garden", ["Ada: open"], seconds=60)
    asked = wandering(bridge).asked
    await eventually(lambda: wandering(bridge).asked > asked + 2, seconds=600)
    wandering(bridge).places = {}
    await shows(right, "town", ["Ada: shut"], seconds=600)
    await bridge.stop()


async def test_a_message_that_failed_later_is_told(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await started(tmp_path, left, right)
    what = {"room": RoomId("!town"), "at": NOON}
    await publish(
        bridge,
        Joined(id=EventId("j"), user=EVE, **what),
        SendFailed(id=EventId("f"), message=MessageId("m1"), reason="number unknown", **what),
    )
    (notice,) = await notices(left, 1)
    assert notice.endswith("a message was not delivered: number unknown")
    await bridge.stop()


async def test_what_nobody_hears_is_not_kept(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await started(tmp_path, left, right)
    post = Posted(
        id=EventId("p"), room=RoomId("!unlinked"), at=NOON, message=(MessageId("x"),), author=EVE, text=said("psst")
    )  # fmt: skip
    await publish(bridge, post)
    assert (await bridge.ledger()).get("accepted", 0) == 0
    await bridge.stop()


async def test_a_host_remembers_for_its_connector(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await started(tmp_path, left, right)
    host = bridge.account("right")
    await host.remember("upload", "id-7", timedelta(hours=1))
    assert await host.recall("upload") == "id-7"
    assert await bridge.account("left").recall("upload") is None
    began = bridge.clock.monotonic()
    await eventually(lambda: bridge.clock.monotonic() - began > 3700, seconds=3800)
    assert await host.recall("upload") is None
    assert host.data_dir.is_dir()
    answer = await host.receive(Request(method="POST", path="", query={}, headers={}, body=b""))
    assert answer.status == 404
    assert host.status()["state"] == "up"
    await bridge.stop()


async def test_a_connector_that_falls_is_run_again_and_stops_no_other(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await started(tmp_path, left, right)
    connector = wandering(bridge)
    connector.connects = Unavailable("busy", retry_after=40)
    right.drop_connections()
    await left.say("town", "Ada", said("patience"))
    await eventually(lambda: connector.connections == 2, seconds=600)
    at = bridge.clock.monotonic()
    connector.connects = None
    await shows(right, "town", ["Ada: patience"], seconds=600)
    assert bridge.clock.monotonic() - at >= 40
    await bridge.stop()
