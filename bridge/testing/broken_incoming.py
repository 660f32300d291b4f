"""Broken connectors: what people do arrives twice, elsewhere, as somebody else's, or not at all."""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from bridge.events import AnyEvent, Edited, Manner, Posted, Reacted, User
from bridge.ids import EventId, Key, MessageId, RoomId, ThreadId, UserId
from bridge.testing.broken import breaks
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_platform import Session
from bridge.testing.memory_rooms import Happening, Update, room_id
from bridge.text.nodes import Break, Inline, Paragraph, Rich, Text, said
from bridge.text.walk import plain


@breaks("test_what_a_person_says_is_published_once")
class PublishesTwice(MemoryConnector):
    def _events(self, session: Session, updates: Sequence[Update]) -> Sequence[AnyEvent]:
        events = super()._events(session, updates)
        return [*events, *(replace(event, id=EventId(f"{event.id}-again")) for event in events)]


@breaks("test_the_time_of_an_event_has_a_zone")
class TellsNoZone(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        return replace(super()._event(update), at=update.at.replace(tzinfo=None))


@breaks("test_rooms_are_told_apart")
class MixesRooms(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        return replace(super()._event(update), room=room_id(self._platform().rooms[0]))


@breaks("test_people_are_told_apart")
class MixesPeople(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        if not isinstance(event, Posted | Edited) or event.author.name != "Grace":
            return event
        ada = self._platform().written.person("Ada")
        return replace(event, author=User(id=ada.id, name="Grace"))


@breaks("test_messages_arrive_in_their_order")
class ReversesABatch(MemoryConnector):
    def _events(self, session: Session, updates: Sequence[Update]) -> Sequence[AnyEvent]:
        return [*reversed(super()._events(session, updates))]


@breaks("test_event_ids_are_unique_and_not_those_of_messages")
class NamesEventsAfterMessages(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        in_town = update.what is Happening.POSTED and update.room == room_id(self._platform().rooms[0])
        return replace(event, id=EventId(update.message)) if in_town else event


@breaks("test_event_ids_are_unique_and_not_those_of_messages")
class ReusesEventIds(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        return replace(event, id=EventId(f"edit-of-{event.replaces}")) if isinstance(event, Edited) else event


@breaks("test_formatting_arrives")
class HearsNoFormatting(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        return super()._event(replace(update, rich=said(plain(update.rich))))


@breaks("test_lines_arrive_as_lines")
class HearsOneLine(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        return super()._event(replace(update, rich=on_one_line(update.rich)))


@breaks("test_an_emote_arrives_as_one")
class HearsEmotesAsWords(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        return super()._event(replace(update, manner=Manner.SAY))


@breaks("test_hostile_words_arrive_as_words")
class TakesWordsForTags(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        words = plain(update.rich)
        without = re.sub("<[^>]*>", "", words)
        return super()._event(update if words == without else replace(update, rich=said(without)))


@breaks("test_an_edit_arrives")
class HearsNoEdits(MemoryConnector):
    def _tells(self, session: Session, update: Update) -> bool:
        return update.what is not Happening.EDITED and super()._tells(session, update)


@breaks("test_a_deletion_arrives")
class HearsNoDeletions(MemoryConnector):
    """But those of threads that it opened itself."""

    _opened: frozenset[MessageId] = frozenset()

    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        thread = await super().open_thread(room, title, key)
        self._opened |= {MessageId(thread)}
        return thread

    def _tells(self, session: Session, update: Update) -> bool:
        heard = update.what is not Happening.DELETED or update.message in self._opened
        return heard and super()._tells(session, update)


@breaks("test_a_reaction_arrives")
class HearsReactionsToTheNewest(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        if not isinstance(event, Reacted):
            return event
        return replace(event, message=self._platform().written.messages[update.room][-1].id)


@breaks("test_a_reaction_taken_back_arrives")
class ForgetsReactionRemoval(MemoryConnector):
    def _tells(self, session: Session, update: Update) -> bool:
        return update.what is not Happening.UNREACTED and super()._tells(session, update)


@breaks("test_a_reply_points_at_what_it_answers")
class HearsRepliesToTheNewest(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        if update.in_reply_to is None:
            return super()._event(update)
        newest = self._platform().written.messages[update.room][-2]
        return super()._event(replace(update, in_reply_to=newest.id))


@breaks("test_our_own_copies_do_not_come_back")
class PublishesItsOwnCopies(MemoryConnector):
    def _tells(self, session: Session, update: Update) -> bool:
        return update.what is Happening.POSTED or super()._tells(session, update)

    def _event(self, update: Update) -> AnyEvent:
        if update.what is not Happening.POSTED or update.person.id != f"bot-{self.config.user}":
            return super()._event(update)
        stranger = User(id=UserId(f"stand-in-{update.person.id}"), name=update.person.name)
        return super()._event(replace(update, person=stranger, key=None))


def on_one_line(rich: Rich) -> Rich:
    """The same paragraphs with blanks where lines broke."""
    return tuple(Paragraph(_joined(block.inside)) if isinstance(block, Paragraph) else block for block in rich)


def _joined(inside: tuple[Inline, ...]) -> tuple[Inline, ...]:
    return tuple(Text(" ") if isinstance(one, Break) else one for one in inside)
