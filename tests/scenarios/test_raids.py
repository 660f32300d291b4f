"""Under attack: everything waits, only moderators are heard, or each message waits for one of them."""

from pathlib import Path

from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import balanced
from tests.scenarios.moderated import asks, moderated


async def test_what_is_written_during_a_pause_comes_after_it_in_its_order(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right)
    await asks(left, "!pause")
    first = await left.say("town", "Ada", said("one"))
    await left.say("town", "Ada", said("two"))
    gone = await left.say("town", "Ada", said("three"))
    await left.delete("town", "Ada", gone)
    await right.say("town", "Bob", said("hello?"))
    await left.edit("town", "Ada", first, said("ONE"))
    await bridge.drained()
    await bridge.crash()
    await bridge.start()
    assert await texts(right, "town") == ["hello?"]
    assert await asks(left, "!resume") == "As before, then."
    await shows(right, "town", ["hello?", "Ada: ONE", "Ada: two"])
    await left.say("town", "Ada", said("four"))
    await shows(right, "town", ["hello?", "Ada: ONE", "Ada: two", "Ada: four"])
    assert "Bob: hello?" in await texts(left, "town")
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_under_a_lock_only_moderators_are_heard(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right)
    await asks(left, "!lock")
    await left.say("town", "Eve", said("raid"))
    await left.say("town", "Mo", said("calm, please"))
    await shows(right, "town", ["Mo: calm, please"])
    await asks(left, "!unlock")
    await left.say("town", "Ada", said("phew"))
    await shows(right, "town", ["Mo: calm, please", "Ada: phew"])
    await bridge.stop()


async def test_a_moderator_is_heard_under_a_lock_after_a_restart_and_while_they_have_power(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right)
    await asks(left, "!lock")
    await bridge.crash()
    await bridge.start()
    await left.say("town", "Eve", said("raid"))
    await left.say("town", "Mo", said("calm, please"))
    await shows(right, "town", ["Mo: calm, please"])
    left.moderators.clear()
    assert await asks(left, "!unlock") == "Only moderators of this room can ask for that."
    await left.say("town", "Mo", said("I am nobody now"))
    await left.promote("town", "Ann")
    await asks(left, "!unlock", by="Ann")
    await left.say("town", "Mo", said("phew"))
    await shows(right, "town", ["Mo: calm, please", "Mo: phew"])
    await bridge.stop()


async def test_who_gave_no_command_for_a_month_is_not_taken_for_a_moderator_after_a_restart(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right)
    await asks(left, "!lock")
    await bridge.stop()
    bridge.clock.step(31 * 86_400)
    await bridge.start()
    await left.say("town", "Mo", said("me again"))
    assert await asks(left, "!muted") == "1 lock (one room)"
    await left.say("town", "Mo", said("now it is me"))
    await shows(right, "town", ["Mo: now it is me"])
    await bridge.stop()


async def test_held_messages_wait_until_a_moderator_approves_them(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right, settings="{room: right/garden}")
    await asks(left, "!hold")
    good = await left.say("town", "Ada", said("good"))
    await left.say("town", "Eve", said("bad"))
    await left.say("town", "Bob", said("fine"))
    await left.say("town", "Mo", said("I need nobody"))
    await shows(right, "town", ["Mo: I need nobody"])
    notice = "Link town: messages wait for a moderator. !held lists them, !approve lets them go."
    await eventually(lambda: _heard(right, notice))
    listed = dict(reversed(line.split(" ", 1)) for line in (await asks(left, "!held")).splitlines())
    assert list(listed) == ["Ada: good", "Eve: bad", "Bob: fine"]
    await left.say("town", "Mo", said("!approve"), in_reply_to=good)
    await shows(right, "town", ["Mo: I need nobody", "Ada: good"])
    await left.say("town", "Mo", said(f"!approve {listed['Bob: fine']}"))
    await shows(right, "town", ["Mo: I need nobody", "Ada: good", "Bob: fine"])
    await bridge.stop()
    await bridge.start()
    await left.say("town", "Ada", said("later"))
    assert [line.split(" ", 1)[1] for line in (await asks(left, "!held")).splitlines()] == ["Eve: bad", "Ada: later"]
    await asks(left, "!release")
    await left.say("town", "Mo", said("!approve all"))
    await shows(right, "town", ["Mo: I need nobody", "Ada: good", "Bob: fine", "Eve: bad", "Ada: later"])
    await bridge.stop()


async def test_a_pause_of_one_room_leaves_the_others_alone(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    async with MemoryPlatform("third") as third:
        bridge = await moderated(tmp_path, left, right, third)
        await asks(right, "!pause")
        await left.say("town", "Ada", said("one"))
        await shows(third, "town", ["Ada: one"])
        assert await asks(third, "!resume") == "It is not so, or another room's moderators said so."
        await asks(right, "!resume")
        await eventually(lambda: _said(right, "Ada: one"))
        await bridge.stop()


async def _heard(platform: MemoryPlatform, words: str) -> bool:
    return words in await texts(platform, "garden")


async def _said(platform: MemoryPlatform, words: str) -> bool:
    return words in await texts(platform, "town")


async def test_newcomers_wait_for_a_moderator_and_are_no_newcomers_later(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right, settings="{newcomer_minutes: 10, room: right/garden}")
    first = await left.say("town", "Eve", said("hello, buy this"))
    await left.react("town", "Eve", first, "👍")
    notice = "Link town: messages wait for a moderator. !held lists them, !approve lets them go."
    await eventually(lambda: _heard(right, notice))
    assert await texts(right, "town") == []
    assert (await asks(left, "!held")).endswith(" Eve: hello, buy this")
    await left.say("town", "Mo", said("I need nobody"))
    await shows(right, "town", ["Mo: I need nobody"])
    await left.say("town", "Mo", said("!approve Eve"))
    await shows(right, "town", ["Mo: I need nobody", "Eve: hello, buy this"])
    await bridge.stop()
    await bridge.clock.sleep(601)
    await bridge.start()
    await left.say("town", "Eve", said("I live here now"))
    await shows(right, "town", ["Mo: I need nobody", "Eve: hello, buy this", "Eve: I live here now"])
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_in_slow_mode_time_passes_between_two_messages_of_one_person(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right, more="limits: {slow_seconds: 30}, ")
    for words in ("one", "two"):
        await left.say("town", "Ada", said(words))
    await left.say("town", "Bob", said("me too"))
    held = "Messages of Ada are held: too many at once."
    await shows(right, "town", ["Ada: one", held, "Bob: me too"])
    await bridge.clock.sleep(31)
    await left.say("town", "Ada", said("three"))
    await shows(right, "town", ["Ada: one", held, "Bob: me too", "Ada: three"])
    assert [row.reason for row in await bridge.parked()] == ["flood"]
    await bridge.stop()
