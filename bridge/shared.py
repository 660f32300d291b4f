"""What all lanes and accounts share: the store's writer, time, chance, and the way to tell the operator."""

import asyncio
from collections.abc import Callable, Mapping

from bridge.backlog import Loaded
from bridge.chance import Chance
from bridge.clock import Clock
from bridge.events import Deleted, Edited, Reacted, Unreacted
from bridge.ids import MessageId, MessageNumber, RoomNumber
from bridge.store.ops import Resolve, Row
from bridge.store.writer import Writer

Notice = Callable[[RoomNumber | None, str], None]


class Shared:
    """Made once by `app`; `notice(room, text)` tells the operator, `room` being what it is about."""

    def __init__(  # noqa: PLR0913 - the parts everybody needs
        self, *, writer: Writer, clock: Clock, chance: Chance, group: asyncio.TaskGroup, epoch: str, notice: Notice
    ) -> None:
        self.writer, self.clock, self.chance, self.group = writer, clock, chance, group
        self.epoch, self.notice = epoch, notice
        self.lifetimes: Mapping[str, int | None] = {}
        self.loaded = Loaded()

    def now_ms(self) -> int:
        """Wall time in milliseconds, as the store keeps it."""
        return int(self.clock.now().timestamp() * 1000)

    async def resolve(self, row: Row) -> MessageNumber | None:
        """Which message a row speaks of, asked again: its copy may have been on its way when the row was accepted."""
        native = _about(row)
        if row.origin is None or native is None:
            return None
        found: MessageNumber | None = await self.writer.ask(Resolve(row.origin, native))
        return found


def _about(row: Row) -> MessageId | None:
    event = row.event
    if isinstance(event, Edited):
        return event.replaces
    if isinstance(event, (Deleted, Reacted, Unreacted)):
        return event.message
    return event.in_reply_to
