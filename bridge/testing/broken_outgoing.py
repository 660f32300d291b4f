"""Broken connectors: what is sent is shown twice, half, elsewhere, in another order, or as something else."""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from bridge.asked import Deletion, Edit, Outgoing, Reaction
from bridge.events import Manner
from bridge.ids import Key, MessageId
from bridge.testing.broken import breaks
from bridge.testing.broken_incoming import on_one_line
from bridge.testing.memory import MemoryConnector, translated
from bridge.testing.memory_platform import MemoryPlatform
from bridge.testing.memory_rooms import room_id
from bridge.text.nodes import Mention, Paragraph, Rich, Text, said
from bridge.text.walk import plain


@breaks("test_what_is_sent_is_shown")
class AlsoWritesNextDoor(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        garden = room_id(self._platform().rooms[1])
        ids = await super().send(message)
        await super().send(replace(message, room=garden, key=Key(f"{message.key}-too"), in_reply_to=None))
        return ids


@breaks("test_as_many_ids_are_returned_as_messages_shown")
class InventsAnId(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        ids = await super().send(message)
        return ids if message.files else (*ids, MessageId("m0"))


@breaks("test_every_part_of_a_delivery_is_shown")
class DropsTheSecondPart(MemoryConnector):
    def __init__(self, *more: Any) -> None:  # noqa: ANN401 passed on as it comes
        super().__init__(*more)
        self._rows: dict[str, tuple[Key, Sequence[MessageId]]] = {}

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        row = message.key.rpartition(".")[0]
        first, ids = self._rows.get(row, (message.key, ()))
        if first != message.key:
            return ids
        ids = await super().send(message)
        self._rows[row] = (message.key, ids)
        return ids


@breaks("test_sends_keep_their_order")
class SwapsTwo(MemoryConnector):
    _calls = 0

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        self._calls += 1
        if self._calls % 2 == 0:
            await asyncio.sleep(0)
        return await super().send(message)


@breaks("test_the_same_key_is_shown_once")
class ForgetsTheKey(MemoryConnector):
    _calls = 0

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        self._calls += 1
        return await super().send(replace(message, key=Key(f"{message.key}-{self._calls}")))


@breaks("test_the_same_words_under_two_keys_are_shown_twice")
class TakesWordsForTheKey(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        files = "".join(file.id for file in message.files)
        words = f"{plain(message.text)}{files}"
        return await super().send(replace(message, key=Key(f"key of {words}")) if words else message)


@breaks("test_formatting_is_shown")
class LosesFormatting(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return await super().send(replace(message, text=said(plain(message.text))))


@breaks("test_lines_are_shown_as_lines")
class WritesOneLine(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return await super().send(replace(message, text=on_one_line(message.text)))


@breaks("test_an_emote_is_shown")
class DropsEmotes(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return () if message.manner is Manner.EMOTE else await super().send(message)


@breaks("test_the_author_is_shown")
class HidesTheFirstAuthor(MemoryConnector):
    _calls = 0

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        self._calls += 1
        return await super().send(message if self._calls > 1 else replace(message, author=None))


@breaks("test_a_reply_hangs_on_what_it_answers")
class RepliesToNothing(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return await super().send(replace(message, in_reply_to=None))


@breaks("test_the_longest_text_is_shown_whole")
class CutsLongText(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        words = plain(message.text)
        cut = said(words[:999]) if len(words) > 999 else message.text
        return await super().send(replace(message, text=cut))


@breaks("test_hostile_words_are_shown_as_words")
class WritesALineAtEachReturn(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        before, mark, after = plain(message.text).partition("\r")
        if not mark:
            return await super().send(message)
        first = await super().send(replace(message, text=said(before)))
        return (*first, *await super().send(replace(message, text=said(after), key=Key(f"{message.key}-b"))))


@breaks("test_no_native_id_of_a_person_stands_in_the_words")
class LeaksAnId(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return await super().send(replace(message, text=_with_ids(message.text)))


@breaks("test_an_edit_changes_what_is_read")
class EditsTheWrongMessage(MemoryConnector):
    async def edit(self, edit: Edit) -> None:
        newest = self._platform().written.messages[edit.target.room][-1]
        await super().edit(replace(edit, target=replace(edit.target, parts=(newest.id,))))


@breaks("test_a_deletion_takes_the_message_away")
class DeletesNothing(MemoryConnector):
    async def delete(self, deletion: Deletion) -> None:
        """Claim that it worked."""


@breaks("test_deleting_what_is_gone_is_no_error")
class ComplainsOfWhatIsGone(MemoryConnector):
    async def delete(self, deletion: Deletion) -> None:
        with translated():
            by = await self._ghost(deletion.by)
            await self._connected().delete(deletion.target.room, deletion.target.parts[0], by)


@breaks("test_a_reaction_is_shown_once")
class TogglesReactions(MemoryConnector):
    async def react(self, reaction: Reaction) -> MessageId | None:
        shown = _reactions(self._platform(), reaction)
        return await super().react(replace(reaction, wanted=()) if reaction.emoji in shown else reaction)


@breaks("test_a_reaction_is_taken_back")
class KeepsReactions(MemoryConnector):
    async def react(self, reaction: Reaction) -> MessageId | None:
        return await super().react(replace(reaction, wanted=(reaction.emoji,)))


def _reactions(platform: MemoryPlatform, reaction: Reaction) -> list[str]:
    message = platform.written.find(reaction.target.room, reaction.target.parts[0])
    return [emoji for emoji, people in message.reactions.items() if people]


def _with_ids(rich: Rich) -> Rich:
    return tuple(
        Paragraph(tuple(map(_with_id, block.inside))) if isinstance(block, Paragraph) else block for block in rich
    )


def _with_id(node: Any) -> Any:  # noqa: ANN401 any inline comes back as it is
    return Text(str(node.user)) if isinstance(node, Mention) else node
