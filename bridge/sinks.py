"""Where things go from the intake."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from bridge.events import Delivered, Joined, Left, RoomChanged, RoomMoved, SendFailed
from bridge.ids import AccountName, MessageId, RoomNumber, RowNumber
from bridge.store.confirmed import Said
from bridge.store.conversations import Private
from bridge.store.rows import Row


class Happening(Struct, frozen=True):
    """An event that makes no delivery but concerns the bridge itself: who left, which room moved."""

    account: AccountName
    event: Joined | Left | RoomChanged | RoomMoved | Delivered | SendFailed
    room: RoomNumber | None


class Sinks(Protocol):
    """Where things go from the intake."""

    def fed(self, rows: Sequence[Row]) -> None:
        """New rows, durable, in order."""
        ...

    def echoed(self, room: RoomNumber, row: RowNumber, part: int, natives: tuple[MessageId, ...]) -> None:
        """Our own message came home: that part of that row arrived."""
        ...

    def happened(self, what: Happening) -> None:
        """Something that makes no delivery."""
        ...

    def answered(self, facts: Sequence[Said], answers: Sequence[object]) -> None:
        """What was told beside the events, and what the store said to it, one by one."""
        ...

    def met(self, privates: Sequence[Private]) -> None:
        """Private rooms that rows go to; said before the rows are fed."""
        ...

    def is_private(self, room: RoomNumber) -> bool:
        """Whether a room is a private conversation, to which something is on its way."""
        ...

    def read(self, privates: Sequence[Private]) -> None:
        """Agents answered in these private rooms: what was written there is read."""
        ...

    def wrote(self, privates: Sequence[RoomNumber]) -> None:
        """People wrote in these private rooms."""
        ...
