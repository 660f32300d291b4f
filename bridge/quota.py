"""Rooms for which so much waits that whoever fills them has to wait. State only.

A backlog costs nothing but disk, and the disk is everybody's: before one room has filled it, its sources pause.
"""

import asyncio
from collections.abc import Collection

from bridge.ids import RoomNumber

_EASED = 0.9
"""A full room is open again when no more than this part of the quota waits."""


class Quota:
    """How many rows may wait for a room, and for which rooms as many do."""

    def __init__(self, most: int = 1_000_000) -> None:
        self._most = most
        self.full: set[RoomNumber] = set()
        self._eased = asyncio.Event()

    @property
    def most(self) -> int:
        return self._most

    @most.setter
    def most(self, most: int) -> None:
        """Another quota: a room that is full under it is found so at its next row."""
        if most != self._most:
            self._most = most
            self.full.clear()
            self._eased.set()

    def grew(self, room: RoomNumber, depth: int) -> None:
        """A row more waits for the room."""
        if depth >= self._most:
            self.full.add(room)

    def shrank(self, room: RoomNumber, depth: int) -> None:
        """Fewer rows wait for the room."""
        if room in self.full and depth <= self._most * _EASED:
            self.full.discard(room)
            self._eased.set()

    async def space(self, rooms: Collection[RoomNumber]) -> None:
        """Wait until none of these rooms is full."""
        while not self.full.isdisjoint(rooms):
            self._eased.clear()
            await self._eased.wait()
