"""Broken connectors: private conversations look like groups, and nobody knows what became of what was sent."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from bridge.asked import Outgoing, Target
from bridge.errors import BridgeError, Rejected, Unavailable, Uncertain
from bridge.events import AnyEvent, Joined, Left, RoomKind, User
from bridge.ids import MessageId, RoomId, UserId
from bridge.testing.broken import breaks
from bridge.testing.memory_platform import Session
from bridge.testing.memory_private import PrivateConnector
from bridge.testing.memory_rooms import Happening, Update


@breaks("test_a_private_room_is_its_persons")
class HearsGroups(PrivateConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        return event if isinstance(event, Joined | Left) else replace(event, room_kind=RoomKind.GROUP)


@breaks("test_who_subscribes_comes_in_and_who_had_enough_leaves")
class HearsSomebodyLeave(PrivateConnector):
    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        return replace(event, user=User(id=UserId("somebody"), name="")) if isinstance(event, Left) else event


@breaks("test_what_was_read_is_marked")
class MarksNothing(PrivateConnector):
    async def mark_read(self, target: Target) -> None:
        del target


@breaks("test_what_arrived_is_confirmed")
class HearsNoConfirmations(PrivateConnector):
    def _tells(self, session: Session, update: Update) -> bool:
        return update.what is not Happening.DELIVERED and super()._tells(session, update)


@breaks("test_a_broadcast_reaches_everybody_once")
class TellsTheFirst(PrivateConnector):
    async def broadcast(
        self, message: Outgoing, recipients: Sequence[RoomId]
    ) -> Mapping[RoomId, MessageId | BridgeError]:
        told = await super().broadcast(message, recipients[:1])
        return {
            room: told.get(room, MessageId("m1")) for room in recipients if room in told or "nobody" not in room
        } | {room: BridgeError("nobody") for room in recipients if "nobody" in room}


@breaks("test_a_broadcast_says_whom_it_did_not_reach")
class SaysThatAllHeard(PrivateConnector):
    async def broadcast(
        self, message: Outgoing, recipients: Sequence[RoomId]
    ) -> Mapping[RoomId, MessageId | BridgeError]:
        told = await super().broadcast(message, recipients)
        return {room: MessageId("m1") if isinstance(one, Rejected) else one for room, one in told.items()}


@breaks("test_a_broadcast_that_is_put_off_reached_nobody_and_goes_later")
class DoubtsWhatWasPutOff(PrivateConnector):
    async def broadcast(
        self, message: Outgoing, recipients: Sequence[RoomId]
    ) -> Mapping[RoomId, MessageId | BridgeError]:
        told = await super().broadcast(message, recipients)
        return {room: Uncertain(str(one)) if isinstance(one, Unavailable) else one for room, one in told.items()}


@breaks("test_a_broadcast_whose_answer_is_lost_denies_nobody")
class DeniesWhatIsInDoubt(PrivateConnector):
    async def broadcast(
        self, message: Outgoing, recipients: Sequence[RoomId]
    ) -> Mapping[RoomId, MessageId | BridgeError]:
        told = await super().broadcast(message, recipients)
        return {room: Unavailable(str(one)) if isinstance(one, Uncertain) else one for room, one in told.items()}


@breaks("test_a_broadcast_names_how_many_it_takes")
class NamesNoNumber(PrivateConnector):
    features = replace(PrivateConnector.features, max_recipients=0)
