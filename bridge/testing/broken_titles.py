"""Broken connectors: rooms keep their names, or our own change is somebody else's."""

from msgspec.structs import replace

from bridge.events import AnyEvent, RoomChanged, User
from bridge.ids import RoomId, UserId
from bridge.testing.broken import breaks
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_rooms import Update


@breaks("test_a_room_is_called_what_we_call_it")
class RenamesNothing(MemoryConnector):
    async def rename(self, room: RoomId, name: str) -> None:
        del room, name


@breaks("test_a_room_is_about_what_we_say")
class NeverTakesATopicAway(MemoryConnector):
    async def describe(self, room: RoomId, topic: str) -> None:
        if topic:
            await super().describe(room, topic)


@breaks("test_a_room_is_about_what_we_say")
class BlamesSomebody(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        ours = isinstance(event, RoomChanged) and event.topic == "" and event.by is not None
        return replace(event, by=User(id=UserId("nobody"), name="Nobody")) if ours else event


@breaks("test_what_people_call_a_room_is_heard")
class TakesNamesForTopics(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        wrong = isinstance(event, RoomChanged) and event.name == "Market"
        return replace(event, name=None, topic="Market") if wrong else event


@breaks("test_what_people_say_a_room_is_about_is_heard")
class SaysThatWeDidIt(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        theirs = isinstance(event, RoomChanged) and event.topic == "tea"
        return replace(event, by=self._connected().me) if theirs else event
