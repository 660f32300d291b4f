"""A platform in memory on which very many people hear us, each in a room of their own."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from msgspec.structs import replace

from bridge.asked import Outgoing, Template
from bridge.capabilities import Capabilities, Rate
from bridge.errors import BridgeError, Feature, RoomClosed, Scope, Uncertain
from bridge.events import AnyEvent, RoomKind, User
from bridge.ids import MessageId, RoomId, UserId
from bridge.testing.memory import MemoryConnector
from bridge.testing.memory_abilities import EVERYTHING
from bridge.testing.memory_platform import MemoryPlatform
from bridge.testing.memory_rooms import Happening, Update, room_id
from bridge.text.nodes import said

ALONE = replace(EVERYTHING, in_flight=1, rates=(Rate(Scope.ACCOUNT, 100, 1.0),))
AT_A_CALL = 300


class Crowd(MemoryPlatform):
    """`people` of them; `calls` counts how many recipients each call had, `closed_to` are whom nothing can be sent."""

    def __init__(self, people: int, name: str = "crowd") -> None:
        self.people = [f"p{number:05}" for number in range(people)]
        super().__init__(name, rooms=tuple(self.people), capabilities=ALONE)
        self.calls: list[int] = []
        self.closed_to: set[str] = set()
        self.lost_calls = 0
        self.accepts: frozenset[Feature] = frozenset()
        self.templates: list[Template] = []
        for person in self.people:
            self.written.know(User(id=UserId(room_id(person)), name=person))

    def subscribe(self, *people: str) -> None:
        for person in people or self.people:
            self.written.tell_of(Happening.JOINED, room_id(person), self.written.person(person))

    def unsubscribe(self, *people: str) -> None:
        for person in people:
            self.written.tell_of(Happening.LEFT, room_id(person), self.written.person(person))

    async def write(self, person: str) -> None:
        await self.say(person, person, said("hello"))

    def heard(self, words: str) -> list[int]:
        """How often each person has these words from us."""
        return [
            sum(one.shown().text == words for one in self.written.messages[room_id(person)]) for person in self.people
        ]


class OneByOne(MemoryConnector):
    """Its connector, where each message is a call."""

    features: ClassVar[Capabilities] = ALONE

    def _event(self, update: Update) -> AnyEvent:
        return replace(super()._event(update), room_kind=RoomKind.DIRECT)

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        platform = self._platform()
        if isinstance(platform, Crowd) and message.room in map(room_id, platform.closed_to):
            if message.template is None or Feature.TEMPLATE not in platform.accepts:
                raise RoomClosed("they do not take messages", accepts=platform.accepts)
            platform.templates.append(message.template)
        return await super().send(message)


class ManyAtOnce(OneByOne):
    """The same, with calls for three hundred."""

    features: ClassVar[Capabilities] = replace(ALONE, max_recipients=AT_A_CALL)

    def capabilities(self, room: RoomId) -> Capabilities:
        del room
        return self.features

    async def broadcast(
        self, message: Outgoing, recipients: Sequence[RoomId]
    ) -> Mapping[RoomId, MessageId | BridgeError]:
        platform = self._platform()
        assert isinstance(platform, Crowd)
        assert len(recipients) <= AT_A_CALL
        assert len(set(recipients)) == len(recipients)
        platform.calls.append(len(recipients))
        answers = {room: await self._told(message, room) for room in recipients}
        if platform.lost_calls:
            platform.lost_calls -= 1
            raise Uncertain("the answer was lost")
        return answers

    async def _told(self, message: Outgoing, room: RoomId) -> MessageId | BridgeError:
        try:
            (native,) = await self.send(replace(message, room=room, key=f"{message.key}.{room}"))
        except BridgeError as error:
            return error
        return native


CONNECTORS = {"single": OneByOne, "many": ManyAtOnce}
