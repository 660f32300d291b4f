"""The lanes of private conversations: one exists as long as rows wait for its person, and is not entered."""

import asyncio
from collections.abc import Iterable, Mapping

from bridge.delivery import Lane
from bridge.ids import AccountName, Place, Room, RoomNumber
from bridge.routing import Atlas
from bridge.shared import Shared
from bridge.store.conversations import Private
from bridge.store.conversations import Privates as Waiting
from bridge.store.ops import Hold
from bridge.store.questions import RoomRecord
from bridge.supervisor import Account

_IDLE_SECONDS = 30.0
"""How long a lane may stay that has nothing to do: who is answered once is often answered again."""


class Privates:
    """Knows the lanes of private rooms; they stand in `lanes` with all others."""

    def __init__(
        self, shared: Shared, atlas: Atlas, accounts: Mapping[AccountName, Account], lanes: dict[RoomNumber, Lane],
        left: dict[RoomNumber, int],
    ) -> None:  # fmt: skip
        self._shared, self._atlas, self._accounts, self._lanes, self._left = shared, atlas, accounts, lanes, left
        self._own: dict[RoomNumber, Lane] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._own)

    def __contains__(self, number: RoomNumber) -> bool:
        return number in self._own

    def met(self, privates: Iterable[Private]) -> None:
        """Rows go to these rooms: each has a lane from now on."""
        for private in privates:
            if private.room not in self._own:
                self._open(private, 0)
            lane = self._own.get(private.room)
            if lane is not None and private.late and lane.state.held is None:
                lane.state.hold(private.late)

    def written(self, number: RoomNumber) -> None:
        """Their person wrote: what held the room is over."""
        lane = self._own.get(number)
        if lane is not None and lane.state.held is not None:
            lane.state.release()

    async def resume(self, *, suspicious: bool) -> None:
        """Begin, or begin again, what waits on disk; after a death the first rows of each are suspects."""
        for private in await self._shared.writer.ask(Waiting()):
            if suspicious:
                self._left[private.room] = private.waiting
            if private.room not in self._own:
                self._open(private, private.waiting)

    async def reread(self, numbers: Iterable[RoomNumber]) -> None:
        """Parked rows wait again in rooms that have no lane."""
        for private in await self._shared.writer.ask(Waiting(tuple(numbers))):
            if private.room not in self._own:
                self._open(private, private.waiting)

    def end(self, account: AccountName) -> None:
        """An account ends: its lanes go, their rows stay."""
        for lane in [lane for lane in self._own.values() if lane.name.account == account]:
            if left := lane.left_behind:
                self._left[lane.number] = left
            self._close(lane)

    def _open(self, private: Private, waiting: int) -> None:
        account = self._accounts.get(private.account)
        if account is None:
            return
        name = Room(private.account, f"person {private.room}")
        lane = Lane(private.room, name, account.lanes, self._shared)
        lane.state.restore(Place(private.native), _record(private, name))
        lane.state.joined = True
        if waiting:
            lane.resume(waiting, min(lane.window, self._left.pop(private.room, 0), waiting))
        self._own[private.room] = self._lanes[private.room] = account.lanes.lanes[private.room] = lane
        self._atlas.pin(private.account, Place(private.native), private.room)  # so that echoes are known
        self._watch()
        if waiting:
            lane.pump()

    def _watch(self) -> None:
        if self._sweep is None and self._own:
            self._sweep = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._swept)

    def _swept(self) -> None:
        self._sweep = None
        for lane in [lane for lane in self._own.values() if lane.idle]:
            self._close(lane)
        self._watch()

    def _close(self, lane: Lane) -> None:
        del self._own[lane.number], self._lanes[lane.number]
        account = self._accounts.get(lane.name.account)
        if account is not None:
            account.lanes.lanes.pop(lane.number, None)
        self._atlas.unpin(lane.number)
        if lane.state.held is not None and lane.idle:
            self._shared.writer.tell_lazily(Hold(room=lane.number, reason=None))
        lane.state.left()
        lane.end()
        self._shared.names.forget(lane.number)
        if not lane.busy:
            self._shared.echoes.pop(lane.number, None)
            self._shared.under_way.pop(lane.number, None)
            self._shared.unsure.pop(lane.number, None)
            self._shared.limiters.pop(lane.number, None)


def _record(private: Private, name: Room) -> RoomRecord:
    return RoomRecord(
        number=private.room, account=name.account, name=name.name, native=None, thread=None, held=private.held,
        held_until=private.held_until,
    )  # fmt: skip
