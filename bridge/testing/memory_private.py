"""A messenger in memory on which people write to us one by one: each room is one person's own, as on Viber's like."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace

from bridge.asked import Outgoing, Target
from bridge.capabilities import Capabilities
from bridge.errors import BridgeError
from bridge.events import AnyEvent, RoomKind, User
from bridge.ids import MessageId, RoomId, UserId
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_abilities import WITH_FILES
from bridge.testing.memory_platform import MemoryPlatform
from bridge.testing.memory_rooms import Happening, Update, room_id
from bridge.text.nodes import Rich

PEOPLE: Mapping[str, str] = {"town": "Ada", "garden": "Grace"}


class PrivatePlatform(MemoryPlatform):
    """Two people and their conversations with the bridge: the room's id is the person's."""

    def __init__(self, name: str = "private", *, capabilities: Capabilities = WITH_FILES, **more: Any) -> None:  # noqa: ANN401 passed on
        super().__init__(name, rooms=tuple(PEOPLE), capabilities=capabilities, **more)
        self.read: set[tuple[RoomId, MessageId]] = set()
        for room, person in PEOPLE.items():
            self.written.know(User(id=UserId(room_id(room)), name=person))

    def person_in(self, room: str) -> str:
        return PEOPLE[room]

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        if person != PEOPLE[room]:
            raise LookupError(f"{person} is not in the conversation with {PEOPLE[room]}")
        return await super().say(room, person, text, in_reply_to=in_reply_to)

    def is_read(self, room: str, message: MessageId) -> bool:
        """Whether its writer sees that a message was read."""
        return (room_id(room), message) in self.read

    async def subscribe(self, room: str) -> None:
        self.written.tell_of(Happening.JOINED, room_id(room), self.written.person(PEOPLE[room]))

    async def unsubscribe(self, room: str) -> None:
        self.written.tell_of(Happening.LEFT, room_id(room), self.written.person(PEOPLE[room]))


class PrivateConnector(MemoryConnector):
    """The connector to it: what arrived is confirmed afterwards, and one call may go to several people."""

    features: ClassVar[Capabilities] = replace(MemoryConnector.features, max_recipients=2)

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        (sent,) = await super().send(message)
        written = self._platform().written
        person = next(one for one in map(written.person, PEOPLE.values()) if str(one.id) == message.room)
        written.tell_of(Happening.DELIVERED, message.room, person, sent)
        return (sent,)

    async def mark_read(self, target: Target) -> None:
        """The platform shows the message as read."""
        platform = self._platform()
        if isinstance(platform, PrivatePlatform):
            platform.read.add((target.room, target.parts[-1]))

    async def broadcast(
        self, message: Outgoing, recipients: Sequence[RoomId]
    ) -> Mapping[RoomId, MessageId | BridgeError]:
        return {room: await self._to(room, message) for room in recipients}

    async def _to(self, room: RoomId, message: Outgoing) -> MessageId | BridgeError:
        try:
            (sent,) = await self.send(replace(message, room=room, key=f"{message.key}.{room}"))
        except BridgeError as error:
            return error
        return sent

    def _event(self, update: Update) -> AnyEvent:
        return replace(super()._event(update), room_kind=RoomKind.DIRECT)
