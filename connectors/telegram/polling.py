"""Long polling: an update is confirmed only after it is stored; facts/platform-apis.md 4.2."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bridge.clock import Clock
from connectors.telegram.albums import ALBUM_SECONDS, open_albums, ready
from connectors.telegram.errors import translated
from connectors.telegram.incoming import ALLOWED_UPDATES, Read, read
from connectors.telegram.wire import Wire

_BATCH: Final = 100
_JUST_STORED: Final = 1000
"""Updates this far below the position were stored by the run before us and are only not confirmed yet."""

Store = Callable[[Sequence[Read], str], Awaitable[None]]
"""Publishes updates and the position after them, in one step; returns when both are stored."""


class Queue:
    """One run's place in Telegram's queue of updates.

    An offset confirms everything below it, whatever its number, and numbers may begin anew, lower, after a quiet week.
    So an offset is sent once, right after its batch was stored; while the queue is empty, and on a run's first call,
    none is sent, which gives the oldest unconfirmed update.
    """

    def __init__(self, wire: Wire, base_url: str, *, poll_seconds: int, clock: Clock) -> None:
        self._wire = wire
        self._base_url = base_url
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._offset: int | None = None

    async def skip(self) -> tuple[Sequence[Read], str]:
        """Begin now: what waited is forgotten, read only to learn which rooms there are. Returns it and a position."""
        waited = await self._ask(offset=-_BATCH, timeout=0)
        self._offset = waited[-1].number + 1 if waited else None
        return waited, str(self._offset or 0)

    async def follow(self, position: int, store: Store) -> None:
        """Give every update after `position` to `store`, in order, until cancelled."""
        waited: frozenset[str] = frozenset()
        while True:
            batch = await self._ask(offset=self._offset, timeout=self._poll_seconds)
            fresh = [one for one in batch if not position - _JUST_STORED <= one.number < position]
            count = ready(fresh, waited)
            held = fresh[count:]
            position = await self._store(batch, fresh[:count], held, position, store)
            waited = frozenset(open_albums(held))
            if held:
                await self._clock.sleep(ALBUM_SECONDS)

    async def _store(
        self, batch: Sequence[Read], done: Sequence[Read], held: Sequence[Read], position: int, store: Store
    ) -> int:
        """Store what is ready; the next call then confirms it, and nothing that is held."""
        if not batch:
            self._offset = None
        elif held and not done:
            pass  # the same again after a moment
        else:
            after = held[0].number if held else batch[-1].number + 1
            if done:
                await store(done, str(after))
                position = after
            self._offset = after
        return position

    async def _ask(self, *, offset: int | None, timeout: int) -> list[Read]:  # noqa: ASYNC109 - the server's wait
        fields: dict[str, object] = {"timeout": timeout, "limit": _BATCH, "allowed_updates": list(ALLOWED_UPDATES)}
        if offset is not None:
            fields["offset"] = offset
        with translated():
            raw = await self._wire.updates(self._base_url, fields)
        return [read(one) for one in raw if isinstance(one.get("update_id"), int)]
