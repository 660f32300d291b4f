"""A target that is down, slow, refusing or closed: what waits, what is said, and what comes after."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.capabilities import Rate
from bridge.errors import RoomClosed, Scope, Unauthorized, Unavailable
from bridge.testing.memory import EVERYTHING, MemoryPlatform, Repeats
from bridge.testing.platform import Fault, texts
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured
from tests.scenarios.faulty import faulty
from tests.scenarios.speaking import heard, lines, speak

ONE_BY_ONE = replace(EVERYTHING, in_flight=1)


@pytest.fixture
async def told(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> Bridge:
    """A bridge whose notices stand in the garden of the left platform."""
    return Bridge(tmp_path, configured(left, right, more="notices: left/garden\n"))


async def test_a_target_that_was_down_drains_in_order_with_one_warning_and_one_all_clear(
    told: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await told.start()
    right.hang()
    right.drop_connections()
    await speak(left, lines(50))
    right.going.set()
    await shows(right, "town", heard(lines(50)), seconds=600)
    notices = await shown(left, "garden", lambda seen: len(seen) >= 2)
    assert [one.text.split(",")[0].split(".")[0] for one in notices] == [
        "Account right is lost",
        "Account right is back",
    ]
    assert balanced(await told.ledger())
    await told.stop()


async def test_a_long_absence_is_told_once(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await faulty(tmp_path, left, right, more="notices: left/garden\n")
    account = bridge.connector("right")
    account.connects = Unavailable("nobody answers")
    right.drop_connections()
    await speak(left, lines(10))
    await eventually(lambda: account.connections > 5, seconds=3600)
    account.connects = None
    await shows(right, "town", heard(lines(10)), seconds=3600)
    assert len(await shown(left, "garden", lambda seen: len(seen) >= 2)) == 2
    await bridge.stop()


@pytest.mark.parametrize("scope", [Scope.ROOM, Scope.ACCOUNT])
async def test_the_wait_a_platform_asks_for_is_kept(
    scope: Scope, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = ONE_BY_ONE
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    connector.fails = [Unavailable("slow down", retry_after=3.0, scope=scope)]
    await speak(left, lines(5))
    await shows(right, "town", heard(lines(5)), seconds=60)
    first, second, *_ = connector.times
    assert second - first >= 3.0
    assert connector.keys[0] == connector.keys[1]
    await bridge.stop()


async def test_a_wait_of_the_account_outlives_a_lost_connection(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = ONE_BY_ONE
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    connector.fails = [Unavailable("slow down", retry_after=30.0, scope=Scope.ACCOUNT)]
    await speak(left, lines(1))
    await eventually(lambda: connector.times)
    right.drop_connections()
    await shows(right, "town", heard(lines(1)), seconds=120)
    assert connector.times[1] - connector.times[0] >= 30.0
    await bridge.stop()


@pytest.mark.parametrize(("told", "most"), [(-1, 10), (float("nan"), 10), (1e9, 3700), ("soon", 10)])
async def test_an_absurd_wait_is_made_sane(
    told: object, most: float, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    connector.fails = [Unavailable("slow down", retry_after=told)]  # type: ignore[arg-type]  # what a careless connector passes on
    await speak(left, lines(1))
    await shows(right, "town", heard(lines(1)), seconds=7200)
    assert connector.times[1] - connector.times[0] <= most
    await bridge.stop()


async def test_rates_are_kept_over_lost_connections(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(ONE_BY_ONE, formatting=frozenset(), rates=(Rate(Scope.ROOM, 3, 10.0),))
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    await speak(left, lines(10))
    await eventually(lambda: len(connector.times) == 3)
    right.drop_connections()
    await shows(right, "town", heard(lines(10)), seconds=120)
    times = connector.times
    assert all(later - earlier >= 10.0 for earlier, later in zip(times, times[3:], strict=False))
    await bridge.stop()


@pytest.mark.parametrize(("repeats", "doubles"), [(Repeats.DROPPED, 0), (Repeats.SHOWN, 1)])
async def test_a_lost_answer_doubles_only_where_there_is_no_key(
    repeats: Repeats, doubles: int, bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities, right.repeats = ONE_BY_ONE, repeats
    await speak(left, lines(3))
    await shows(right, "town", heard(lines(3)))
    right.fail_next(Fault.LOST_ANSWER)
    await speak(left, lines(3, 3))
    expected = heard(lines(6))
    await shows(right, "town", [*expected[:4], *[expected[3]] * doubles, *expected[4:]], seconds=60)
    assert (await bridge.ledger())["unknown outcome"] == 1


async def test_a_refused_message_is_parked_and_the_next_flows_at_once(
    told: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = ONE_BY_ONE
    right.refused_words = {"poison"}
    await told.start()
    began = told.clock.monotonic()
    await speak(left, ["one", "poison", "two"])
    await shows(right, "town", heard(["one", "two"]))
    assert told.clock.monotonic() - began < 1
    (parked,) = await told.parked()
    assert (parked.reason, parked.error, parked.author) == ("rejected", "these words are refused", "Ada")
    (notice,) = await shown(left, "garden", len)
    assert "could not be delivered and is parked: these words are refused" in notice.text
    right.refused_words = set()
    await told.retry_parked()
    await shows(right, "town", heard(["one", "two", "poison"]))
    assert not await told.parked()
    assert balanced(await told.ledger())
    await told.stop()


async def test_a_closed_room_is_held_told_once_and_opens_after_rejoining(
    told: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await told.start()
    right.closed = {"town"}
    await speak(left, lines(3))
    await eventually(lambda: told.lane("right/town").state.closures > 3, seconds=3600)
    await speak(left, lines(3, 3))
    right.closed = set()
    await shows(right, "town", heard(lines(6)), seconds=3600)
    notices = await shown(left, "garden", lambda seen: len(seen) >= 2)
    assert [("held" in one.text, "open again" in one.text) for one in notices] == [(True, False), (False, True)]
    assert balanced(await told.ledger())
    await told.stop()


async def test_a_closed_room_stays_held_over_a_restart(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.closed = {"town"}
    await speak(left, lines(3))
    await eventually(lambda: bridge.lane("right/town").state.held)
    await bridge.stop()
    await bridge.start()
    right.closed = set()
    await shows(right, "town", heard(lines(3)), seconds=3600)


async def test_a_window_that_closes_opens_at_its_time(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(ONE_BY_ONE, formatting=frozenset(), rates=(Rate(Scope.ROOM, 1, 1.0),))
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    opens = bridge.clock.now() + timedelta(hours=5)
    await speak(left, lines(1))
    await shows(right, "town", heard(lines(1)))
    connector.fails = [RoomClosed("the window is closed", until=opens)]
    await speak(left, lines(2, 1))
    await shows(right, "town", heard(lines(3)), seconds=8 * 3600)
    assert bridge.clock.now() - opens < timedelta(minutes=10)
    assert connector.times[2] - connector.times[1] >= 5 * 3600 - 5
    await bridge.stop()


async def test_refused_credentials_stop_one_account_only(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    async with MemoryPlatform(name="third") as third:
        bridge = await Bridge(tmp_path, configured(left, right, third, more="notices: left/garden\n")).start()
        right.fail_next(Fault.UNAUTHORIZED)
        await speak(left, lines(20))
        await shows(third, "town", heard(lines(20)))
        await eventually(lambda: bridge.account("right").state == "stopped")
        assert not await bridge.parked()
        right.restore()
        await bridge.app.reload()
        await shows(right, "town", heard(lines(20)), seconds=60)
        notices = await shown(left, "garden", lambda seen: len(seen) >= 2)
        assert [one.text.split(",")[0].rstrip(".") for one in notices] == [
            "Account right is stopped",
            "Account right is back",
        ]
        assert balanced(await bridge.ledger())
        await bridge.stop()


async def test_an_undeclared_error_is_tried_again_and_then_parked_while_others_flow(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = ONE_BY_ONE
    bridge = await faulty(tmp_path, left, right, rooms=("town", "garden"))
    connector = bridge.connector("right")
    connector.poison = "poison"
    await speak(left, ["one", "poison", "two"])

    async def others_flow() -> bool:
        await left.say("garden", "Bob", said("meanwhile"))
        return bool(await bridge.parked())

    await eventually(others_flow, seconds=3600)
    await shows(right, "town", heard(["one", "two"]), seconds=60)
    (parked,) = await bridge.parked()
    assert (parked.reason, parked.error) == ("fails", "ValueError in the connector")
    assert 3 <= connector.tries("poison") <= 12
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_an_undeclared_error_alone_is_parked_after_twelve_tries(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = ONE_BY_ONE
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    connector.poison = "poison"
    await speak(left, ["poison", "two"])
    await shows(right, "town", heard(["two"]), seconds=12 * 3600)
    assert connector.tries("poison") == 12
    await bridge.stop()


async def test_a_hanging_room_delays_no_other_account_and_ends_by_itself(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    async with MemoryPlatform(name="third") as third:
        bridge = await faulty(tmp_path, left, right, third)
        right.hang()
        began = bridge.clock.monotonic()
        await speak(left, lines(20))
        await shows(third, "town", heard(lines(20)))
        assert bridge.clock.monotonic() - began < 1
        await eventually(lambda: bridge.clock.monotonic() - began > 200, seconds=300)
        right.restore()
        await shows(right, "town", heard(lines(20)), seconds=900)
        await bridge.stop()


async def test_a_slow_room_delays_no_other_room_of_its_account(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = ONE_BY_ONE
    bridge = await faulty(tmp_path, left, right, rooms=("town", "garden"))
    connector = bridge.connector("right")
    connector.slow = {"!town": 20.0}
    await speak(left, lines(10))
    began = bridge.clock.monotonic()
    await speak(left, lines(50), room="garden")
    await shows(right, "garden", heard(lines(50)))
    assert bridge.clock.monotonic() - began < 5
    await bridge.stop()


async def test_a_lifetime_counts_only_while_the_account_is_up(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right, lifetime_hours=2)
    connector = bridge.connector("right")
    connector.connects = Unavailable("gone for hours")
    right.drop_connections()
    await eventually(lambda: bridge.account("right").state == "down")
    await speak(left, ["patient"])
    began = bridge.clock.monotonic()
    await eventually(lambda: bridge.clock.monotonic() - began > 5 * 3600, seconds=6 * 3600)
    connector.connects = None
    await shows(right, "town", heard(["patient"]), seconds=3600)
    right.closed = {"town"}
    await speak(left, ["too late"])
    began = bridge.clock.monotonic()
    await eventually(lambda: bridge.clock.monotonic() - began > 2 * 3600, seconds=3 * 3600)
    right.closed = set()
    await bridge.drained()
    assert (await bridge.ledger())["expired"] == 1
    assert balanced(await bridge.ledger())
    assert await texts(right, "town") == heard(["patient"])
    await bridge.stop()


async def test_an_unsupported_feature_is_asked_for_once(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = ONE_BY_ONE
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    connector.refuses_bold = True
    await speak(left, lines(3))
    await shows(right, "town", heard(lines(3)))
    assert connector.tries("line 0") == 2
    assert connector.tries("line 1") == 1
    assert len(set(connector.keys)) == 4
    await bridge.stop()


async def test_a_feature_refused_for_ever_parks_the_message(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = ONE_BY_ONE
    bridge = await faulty(tmp_path, left, right)
    connector = bridge.connector("right")
    connector.refuses_formatting_of = "stubborn"
    await speak(left, ["stubborn", "two"])
    await shows(right, "town", heard(["two"]))
    (parked,) = await bridge.parked()
    assert parked.reason == "rejected"
    assert connector.tries("stubborn") == 2
    await bridge.stop()


async def test_many_sends_refused_at_once_stop_the_account_once(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right, more="notices: left/garden\n")
    connector = bridge.connector("right")
    await speak(left, lines(10))
    await shows(right, "town", heard(lines(10)))
    connector.fails = [Unauthorized("revoked")] * 4
    await speak(left, lines(10, 10))
    await eventually(lambda: bridge.account("right").state == "stopped")
    connector.fails, connections = [], connector.connections
    await bridge.app.reload()
    await shows(right, "town", heard(lines(20)), seconds=60)
    assert connector.connections == connections + 1
    notices = await shown(left, "garden", lambda seen: len(seen) >= 2)
    assert [one.text.split(",")[0].rstrip(".") for one in notices] == [
        "Account right is stopped",
        "Account right is back",
    ]
    assert not await bridge.parked()
    await bridge.stop()


async def test_a_connector_that_cannot_tell_what_a_room_shows_still_sends(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right)
    bridge.connector("right").cannot_tell = ValueError("a bug")
    right.drop_connections()
    await speak(left, lines(3))
    await shows(right, "town", heard(lines(3)), seconds=60)
    await bridge.stop()
