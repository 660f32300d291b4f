"""Rooms that move, close, throw us out or lead elsewhere; connectors that fall or ask their host for things."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from bridge.connector import Request
from bridge.errors import Rejected, RoomClosed, Unavailable
from bridge.events import AnyEvent, Confirmation, Joined, Left, Posted, RoomMoved, SendFailed, User
from bridge.ids import AccountName, EventId, MessageId, Place, Room, RoomId, UserId
from bridge.rooms import NotOffered
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
    assert "says that it moved to !garden" in notice
    right.drop_connections()
    began = bridge.clock.monotonic()
    await eventually(lambda: bridge.clock.monotonic() - began > 600, seconds=700)
    assert not await texts(right, "town")
    assert not await texts(right, "garden")
    await bridge.stop()


class Moved(Wandering):
    """The garden may be entered by its id, and the old name leads where it always led."""

    places: ClassVar[dict[str, Place | Exception]] = {"!garden": Place(RoomId("!garden"))}  # type: ignore[misc]


async def told_to_stay_or_go(bridge: FaultyBridge, to: str) -> None:
    """What the operator says of right/town."""
    await bridge.app.rooms.follow(Room(AccountName("right"), "town"), to)


@pytest.mark.parametrize("restarted", ["at once", "after a restart", "after a death"])
async def test_a_moved_room_is_followed_when_the_operator_says_so(
    restarted: str, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """Its name leads to the old room for ever: it is entered by its place from then on."""
    bridge = await faulty(tmp_path, left, right, more=NOTICES, connector=Moved)
    await publish(bridge, moved("!garden", Confirmation.OLD_END))
    await left.say("town", "Ada", said("waits"))
    await notices(left, 1)
    if restarted != "at once":
        await (bridge.stop() if restarted == "after a restart" else bridge.crash())
        await bridge.start()
    state = bridge.lane("right/town").state
    assert (state.open, state.moved_to, state.place) == (False, Place(RoomId("!garden")), Place(RoomId("!town")))
    await told_to_stay_or_go(bridge, "!garden")
    await shows(right, "garden", ["Ada: waits"])
    await right.say("garden", "Bob", said("here"))
    await shown(left, "town", lambda seen: seen[-1].text == "Bob: here")
    await right.say("town", "Eve", said("nobody hears this"))
    right.drop_connections()
    await bridge.crash()
    await bridge.start()
    await left.say("town", "Ada", said("still here"))
    await shown(right, "garden", lambda seen: seen[-1].text == "Ada: still here")
    assert (await texts(left, "town"))[-2:] == ["Bob: here", "still here"]
    assert await texts(right, "town") == ["nobody hears this"]
    await bridge.stop()


async def test_a_room_stays_where_it_was_when_the_operator_says_so(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await started(tmp_path, left, right)
    wandering(bridge).places = {"town": Place(RoomId("!garden"))}
    right.drop_connections()
    await left.say("town", "Ada", said("patience"))
    await eventually(lambda: bridge.lane("right/town").state.moved_to, seconds=60)
    wandering(bridge).places = {"!town": Place(RoomId("!town"))}
    await told_to_stay_or_go(bridge, "!town")
    await shows(right, "town", ["Ada: patience"], seconds=60)
    await bridge.stop()


async def test_an_alias_is_followed_when_the_operator_says_so(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """A platform that finds the way by the name only is asked by the name, and believed where it says the same."""
    bridge = await started(tmp_path, left, right)
    wandering(bridge).places = {"town": Place(RoomId("!garden")), "!garden": Rejected("only by its name")}
    right.drop_connections()
    await left.say("town", "Ada", said("over here"))
    await eventually(lambda: bridge.lane("right/town").state.moved_to, seconds=60)
    await told_to_stay_or_go(bridge, "!garden")
    await shows(right, "garden", ["Ada: over here"], seconds=60)
    wandering(bridge).places["town"] = Place(RoomId("!elsewhere"))
    right.drop_connections()
    await eventually(lambda: bridge.lane("right/town").state.held == "only by its name", seconds=60)
    assert bridge.lane("right/town").state.pinned == Place(RoomId("!garden"))
    await bridge.stop()


async def test_only_what_the_operator_was_shown_can_be_followed(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """The room's administrator points it elsewhere while the operator thinks: the yes was to the first place."""
    bridge = await started(tmp_path, left, right)
    with pytest.raises(NotOffered, match="waits for no word"):
        await told_to_stay_or_go(bridge, "!garden")
    await publish(bridge, moved("!garden", Confirmation.OLD_END))
    await eventually(lambda: bridge.lane("right/town").state.moved_to)
    await publish(bridge, moved("!trap", Confirmation.OLD_END))
    await eventually(lambda: bridge.lane("right/town").state.moved_to == Place(RoomId("!trap")))
    with pytest.raises(NotOffered, match="says nothing of that place"):
        await told_to_stay_or_go(bridge, "!garden")
    with pytest.raises(NotOffered, match="waits for no word"):
        await bridge.app.rooms.follow(Room(AccountName("right"), "nowhere"), "!x")
    await bridge.stop()


async def test_a_place_that_is_another_room_already_is_not_followed(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right, rooms=("town", "garden"), connector=Wandering)
    await publish(bridge, moved("!garden", Confirmation.OLD_END))
    await eventually(lambda: bridge.lane("right/town").state.moved_to)
    with pytest.raises(NotOffered, match="that place is right/garden already"):
        await told_to_stay_or_go(bridge, "!garden")
    assert not bridge.lane("right/town").state.open
    await bridge.stop()


async def test_what_waits_for_the_operators_word_is_opened_by_nothing_else(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """Thrown out of the old room and let in again: that opens what was closed, not what moved."""
    bridge = await started(tmp_path, left, right)
    me = bridge.account("right").me
    assert me is not None
    await publish(bridge, moved("!garden", Confirmation.OLD_END))
    await eventually(lambda: bridge.lane("right/town").state.moved_to)
    asked = wandering(bridge).asked
    await publish(bridge, Left(id=EventId("out"), room=RoomId("!town"), at=NOON, user=me, reason="kicked"))
    await eventually(lambda: wandering(bridge).asked > asked, seconds=600)
    await eventually(lambda: bridge.lane("right/town").state.joined, seconds=600)
    assert bridge.lane("right/town").state.waits_for_a_word
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


async def test_two_names_of_one_room_are_one_again_once_one_is_taken_out(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.rooms = (*right.rooms, "alias")
    one = configured(left, right, connector="faulty", more=NOTICES)
    two = one.replace("right/town", "right/alias").replace("  town: {", "  other: {")
    both = two.replace("links:\n", "links:\n  z: {from: [left/garden], to: [right/town]}\n")
    bridge = FaultyBridge(tmp_path, both, connectors={"faulty": Aliased})
    await bridge.start()
    (notice,) = await notices(left, 1)
    loser = "right/town" if notice.startswith("right/town is held") else "right/alias"
    bridge.yaml = one if loser == "right/town" else two
    await bridge.app.reload()
    await left.say("town", "Ada", said("one is left"))
    await shows(right, "town", ["Ada: one is left"], seconds=60)
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
        SendFailed(id=EventId("g"), message=MessageId("m1"), reason="number unknown", recipient=RoomId("!b"), **what),
        SendFailed(id=EventId("h"), message=MessageId("m2"), reason="blocked", **what),
    )
    first, second = await notices(left, 2)
    assert first.endswith("a message was not delivered: number unknown")
    assert second.endswith("a message was not delivered: blocked"), "a message that fails for two members is told once"
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
