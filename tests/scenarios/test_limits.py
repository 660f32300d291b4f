"""Limits of a link: what is over them is held for the operator, told once, and nothing of it is lost."""

from pathlib import Path

from bridge.ids import AccountName
from bridge.snapshot import look
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured
from tests.scenarios.speaking import heard, lines, speak

HELD = "Messages of Ada are held: too many at once."


async def limited(folder: Path, *platforms: MemoryPlatform, limits: str, more: str = "") -> Bridge:
    yaml = configured(*platforms, more=more).replace("lifetime_hours", f"limits: {limits}, lifetime_hours")
    return await Bridge(folder, yaml).start()


async def test_what_a_person_says_over_the_limit_is_held_and_told_once(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await limited(
        tmp_path, left, right, limits="{person: {messages: 3, seconds: 60}}", more="notices: left/garden\n"
    )
    await speak(left, lines(20))
    await left.say("town", "Bob", said("and I"))
    await shows(right, "town", [*heard(lines(3)), HELD, "Bob: and I"])
    (notice,) = await texts(left, "garden")
    assert notice == (
        "Link town: Ada says more than 3 messages in 60 s. What is over it is parked now: see `qantara queue`."
    )
    assert {(row.reason, row.author) for row in await bridge.parked()} == {("flood", "Ada")}
    assert len(await bridge.parked()) == 17
    status = await look(bridge.app, bridge.clock.now())
    assert status.causes["parked:flood"] == 17
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_what_was_held_goes_when_the_operator_says_so(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await limited(tmp_path, left, right, limits="{person: {messages: 1}}")
    await speak(left, lines(10))
    await shows(right, "town", ["Ada: line 0", HELD])
    await bridge.retry_parked()
    await shows(right, "town", ["Ada: line 0", HELD, *heard(lines(9, 1))])
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_a_room_that_says_too_much_is_held_whoever_speaks(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await limited(tmp_path, left, right, limits="{room: {messages: 2, seconds: 60}}")
    for name in ("Ada", "Bob", "Eve", "Zoe"):
        await left.say("town", name, said("me"))
    await shown(right, "town", lambda seen: seen and seen[-1].text.startswith("Messages from elsewhere"))
    await right.say("town", "Joe", said("here it is quiet"))
    await shown(left, "town", lambda seen: seen[-1].text == "Joe: here it is quiet")
    there = [words for words in await texts(right, "town") if words != "here it is quiet"]
    assert there == ["Ada: me", "Bob: me", "Messages from elsewhere are held: too many at once."]
    assert len(await bridge.parked()) == 2
    await bridge.stop()


async def test_edits_of_what_is_held_are_held_and_its_deletion_ends_it(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await limited(tmp_path, left, right, limits="{person: {messages: 1}}")
    await left.say("town", "Ada", said("first"))
    edited = await left.say("town", "Ada", said("second"))
    deleted = await left.say("town", "Ada", said("third"))
    await left.edit("town", "Ada", edited, said("second, better"))
    await left.delete("town", "Ada", deleted)
    await shows(right, "town", ["Ada: first", HELD])
    await eventually(lambda: _parked(bridge, ["flood", "flood", "parent parked"]))
    await bridge.retry_parked()
    await bridge.drained()
    assert [words for words in await texts(right, "town") if "third" in words] == []
    assert (await texts(right, "town"))[-1] == "Ada: second, better"
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_limits_follow_the_configuration(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await limited(tmp_path, left, right, limits="{person: {messages: 1}}")
    await speak(left, lines(2))
    await shows(right, "town", ["Ada: line 0", HELD])
    bridge.yaml = configured(left, right)
    await bridge.app.reload()
    await speak(left, lines(30, 2))
    await shows(right, "town", ["Ada: line 0", HELD, *heard(lines(30, 2))])
    assert bridge.app.intake.received[AccountName("left")] == 32
    await bridge.stop()


async def _parked(bridge: Bridge, reasons: list[str]) -> bool:
    return sorted(row.reason for row in await bridge.parked()) == reasons
