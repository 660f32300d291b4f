"""The thread of a conversation is deleted where the agents are: the person gets another, and is answered from it."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from bridge.asked import Outgoing
from bridge.errors import ThreadGone, Unavailable
from bridge.ids import Key, MessageId, RoomId, ThreadId
from bridge.testing.memory import MemoryConnector
from bridge.testing.waiting import shown
from tests.scenarios.desk_town import NUMBERS, TOPICS, Town, town

OLENA, TARAS, _ = NUMBERS


class Forum(MemoryConnector):
    """A platform that says that a thread is gone only to who writes there; `shut` opens no other."""

    gone: ClassVar[set[ThreadId]] = set()
    shut: ClassVar[list[str]] = []

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        if message.thread in self.gone:
            raise ThreadGone("message thread not found")
        return await super().send(message)

    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        if self.shut:
            raise Unavailable(self.shut.pop())
        return await super().open_thread(room, title, key)


@pytest.fixture(autouse=True)
def _afresh() -> None:
    Forum.gone.clear()
    Forum.shut.clear()


async def test_a_thread_that_is_gone_is_opened_again_and_goes_on(tmp_path: Path) -> None:
    async with town(tmp_path, agents=TOPICS, offices=Forum) as there:
        first = await _asked(there, "hello")
        Forum.gone.add(ThreadId(first))
        await there.writes(OLENA, "Olena", "are you there?")
        second = await _another(there, first)
        question = await there.in_thread(second, "Olena: are you there?")
        there.answers("Ada", "we are", reply=question, thread=second)
        await there.reads(OLENA, "Ada: we are")
        await there.bridge.stop()
        await there.bridge.start()
        await there.writes(OLENA, "Olena", "thanks")
        await there.in_thread(second, "Olena: thanks")
        there.answers("Ada", "!close", thread=second)
        await there.in_thread(second, "Closed by Ada. It opens again when the person writes.")
        assert len(await _roots(there)) == 2


async def test_a_thread_whose_first_message_was_deleted_is_opened_again(tmp_path: Path) -> None:
    async with town(tmp_path, agents=TOPICS) as there:
        first = await _asked(there, "hello")
        await there.agents.delete("desk", "Ada", first)
        there.answers("Ada", "!who #1")
        await shown(there.agents, "desk", lambda seen: any("on chat" in one.text for one in seen))
        await there.writes(OLENA, "Olena", "are you there?")
        (second,) = await _roots(there)
        assert second != first
        await there.in_thread(second, "Olena: are you there?")
        there.answers("Ada", "!reply from the old one", thread=first)
        await there.reads(OLENA, "Ada: from the old one")


async def test_where_no_other_thread_can_be_opened_the_words_stand_in_the_room(tmp_path: Path) -> None:
    async with town(tmp_path, agents=TOPICS, offices=Forum) as there:
        first = await _asked(there, "hello")
        Forum.gone.add(ThreadId(first))
        Forum.shut += ["busy"] * 3
        await there.writes(OLENA, "Olena", "are you there?")
        await shown(there.agents, "desk", lambda seen: any("are you there?" in one.text for one in seen))
        words = next(one for one in await there.agents.shown("desk") if "are you there?" in one.text)
        assert (words.thread, "#1 Olena" in words.text) == (None, True), words.text


async def test_a_thread_that_is_gone_at_once_is_not_opened_for_ever(tmp_path: Path) -> None:
    class Void(Forum):
        async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
            thread = await super().open_thread(room, title, key)
            self.gone.add(thread)
            return thread

    async with town(tmp_path, agents=TOPICS, offices=Void) as there:
        await there.writes(OLENA, "Olena", "hello")
        await shown(there.agents, "desk", lambda seen: any("hello" in one.text for one in seen))
        assert len(await _roots(there)) == 2


async def _asked(there: Town, words: str) -> MessageId:
    """Somebody writes; their thread."""
    await there.writes(OLENA, "Olena", words)
    thread = await there.thread("#1 Olena")
    await there.in_thread(thread, f"Olena: {words}")
    return thread


async def _another(there: Town, than: MessageId) -> MessageId:
    await shown(there.agents, "desk", lambda seen: len([one for one in seen if one.text == "#1 Olena"]) == 2)
    return next(one for one in await _roots(there) if one != than)


async def _roots(there: Town) -> list[MessageId]:
    return [one.id for one in await there.agents.shown("desk") if one.text == "#1 Olena"]
