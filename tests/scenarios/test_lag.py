"""Messages that come late: with their time, told to the operator, or set aside, as the link says."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bridge.events import Kind
from bridge.lag import Lag
from bridge.testing import samples
from bridge.testing.memory import WITH_FILES, MemoryPlatform
from bridge.testing.waiting import shown, shows
from bridge.text.nodes import Break, Paragraph, Text, said
from tests.scenarios.bridge_under_test import Bridge, LoopClock, balanced, configured
from tests.scenarios.speaking import heard, lines, speak


@pytest.fixture
async def made(left: MemoryPlatform) -> AsyncIterator[list[Bridge]]:
    """Bridges of the test's own links, which end with it."""
    left.written.clock = LoopClock()
    bridges: list[Bridge] = []
    yield bridges
    for bridge in bridges:
        await bridge.stop()


def linked(left: MemoryPlatform, right: MemoryPlatform, settings: str) -> str:
    return configured(left, right, more="notices: left/garden\n").replace("late_minutes: 0", settings)


async def away(bridge: Bridge, left: MemoryPlatform, count: int, minutes: float) -> None:
    """People go on speaking while the bridge is down."""
    await bridge.stop()
    await speak(left, lines(count))
    await asyncio.sleep(minutes * 60)
    await bridge.start()


async def test_what_comes_late_has_its_time_in_front(
    tmp_path: Path, made: list[Bridge], left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await Bridge(tmp_path, linked(left, right, "late_minutes: 10")).start()
    made.append(bridge)
    await speak(left, lines(1))
    await shows(right, "town", ["Ada: line 0"])
    await away(bridge, left, 2, 60)
    seen = await shown(right, "town", lambda seen: len(seen) == 3, seconds=7200)
    for one, number in zip(seen[1:], (0, 1), strict=True):
        name, time, *words = one.text.split(" ")
        assert (name, words) == ("Ada:", ["line", str(number)])
        assert datetime.strptime(time, "(%H:%M)").replace(tzinfo=UTC)
    assert balanced(await bridge.ledger())


async def test_what_is_older_than_the_link_allows_is_kept_and_everybody_is_told(
    tmp_path: Path, made: list[Bridge], left: MemoryPlatform, right: MemoryPlatform
) -> None:
    settings = "late_minutes: 0, max_lag_minutes: 30, over_max_lag: park"
    bridge = await Bridge(tmp_path, linked(left, right, settings)).start()
    made.append(bridge)
    await away(bridge, left, 37, 60)
    seen = await shown(right, "town", len, seconds=7200)
    assert seen[0].text.startswith("[37 messages of ")
    assert seen[0].text.endswith("came too late and are kept by the operator]")
    assert [one.reason for one in await bridge.parked()] == ["late"] * 37
    told = await shown(left, "garden", lambda seen: "lags" in str(seen), seconds=600)
    assert any(one.text.startswith("right/town lags: messages come ") for one in told)
    await speak(left, lines(1, 37))
    await shown(right, "town", lambda seen: seen[-1].text == "Ada: line 37", seconds=600)
    await shown(left, "garden", lambda seen: seen[-1].text == "right/town has caught up.", seconds=600)
    assert balanced(await bridge.ledger())


async def test_what_was_kept_goes_when_the_operator_says_so(
    tmp_path: Path, made: list[Bridge], left: MemoryPlatform, right: MemoryPlatform
) -> None:
    settings = "late_minutes: 0, max_lag_minutes: 30, over_max_lag: park"
    bridge = await Bridge(tmp_path, linked(left, right, settings)).start()
    made.append(bridge)
    await away(bridge, left, 3, 60)
    await shown(right, "town", len, seconds=7200)
    await bridge.retry_parked()
    seen = await shown(right, "town", lambda seen: len(seen) == 4, seconds=600)
    assert [one.text for one in seen[1:]] == heard(lines(3))


async def test_where_the_link_only_tells_everything_goes(
    tmp_path: Path, made: list[Bridge], left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await Bridge(tmp_path, linked(left, right, "late_minutes: 0, max_lag_minutes: 30")).start()
    made.append(bridge)
    await away(bridge, left, 5, 60)
    await shows(right, "town", heard(lines(5)), seconds=7200)
    await left.say("town", "Ada", said("now"))
    await shown(left, "garden", lambda seen: seen and seen[-1].text == "right/town has caught up.", seconds=600)
    assert sum("lags" in one.text for one in await left.shown("garden")) == 1


FILED = "late_minutes: 0, max_lag_minutes: 30, over_max_lag: file, time_zone: Asia/Kolkata"


async def test_what_was_kept_can_be_read_in_a_file(
    tmp_path: Path, made: list[Bridge], left: MemoryPlatform, right: MemoryPlatform
) -> None:
    left.capabilities = right.capabilities = WITH_FILES
    bridge = await Bridge(tmp_path, linked(left, right, FILED)).start()
    made.append(bridge)
    await bridge.stop()
    await left.say("town", "Ada\u202e", (Paragraph((Text("one"), Break(), Text("two"))),))
    await left.send_files("town", "Bob", (samples.upload(Kind.IMAGE, "a"),), said("look"))
    at = bridge.clock.now().astimezone(ZoneInfo("Asia/Kolkata"))
    await asyncio.sleep(3600)
    await bridge.start()
    (seen,) = await shown(right, "town", len, seconds=7200)
    assert seen.text.startswith("[2 messages of ")
    assert " IST came" in seen.text
    (file,) = seen.files
    first, second, third, *more = file.data.decode().splitlines()
    assert (first, second) == (f"{at:%Y-%m-%d %H:%M} Ada: one", "    two")
    assert third.endswith(" Bob: look")
    assert [one.split(",")[0] for one in more] == ['    [image "picture.png"']
    assert [one.reason for one in await bridge.parked()] == ["late"] * 2
    assert balanced(await bridge.ledger())


async def test_where_no_files_are_what_was_kept_is_behind_a_link(
    tmp_path: Path, made: list[Bridge], left: MemoryPlatform, right: MemoryPlatform
) -> None:
    file = linked(left, right, FILED) + "http: {listen: '127.0.0.1:0', public_url: 'https://bridge.example.org'}\n"
    bridge = await Bridge(tmp_path, file).start()
    made.append(bridge)
    await away(bridge, left, 2, 60)
    (seen,) = await shown(right, "town", len, seconds=7200)
    assert "https://bridge.example.org/files/" in seen.text
    assert seen.text.endswith("/missed.txt")


def test_a_file_of_very_much_ends_with_how_much_more_there_is() -> None:
    lag = Lag()
    lag.lines = ["x" * 200_000, "\ud800" + "y" * 200_000, "z" * 200_000, "last"]
    (file,) = lag.file()
    assert file.source.endswith("y\n… and 2 more, which the operator has\n")
    assert lag.file() == ()
