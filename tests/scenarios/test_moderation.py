"""Moderators are heeded where they have power: mutes, bans, and copies that are taken back everywhere."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.store.care import Deeds
from bridge.testing.memory import BareMemoryConnector, MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured
from tests.scenarios.moderated import asks, copy_of, moderated


@pytest.fixture
async def third() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform("third") as third:
        yield third


async def test_a_muted_person_is_not_relayed_also_after_a_restart_until_unmuted(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right)
    first = await left.say("town", "Ada", said("buy this"))
    await shows(right, "town", ["Ada: buy this"])
    answer = await asks(left, "!mute", to=first)
    assert answer == "Ada is muted: nothing of what they write is relayed."
    await left.say("town", "Ada", said("and this"))
    await left.react("town", "Ada", first, "👍")
    await left.edit("town", "Ada", first, said("buy that"))
    await bridge.crash()
    await bridge.start()
    await left.say("town", "Ada", said("still here"))
    await left.say("town", "Bob", said("finally"))
    await shows(right, "town", ["Ada: buy this", "Bob: finally"])
    assert await asks(left, "!mute Ada") == "Ada is muted already."
    assert await asks(left, "!muted") == "1 mute Ada"
    assert await asks(left, "!unmute Ada") == "Ada is relayed again."
    await left.say("town", "Ada", said("sorry"))
    await shows(right, "town", ["Ada: buy this", "Bob: finally", "Ada: sorry"])
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_commands_are_for_moderators_and_for_nobody_elses_eyes(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right)
    await left.say("town", "Bob", said("hello"))
    refusal = "Only moderators of this room can ask for that."
    assert await asks(left, "!mute Bob", by="Eve") == refusal
    assert await asks(left, "!qantara pause", by="Eve") == refusal
    await left.say("town", "Eve", said("!roll 6"))
    await left.say("garden", "Mo", said("!mute Bob"))
    await left.say("town", "Bob", said("nobody stops me"))
    await shows(right, "town", ["Bob: hello", "Eve: !roll 6", "Bob: nobody stops me"])
    await bridge.stop()


async def test_words_that_were_relayed_are_no_command_where_they_are_shown(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await Bridge(
        tmp_path,
        configured(left, right).replace("rooms: [left/town", "moderation: {}, rooms: [left/town"),
    ).start()
    await right.promote("town", "Eve")
    await right.promote("town", "bridge")
    await left.say("town", "Ada", said("hello"))
    await left.say("town", "Eve", said("!mute Ada"))
    await left.say("town", "Ada", said("still heard"))
    await shows(right, "town", ["Ada: hello", "Ada: still heard"])
    await bridge.stop()


async def test_a_word_about_somebody_from_elsewhere_holds_in_the_moderators_own_room(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, third: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right, third)
    await left.say("town", "Ada", said("one"))
    assert (await asks(right, "!mute", to=await copy_of(right, "Ada: one"))).endswith("relayed to here.")
    await left.say("town", "Ada", said("two"))
    await shows(third, "town", ["Ada: one", "Ada: two"])
    assert await asks(third, "!unmute Ada") == (
        "Moderators of another room muted them for the whole link: only they can take that back."
    )
    assert "Ada: two" not in await texts(right, "town")
    await bridge.stop()


async def test_with_the_reach_of_the_link_a_moderators_word_holds_everywhere(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, third: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right, third, settings="{reach: link}")
    await left.say("town", "Ada", said("one"))
    await asks(right, "!mute", to=await copy_of(right, "Ada: one"))
    await left.say("town", "Ada", said("two"))
    await left.say("town", "Bob", said("three"))
    await shows(third, "town", ["Ada: one", "Bob: three"])
    await bridge.stop()


async def test_a_ban_takes_back_what_was_written_lately_and_mutes(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, third: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right, third, settings="{ban_hours: 1}")
    await left.say("town", "Ada", said("old words"))
    await shows(right, "town", ["Ada: old words"])
    await bridge.clock.sleep(3700)
    await left.say("town", "Ada", said("spam"))
    await left.say("town", "Bob", said("hello"))
    await shows(right, "town", ["Ada: old words", "Ada: spam", "Bob: hello"])
    await left.ban("town", "Mo", "Ada")
    for platform in (right, third):
        await shows(platform, "town", ["Ada: old words", "Bob: hello"])
    await left.say("town", "Ada", said("through the window"))
    await left.say("town", "Bob", said("quiet now"))
    await shows(right, "town", ["Ada: old words", "Bob: hello", "Bob: quiet now"])
    (deed,) = await bridge.writer.ask(Deeds())
    assert (deed.did, deed.actor, deed.about, deed.room) == ("ban", "Mo", "Ada", "left/town")
    await bridge.stop()


async def test_a_moderator_who_deletes_takes_the_copies_everywhere(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, third: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right, third)
    await left.say("town", "Ada", said("spam"))
    await shows(third, "town", ["Ada: spam"])
    await right.delete("town", "Mo", await copy_of(right, "Ada: spam"))
    await shows(third, "town", [])
    await bridge.stop()


async def test_removed_messages_go_everywhere_or_from_the_moderators_own_room(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, third: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right, third)
    own = await left.say("town", "Ada", said("one"))
    await left.say("town", "Ada", said("two"))
    await shows(third, "town", ["Ada: one", "Ada: two"])
    await right.say("town", "Mo", said("!remove"), in_reply_to=await copy_of(right, "Ada: two"))
    await eventually(lambda: _lacks(right, "Ada: two"))
    assert await texts(third, "town") == ["Ada: one", "Ada: two"]
    assert await asks(left, "!remove", to=own) == "2 copies are being taken back."
    await shows(third, "town", ["Ada: two"])
    await bridge.stop()


async def test_a_purge_says_what_could_not_be_removed(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await left.promote("town", "Mo")
    yaml = configured(left, right, link="moderation: {}, ").replace(
        "right: {connector: memory", "right: {connector: bare"
    )
    bridge = await Bridge(tmp_path, yaml, connectors={"bare": BareMemoryConnector}).start()
    await left.say("town", "Ada", said("one"))
    last = await left.say("town", "Ada", said("two"))
    await shows(right, "town", ["Ada: one", "Ada: two"])
    assert await asks(left, "!purge 2", to=last) == "2 copies are being taken back."
    words = "Of 2 copies these are not removed:\n2 in right/town: cannot be deleted there"
    await eventually(lambda: _last(left, words))
    (deed,) = await bridge.writer.ask(Deeds())
    assert (deed.did, deed.unremoved) == ("purge 2 h", 2)
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_several_people_of_one_name_are_told_apart_by_number(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right)
    await left.say("town", "Ada", said("I am"))
    await right.say("town", "Ada", said("so am I"))
    await bridge.drained()
    answer = await asks(left, "!mute ada")
    assert answer == "Several people are called ada: answer a message of theirs, or say which of #1 (left), #2 (right)."
    assert await asks(left, "!mute #2") == "Ada is muted: nothing of what they write is relayed to here."
    assert await asks(left, "!mute Zoe") == "Nobody here is called Zoe."
    assert (await asks(left, "!mute")).startswith("Who is meant?")
    await bridge.stop()


async def test_who_opted_out_is_not_relayed_and_not_named(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right, more="show: [joins], ")
    assert (await asks(left, "!qantara optout", by="Ada")).startswith("Ada: nothing of what you write is relayed")
    secret = await left.say("town", "Ada", said("between us"))
    await left.say("town", "Bob", said("indeed"), in_reply_to=secret)
    await bridge.crash()
    await bridge.start()
    await left.say("town", "Ada", said("still between us"))
    await left.say("town", "Bob", said("yes"))
    await shows(right, "town", ["Bob: indeed", "Bob: yes"])
    assert await asks(left, "!qantara optin", by="Bob") == "Bob: it is so already."
    assert await asks(left, "!qantara optin", by="Ada") == "Ada: what you write is relayed again."
    await left.say("town", "Ada", said("back"))
    await shows(right, "town", ["Bob: indeed", "Bob: yes", "Ada: back"])
    await bridge.stop()


async def test_a_report_reaches_the_moderators_room_and_no_other(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await moderated(tmp_path, left, right, settings="{report: 🚩, room: right/garden}")
    await left.say("town", "Ada", said("spam"))
    copy = await copy_of(right, "Ada: spam")
    await right.react("town", "Bob", copy, "🚩")
    await shows(right, "garden", ["Link town: Bob reports message 1 of Ada: “spam”"])
    assert all(not one.reactions for one in await left.shown("town"))
    await right.promote("garden", "Chief")
    await right.say("garden", "Chief", said("!mute Ada"))
    await eventually(lambda: _said_in(right, "garden", "Ada is muted: nothing of what they write is relayed."))
    await bridge.stop()


async def test_without_moderation_a_command_is_a_message_like_others(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await left.promote("town", "Mo")
    assert not bridge.app.intake.guard.watches
    await left.say("town", "Mo", said("!mute Ada"))
    await shows(right, "town", ["Mo: !mute Ada"])


async def _lacks(platform: MemoryPlatform, words: str) -> bool:
    return words not in await texts(platform, "town")


async def _last(platform: MemoryPlatform, words: str) -> bool:
    return (await texts(platform, "town"))[-1] == words


async def _said_in(platform: MemoryPlatform, room: str, words: str) -> bool:
    return words in await texts(platform, room)
