"""Broken connectors: places and cards arrive as something else, or are shown as something else."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from bridge.asked import Closing, Outgoing
from bridge.content import Contact, Location
from bridge.events import AnyEvent, Attachment, Posted
from bridge.ids import MessageId
from bridge.testing.broken import breaks
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_platform import Session
from bridge.testing.memory_rooms import Happening, Update


@breaks("test_a_place_arrives_as_a_place")
class HearsPlacesOnTheOtherSide(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        return _changed(super()._event(update), _mirrored)


@breaks("test_a_card_arrives_as_a_card")
class HearsNoNumbers(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        return _changed(super()._event(update), _nameless)


@breaks("test_a_place_is_shown_as_a_place")
class ShowsPlacesOnTheOtherSide(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return await super().send(replace(message, shared=tuple(map(_mirrored, message.shared))))


@breaks("test_a_card_is_shown_as_a_card")
class ShowsNoNames(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return await super().send(replace(message, shared=tuple(map(_nameless, message.shared))))


@breaks("test_a_poll_arrives_as_a_poll")
class HearsAnswersBackwards(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        return _changed(super()._event(update), _backwards)


@breaks("test_a_poll_is_shown_as_a_poll")
class ShowsAnswersBackwards(MemoryConnector):
    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        return await super().send(replace(message, shared=tuple(map(_backwards, message.shared))))


@breaks("test_votes_in_our_poll_arrive")
class HearsNoVotes(MemoryConnector):
    def _tells(self, session: Session, update: Update) -> bool:
        return update.what is not Happening.VOTED and super()._tells(session, update)


@breaks("test_a_poll_of_ours_is_closed")
class LeavesPollsOpen(MemoryConnector):
    async def close(self, closing: Closing) -> None:
        """Claim that it worked."""


def _backwards(one: Attachment) -> Attachment:
    return one if one.poll is None else replace(one, poll=replace(one.poll, answers=one.poll.answers[::-1]))


def _mirrored(one: Attachment) -> Attachment:
    place = one.location
    if place is None:
        return one
    turned = Location(latitude=place.longitude / 2, longitude=place.latitude * 2, title=place.title)
    return replace(one, location=turned)


def _nameless(one: Attachment) -> Attachment:
    return one if one.contact is None else replace(one, contact=Contact(name="somebody", phone=one.contact.phone))


def _changed(event: AnyEvent, change: Callable[[Attachment], Attachment]) -> AnyEvent:
    """An event whose attachments became others."""
    return replace(event, attachments=tuple(map(change, event.attachments))) if isinstance(event, Posted) else event
