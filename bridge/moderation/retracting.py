"""Asking copies back, and telling what could not be removed."""

from collections.abc import Callable, Iterable

import structlog

from bridge.errors import BridgeError
from bridge.ids import RoomNumber
from bridge.shared import Shared
from bridge.store.care import Retract, Retracted, Standing, Unremoved

logger = structlog.get_logger()
_LOOKS = (5.0, 15.0, 60.0, 300.0, 1800.0)
"""After how many seconds it is looked, again and again, whether what was asked back is gone."""


class Retracting:
    """Deletions are rows like all others: they wait, are tried again, and survive a restart."""

    def __init__(self, shared: Shared, reread: Callable[[Iterable[RoomNumber]], None]) -> None:
        self._shared, self._reread = shared, reread

    async def retract(self, op: Retract, room: RoomNumber | None) -> str:
        """Ask back what rooms show; once it is settled `room`, or the operator, hears what could not be removed."""
        found: Retracted = await self._shared.writer.ask(op)
        self._reread(found.rooms)
        if not found.copies:
            return "There are no copies to take back."
        self._shared.group.create_task(self._look_after(op.purge, found.copies, room))
        return f"{found.copies} copies are being taken back."

    async def _look_after(self, purge: int, copies: int, room: RoomNumber | None) -> None:
        standing = Standing(0, ())
        for seconds in _LOOKS:
            await self._shared.clock.sleep(seconds)
            try:
                standing = await self._shared.writer.ask(Unremoved(purge))
            except BridgeError as error:
                logger.warning("purge not looked after", why=str(error))
                return
            if not standing.waiting:
                break
        if words := told(standing, copies):
            self._say(room, words)

    def _say(self, room: RoomNumber | None, words: str) -> None:
        if room is None:
            self._shared.notice(None, words)
        else:
            self._shared.say(room, words)


def told(standing: Standing, copies: int) -> str:
    """What is not removed, room by room; nothing when all is."""
    lines = [f"{count} in {room}: {why}" for room, why, count in standing.left]
    if standing.waiting:
        lines.append(f"{standing.waiting} wait until their rooms can be written to")
    return "\n".join([f"Of {copies} copies these are not removed:", *lines]) if lines else ""
