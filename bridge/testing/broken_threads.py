"""Broken connectors: threads are opened again, or what belongs into one stands beside it."""

from collections.abc import Sequence
from itertools import count

from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.ids import Key, MessageId, RoomId, ThreadId
from bridge.testing.broken import breaks
from bridge.testing.memory import MemoryConnector

_TRIES = count()


@breaks("test_a_thread_is_opened_once_for_a_key")
class OpensAThreadForEachTry(MemoryConnector):
    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        return await super().open_thread(room, title, Key(f"{key} {next(_TRIES)}"))


@breaks("test_what_is_said_in_a_thread_of_ours_stands_there")
class SpeaksBesideThreads(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return await super().send(replace(message, thread=None))
