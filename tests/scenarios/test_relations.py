"""Edits, deletions, reactions and replies find their message, whatever happened to it before."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.capabilities import Relation
from bridge.errors import Unavailable, Uncertain
from bridge.reactions import JOIN_SECONDS
from bridge.testing.memory import EVERYTHING, BareMemoryConnector, MemoryPlatform, Repeats
from bridge.testing.platform import Fault, Shown, texts
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured
from tests.scenarios.faulty import FaultyBridge, FaultyConnector, faulty

SHORT = replace(EVERYTHING, max_text=100)


async def away(folder: Path, left: MemoryPlatform, right: MemoryPlatform) -> FaultyBridge:
    """A bridge whose right platform cannot be reached any more."""
    bridge = await faulty(folder, left, right)
    bridge.connector("right").connects = Unavailable("away")
    right.drop_connections()
    await eventually(lambda: bridge.account("right").state == "down")
    return bridge


async def test_a_message_deleted_before_it_was_delivered_never_appears(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await away(tmp_path, left, right)
    first = await left.say("town", "Ada", said("regretted"))
    await left.edit("town", "Ada", first, said("regretted, twice"))
    await left.say("town", "Ada", said("kept"))
    await left.delete("town", "Ada", first)
    await eventually(lambda: left.confirmed.get(left_bot(left)) == 4)
    bridge.connector("right").connects = None
    await shows(right, "town", ["Ada: kept"], seconds=600)
    await bridge.drained()
    assert len(right.attempts) == 1
    ledger = await bridge.ledger()
    assert (ledger["delivered"], ledger["cancelled"]) == (1, 3)
    assert balanced(ledger)
    await bridge.stop()


def left_bot(platform: MemoryPlatform) -> object:
    return next(iter(platform.confirmed), None)


async def test_a_deletion_cancels_also_after_a_restart(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await away(tmp_path, left, right)
    first = await left.say("town", "Ada", said("regretted"))
    await left.say("town", "Ada", said("kept"))
    await left.delete("town", "Ada", first)
    await eventually(lambda: left.confirmed.get(left_bot(left)) == 3)
    await bridge.stop()
    await bridge.start()
    await shows(right, "town", ["Ada: kept"])
    await bridge.drained()
    assert len(right.attempts) == 1
    await bridge.stop()


async def test_edits_and_reactions_wait_behind_their_message(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await away(tmp_path, left, right)
    first = await left.say("town", "Ada", said("helo"))
    await left.react("town", "Bob", first, "👍")
    await left.edit("town", "Ada", first, said("hello"))
    bridge.connector("right").connects = None
    seen = await shown(right, "town", lambda seen: seen and seen[0].reactions and seen[0].edited, seconds=600)
    assert [(one.text, dict(one.reactions)) for one in seen] == [("Ada: hello", {"👍": 1})]
    await bridge.stop()


async def test_a_deletion_after_a_lost_answer_deletes_what_arrived(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.fail_next(Fault.LOST_ANSWER)
    first = await left.say("town", "Ada", said("regretted"))
    await eventually(lambda: right.written.journal)
    await left.delete("town", "Ada", first)
    await left.say("town", "Ada", said("kept"))
    await shows(right, "town", ["Ada: kept"], seconds=60)


async def test_relations_find_their_copy_after_a_restart_and_a_thousand_messages(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    first = await left.say("town", "Ada", said("helo"))
    second = await left.say("town", "Ada", said("second"))
    third = await left.say("town", "Ada", said("third"))
    await shown(right, "town", lambda seen: len(seen) == 3)
    copies = await right.shown("town")
    for number in range(1000):
        await left.say("town", "Bob", said(f"line {number}"))
    await shown(right, "town", lambda seen: len(seen) == 1003, seconds=60)
    await bridge.stop()
    await bridge.start()
    await left.edit("town", "Ada", first, said("hello"))
    await left.react("town", "Bob", second, "👍")
    await left.delete("town", "Ada", third)
    await left.say("town", "Bob", said("a reply"), in_reply_to=first)
    await right.say("town", "Cid", said("an answer"), in_reply_to=copies[0].id)
    seen = await shown(right, "town", lambda seen: seen[-1].text == "Bob: a reply" or seen[-2].text == "Bob: a reply")
    assert [(one.text, dict(one.reactions)) for one in seen[:2]] == [("Ada: hello", {}), ("Ada: second", {"👍": 1})]
    assert seen[2].text == "Bob: line 0"
    reply = next(one for one in seen if one.text == "Bob: a reply")
    assert reply.in_reply_to == copies[0].id
    answers = await shown(left, "town", lambda there: there[-1].text == "Cid: an answer")
    assert answers[-1].in_reply_to == first


async def test_an_edit_of_an_unknown_message_is_said_anew_and_marked(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    old = await left.say("town", "Ada", said("before the bridge"))
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    await left.react("town", "Ada", old, "🐫")
    await shows(right, "town", ["Ada reacted 🐫 to an older message"])
    await left.edit("town", "Ada", old, said("after"))
    await shows(right, "town", ["Ada reacted 🐫 to an older message", "Ada: (edited) after"])
    await bridge.stop()


async def test_what_follows_an_edit_of_an_unknown_message_finds_its_copy(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    old = await left.say("town", "Ada", said("before the bridge"))
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    await left.edit("town", "Ada", old, said("after"))
    await shows(right, "town", ["Ada: (edited) after"])
    await bridge.stop()
    await bridge.start()
    await left.edit("town", "Ada", old, said("long after"))
    await left.react("town", "Bob", old, "👍")
    await left.say("town", "Bob", said("oh"), in_reply_to=old)
    seen = await shown(right, "town", lambda seen: len(seen) == 2)
    assert (seen[0].text, dict(seen[0].reactions), seen[1].in_reply_to) == ("Ada: long after", {"👍": 1}, seen[0].id)
    await left.delete("town", "Ada", old)
    await shows(right, "town", ["Bob: oh"])
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_an_edit_of_a_parked_message_is_parked_with_it(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.refused_words = {"poison"}
    first = await left.say("town", "Ada", said("poison"))
    await left.edit("town", "Ada", first, said("antidote"))
    await left.say("town", "Ada", said("next"))
    await shows(right, "town", ["Ada: next"])
    assert [row.reason for row in await bridge.parked()] == ["rejected", "parent parked"]
    right.refused_words = set()
    await bridge.retry_parked()
    await shows(right, "town", ["Ada: next", "Ada: antidote"])
    assert balanced(await bridge.ledger())


async def test_edits_of_a_parked_message_are_not_told_one_by_one(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await Bridge(tmp_path, configured(left, right, more="notices: left/garden\n")).start()
    right.refused_words = {"poison"}
    first = await left.say("town", "Ada", said("poison"))
    for number in range(5):
        await left.edit("town", "Ada", first, said(f"poison {number}"))
    await left.say("town", "Ada", said("next"))
    await shows(right, "town", ["Ada: next"])
    assert len(await bridge.parked()) == 6
    await bridge.drained()
    assert len(await left.shown("garden")) == 1
    await bridge.stop()


async def test_a_reaction_to_a_copy_that_is_still_being_sent_is_kept(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await faulty(tmp_path, left, right)
    bridge.connector("right").slow = {"!town": 2.0}
    first = await left.say("town", "Ada", said("quick"))
    copies = await shown(right, "town", len)
    await right.react("town", "Bob", copies[0].id, "👍")
    await right.say("town", "Bob", said("so quick"), in_reply_to=copies[0].id)
    there = await shown(left, "town", lambda seen: len(seen) == 2)
    assert (dict(there[0].reactions), there[1].in_reply_to) == ({"👍": 1}, first)
    await bridge.stop()


async def test_a_reply_to_an_id_of_another_room_shows_no_foreign_words(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(EVERYTHING, relations=frozenset())
    bridge = await Bridge(tmp_path, configured(left, right, rooms=("town", "garden"))).start()
    for number in range(3):
        secret = await left.say("garden", "Eve", said(f"secret {number}"))
    await left.say("town", "Ada", said("what is this?"), in_reply_to=secret)
    await shows(right, "town", ["Ada: what is this?"])
    await bridge.stop()


async def test_words_of_a_room_reach_no_room_that_does_not_hear_it(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    """Left is heard in right, right in third, left not in third."""
    async with MemoryPlatform(name="third", capabilities=replace(EVERYTHING, relations=frozenset())) as third:
        links = "links:\n  one: {from: [left/town], to: [right/town]}\n  two: {from: [right/town], to: [third/town]}\n"
        yaml = configured(left, right, third, rooms=()).replace("links:\n", links)
        bridge = await Bridge(tmp_path, yaml).start()
        await left.say("town", "Ada", said("secret"))
        (copy,) = await shown(right, "town", len)
        own = await right.say("town", "Bob", said("mine"))
        await right.say("town", "Bob", said("about that"), in_reply_to=copy.id)
        await right.say("town", "Bob", said("about mine"), in_reply_to=own)
        await right.react("town", "Bob", copy.id, "👍")
        seen = await shown(third, "town", lambda seen: len(seen) == 3)
        assert "secret" not in "".join(one.text for one in seen)
        assert "mine" in seen[2].text
        await bridge.drained()
        await bridge.stop()


async def plain_pair(folder: Path, left: MemoryPlatform, right: MemoryPlatform) -> Bridge:
    """The right platform has no edits, deletions, reactions or replies."""
    right.capabilities = replace(EVERYTHING, relations=frozenset[Relation]())
    yaml = (
        configured(left, right)
        .replace("name: right", "")
        .replace("{connector: memory, platform: right", "{connector: bare, platform: right")
    )
    return await Bridge(folder, yaml, connectors={"bare": BareMemoryConnector}).start()


async def test_what_a_platform_lacks_is_told_in_words(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await plain_pair(tmp_path, left, right)
    first = await left.say("town", "Ada", said("helo"))
    await left.edit("town", "Ada", first, said("hello"))
    await left.react("town", "Bob", first, "👍")
    await shown(right, "town", lambda seen: len(seen) == 3)
    await left.unreact("town", "Bob", first, "👍")
    await left.say("town", "Bob", said("hi"), in_reply_to=first)
    await shown(right, "town", lambda seen: len(seen) == 5)
    await left.delete("town", "Ada", first)
    await left.say("town", "Ada", said("end"))
    seen = await shown(right, "town", lambda seen: seen and seen[-1].text == "Ada: end")
    assert [one.text for one in seen] == [
        "Ada: helo",
        "Ada: (edited) hello",
        "Bob reacted 👍 to “helo”",
        "Bob took back 👍 on “helo”",
        "Bob: \n> Ada: helo\nhi",
        "Ada: end",
    ]
    await bridge.drained()
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_reactions_of_a_few_seconds_are_told_in_one_line(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await plain_pair(tmp_path, left, right)
    first = await left.say("town", "Ada", said("hello"))
    await shown(right, "town", len)
    for who in ("Bob", "Eve", "Ada"):
        await left.react("town", who, first, "👍")
        await asyncio.sleep(0.3)
    await left.unreact("town", "Eve", first, "👍")
    seen = await shown(right, "town", lambda seen: len(seen) == 2)
    assert [one.text for one in seen] == ["Ada: hello", "Bob, Ada reacted 👍 to “hello”"]
    await bridge.drained()
    ledger = await bridge.ledger()
    assert balanced(ledger)
    assert ledger["merged:joined"] == 3
    await bridge.stop()


async def test_a_reaction_in_words_holds_nobody_up(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge = await plain_pair(tmp_path, left, right)
    first = await left.say("town", "Ada", said("hello"))
    await shown(right, "town", len)
    began = asyncio.get_running_loop().time()
    await left.react("town", "Bob", first, "👍")
    await left.say("town", "Ada", said("next"))
    seen = await shown(right, "town", lambda seen: len(seen) == 3)
    assert [one.text for one in seen] == ["Ada: hello", "Bob reacted 👍 to “hello”", "Ada: next"]
    assert asyncio.get_running_loop().time() - began < JOIN_SECONDS
    await bridge.stop()


async def test_a_death_between_joining_and_telling_loses_no_reaction(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await plain_pair(tmp_path, left, right)
    first = await left.say("town", "Ada", said("hello"))
    await shown(right, "town", len)
    right.fail_next(Fault.UNAVAILABLE)
    for who in ("Bob", "Eve"):
        await left.react("town", who, first, "👍")
    await eventually(lambda: not right.faults)
    await bridge.crash()
    await bridge.start()
    seen = await shown(right, "town", lambda seen: len(seen) == 2, seconds=60)
    assert [one.text for one in seen] == ["Ada: hello", "Bob, Eve reacted 👍 to “hello”"]
    await bridge.drained()
    assert len(await right.shown("town")) == 2
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_notes_about_a_message_are_deleted_with_it(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(EVERYTHING, reactions=frozenset({"👍"}))
    first = await left.say("town", "Ada", said("private words"))
    await left.react("town", "Bob", first, "🐫")
    await shown(right, "town", lambda seen: len(seen) == 2)
    await left.delete("town", "Ada", first)
    await shows(right, "town", [])


async def parts_of(platform: MemoryPlatform) -> Sequence[Shown]:
    return await platform.shown("town")


@pytest.mark.parametrize("words", [(60, 20), (20, 60), (60, 20, 60), (60, 0, 40, 80)])
async def test_a_long_message_may_become_shorter_and_longer(
    words: tuple[int, ...], bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = SHORT
    texts_of = [" ".join(f"w{length}x{number}" for number in range(length)) or "." for length in words]
    first = await left.say("town", "Ada", said(texts_of[0]))
    await left.say("town", "Ada", said("after"))
    for text in texts_of:
        await left.edit("town", "Ada", first, said(text))
        await shown(right, "town", lambda seen, text=text: reads(seen) == text, seconds=60)
    assert not await bridge.parked()
    await left.delete("town", "Ada", first)
    await shows(right, "town", ["Ada: after"])
    assert balanced(await bridge.ledger())


def reads(seen: Sequence[Shown]) -> str:
    """The words of all parts but "after", without label and numbers."""
    parts = [one.text.removeprefix("Ada: ") for one in seen if one.text != "Ada: after"]
    return " ".join(part.rsplit(" (", 1)[0] if part.endswith(")") else part for part in parts)


async def test_a_crash_between_the_parts_repeats_none_and_loses_none(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(SHORT, in_flight=1)
    bridge = await faulty(tmp_path, left, right)
    bridge.connector("right").slow = {"!town": 1.0}
    text = " ".join(f"word{number}" for number in range(60))
    await left.say("town", "Ada", said(text))
    await shown(right, "town", lambda seen: len(seen) == 2)
    await bridge.crash()
    await bridge.start()
    await shown(right, "town", lambda seen: reads(seen) == text, seconds=60)
    await bridge.drained()
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_a_part_refused_is_sent_alone_when_tried_again(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(SHORT, in_flight=1)
    bridge = await faulty(tmp_path, left, right)
    text = " ".join(f"word{number}" for number in range(30))
    right.refused_words = {"word29"}
    await left.say("town", "Ada", said(text))
    await eventually(bridge.parked)
    before = await texts(right, "town")
    right.refused_words = set()
    await bridge.retry_parked()
    seen = await shown(right, "town", lambda seen: reads(seen) == text, seconds=60)
    assert [one.text for one in seen[: len(before)]] == before
    await bridge.stop()


async def test_an_echo_tells_that_a_message_arrived(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.repeats = type(right.repeats).SHOWN
    yaml = configured(left, right).replace("platform: right,", "platform: right, echoes: published,")
    bridge = await Bridge(tmp_path, yaml).start()
    await left.say("town", "Ada", said("one"))
    right.fail_next(Fault.LOST_ANSWER)
    await left.say("town", "Ada", said("two"))
    await left.say("town", "Ada", said("three"))
    await shows(right, "town", ["Ada: one", "Ada: two", "Ada: three"], seconds=60)
    await bridge.drained()
    assert len(await left.shown("town")) == 3
    assert not bridge.lane("right/town")._echoes
    await bridge.stop()


async def test_a_repeated_event_makes_one_copy(bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform) -> None:
    await left.say("town", "Ada", said("once"))
    await shows(right, "town", ["Ada: once"])
    left.confirmed.clear()
    await bridge.crash()
    await bridge.start()
    await left.say("town", "Ada", said("twice"))
    await shows(right, "town", ["Ada: once", "Ada: twice"])


@pytest.mark.parametrize("error", [Uncertain("lost"), ValueError("a bug")])
async def test_an_echo_before_a_lost_answer_settles_the_message(
    error: Exception, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.repeats = Repeats.SHOWN
    yaml = configured(left, right, connector="faulty").replace(
        "platform: right,", "platform: right, echoes: published,"
    )
    bridge = FaultyBridge(tmp_path, yaml, connectors={"faulty": FaultyConnector})
    await bridge.start()
    connector = bridge.connector("right")
    connector.slow, connector.loses = {"!town": 0.5}, [error]
    first = await left.say("town", "Ada", said("one"))
    await left.say("town", "Ada", said("two"))
    await shows(right, "town", ["Ada: one", "Ada: two"], seconds=60)
    await bridge.drained()
    await left.edit("town", "Ada", first, said("edited"))
    await shows(right, "town", ["Ada: edited", "Ada: two"], seconds=60)
    assert connector.tries("one") == 1
    await bridge.stop()
