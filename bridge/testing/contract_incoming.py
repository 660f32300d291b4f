"""Promises about what comes in: what people do on the platform is published, once, in order, and as they meant it."""

import pytest

from bridge.capabilities import Relation
from bridge.events import Deleted, Edited, Manner, Posted, Reacted, Unreacted
from bridge.ids import MessageId
from bridge.testing.contract_kit import Kit, told
from bridge.testing.contract_words import HOSTILE, bare, holds, samples
from bridge.text.nodes import Break, said
from bridge.text.walk import plain


class IncomingPromises:
    """person → platform → connector → `host.publish`."""

    async def test_what_a_person_says_is_published_once(self, kit: Kit) -> None:
        async with kit.running() as run:
            _, event = await run.hears("good morning")
            await run.hears("the end")
            assert kit.host.words() == ["good morning", "the end"], told(kit.host.events)
            assert event.author.name == "Ada"
            assert event.manner is Manner.SAY
            assert event.message
            assert (event.room, event.thread) == (run.place(kit.town).room, run.place(kit.town).thread)

    async def test_the_time_of_an_event_has_a_zone(self, kit: Kit) -> None:
        async with kit.running() as run:
            _, event = await run.hears("what time is it")
            assert event.at.utcoffset() is not None, f"a naive time: {event.at!r}"

    async def test_rooms_are_told_apart(self, kit: Kit) -> None:
        async with kit.running() as run:
            _, first = await run.hears("in the town", room=kit.town)
            _, second = await run.hears("in the garden", room=kit.garden)
            assert (first.room, first.thread) == (run.place(kit.town).room, run.place(kit.town).thread)
            assert (second.room, second.thread) == (run.place(kit.garden).room, run.place(kit.garden).thread)

    async def test_people_are_told_apart(self, kit: Kit) -> None:
        async with kit.running() as run:
            _, first = await run.hears("one of two", person="Ada")
            _, second = await run.hears("two of two", person="Grace", room=kit.home("Grace"))
            _, again = await run.hears("me again", person="Ada", room=_elsewhere(kit, "Ada"))
            assert first.author.id != second.author.id, "two people share one id"
            assert first.author.id == again.author.id, "one person has two ids"
            assert (first.author.name, second.author.name) == ("Ada", "Grace")

    async def test_messages_arrive_in_their_order(self, kit: Kit) -> None:
        async with kit.running() as run:
            words = [f"number {number}" for number in range(20)]
            for one in words:
                await kit.platform.say(kit.town, "Ada", said(one))
            await run.published(words[-1])
            await kit.host.until(lambda events: len(events) >= len(words), "twenty messages")
            assert list(dict.fromkeys(kit.host.words())) == words

    async def test_event_ids_are_unique_and_not_those_of_messages(self, kit: Kit) -> None:
        async with kit.running() as run:
            native, event = await run.hears("first version")
            try:
                for words in ("second version", "third version"):
                    await kit.platform.edit(kit.town, "Ada", native, said(words))
            except NotImplementedError:
                await run.hears("another message")
            await run.hears("the end")
            await run.hears("the end of the garden", room=kit.garden)
            ids = [one.id for one in kit.host.events]
            assert len(ids) == len(set(ids)), f"two events share an id: {ids}"
            assert not kit.host.repeated, f"two events share an id: {kit.host.repeated}"
            assert str(event.id) not in map(str, event.message), f"an event is named after its message: {event.id}"

    async def test_formatting_arrives(self, kit: Kit) -> None:
        async with kit.running() as run:
            expected = list(samples(run.capabilities(kit.town).formatting, "in"))
            if not expected:
                pytest.skip("no formatting: the room's capabilities name none")
            for _, rich in expected:
                await kit.platform.say(kit.town, "Ada", rich)
            await run.hears("the end")
            found = {plain(event.text): event.text for event in kit.host.events if isinstance(event, Posted)}
            lost = [node.__name__ for node, rich in expected if not holds(found.get(plain(rich), ()), node)]
            assert not lost, f"formatting is lost on the way in: {lost}\n{told(kit.host.events)}"

    async def test_lines_arrive_as_lines(self, kit: Kit) -> None:
        async with kit.running() as run:
            if Break not in run.capabilities(kit.town).formatting:
                pytest.skip("no line breaks: the room's capabilities do not name `Break`")
            await run.hears("one\ntwo\nthree")

    async def test_an_emote_arrives_as_one(self, kit: Kit) -> None:
        async with kit.running() as run:
            await kit.acts(kit.platform.emote(kit.town, "Ada", said("waves around")), "emotes from people")
            event = await run.event(Posted, lambda posted: "waves around" in plain(posted.text), "an emote")
            assert event.manner is Manner.EMOTE
            assert plain(event.text) == "waves around"

    async def test_hostile_words_arrive_as_words(self, kit: Kit) -> None:
        async with kit.running() as run:
            for words in HOSTILE:
                await kit.platform.say(kit.town, "Ada", said(words))
            await run.hears("the end")
            heard = {bare(words) for words in kit.host.words()}
            assert heard == {bare(words) for words in (*HOSTILE, "the end")}, told(kit.host.events)

    async def test_an_edit_arrives(self, kit: Kit) -> None:
        async with kit.running() as run:
            native, first = await run.hears("helo")
            await run.hears("between")
            await kit.acts(kit.platform.edit(kit.town, "Ada", native, said("hello")), "edits from people")
            event = await run.event(Edited, lambda edited: plain(edited.text) == "hello", "the new words")
            assert event.replaces == first.message[0]
            assert event.author.id == first.author.id
            assert event.room == first.room

    async def test_a_deletion_arrives(self, kit: Kit) -> None:
        async with kit.running() as run:
            native, first = await run.hears("a mistake")
            await run.hears("between")
            await kit.acts(kit.platform.delete(kit.town, "Ada", native), "deletions from people")
            event = await run.event(Deleted, lambda _: True, "the deletion")
            assert event.message in first.message
            assert event.room == first.room

    async def test_a_reaction_arrives(self, kit: Kit) -> None:
        async with kit.running() as run:
            native, first = await run.hears("good news")
            await run.hears("between")
            await kit.acts(kit.platform.react(kit.town, kit.person("Grace"), native, "👍"), "reactions from people")
            event = await run.event(Reacted, lambda _: True, "the reaction")
            assert (event.message, event.emoji, event.by.name) == (first.message[0], "👍", kit.person("Grace"))

    async def test_a_reaction_taken_back_arrives(self, kit: Kit) -> None:
        async with kit.running() as run:
            native, first = await run.hears("so-so news")
            await kit.acts(kit.platform.react(kit.town, kit.person("Grace"), native, "👍"), "reactions from people")
            added = await run.event(Reacted, lambda _: True, "the reaction")
            await kit.acts(
                kit.platform.unreact(kit.town, kit.person("Grace"), native, "👍"), "reactions taken back by people"
            )
            await kit.host.until(
                lambda events: [
                    event
                    for event in events
                    if (isinstance(event, Unreacted) and (event.message, event.emoji) == (first.message[0], "👍"))
                    or (isinstance(event, Deleted) and event.message == added.reaction)
                ],
                "`Unreacted`, or `Deleted` with the reaction's own id",
            )

    async def test_a_reply_points_at_what_it_answers(self, kit: Kit) -> None:
        async with kit.running() as run:
            native, first = await run.hears("who is there")
            await run.hears("between", person="Grace")
            if Relation.REPLY not in run.capabilities(kit.town).relations:
                pytest.skip("no replies: the room's capabilities do not name `Relation.REPLY`")
            await kit.platform.say(kit.town, kit.person("Grace"), said("it is me"), in_reply_to=native)
            reply = await run.published("it is me")
            assert reply.in_reply_to in first.message
            target = await run.sent("a copy")
            copy: MessageId = (await kit.reads(kit.town, "a copy")).id
            await kit.platform.say(kit.town, kit.person("Grace"), said("well copied"), in_reply_to=copy)
            assert (await run.published("well copied")).in_reply_to in target.parts

    async def test_our_own_copies_do_not_come_back(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.send("from the other side")
            await kit.reads(kit.town, "from the other side")
            await run.hears("from this side")
            assert "from the other side" not in kit.host.words(), told(kit.host.events)


def _elsewhere(kit: Kit, person: str) -> str:
    """Another room in which somebody can act; the same, where they have no other."""
    return kit.garden if kit.person(person, kit.garden) == person else kit.home(person)
