"""Broken connectors: power goes to the wrong people, and bans look like farewells."""

from msgspec.structs import replace

from bridge.asked import Access, Power
from bridge.events import AnyEvent, Left, Parting
from bridge.ids import RoomId, UserId
from bridge.testing.broken import breaks
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_rooms import Update


@breaks("test_whoever_moderates_a_room_has_power_there_alone")
class ObeysEverybody(MemoryConnector):
    async def power(self, room: RoomId, user: UserId) -> Power:
        del room, user
        return Power.MODERATOR


@breaks("test_whoever_moderates_a_room_has_power_there_alone")
class KnowsNoRooms(MemoryConnector):
    async def power(self, room: RoomId, user: UserId) -> Power:
        del room
        return Power.MODERATOR if user in {one for _, one in self._platform().moderators} else Power.NONE


@breaks("test_a_ban_says_who_was_banned_and_by_whom")
class TakesBansForFarewells(MemoryConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        return replace(event, how=Parting.LEFT) if isinstance(event, Left) else event


@breaks("test_a_room_is_public_until_strangers_are_kept_out")
class TakesEveryRoomForPublic(MemoryConnector):
    async def access(self, room: RoomId) -> Access:
        del room
        return Access.PUBLIC
