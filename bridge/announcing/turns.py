"""Turns of one account for what sends beside its rooms: within its limits, and fair to the rooms that wait."""

import asyncio
from collections import deque

from bridge.lanes import BESIDE, Lanes


class Turns:
    """Stands in the account's queue like a lane. A turn that was given has to be released."""

    def __init__(self, lanes: Lanes) -> None:
        self.number = BESIDE
        self._lanes = lanes
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._opened = asyncio.Event()
        lanes.lanes[BESIDE] = self

    async def open(self) -> None:
        """Wait until the account may send at all."""
        while not self._lanes.open:
            self._opened.clear()
            await self._opened.wait()

    async def one(self) -> bool:
        """Wait for a turn; False when the account may not send any more."""
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self.pump()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self._lanes.release()
            raise

    def pump(self) -> None:
        """Give the turns there are; who waits while nothing may be sent is told so."""
        if not self._lanes.open:
            while self._waiting:
                self._give(self._waiting.popleft(), may=False)
            return
        self._opened.set()
        while self._waiting and self._lanes.admit(self):
            if not self._give(self._waiting.popleft(), may=True):
                self._lanes.release()

    @staticmethod
    def _give(turn: "asyncio.Future[bool]", *, may: bool) -> bool:
        if turn.done():
            return False
        turn.set_result(may)
        return True
