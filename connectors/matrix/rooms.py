"""What one run knows about its rooms: which it is in, which the configuration wants, which it cannot read."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from bridge.errors import RoomClosed
from bridge.events import RoomKind
from bridge.ids import RoomId

MEGOLM = "m.megolm.v1.aes-sha2"
"""The one way of encrypting rooms that there is."""
SWITCHED_OFF = (
    "the room is encrypted, which this account does not read: set `e2ee: true` and `e2ee_passphrase` for it,"
    " or make a new room without encryption (it cannot be switched off in this one)"
)
EXTRA_MISSING = (
    "the room is encrypted, and what reads it is not installed: pip install 'qantara[e2ee]',"
    " or make a new room without encryption (it cannot be switched off in this one)"
)
UNKNOWN_WAY = "the room is encrypted in a way that the bridge does not know: make a new room"


class Rooms(Struct):
    """Lives as long as one run; `run` fills it and the stream keeps it true."""

    joined: set[RoomId] = field(default_factory=set)
    wanted: set[RoomId] = field(default_factory=set)
    encrypted: dict[RoomId, Mapping[str, Any]] = field(default_factory=dict)
    """Those that are, with what their `m.room.encryption` says."""
    refusal: str = SWITCHED_OFF
    """Why encrypted rooms cannot be read; empty where they can."""
    direct: frozenset[RoomId] = frozenset()

    def kind(self, room: RoomId) -> RoomKind:
        """DIRECT only where the account's own list says so; two members alone prove nothing."""
        return RoomKind.DIRECT if room in self.direct else RoomKind.GROUP

    def check(self, room: RoomId) -> None:
        """Raise `RoomClosed` for an encrypted room that we cannot write to: our words would stand there in clear."""
        if room in self.encrypted and self.why_not(self.encrypted[room]):
            raise RoomClosed(self.why_not(self.encrypted[room]))

    def why_not(self, encryption: Mapping[str, Any]) -> str:
        """Why a room that is encrypted so cannot be read; empty where it can."""
        return self.refusal or ("" if encryption.get("algorithm") == MEGOLM else UNKNOWN_WAY)
