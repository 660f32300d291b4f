"""What one run knows about its rooms: which it is in, which the configuration wants, which it cannot read."""

from msgspec import Struct, field

from bridge.errors import RoomClosed
from bridge.events import RoomKind
from bridge.ids import RoomId

ENCRYPTED = (
    "the room is encrypted, which the bridge cannot read yet: link a room without encryption"
    " (encryption cannot be switched off again, so make a new room)"
)


class Rooms(Struct):
    """Lives as long as one run; `run` fills it and the stream keeps it true."""

    joined: set[RoomId] = field(default_factory=set)
    wanted: set[RoomId] = field(default_factory=set)
    encrypted: set[RoomId] = field(default_factory=set)
    direct: frozenset[RoomId] = frozenset()

    def kind(self, room: RoomId) -> RoomKind:
        """DIRECT only where the account's own list says so; two members alone prove nothing."""
        return RoomKind.DIRECT if room in self.direct else RoomKind.GROUP

    def check(self, room: RoomId) -> None:
        """Raise `RoomClosed` for a room that is encrypted: our words would stand there in clear."""
        if room in self.encrypted:
            raise RoomClosed(ENCRYPTED)
