"""Promises about threads that we open ourselves: one for a key, and what is said there stands there."""

import pytest
from msgspec.structs import replace

from bridge.connector import Connector
from bridge.errors import ThreadGone, Unsupported
from bridge.events import Deleted, Posted
from bridge.ids import Key, MessageId, ThreadId
from bridge.testing.acts import RemovesThreads, ShowsThreads
from bridge.testing.contract_kit import Kit, Running
from bridge.text.nodes import said
from bridge.text.walk import plain

_TITLE = "#12 Olena"


class ThreadPromises:
    """`connector.open_thread` → platform → reader, and back."""

    async def test_a_thread_is_opened_once_for_a_key(self, kit: Kit) -> None:
        _shows_threads(kit)
        if kit.terms.no_idempotency:
            pytest.skip(f"repeats are not recognised: {kit.terms.no_idempotency}")
        async with kit.running() as run:
            key = kit.key()
            room, thread = await _opened(run, key)
            assert await run.connector.open_thread(run.place(room).room, _TITLE, key) == thread
            assert await run.connector.open_thread(run.place(room).room, _TITLE, kit.key()) != thread

    async def test_what_is_said_in_a_thread_of_ours_stands_there(self, kit: Kit) -> None:
        platform = _shows_threads(kit)
        async with kit.running() as run:
            room, thread = await _opened(run, kit.key())
            _, other = await _opened(run, kit.key())
            await run.send_part(replace(run.outgoing("in it", room=room), thread=thread))
            await run.send_part(replace(run.outgoing("in the other", room=room), thread=other))
            assert [one.text for one in await platform.shown_in_thread(room, thread)][-1:] == ["in it"]
            assert [one.text for one in await platform.shown_in_thread(room, other)][-1:] == ["in the other"]
            await platform.answer_in_thread(room, "Ada", thread, said("an answer"))
            event = await run.event(Posted, lambda posted: plain(posted.text) == "an answer", "an answer in the thread")
            assert (event.room, event.thread) == (run.place(room).room, thread)

    async def test_a_thread_that_was_removed_is_told_of_or_refuses_words(self, kit: Kit) -> None:
        _shows_threads(kit)
        platform = kit.platform
        if not isinstance(platform, RemovesThreads):
            pytest.skip("no thread can be removed: the platform has no `remove_thread`")
        async with kit.running() as run:
            room, thread = await _opened(run, kit.key())
            await platform.remove_thread(room, thread)
            try:
                await run.send_part(replace(run.outgoing("in it", room=room), thread=thread))
            except ThreadGone:
                return
            await run.event(Deleted, lambda gone: gone.message == MessageId(thread), "the thread is gone")


def _shows_threads(kit: Kit) -> ShowsThreads:
    kit.needs(Connector.open_thread, "threads of its own")
    if not isinstance(kit.platform, ShowsThreads):
        pytest.skip("no look into threads: the platform has no `shown_in_thread`")
    return kit.platform


async def _opened(run: Running, key: Key) -> tuple[str, ThreadId]:
    """A new thread, and the first room of the platform that has such threads."""
    for room in run.kit.platform.rooms:
        try:
            return room, await run.connector.open_thread(run.place(room).room, _TITLE, key)
        except Unsupported:
            continue
    pytest.skip("no threads of its own in any room")
