"""One connection between the bridge and a platform: what is asked and answered travels, waits, overtakes, gets lost."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from bridge.capabilities import Capabilities
from bridge.errors import BridgeError, Rejected, RoomClosed, Scope, Unavailable, Uncertain
from bridge.ids import Key, MessageId, RoomId
from bridge.testing.memory_rooms import Gone
from bridge.testing.simulation.dice import Dice
from bridge.testing.simulation.weather import Mishap, Weather
from bridge.testing.simulation.witness import Try, Witness

_PATIENCE_SECONDS = 20.0
"""After this a connector of the simulation takes an answer for lost."""
_STALLED_SECONDS = 90.0
SAME_MOMENT = 0.005
"""What begins so soon after an answer began without knowing it."""


class Served(Protocol):
    """The platform's side of a connection."""

    weather: Weather
    dice: Dice
    witness: Witness
    rooms: dict[RoomId, Capabilities]
    closed: dict[RoomId, float | None]
    places: dict[RoomId, str]
    never: set[Key]

    def cut(self) -> None: ...

    def closing(self, room: RoomId) -> RoomClosed: ...


class Refusal(Struct):
    """An answer to all that was on its way to one room when it was given."""

    error: BridgeError
    answer: str
    told: float


class Call(Struct, eq=False):
    """One request on its way."""

    room: RoomId
    one: Try
    work: Callable[[], MessageId | None]
    future: asyncio.Future[MessageId | None]
    number: int
    began: float


