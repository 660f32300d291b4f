"""Broken connectors: everybody speaks with one voice, or hears its own ghosts."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from bridge.asked import Deletion, Outgoing, Person, Reaction
from bridge.ids import MessageId, PersonNumber
from bridge.testing.broken import breaks
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_platform import Session
from bridge.testing.memory_rooms import Update


@breaks("test_each_author_has_their_own_name")
class SpeaksForEverybodyAsTheFirst(MemoryConnector):
    _first: Person | None = None

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        self._first = self._first or message.author
        other = message.author and self._first and message.author.number != self._first.number
        return await super().send(replace(message, author=self._first) if other else message)


@breaks("test_a_name_follows")
class KeepsTheFirstName(MemoryConnector):
    def __init__(self, *more: Any) -> None:  # noqa: ANN401 passed on as it comes
        super().__init__(*more)
        self._first: dict[int, Person] = {}

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        author = message.author and self._first.setdefault(message.author.number, message.author)
        return await super().send(replace(message, author=author))


@breaks("test_each_ghost_changes_its_own")
class DeletesAsAda(MemoryConnector):
    async def delete(self, deletion: Deletion) -> None:
        await super().delete(replace(deletion, by=Person(number=PersonNumber(1), name="Ada")))


@breaks("test_ghosts_react_each_for_themselves")
class ReactsAsAda(MemoryConnector):
    async def react(self, reaction: Reaction) -> MessageId | None:
        return await super().react(replace(reaction, by=Person(number=PersonNumber(1), name="Ada")))


@breaks("test_what_ghosts_do_is_not_heard")
class HearsItsGhosts(MemoryConnector):
    def _tells(self, session: Session, update: Update) -> bool:
        return (update.person.id != session.me.id and update.key is None) or super()._tells(session, update)
