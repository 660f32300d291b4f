"""Two bridges between the same rooms, rings of links, and echoes: words come to rest."""

from pathlib import Path

from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured


async def test_two_bridges_between_the_same_rooms_come_to_rest(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    one = await Bridge(tmp_path / "one", configured(left, right)).start()
    yaml = configured(left, right, more="notices: left/garden\n").replace(
        "connector: memory", "connector: memory, user: other"
    )
    two = await Bridge(tmp_path / "two", yaml).start()
    await left.say("town", "Ada", said("around and around"))

    async def tripped() -> bool:
        return bool([*await one.parked(), *await two.parked()])

    await eventually(tripped)
    await one.drained()
    await two.drained()
    for room in (left, right):
        assert sum("around" in words for words in await texts(room, "town")) <= 6
    assert {row.reason for row in [*await one.parked(), *await two.parked()]} == {"loop"}
    await left.say("town", "Ada", said("something else"))
    await shown(right, "town", lambda seen: any(item.text == "Ada: something else" for item in seen))
    assert balanced(await one.ledger())
    assert balanced(await two.ledger())
    await one.stop()
    await two.stop()


async def test_two_bridges_make_two_copies_each_before_the_fuse_opens(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    one = await Bridge(tmp_path / "one", configured(left, right)).start()
    yaml = configured(left, right).replace("connector: memory", "connector: memory, user: other")
    two = await Bridge(tmp_path / "two", yaml).start()
    await left.say("town", "Ada", said("around and around"))

    async def both_tripped() -> bool:
        return bool(await one.parked()) and bool(await two.parked())

    await eventually(both_tripped)
    await one.drained()
    await two.drained()
    for bridge in (one, two):
        assert (await bridge.ledger())["delivered"] <= 2
        await bridge.stop()


async def test_people_may_say_the_same_words_to_one_another(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    for platform, other, person, words in (
        (left, right, "Ada", "ok"), (right, left, "Bob", "Ada: ok"), (left, right, "Ada", "ok"),
    ):  # fmt: skip
        await platform.say("town", person, said(words))
        await shown(other, "town", lambda seen, words=words: seen and seen[-1].text.endswith(words))
    assert await bridge.parked() == ()
    assert (await bridge.ledger())["delivered"] == 3


async def test_a_loop_is_told_to_the_operator(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await Bridge(tmp_path, configured(left, right, more="notices: left/garden\n")).start()
    for _ in range(3):
        await left.say("town", "Eve", said("bounce"))
        await shown(right, "town", lambda seen: seen and "bounce" in seen[-1].text)
        await right.say("town", "Mallory", said("Eve: bounce"))
        await bridge.drained()
    (notice, *_) = await shown(left, "garden", len)
    assert notice.text.startswith("Link town: the same words bounce between two rooms")
    await bridge.stop()


async def test_rooms_linked_in_a_ring_hear_each_message_once(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    async with MemoryPlatform(name="third") as third:
        names = ("left", "right", "third")
        pairs = zip(names, (*names[1:], names[0]), strict=True)
        ring = "".join(f"  {a}-{b}: {{rooms: [{a}/town, {b}/town], late_minutes: 0}}\n" for a, b in pairs)
        bridge = await Bridge(tmp_path, configured(left, right, third, rooms=(), more=ring)).start()
        await left.say("town", "Ada", said("once"))
        await shows(right, "town", ["Ada: once"])
        await shows(third, "town", ["Ada: once"])
        await bridge.drained()
        assert await texts(left, "town") == ["once"]
        await bridge.stop()


async def test_an_echo_before_the_answer_is_not_bridged_back(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    yaml = configured(left, right).replace("connector: memory", "connector: memory, echoes: published")
    bridge = await Bridge(tmp_path, yaml).start()
    for number in range(50):
        await left.say("town", "Ada", said(f"line {number}"))
    await shows(right, "town", [f"Ada: line {number}" for number in range(50)])
    await right.say("town", "Bob", said("end"))
    await shown(left, "town", lambda seen: seen[-1].text == "Bob: end")
    assert len(await texts(left, "town")) == 51
    await bridge.stop()


async def test_a_first_start_replays_nothing(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    await left.say("town", "Ada", said("long ago"))
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    await left.say("town", "Ada", said("now"))
    await shows(right, "town", ["Ada: now"])
    await bridge.stop()
