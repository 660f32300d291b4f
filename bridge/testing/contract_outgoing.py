"""Promises about what goes out: what is sent is read, whole, once, in order, and as plain words."""

import asyncio

import pytest

from bridge.asked import Target
from bridge.capabilities import Authorship, Relation
from bridge.events import Manner, Posted
from bridge.testing.contract_kit import ADA, Kit
from bridge.testing.contract_words import FORGED, HOSTILE, bare, holds, longest, samples
from bridge.testing.platform import texts
from bridge.text.nodes import Break, Mention, Paragraph, Text, said
from bridge.text.walk import plain


class OutgoingPromises:
    """`connector.send` → platform → reader."""

    async def test_what_is_sent_is_shown(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.send("good evening")
            await kit.reads(kit.town, "good evening")
            assert "good evening" not in await texts(kit.platform, kit.garden)

    async def test_as_many_ids_are_returned_as_messages_shown(self, kit: Kit) -> None:
        async with kit.running() as run:
            before = await kit.platform.shown(kit.town)
            ids = await run.send("count me")
            await kit.reads(kit.town, "count me")
            if not ids:
                pytest.skip("no ids: `send` returns none")
            shown = (await kit.platform.shown(kit.town))[len(before) :]
            assert len(ids) == len(shown), f"{len(ids)} ids for {len(shown)} messages"
            assert len(set(ids)) == len(ids), f"an id is given twice: {ids}"

    async def test_every_part_of_a_delivery_is_shown(self, kit: Kit) -> None:
        async with kit.running() as run:
            words = ["part one", "part two", "part three"]
            for one, key in zip(words, kit.keys(len(words)), strict=True):
                await run.send(one, key=key)
            shown = await kit.until_shown(kit.town, lambda shown: len(shown) >= len(words), "three parts")
            assert [one.text for one in shown] == words

    async def test_sends_keep_their_order(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.send("number 0")
            at_once = run.capabilities(kit.town).in_flight
            words = [f"number {number}" for number in range(at_once + 2)]
            async with asyncio.TaskGroup() as group:
                for one in words[1:-1]:
                    group.create_task(run.send(one))
            await run.send(words[-1])
            shown = await kit.until_shown(kit.town, lambda shown: len(shown) >= len(words), f"{len(words)} messages")
            assert [one.text for one in shown] == words

    async def test_the_same_key_is_shown_once(self, kit: Kit) -> None:
        if kit.terms.no_idempotency:
            pytest.skip(f"no idempotency: {kit.terms.no_idempotency}")
        async with kit.running() as run:
            part = run.outgoing("say it once")
            first = await run.send_part(part)
            assert await run.send_part(part) == first, "a repeated key gives another id"
            await run.send("the end")
            await kit.reads(kit.town, "the end")
            assert await texts(kit.platform, kit.town) == ["say it once", "the end"]

    async def test_the_same_words_under_two_keys_are_shown_twice(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.send("again")
            await run.send("again")
            shown = await kit.until_shown(kit.town, lambda shown: len(shown) > 1, "the same words twice")
            assert [one.text for one in shown] == ["again", "again"]

    async def test_formatting_is_shown(self, kit: Kit) -> None:
        async with kit.running() as run:
            expected = list(samples(run.capabilities(kit.town).formatting, "out"))
            if not expected:
                pytest.skip("no formatting: the room's capabilities name none")
            for _, rich in expected:
                await run.send(rich)
            await run.send("the end")
            await kit.reads(kit.town, "the end")
            shown = list(await kit.platform.shown(kit.town))[-len(expected) - 1 : -1]
            if not any(one.rich for one in shown):
                pytest.skip("no reading of formatting: the platform shows plain words only")
            pairs = zip(expected, shown, strict=True)
            lost = [node.__name__ for (node, _), one in pairs if not holds(one.rich, node)]
            assert not lost, f"formatting that the capabilities name is not shown: {lost}"

    async def test_lines_are_shown_as_lines(self, kit: Kit) -> None:
        async with kit.running() as run:
            if Break not in run.capabilities(kit.town).formatting:
                pytest.skip("no line breaks: the room's capabilities do not name `Break`")
            await run.send("one\ntwo\nthree")
            await kit.reads(kit.town, "one\ntwo\nthree")

    async def test_an_emote_is_shown(self, kit: Kit) -> None:
        async with kit.running() as run:
            await run.send("waves goodbye", manner=Manner.EMOTE)
            shown = await kit.until_shown(kit.town, len, "an emote")
            assert len(shown) == 1, f"an emote is shown as {len(shown)} messages"
            assert "waves goodbye" in shown[0].text

    async def test_the_author_is_shown(self, kit: Kit) -> None:
        async with kit.running() as run:
            if run.capabilities(kit.town).authorship is Authorship.PREFIX:
                pytest.skip("no authors: the bridge's one user speaks for everybody")
            await run.send("it is me speaking", author=ADA)
            assert ADA.name in (await kit.reads(kit.town, "it is me speaking")).author

    async def test_a_reply_hangs_on_what_it_answers(self, kit: Kit) -> None:
        async with kit.running() as run:
            if Relation.REPLY not in run.capabilities(kit.town).relations:
                pytest.skip("no replies: the room's capabilities do not name `Relation.REPLY`")
            native, event = await run.hears("any questions")
            await run.hears("between", person="Grace")
            answered = Target(room=event.room, thread=event.thread, parts=event.message)
            copy = await run.sent("just one", in_reply_to=answered)
            await run.sent("between again")
            await run.send("or two", in_reply_to=copy)
            first, second = await kit.reads(kit.town, "just one"), await kit.reads(kit.town, "or two")
            assert first.in_reply_to == native
            assert second.in_reply_to == first.id

    async def test_the_longest_text_is_shown_whole(self, kit: Kit) -> None:
        async with kit.running() as run:
            can = run.capabilities(kit.town)
            for words in (longest(can), longest(can, "é"), longest(can, "😀")):
                await run.send(words)
                await kit.reads(kit.town, words)

    async def test_hostile_words_are_shown_as_words(self, kit: Kit) -> None:
        async with kit.running() as run:
            texts_sent = [*HOSTILE, *FORGED]
            for words in texts_sent:
                await run.send((Paragraph((Text(words),)),))
            await run.send("the end")
            await kit.reads(kit.town, "the end")
            shown = [bare(words) for words in await texts(kit.platform, kit.town)]
            assert shown == [bare(words) for words in (*texts_sent, "the end")]

    async def test_no_native_id_of_a_person_stands_in_the_words(self, kit: Kit) -> None:
        async with kit.running() as run:
            native, event = await run.hears("whose words are these")
            if event.author.id.casefold() == event.author.name.casefold():
                pytest.skip("no native ids: people here are known by the name they show")
            can = run.capabilities(kit.town)
            await kit.platform.say(kit.town, kit.person("Grace"), said("mine"), in_reply_to=native)
            await run.event(Posted, lambda posted: "mine" in plain(posted.text), "a reply")
            answered = Target(room=event.room, thread=event.thread, parts=event.message)
            await run.send("yours", in_reply_to=answered if Relation.REPLY in can.relations else None)
            if Mention in can.formatting:
                await run.send((Paragraph((Mention(event.author.name, event.author.id),)),))
            await run.send("the end")
            await kit.reads(kit.town, "the end")
            words = [*kit.host.words(), *await texts(kit.platform, kit.town)]
            assert not [one for one in words if event.author.id in one], f"{event.author.id} stands in: {words}"
