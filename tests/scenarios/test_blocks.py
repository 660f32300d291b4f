"""Rooms that may be written to less often than people write: messages are joined, and stay what they are."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.blocks import quoted_in
from bridge.capabilities import Rate
from bridge.errors import Scope
from bridge.ids import MessageId, MessageNumber
from bridge.store.questions import Joint, Piece
from bridge.testing.memory import MemoryPlatform
from bridge.testing.memory_abilities import EVERYTHING, Repeats
from bridge.testing.memory_rooms import Post, room_id
from bridge.testing.platform import Shown
from bridge.testing.waiting import shown
from bridge.text.nodes import said
from connectors.telegram.emulator_rules import REAL, Meter
from connectors.telegram.emulator_world import Chat
from tests.scenarios.bridge_under_test import Bridge, balanced, configured

GROUP = replace(EVERYTHING, in_flight=1, rates=(Rate(Scope.ROOM, 1, 1.0), Rate(Scope.ROOM, 20, 60.0)))
PEOPLE = ("Ada", "Ben", "Cleo")


@pytest.fixture
async def slow(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> Bridge:
    right.capabilities = GROUP
    return await Bridge(tmp_path, configured(left, right)).start()


async def talk(left: MemoryPlatform, count: int, *, begin: int = 0) -> list[MessageId]:
    """Several people speak at once."""
    return [
        await left.say("town", PEOPLE[number % len(PEOPLE)], said(f"line {number}"))
        for number in range(begin, begin + count)
    ]


def expected(count: int) -> list[str]:
    return [f"{PEOPLE[number % len(PEOPLE)]}: line {number}" for number in range(count)]


def read(messages: Sequence[Shown]) -> list[str]:
    """Every line, without words about the lag."""
    return [line for one in messages for line in one.text.split("\n") if not line.endswith("late)")]


async def everything(right: MemoryPlatform, count: int) -> Sequence[Shown]:
    return await shown(right, "town", lambda seen: len(read(seen)) >= count, seconds=3600)


async def test_sixty_messages_a_minute_are_seen_within_seconds_where_twenty_may_go(
    slow: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    loop = asyncio.get_running_loop()
    spoken: dict[str, float] = {}
    seen: dict[str, float] = {}
    total, counted = 180, 0
    meter, chat = Meter(REAL, slow.clock), Chat(1, "Town")

    async def watch() -> None:
        """Read as people do, and hold each new message against the rates of an emulated Telegram group."""
        nonlocal counted
        while len(seen) < total:
            there = await right.shown("town")
            for one in there[counted:]:
                meter.check(chat)  # raises where the group would have refused
                seen.update(dict.fromkeys(read([one]), loop.time()))
            counted = len(there)
            await asyncio.sleep(0.2)

    async with asyncio.timeout(3600), asyncio.TaskGroup() as group:
        group.create_task(watch())
        for number, line in enumerate(expected(total)):
            spoken[line] = loop.time()
            await talk(left, 1, begin=number)
            await asyncio.sleep(1.0)
    late = sorted(seen[line] - spoken[line] for line in spoken)
    assert late[int(total * 0.95)] <= 15.0
    assert read(await right.shown("town")) == expected(total)
    await slow.drained()
    ledger = await slow.ledger()
    assert balanced(ledger)
    assert ledger["merged:joined"] == total - len(await right.shown("town")) > total / 2
    await slow.stop()


async def test_a_room_that_keeps_up_gets_every_message_alone(
    slow: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    for number in range(10):
        await talk(left, 1, begin=number)
        await asyncio.sleep(10)
    assert [one.text for one in await everything(right, 10)] == expected(10)
    await slow.stop()


async def joined(left: MemoryPlatform, right: MemoryPlatform) -> tuple[list[MessageId], Shown]:
    """Eight lines of which the last are one message there."""
    spoken = await talk(left, 8)
    seen = await everything(right, 8)
    assert len(seen) < 8
    return spoken, seen[-1]


async def test_an_edit_and_a_deletion_change_the_block(
    slow: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    spoken, block = await joined(left, right)
    assert block.text.endswith("Ben: line 7")
    await left.edit("town", "Ben", spoken[7], said("better"))
    await shown(right, "town", lambda seen: seen[-1].text == block.text.replace("line 7", "better"), seconds=600)
    await left.delete("town", "Ada", spoken[6])
    without = block.text.replace("line 7", "better").replace("Ada: line 6\n", "")
    seen = await shown(right, "town", lambda seen: seen[-1].text == without, seconds=600)
    assert seen[-1].id == block.id
    await slow.stop()


async def test_when_all_but_one_were_taken_back_the_last_is_a_message_like_others(
    slow: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    spoken, block = await joined(left, right)
    first = int(block.text.split("line ")[1].split("\n")[0])
    for number in range(first, 7):
        await left.delete("town", PEOPLE[number % 3], spoken[number])
    await shown(right, "town", lambda seen: seen[-1].text == "Ben: line 7", seconds=600)
    await left.delete("town", "Ben", spoken[7])
    await shown(right, "town", lambda seen: all(one.id != block.id for one in seen), seconds=600)
    await slow.stop()


async def test_replies_from_both_sides_find_a_message_of_a_block(
    slow: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    spoken, block = await joined(left, right)
    await left.say("town", "Cleo", said("yes"), in_reply_to=spoken[7])
    seen = await shown(right, "town", lambda seen: "yes" in seen[-1].text, seconds=600)
    assert seen[-1].in_reply_to == block.id
    await right.say("town", "Dan", said("which?"), in_reply_to=block.id)
    answered = await shown(left, "town", lambda seen: seen[-1].text.endswith("which?"), seconds=600)
    assert answered[-1].in_reply_to in spoken
    await slow.stop()


async def test_an_answer_that_quotes_words_of_a_block_is_about_who_wrote_them(
    slow: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    spoken, block = await joined(left, right)
    for quoted, about in (("line 7", spoken[7]), ("Ada:\n line 6", spoken[6])):
        right.written.post(
            right.written.person("Dan"),
            Post(room=room_id("town"), rich=said(f"on {quoted}"), in_reply_to=block.id, quoted=quoted),
        )
        answered = await shown(
            left, "town", lambda seen, quoted=quoted: seen[-1].text == f"Dan: on {quoted}", seconds=600
        )
        assert answered[-1].in_reply_to == about
    await slow.stop()


def test_words_that_stand_in_a_block_twice_or_not_at_all_single_nothing_out() -> None:
    pieces = tuple(
        Piece(MessageNumber(n), said(words)) for n, words in ((0, "(2 min late)"), (5, "Ada: hi"), (6, "Bob: hi"))
    )
    cases = {"hi": None, "Bob: hi": 6, "": None, "bye": None, "(2 min late)": None, "  Ada:\nhi ": 5}
    assert {quoted: quoted_in(Joint(pieces), quoted) for quoted in cases} == cases


async def test_a_reaction_on_a_message_of_a_block_says_which(
    slow: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    spoken, block = await joined(left, right)
    await left.react("town", "Cleo", spoken[7], "👍")
    seen = await shown(right, "town", lambda seen: "👍" in seen[-1].text, seconds=600)
    assert seen[-1].text == "Cleo reacted 👍 to “line 7”"
    assert not next(one for one in seen if one.id == block.id).reactions
    await slow.stop()


async def test_an_edit_after_the_words_are_forgotten_is_told_anew(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(GROUP, edit_within=timedelta(minutes=10))
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    spoken, block = await joined(left, right)
    await asyncio.sleep(1200)
    await left.edit("town", "Ben", spoken[7], said("better"))
    seen = await shown(right, "town", lambda seen: "better" in seen[-1].text, seconds=600)
    assert seen[-1].text == "Ben: (edited) better"
    assert block in seen
    await bridge.stop()


async def test_a_refused_word_parks_its_own_message_alone(
    slow: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.refused_words = {"line 6"}
    await talk(left, 8)
    seen = await everything(right, 7)
    assert read(seen) == [line for line in expected(8) if "line 6" not in line]
    assert [one.reason for one in await slow.parked()] == ["rejected"]
    assert balanced(await slow.ledger())
    await slow.stop()


@pytest.mark.parametrize("seconds", [2, 5, 8, 9, 12])
async def test_a_death_around_a_block_loses_and_doubles_nothing(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, seconds: float
) -> None:
    right.capabilities, right.repeats = GROUP, Repeats.DROPPED
    bridge = await Bridge(tmp_path, configured(left, right)).start()
    await talk(left, 30)
    await asyncio.sleep(seconds)
    await bridge.crash()
    await bridge.start()
    assert read(await everything(right, 30)) == expected(30)
    await bridge.drained()
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_who_was_away_for_long_is_told_how_late_it_is(
    slow: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.closed = {"town"}
    await talk(left, 10)
    await asyncio.sleep(600)
    right.closed = set()
    seen = await everything(right, 10)
    assert read(seen) == expected(10)
    assert "min late)" in seen[0].text
    await slow.stop()
