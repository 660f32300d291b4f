"""What a person writes on one platform is read on the other, with everything that belongs to it."""

from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import shown, shows
from bridge.text.nodes import Bold, Paragraph, Text, said
from tests.scenarios.bridge_under_test import Bridge, balanced


async def test_words_cross_with_the_name_of_who_said_them(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await left.say("town", "Ada", said("hello"))
    await shows(right, "town", ["Ada: hello"])
    await right.say("town", "Bob", said("welcome"))
    await shows(left, "town", ["hello", "Bob: welcome"])


async def test_a_burst_arrives_complete_and_in_order(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    for number in range(300):
        await left.say("town", "Ada", said(f"line {number}"))
    await shows(right, "town", [f"Ada: line {number}" for number in range(300)])
    assert balanced(await bridge.ledger())


async def test_formatting_survives(bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform) -> None:
    await left.say("town", "Ada", (Paragraph((Text("very "), Bold((Text("bold"),)))),))
    await shows(right, "town", ["Ada: very bold"])
    (copy,) = await right.shown("town")
    assert Bold((Text("bold"),)) in copy.rich[0].inside


async def test_an_edit_a_reply_a_reaction_and_a_deletion_find_their_copies(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    first = await left.say("town", "Ada", said("helo"))
    await shows(right, "town", ["Ada: helo"])
    await left.edit("town", "Ada", first, said("hello"))
    await shows(right, "town", ["Ada: hello"])
    (copy,) = await right.shown("town")
    await right.say("town", "Bob", said("hi"), in_reply_to=copy.id)
    await shows(left, "town", ["hello", "Bob: hi"])
    assert (await left.shown("town"))[1].in_reply_to == first
    await right.react("town", "Bob", copy.id, "👍")
    await shown(left, "town", lambda seen: dict(seen[0].reactions) == {"👍": 1})
    await right.unreact("town", "Bob", copy.id, "👍")
    await shown(left, "town", lambda seen: not seen[0].reactions)
    await left.delete("town", "Ada", first)
    await shown(right, "town", lambda seen: len(seen) == 1)
    assert balanced(await bridge.ledger())


async def test_relations_survive_a_restart(bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform) -> None:
    first = await left.say("town", "Ada", said("before"))
    await shows(right, "town", ["Ada: before"])
    await bridge.stop()
    await left.edit("town", "Ada", first, said("after"))
    await bridge.start()
    await shows(right, "town", ["Ada: after"])


async def test_nothing_is_lost_when_the_bridge_dies_while_people_talk(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    for life in range(5):
        for number in range(40):
            await left.say("town", "Ada", said(f"{life}.{number}"))
        await bridge.crash()
        await bridge.start()
    await shows(right, "town", [f"Ada: {life}.{number}" for life in range(5) for number in range(40)])
    assert balanced(await bridge.ledger())
