"""What all lanes and accounts share: the store's writer, time, chance, and the way to tell the operator."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

from bridge.backlog import Loaded
from bridge.chance import Chance
from bridge.clock import Clock
from bridge.ids import RoomNumber
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
        self.under_way: Counter[RoomNumber] = Counter()
        """Sends to each room that have begun and are not durable yet."""

    def now_ms(self) -> int:
        """Wall time in milliseconds, as the store keeps it."""
        return int(self.clock.now().timestamp() * 1000)
