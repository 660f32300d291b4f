"""Broken connectors: threads are opened again, or what belongs into one stands beside it."""

from collections.abc import Sequence
from itertools import count

from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.events import AnyEvent, Deleted
from bridge.ids import Key, MessageId, RoomId, ThreadId
from bridge.testing.broken import breaks
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_rooms import Update

_TRIES = count()
_THREADS: set[MessageId] = set()


@breaks("test_a_thread_is_opened_once_for_a_key")
class OpensAThreadForEachTry(MemoryConnector):
    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        return await super().open_thread(room, title, Key(f"{key} {next(_TRIES)}"))


@breaks("test_a_thread_that_was_removed_is_told_of_or_refuses_words")
class SeesNoThreadGo(MemoryConnector):
    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        thread = await super().open_thread(room, title, key)
        _THREADS.add(MessageId(thread))
        return thread

    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        thread = isinstance(event, Deleted) and event.message in _THREADS
        return replace(event, message=MessageId("another")) if isinstance(event, Deleted) and thread else event


@breaks("test_what_is_said_in_a_thread_of_ours_stands_there")
class SpeaksBesideThreads(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return await super().send(replace(message, thread=None))
