"""Promises about changes: an edit, a deletion or a reaction of ours reaches the message it is meant for."""

from bridge.asked import Deletion, Edit, Reaction, Target
from bridge.connector import Connector
from bridge.errors import Unsupported
from bridge.ids import MessageId
from bridge.testing.contract_kit import ADA, Kit, Running, unsupported
from bridge.testing.platform import texts
from bridge.text.nodes import said


class ChangePromises:
    """`connector.edit`, `delete`, `react` → platform → reader."""

    async def test_an_edit_changes_what_is_read(self, kit: Kit) -> None:
        kit.needs(Connector.edit, "edits")
        async with kit.running() as run:
            first, _ = await run.sent("helo"), await run.sent("other words")
            await kit.reads(kit.town, "other words")
            await _edit(run, first, "hello")
            await kit.reads(kit.town, "hello")
            assert await texts(kit.platform, kit.town) == ["hello", "other words"]

    async def test_a_deletion_takes_the_message_away(self, kit: Kit) -> None:
        kit.needs(Connector.delete, "deletions")
        async with kit.running() as run:
            await run.sent("before it")
            mistake = await run.sent("a mistake")
            await run.sent("after it")
            await kit.reads(kit.town, "after it")
            await _delete(run, mistake)
            shown = await kit.until_shown(kit.town, lambda shown: len(shown) < 3, "one message less")
            assert [one.text for one in shown] == ["before it", "after it"]

    async def test_deleting_what_is_gone_is_no_error(self, kit: Kit) -> None:
        kit.needs(Connector.delete, "deletions")
        async with kit.running() as run:
            mistake = await run.sent("gone soon")
            await kit.reads(kit.town, "gone soon")
            await _delete(run, mistake)
            await _delete(run, mistake)
            await run.hears("the end")

    async def test_a_reaction_is_shown_once(self, kit: Kit) -> None:
        kit.needs(Connector.react, "reactions")
        async with kit.running() as run:
            _, event = await run.hears("good news")
            target = Target(room=event.room, thread=event.thread, parts=event.message)
            emoji = _emoji(run)
            await _react(run, target, emoji)
            await _react(run, target, emoji)
            shown = await kit.until_shown(kit.town, lambda shown: shown[0].reactions, "a reaction")
            assert dict(shown[0].reactions) == {emoji: 1}

    async def test_a_reaction_is_taken_back(self, kit: Kit) -> None:
        kit.needs(Connector.react, "reactions")
        async with kit.running() as run:
            _, event = await run.hears("so-so news")
            target = Target(room=event.room, thread=event.thread, parts=event.message)
            native = await _react(run, target, _emoji(run))
            await kit.until_shown(kit.town, lambda shown: shown[0].reactions, "a reaction")
            await _unreact(run, target, _emoji(run), native)
            await kit.until_shown(kit.town, lambda shown: not shown[0].reactions, "no reaction any more")


async def _edit(run: Running, target: Target, words: str) -> None:
    content = run.outgoing(said(words))
    try:
        await run.connector.edit(Edit(target=target, content=content))
    except Unsupported as error:
        unsupported("edits", error)


async def _delete(run: Running, target: Target) -> None:
    try:
        await run.connector.delete(Deletion(target=target, key=run.kit.key(), by=ADA))
    except Unsupported as error:
        unsupported("deletions", error)


async def _react(run: Running, target: Target, emoji: str) -> MessageId | None:
    reaction = Reaction(target=target, emoji=emoji, wanted=(emoji,), key=run.kit.key(), by=ADA)
    try:
        return await run.connector.react(reaction)
    except Unsupported as error:
        unsupported("reactions", error)


async def _unreact(run: Running, target: Target, emoji: str, native: MessageId | None) -> None:
    await run.connector.react(Reaction(target=target, emoji=emoji, wanted=(), key=run.kit.key(), native=native, by=ADA))


def _emoji(run: Running) -> str:
    allowed = run.capabilities(run.kit.town).reactions
    return "👍" if allowed is None or "👍" in allowed else min(allowed)
