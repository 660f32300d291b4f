"""Who is mentioned in one room is mentioned in the others where they are known, and only named elsewhere."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.ids import PersonNumber, UserId
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import Shown
from bridge.testing.waiting import shown
from bridge.text.nodes import Bold, Mention, Paragraph, Rich, Text, said
from tests.scenarios.bridge_under_test import Bridge, configured


@pytest.fixture
async def known(left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path) -> AsyncIterator[Bridge]:
    """Ada is the person 1 on the left and the person 2 on the right."""
    people = "people:\n  ada: [left/person-1, right/person-2]\n"
    left.written.person("Ada")
    right.written.person("Somebody")
    right.written.person("Ada Right")
    bridge = await Bridge(tmp_path, configured(left, right, more=people)).start()
    yield bridge
    await bridge.stop()


def one(mention: Mention, words: str = " hello") -> Rich:
    return (Paragraph((mention, Text(words))),)


async def last(platform: MemoryPlatform, count: int = 1) -> Shown:
    seen = await shown(platform, "town", lambda seen: len(seen) == count)
    return seen[-1]


async def test_a_mention_of_somebody_known_there_is_one_there(
    known: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await left.say("town", "Bob", one(Mention("Ada", UserId("person-1"))))
    seen = await last(right)
    assert seen.rich == (
        Paragraph((Bold((Text("Bob"),)), Text(": "), Mention("Ada", UserId("person-2")), Text(" hello"))),
    )


async def test_a_mention_of_a_stranger_is_their_name(
    known: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await left.say("town", "Bob", one(Mention("@Eve", UserId("person-9"))))
    seen = await last(right)
    assert "person-9" not in repr(seen.rich)
    assert seen.text == "Bob: @Eve hello"


async def test_an_edit_mentions_as_well(known: Bridge, left: MemoryPlatform, right: MemoryPlatform) -> None:
    first = await left.say("town", "Bob", said("hello"))
    await last(right)
    await left.edit("town", "Bob", first, one(Mention("Ada", UserId("person-1"))))
    seen = await shown(right, "town", lambda seen: seen[0].edited)
    assert Mention("Ada", UserId("person-2")) in seen[0].rich[0].inside


@pytest.mark.parametrize("words", ["Cid: hello", "@Cid hello", "why, @cid?"])
async def test_whom_the_bridge_showed_can_be_spoken_to(
    words: str, known: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await left.say("town", "Cid", said("I am here"))
    await last(right)
    await right.say("town", "Dan", said(words))
    seen = await last(left, 2)
    cid = left.written.person("Cid").id
    assert any(isinstance(node, Mention) and node.user == cid for node in seen.rich[0].inside)
    assert seen.text == f"Dan: {words}"


async def test_the_same_person_on_two_platforms_has_one_name(
    known: Bridge, left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path
) -> None:
    async with MemoryPlatform(name="third") as third:
        yaml = configured(left, right, third, more="people:\n  ada: [left/person-1, right/person-3]\n")
        await known.stop()
        bridge = Bridge(tmp_path / "three", yaml)
        (tmp_path / "three").mkdir()
        await bridge.start()
        assert right.written.person("Ada").id == "person-3"
        await left.say("town", "Ada", said("one"))
        await right.say("town", "Ada", said("two"))
        await right.say("town", "Ada Right", said("three"))
        await left.say("town", "Ada Right", said("four"))
        seen = await shown(third, "town", lambda seen: len(seen) == 4)
        assert {"Ada: one", "Ada: two"} <= {one.text for one in seen}
        assert sum("[" in one.text for one in seen) == 1
        await bridge.stop()


async def test_a_mention_of_a_ghost_is_one_of_the_person_it_stands_for(
    known: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """Bob, who is nobody in the file, spoke; on the other side somebody mentions what stands in for him."""
    await left.say("town", "Bob", said("hello"))
    await last(right)
    bob, nobody = Mention("Bob", None, PersonNumber(1)), Mention("Ghost", UserId("ghost"), PersonNumber(999))
    await right.say("town", "Cid", one(bob))
    await right.say("town", "Cid", one(nobody))
    seen = await shown(left, "town", lambda seen: len(seen) == 3)
    assert Mention("Bob", left.written.person("Bob").id) in seen[1].rich[0].inside
    assert (seen[2].text, "ghost" in repr(seen[2].rich)) == ("Cid: Ghost hello", False)
