"""What the connector asks of end-to-end encryption, where an account has it: without importing what does it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from bridge.findings import Finding
from bridge.ids import RoomId
from connectors.matrix.batch import Post

Raw = Mapping[str, Any]

ENCRYPTED = "m.room.encrypted"


class Late(Struct, frozen=True, kw_only=True):
    """An event that waited: `raw` as it is to be told now, with its writer's membership.

    `was_shown` means that readers were told already that it cannot be read; `is_read` that now it can.
    """

    room: RoomId
    raw: Raw
    writer: Raw
    was_shown: bool
    is_read: bool


class Secrecy(Protocol):
    """One device of ours."""

    async def ready(self) -> None:
        """Make sure that the homeserver shows this device to others, and no other in its place."""
        ...

    def begin_anew(self) -> None:
        """There is no position: what changed until now is not known."""
        ...

    def take(self, post: Post, since: str) -> None:
        """Keep what a batch brought for our device, on disk when this returns: before the position moves on."""
        ...

    def late(self) -> Sequence[Late]:
        """What can be read since the last batch, or waited too long; told again until `settle`."""
        ...

    def read(self, room: RoomId, raw: Raw, writer: Raw) -> Raw | None:
        """An encrypted event as it was written; itself where nobody can read it; None where it waits for its key."""
        ...

    def forget(self, event: str) -> None:
        """An event was taken back: if it waits, it need not any more."""
        ...

    def peek(self, room: RoomId, raw: Raw) -> Raw | None:
        """An encrypted event as it was written; None where it cannot be read now, and then nobody waits for it."""
        ...

    def settle(self, told: Sequence[Late]) -> None:
        """The late events are stored with the bridge."""
        ...

    async def tend(self) -> None:
        """Ask for keys that are missing, upload ours where they run out, mend sessions that broke."""
        ...

    def patience(self, longest: float) -> float:
        """For how many seconds news may be waited for."""
        ...

    def changed(self, room: RoomId) -> None:
        """Somebody came into a room or left it, or we do not know."""
        ...

    async def seal(self, room: RoomId, kind: str, content: Raw, encryption: Raw) -> dict[str, Any]:
        """The content of the encrypted event; everybody in the room has its key when this returns."""
        ...

    async def examine(self) -> Sequence[Finding]:
        """Whether people's clients can tell that this device is ours."""
        ...
