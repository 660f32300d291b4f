"""Reactions of several people where the bridge's one account can put fewer: what readers see."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.asked import Reaction
from bridge.errors import Feature, Unsupported
from bridge.ids import MessageId
from bridge.testing.memory import EVERYTHING, MemoryConnector, MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured

ONE = replace(EVERYTHING, reactions=frozenset({"👍", "❤"}), max_reactions=1)


class Picky(MemoryConnector):
    """Takes any emoji but a camel."""

    async def react(self, reaction: Reaction) -> MessageId | None:
        if reaction.emoji == "🐫" and reaction.emoji in reaction.wanted:
            raise Unsupported(Feature.EMOJI, "no camels")
        return await super().react(reaction)


class Stubborn(MemoryConnector):
    """Puts an emoji on and does not take it back."""

    async def react(self, reaction: Reaction) -> MessageId | None:
        if reaction.emoji not in reaction.wanted:
            raise Unsupported(Feature.EMOJI, "it stays")
        return await super().react(reaction)


async def test_a_refused_emoji_is_told_and_the_others_go_on(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    file = configured(left, right, connector="picky")
    bridge = await Bridge(tmp_path, file, connectors={"picky": Picky}).start()
    first, second = [await left.say("town", "Ada", said(words)) for words in ("hello", "world")]
    await left.react("town", "Bob", first, "🐫")
    await shows(right, "town", ["Ada: hello", "Ada: world", "Bob reacted 🐫 to “hello”"])
    await left.react("town", "Bob", first, "👍")
    await left.react("town", "Eve", second, "👍")
    seen = await shown(right, "town", lambda seen: all(one.reactions for one in seen[:2]))
    assert [dict(one.reactions) for one in seen] == [{"👍": 1}, {"👍": 1}, {}]
    await left.unreact("town", "Bob", first, "🐫")
    await shows(right, "town", ["Ada: hello", "Ada: world"])
    await bridge.drained()
    ledger = await bridge.ledger()
    assert balanced(ledger)
    assert not ledger["parked"]
    await bridge.stop()


async def test_an_emoji_that_cannot_be_taken_back_is_parked_with_the_reason(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    file = configured(left, right, connector="stubborn")
    bridge = await Bridge(tmp_path, file, connectors={"stubborn": Stubborn}).start()
    first = await left.say("town", "Ada", said("hello"))
    await left.react("town", "Bob", first, "👍")
    await shown(right, "town", lambda seen: seen and seen[0].reactions)
    await left.unreact("town", "Bob", first, "👍")
    await bridge.drained()
    (parked,) = await bridge.parked()
    assert (parked.reason, parked.error) == ("rejected", "it stays")
    await bridge.stop()


async def test_the_surplus_is_one_line_that_is_kept_up_to_date(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = ONE
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    first = await left.say("town", "Ada", said("hello"))
    await left.react("town", "Bob", first, "👍🏽")
    await shown(right, "town", lambda seen: seen and dict(seen[0].reactions) == {"👍": 1})
    for who, emoji in (("Eve", "🐫"), ("Cid", "💚"), ("Eve", "👍")):
        await left.react("town", who, first, emoji)
    await shows(right, "town", ["Ada: hello", "Eve reacted 🐫; Cid reacted 💚 to “hello”"])
    await bridge.stop()
    await bridge.start()
    await left.unreact("town", "Eve", first, "🐫")
    await shows(right, "town", ["Ada: hello", "Cid reacted 💚 to “hello”"])
    await left.unreact("town", "Bob", first, "👍🏽")
    await left.unreact("town", "Eve", first, "👍")
    await shows(right, "town", ["Ada: hello"])
    assert dict((await right.shown("town"))[0].reactions) == {"❤": 1}
    await bridge.drained()
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_the_line_goes_with_its_message(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    right.capabilities = ONE
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    first = await left.say("town", "Ada", said("hello"))
    await left.react("town", "Bob", first, "🐫")
    await shown(right, "town", lambda seen: len(seen) == 2)
    await left.delete("town", "Ada", first)
    await shows(right, "town", [])
    await bridge.stop()


async def test_a_reader_may_answer_and_react_to_the_line(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """What is said about the line is said about the message that it is about."""
    right.capabilities = ONE
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    first = await left.say("town", "Ada", said("hello"))
    await left.react("town", "Bob", first, "🐫")
    line = (await shown(right, "town", lambda seen: len(seen) == 2))[1]
    await right.say("town", "Cid", said("a camel"), in_reply_to=line.id)
    seen = await shown(left, "town", lambda seen: len(seen) == 2)
    assert seen[1].in_reply_to == first
    assert await texts(left, "town") == ["hello", "Cid: a camel"]
    await bridge.stop()


@pytest.mark.parametrize("most", [None, 1], ids=["natively", "in words"])
async def test_a_room_sees_no_reaction_of_a_room_that_it_does_not_hear(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, most: int | None
) -> None:
    """Right is heard in left and in third, which do not hear each other."""
    left.capabilities = replace(ONE, max_reactions=most)
    async with MemoryPlatform(name="third") as third:
        links = "links:\n  one: {rooms: [left/town, right/town]}\n  two: {rooms: [right/town, third/town]}\n"
        yaml = configured(left, right, third, rooms=()).replace("links:\n", links)
        bridge = await Bridge(tmp_path, yaml).start()
        first = await right.say("town", "Ada", said("hello"))
        (copy,) = await shown(third, "town", len)
        await third.react("town", "Eve", copy.id, "❤")
        await shown(right, "town", lambda seen: seen[0].reactions)
        await right.react("town", "Bob", first, "👍")
        await right.react("town", "Cid", first, "🎉")
        seen = await shown(left, "town", lambda seen: len(seen) == 2)
        await bridge.drained()
        assert dict(seen[0].reactions) == {"👍": 1}
        assert seen[1].text == "Cid reacted 🎉 to “hello”"
        await bridge.stop()