class Session:
    """What was asked first arrives first; answers may overtake each other."""

    def __init__(self, platform: Served) -> None:
        self._platform, self._weather, self._dice = platform, platform.weather, platform.dice
        self._witness = platform.witness
        self._loop = asyncio.get_running_loop()
        self._under_way: deque[Call] = deque()
        self._open: dict[int, Call] = {}
        self._refusals: dict[RoomId, Refusal] = {}
        self._numbers = 0
        self._highest = 0
        self._last_arrival = 0.0
        self._stalled = False
        self.lost = False
        self.dead = False

    def check(self) -> None:
        """Raises once the connection is lost."""
        if self.lost:
            raise Unavailable("the connection is lost")

    async def call(self, room: RoomId, one: Try, work: Callable[[], MessageId | None]) -> MessageId | None:
        """Ask the platform to do `work` in a room, and wait for its answer."""
        if self.lost:
            self._witness.answered(one, "never sent")
            raise Unavailable("not connected")
        self._numbers += 1
        now = self._loop.time()
        call = Call(room, one, work, self._loop.create_future(), self._numbers, now)
        self._open[call.number] = call
        self._under_way.append(call)
        self._last_arrival = max(self._last_arrival, now + self._weather.wait())
        self._loop.call_at(self._last_arrival, self._arrive)
        try:
            return await call.future
        except asyncio.CancelledError:
            if not self.dead:
                self._witness.answered(one, "given up")
            raise
        finally:
            self._open.pop(call.number, None)

    # --- the platform's end ---

    def _arrive(self) -> None:
        if self.lost or self._stalled or not self._under_way:
            return
        call = self._under_way.popleft()
        if call.future.done():
            return
        refusal = self._refusals.get(call.room)
        if refusal is not None and call.began <= refusal.told + SAME_MOMENT:
            self._refuse(call, refusal.error, refusal.answer)
        elif call.room in self._platform.closed:
            self._refuse(call, self._platform.closing(call.room), "closed")
        elif call.one.key in self._platform.never:
            self._meet(call, Mishap.REJECTED)
        else:
            self._meet(call, self._weather.at_call())

    def _meet(self, call: Call, mishap: Mishap | None) -> None:
        """What becomes of a request that arrived, or nearly did."""
        if mishap is not None:
            self._weather.happened(mishap)
        match mishap:
            case None | Mishap.DELAY:
                self._do(call, 0.0 if mishap is None else self._dice.between(0.5, 8.0))
            case Mishap.LOST_ANSWER | Mishap.LOST_REQUEST:
                self._lose(call, mishap)
            case Mishap.HANG:
                self._hang(call)
            case Mishap.TOLD_TO_WAIT:
                self._tell_to_wait(call)
            case Mishap.TOO_MANY:
                self._refuse(call, Unavailable("too many requests"), "unavailable")
            case Mishap.REJECTED:
                self._platform.never.add(call.one.key)
                self._raise_later(call, Rejected("refused"), "rejected", self._weather.wait())
            case _:
                self._fail(call, mishap)

    def _lose(self, call: Call, mishap: Mishap) -> None:
        """Where order is kept, the connection is lost with it."""
        if mishap is Mishap.LOST_ANSWER and not self._performed(call):
            return
        if self._platform.rooms[call.room].in_flight > 1:
            self._platform.cut()
        else:
            self._raise_later(call, Uncertain("no answer"), "lost", _PATIENCE_SECONDS)

    def _hang(self, call: Call) -> None:
        """Nobody ever answers; where order is kept, nothing behind it arrives either."""
        if self._dice.happens(0.5) and not self._performed(call):
            return
        if self._platform.rooms[call.room].in_flight > 1:
            self._stalled = True
            self._loop.call_later(_STALLED_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if not self.lost:
            self._platform.cut()

    def _tell_to_wait(self, call: Call) -> None:
        seconds = self._dice.pick((0.5, 3.0, 20.0))
        self._refuse(call, Unavailable("too many requests", retry_after=seconds, scope=Scope.ROOM), "wait")

    def _fail(self, call: Call, mishap: Mishap) -> None:
        """An error of the server, or of the connector: where order is kept it has happened all the same."""
        happens = self._platform.rooms[call.room].in_flight > 1 or self._dice.happens(0.5)
        if happens and not self._performed(call):
            return
        error = ValueError("a bug") if mishap is Mishap.UNDECLARED else Uncertain("error 502")
        self._raise_later(call, error, "undeclared" if mishap is Mishap.UNDECLARED else "lost", self._weather.wait())

    def _performed(self, call: Call) -> bool:
        """Do it; False when the platform has refused it for good."""
        try:
            self._perform(call)
        except Gone:
            self._raise_later(call, Rejected("no such message"), "rejected", self._weather.wait())
            return False
        return True

    def _do(self, call: Call, delay: float) -> None:
        if self._performed(call):
            self._loop.call_later(self._weather.wait() + delay, self._answer, call)

    def _perform(self, call: Call) -> None:
        native = call.work()
        self._witness.now = self._loop.time()
        self._witness.executed(call.one, native)

    def _refuse(self, call: Call, error: BridgeError, answer: str) -> None:
        """What else is on its way to that room meets the same: else it would overtake."""
        delay = self._weather.wait()
        refusal = self._refusals.get(call.room)
        if refusal is None or call.began > refusal.told + SAME_MOMENT:
            self._refusals[call.room] = Refusal(error, answer, self._loop.time() + delay)
        self._raise_later(call, error, answer, delay)

    # --- the way back ---

    def _raise_later(self, call: Call, error: Exception, answer: str, delay: float) -> None:
        self._loop.call_later(delay, self._throw, call, error, answer)

    def _throw(self, call: Call, error: Exception, answer: str) -> None:
        if self.dead or call.future.done():
            return
        now = self._witness.now = self._loop.time()
        self._witness.answered(call.one, answer)
        if answer == "wait" and isinstance(error, Unavailable):
            self._witness.waits[call.one.place] = (now, now + (error.retry_after or 0.0))
        call.future.set_exception(error)

    def _answer(self, call: Call) -> None:
        if self.dead or call.future.done():
            return
        if call.number < self._highest:
            self._weather.happened(Mishap.OVERTAKEN)
        self._highest = max(self._highest, call.number)
        self._witness.now = self._loop.time()
        self._witness.answered(call.one, "ok")
        call.future.set_result(call.one.native)

    # --- its end ---

    def cut(self) -> None:
        """The connection is lost: nobody knows what became of what was under way."""
        if self.lost:
            return
        self.lost = True
        for call in list(self._open.values()):
            self._throw(call, Uncertain("the connection was lost"), "lost")
        self._under_way.clear()

    def die(self) -> None:
        """The bridge's process is dead: some of what it had sent still arrives, in order; nobody hears an answer."""
        if not self.lost and not self._stalled:
            for _ in range(self._dice.below(len(self._under_way) + 1)):
                call = self._under_way.popleft()
                if (
                    not call.future.done()
                    and call.one.key not in self._platform.never
                    and call.room not in self._platform.closed
                    and call.room not in self._refusals
                ):
                    self._performed(call)
        self.lost = self.dead = True
        self._under_way.clear()
