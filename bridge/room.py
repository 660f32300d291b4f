"""Whether a room can be written to now: joined or not, held or not, and why."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from bridge.ids import Place, Room, RoomId, RoomNumber, ThreadId
from bridge.shared import Shared
from bridge.store.ops import Hold
from bridge.store.questions import RoomRecord

logger = structlog.get_logger()
UNTIL_TOLD = -1
"""Held until the operator says yes: a join does not open it."""


class RoomState:
    """One target room. `changed` is called when it may be written to again."""

    def __init__(self, number: RoomNumber, name: Room, shared: Shared, changed: Callable[[], None]) -> None:
        self.number, self.name = number, name
        self._shared, self._changed = shared, changed
        self.place = Place(RoomId(name.name))
        self.pinned: Place | None = None
        self.joined = False
        self.held: str | None = None
        self.moved_to: Place | None = None
        """Where it says it went: the operator has to say whether that is right."""
        self.followed: Place | None = None
        """Where the operator said it is: it is entered there, whatever its name leads to."""
        self.closures = 0
        """How often it was held since a message last arrived."""
        self._until: int | None = None
        self._due = 0.0
        """When `_until` comes, in monotonic seconds: whoever sets the wall clock moves it not."""
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        self._look_at_the_time()
        return self.joined and self.held is None

    def _look_at_the_time(self) -> None:
        """What holds until a moment ends then; the alarm is set again in case another one came first."""
        if self.held is None or self._until is None or self.waits_for_a_word:
            return
        left = self._due - self._shared.clock.monotonic()
        if left <= 0:
            self._release()
        else:
            self.wake_after(left)

    def _count_from_now(self) -> None:
        if self._until is not None:
            self._due = self._shared.clock.monotonic() + (self._until - self._shared.now_ms()) / 1000

    def enter(self, place: Place) -> None:
        """The connector is in the room: what held it, unless the operator must say so, is over."""
        self.place, self.pinned, self.joined = place, place, True
        if self.held is not None and self._until is None:
            self.release()
        self._changed()

    def left(self) -> None:
        """The connection is lost, or the room."""
        self.joined = False

    def restore(self, pinned: Place | None, record: RoomRecord) -> None:
        """As it was before a restart."""
        self.pinned, self.held, self._until = pinned, record.held, record.held_until
        self._count_from_now()
        self.closures = int(record.held is not None)
        if record.moved_to is not None:
            thread = None if record.moved_thread is None else ThreadId(record.moved_thread)
            self.moved_to = Place(RoomId(record.moved_to), thread)
        if pinned is not None:
            self.place = pinned
            self.followed = pinned if record.followed else None

    def hold(self, why: str, until: datetime | None = None) -> None:
        """Nothing goes until `until`, or until a join succeeds. The operator is told once.

        What waits for his word goes on waiting for it.
        """
        if self.waits_for_a_word:
            return
        self._hold(why, None if until is None else int(until.timestamp() * 1000))
        self._look_at_the_time()

    def hold_until_told(self, why: str, moved_to: Place) -> None:
        """Nothing goes until the operator says where the room is: where it was, or where it says it went."""
        self._hold(why, UNTIL_TOLD, moved_to)

    @property
    def waits_for_a_word(self) -> bool:
        """Whether the operator has to say where the room is."""
        return self.held is not None and self._until == UNTIL_TOLD

    def follow(self, place: Place) -> None:
        """The operator says where the room is. It has to be entered there; the store knows it already."""
        self.place = self.pinned = self.followed = place
        self.held, self._until, self.moved_to = None, None, None
        self.joined = False

    def _hold(self, why: str, until: int | None, moved_to: Place | None = None) -> None:
        self.held, self._until, self.moved_to = why, until, moved_to
        self._count_from_now()
        self.closures += 1
        self._shared.writer.tell(Hold(room=self.number, reason=why, until=until, moved_to=moved_to))
        if self.closures == 1:
            logger.warning("room held", room=str(self.name), why=why)
            self._shared.notice(self.number, f"{self.name} is held, what is written waits: {why}")

    def release(self) -> None:
        """Sending may be tried again."""
        self._release()
        self._changed()

    def _release(self) -> None:
        self.held, self._until, self.moved_to = None, None, None
        self._shared.writer.tell(Hold(room=self.number, reason=None))

    def written(self) -> None:
        """A message arrived: if the room was held, it is open again, and that is said once."""
        if self.closures:
            self.closures = 0
            logger.info("room open again", room=str(self.name))
            self._shared.notice(self.number, f"{self.name} is open again.")

    def wake_after(self, seconds: float) -> None:
        """Look again later; an earlier alarm stays."""
        loop = asyncio.get_running_loop()
        when = loop.time() + max(seconds, 0.0)
        if self._alarm is not None and self._alarm.when() <= when:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_at(when, self._ring)

    def _ring(self) -> None:
        """An alarm may ring a hair early: it must not be taken for one that is still to come."""
        self._alarm = None
        self._changed()
