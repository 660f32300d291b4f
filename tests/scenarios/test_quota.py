"""A room for which too much waits: its sources pause where their platform keeps what we do not take; others go on."""

from pathlib import Path

from bridge.errors import RoomClosed
from bridge.ids import AccountName
from bridge.metrics import exposition
from bridge.snapshot import look
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import balanced
from tests.scenarios.faulty import FaultyBridge, faulty
from tests.scenarios.speaking import heard, lines, speak

QUOTA = 100
LEFT = AccountName("left")


async def quoted(folder: Path, *platforms: MemoryPlatform, more: str = "") -> FaultyBridge:
    """A bridge with a small quota, whose target takes a second a message."""
    bridge = await faulty(folder, *platforms, more=more)
    bridge.yaml = bridge.yaml.replace("store: {", f"store: {{room_quota: {QUOTA}, ")
    await bridge.app.reload()
    bridge.connector("right").slow = {"!town": 1.0}
    return bridge


async def flood(bridge: FaultyBridge, platform: MemoryPlatform, most: int = 1000) -> int:
    """Speak until the account pauses; how many lines it took."""
    intake = bridge.app.intake
    for number in range(most):
        await speak(platform, lines(1, number))
        await eventually(lambda number=number: intake.received.get(LEFT, 0) > number or intake.paused)
        if intake.paused:
            return number + 1
    raise AssertionError("it never paused")


async def test_a_room_with_too_much_waiting_pauses_its_source_and_nothing_is_lost(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await quoted(tmp_path, left, right, more="notices: left/garden\n")
    said_before = await flood(bridge, left)
    await speak(left, lines(200, said_before))
    assert (await bridge.ledger())["waiting"] <= QUOTA + 3
    status = await look(bridge.app, bridge.clock.now())
    assert status.accounts[LEFT].paused == f"{QUOTA} messages wait for right/town"
    assert b'qantara_account_paused{account="left",connector="faulty"} 1.0' in exposition(status)
    everything = heard(lines(said_before + 200))
    await shows(right, "town", everything, seconds=3600)
    assert not bridge.app.intake.paused
    (told,) = await texts(left, "garden")
    assert told.startswith(f"{QUOTA} messages wait for right/town: left takes nothing more until there are fewer")
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_accounts_that_do_not_fill_the_room_go_on(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await quoted(tmp_path, left, right)
    await flood(bridge, left)
    await right.say("town", "Bob", said("nobody waits for me"))
    await shown(left, "town", lambda seen: seen[-1].text == "Bob: nobody waits for me")
    assert bridge.app.intake.paused
    await bridge.stop()


async def test_a_paused_source_ends_with_the_bridge_and_goes_on_with_its_next_life(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await quoted(tmp_path, left, right)
    count = await flood(bridge, left)
    await bridge.stop()
    assert not bridge.app.intake.paused
    await bridge.start()
    await speak(left, lines(5, count))
    await shows(right, "town", heard(lines(count + 5)), seconds=3600)
    await bridge.stop()


async def test_a_greater_quota_lets_the_source_go_on(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await quoted(tmp_path, left, right)
    bridge.connector("right").fails = [RoomClosed("we may not write there")]
    count = await flood(bridge, left)
    bridge.yaml = bridge.yaml.replace(f"room_quota: {QUOTA}", "room_quota: 1000")
    await bridge.app.reload()
    await speak(left, lines(50, count))
    await eventually(lambda: not bridge.app.intake.paused)
    await bridge.stop()
