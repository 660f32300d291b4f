"""A platform of the simulation: what is written there, who may write where, and the one connection to it."""

from collections.abc import Mapping
from datetime import timedelta

from bridge.capabilities import Capabilities
from bridge.errors import RoomClosed
from bridge.events import User
from bridge.ids import Key, MessageId, RoomId, UserId
from bridge.testing.clock import LoopClock
from bridge.testing.memory_abilities import Repeats
from bridge.testing.memory_rooms import Post, Rooms, Update, room_id
from bridge.testing.simulation.abilities import Home, Kind
from bridge.testing.simulation.dice import Dice
from bridge.testing.simulation.weather import Weather
from bridge.testing.simulation.wire import Session
from bridge.testing.simulation.witness import Witness

PLATFORMS: dict[str, "SimulatedPlatform"] = {}
"""Those of the seed that runs now, by name."""


class SimulatedPlatform:
    """Holds rooms as `Rooms` does; its faults come from the weather and from episodes."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a platform is made of
        self, name: str, kind: Kind, rooms: Mapping[str, Capabilities], weather: Weather, dice: Dice, witness: Witness
    ) -> None:
        self.name, self.kind, self.weather, self.dice, self.witness = name, kind, weather, dice, witness
        self.rooms: dict[RoomId, Capabilities] = {room_id(room): shows for room, shows in rooms.items()}
        self.names = {room_id(room): room for room in rooms}
        self.places = {room: f"{name}/{short}" for room, short in self.names.items()}
        self.written = Rooms(list(rooms))
        self.me = User(id=UserId(f"bot-{name}"), name="bridge")
        self.closed: dict[RoomId, float | None] = {}
        """Rooms we may not write in, and until when, in the time of the loop."""
        self.clock = LoopClock()
        self.refused = False
        self.away = False
        self.left: set[RoomId] = set()
        self.session: Session | None = None
        self.began: int | None = None
        """The offset of the very first connection: what was before is not ours."""
        self.confirmed = 0
        self.keys: dict[Key, MessageId] = {}
        self.never: set[Key] = set()
        """What was refused for good is refused whenever it is tried."""
        self.taken: set[tuple[RoomId, MessageId]] = set()
        """Copies of ours that people took back."""

    def post(self, post: Post) -> MessageId:
        """Write our message; a key that was seen before gives the first message's id where repeats are dropped."""
        if post.key is not None and self.kind.repeats is Repeats.DROPPED:
            known = self.keys.get(post.key)
            if known is not None:
                return known
        message = self.written.post(self.me, post)
        if post.key is not None:
            self.keys[post.key] = message
        return message

    def shows(self, update: Update) -> bool:
        """Whether it is given to us now: nothing that happened in rooms we left."""
        return update.room not in self.left and self.gives(update)

    def gives(self, update: Update) -> bool:
        """Whether it is ever given to us: on some platforms nothing that we did ourselves."""
        return self.kind.home is not Home.NEVER or update.person.id != self.me.id

    @property
    def read(self) -> bool:
        """Whether the bridge is here and has confirmed all it is given."""
        return self.session is not None and not any(map(self.gives, self.written.journal[self.confirmed :]))

    def cut(self) -> None:
        """The connection is lost."""
        if self.session is not None:
            self.session.cut()
            self.session = None
        self.written.tell()

    def remove(self, room: RoomId, until: float | None) -> None:
        """We may not write in a room any more."""
        self.closed[room] = until

    def readmit(self, room: RoomId) -> None:
        self.closed.pop(room, None)

    def closing(self, room: RoomId) -> RoomClosed:
        """What we are told in a room that is closed to us."""
        until = self.closed[room]
        if until is None:
            return RoomClosed("we may not write here")
        left = max(0.0, until - self.clock.monotonic())
        return RoomClosed("we may not write here yet", until=self.clock.now() + timedelta(seconds=left))
