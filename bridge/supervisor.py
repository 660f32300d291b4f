"""An account: runs its connector, again when it falls; up, down or stopped."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog

from bridge.asked import Person
from bridge.backoff import asked, wait
from bridge.chance import Chance
from bridge.claims import Claims, Superseded
from bridge.clock import Clock
from bridge.connector import Connector, Request, Response
from bridge.delivery import Lane
from bridge.entering import place_of
from bridge.errors import BridgeError, Rejected, RoomClosed, Unauthorized
from bridge.events import AnyEvent, File, User
from bridge.ids import AccountName, Place, RoomNumber
from bridge.intake import Intake
from bridge.lanes import Lanes
from bridge.shared import Shared
from bridge.store.ops import Identify, Pin, Remember, TakeOver, Uptime
from bridge.store.questions import Position, Recall
from bridge.unread import Unread

logger = structlog.get_logger()
_STEADY_SECONDS = 60.0
"""Up this long, the next failure counts as the first."""
_JOINS_AT_ONCE = 8
_LONGEST_JOIN_SECONDS = 60.0


class State(StrEnum):
    """What an account is doing."""

    STARTING = "starting"
    UP = "up"
    DOWN = "down"
    STOPPED = "stopped"


class Account:
    """One account of the configuration. It is its connector's `Host`.

    `pin` tells where a room is (and answers the name of another room that is there already, or None).
    """

    def __init__(  # noqa: PLR0913 - the parts an account stands on
        self, *, name: AccountName, shared: Shared, intake: Intake, data_dir: Path, webhook_url: str | None,
        uptime: int, make: Callable[["Account"], Connector[Any]], pin: Callable[[RoomNumber, Place], str | None],
    ) -> None:  # fmt: skip
        self.account, self._shared, self._intake, self._pin = name, shared, intake, pin
        self.read, self.link = shared.media.read, shared.media.link
        self._data_dir, self.webhook_url = data_dir, webhook_url
        shared.names.reserve(name)
        self.connector = make(self)
        self.lanes = Lanes(name, self.connector, shared, self, uptime)
        self.rooms: dict[RoomNumber, Lane] = {}
        self.state = State.STARTING
        self.since = shared.clock.now()
        self.last_error = ""
        self.me: User | None = None
        self._failures = 0
        self._identity_checked = False
        self._life = asyncio.timeout(None)
        self._refusal: Unauthorized | None = None
        self._claims = Claims(name, self.connector, shared)
        self.unread = Unread(name, shared)
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._joins: set[asyncio.Task[None]] = set()
        self._joined = asyncio.Event()

    # --- the host's side ---

    @property
    def data_dir(self) -> Path:
        self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._data_dir

    @property
    def clock(self) -> Clock:
        return self._shared.clock

    @property
    def chance(self) -> Chance:
        return self._shared.chance

    async def publish(self, *events: AnyEvent, position: str | None = None) -> None:
        if position is not None and self.state is State.UP and not self._joined.is_set():
            await self._first_entered()
        if self.state is State.UP and not self._claims.known.is_set():
            await self._claims.wait()
        me = self.me.id if self.me else None
        await self._intake.publish(self.account, me, events, position)

    async def _first_entered(self) -> None:
        """At the very first start nobody knows yet where the rooms are: a position must not pass what they say."""
        if any(lane.state.pinned is None for lane in self.rooms.values()):
            with suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_JOIN_SECONDS):
                    await self._joined.wait()

    async def position(self) -> str | None:
        found: str | None = await self._shared.writer.ask(Position(self.account))
        return found

    def unreadable(self, what: str) -> None:
        self.unread.add(what)

    async def face(self, person: Person) -> File | None:
        return await self._shared.media.face(person.number)

    async def remember(self, name: str, value: str, ttl: timedelta) -> None:
        until = self._shared.now_ms() + int(ttl.total_seconds() * 1000)
        await self._shared.writer.ask(Remember(account=self.account, name=name, value=value, until=until))

    async def recall(self, name: str) -> str | None:
        found: str | None = await self._shared.writer.ask(Recall(self.account, name, self._shared.now_ms()))
        return found

    def connected(self, me: User) -> None:
        if self.me is not None and self.me.id != me.id:
            raise Unauthorized(f"account {self.account} was another user before: {self.me.name}, now {me.name}")
        self.me = me
        self._shared.names.reserve(me.name)
        if self.state is not State.UP:
            self._came_up()
        if self._identity_checked:
            self._begin()
        else:
            life = self._life
            self._shared.writer.tell(Identify(self.account, me.id), lambda before: self._identified(before, life))

    def _begin(self) -> None:
        if self.connector.can(Connector.claimed):
            self._keep(self._claimed())
        else:
            self._go()

    def _go(self) -> None:
        self._claims.known.set()
        self.lanes.up()
        self.lanes.pump()  # private conversations need not be entered
        self._join(self.rooms.values())

    async def _claimed(self) -> None:
        """Nothing is sent or taken in before it is known that no other copy of the store runs this account."""
        try:
            await self._claims.settle()
            self._go()
            await self._claims.watch()
        except Unauthorized as error:
            self._refuse(error)
        except Exception:  # a platform's oddity must not keep the account from running
            logger.exception("claim failed", account=self.account)
            if not self._claims.known.is_set():
                self._go()

    # --- life ---

    def start(self, group: asyncio.TaskGroup) -> None:
        self._task = group.create_task(self._live(), name=f"account {self.account}")

    async def stop(self) -> None:
        """End the connector; what waits stays in the store."""
        self._went_down()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=10)

    def resume(self) -> None:
        """Try again after the credentials were refused."""
        self._refusal = None
        self._stopped.set()

    async def _live(self) -> None:
        while True:
            began = self.clock.monotonic()
            error = await self._run_once()
            self._went_down()
            if isinstance(error, Unauthorized):
                await self._wait_for_operator(error)
                continue
            if self.clock.monotonic() - began >= _STEADY_SECONDS:
                self._failures = 0
            self._lost(error)
            await self.clock.sleep(self._pause(error))
            self._failures += 1

    async def _run_once(self) -> Exception:
        """One life of the connection. Why it ended."""
        self._life = asyncio.timeout(None)
        try:
            async with self._life:
                await self.connector.run()
        except Exception as error:  # noqa: BLE001 - a connector that falls must not pull others down
            return self._refusal or error
        return self._refusal or BridgeError("the connection ended")

    def _pause(self, error: Exception) -> float:
        pause = wait(self._failures, self.chance.fraction())
        return max(pause, asked(getattr(error, "retry_after", None)) or 0.0)

    async def _wait_for_operator(self, error: Unauthorized) -> None:
        self.state, self.since, self.last_error = State.STOPPED, self.clock.now(), str(error)
        cause = "it has moved" if isinstance(error, Superseded) else "its credentials are refused"
        logger.error("account stopped", account=self.account, cause=cause, why=str(error))
        self._shared.notice(None, f"Account {self.account} is stopped, {cause}: {error}")
        self._joined.set()
        self._stopped.clear()
        await self._stopped.wait()

    def refused(self, why: str) -> None:
        """A send was refused for its credentials: the connector's run ends, as if it had found out itself."""
        self._refuse(Unauthorized(why))

    def _refuse(self, error: Unauthorized) -> None:
        if self.state is State.UP and not self._refusal:
            self._refusal = error
            self._life.reschedule(0.0)

    async def take_over(self) -> None:
        """The operator says that this copy of the store is to run the account."""
        await self._shared.writer.ask(TakeOver(self.account))
        if self.state is State.STOPPED:
            self.resume()

    # --- up and down ---

    def _came_up(self) -> None:
        was_lost = self.state in {State.DOWN, State.STOPPED}
        self.state, self.since = State.UP, self.clock.now()
        if was_lost:
            logger.info("account back", account=self.account)
            self._shared.notice(None, f"Account {self.account} is back.")

    def _went_down(self) -> None:
        self._claims.known.clear()
        self.lanes.down()
        for lane in self.rooms.values():
            lane.state.left()
        for task in self._joins:
            task.cancel()
        self._shared.writer.tell_lazily(Uptime(self.account, self.lanes.uptime()))

    def _lost(self, error: Exception) -> None:
        """One warning when an account is lost; further failures only change what `/status` says."""
        self.last_error = str(error) or type(error).__name__
        self._joined.set()
        if not isinstance(error, BridgeError):
            logger.error("connector fell", account=self.account, exc_info=error)
        if self.state is not State.DOWN:
            self.state, self.since = State.DOWN, self.clock.now()
            logger.warning("account lost", account=self.account, why=self.last_error)
            self._shared.notice(None, f"Account {self.account} is lost, what is written waits: {self.last_error}")

    def _identified(self, before: object, life: asyncio.Timeout) -> None:
        """The store remembers who this account was: another person's token must not take its place."""
        over = self._task is None or self._task.done()
        if over or life is not self._life or self.state is not State.UP or self.me is None:
            return
        if isinstance(before, str) and before != self.me.id:
            self.refused(f"account {self.account} was another user before; restore its credentials or rename it")
            return
        self._identity_checked = True
        self._begin()

    # --- rooms ---

    def add(self, number: RoomNumber, lane: Lane) -> None:
        """A room of the configuration lies in this account."""
        self.rooms[number] = lane
        self.lanes.lanes[number] = lane

    def drop(self, number: RoomNumber) -> None:
        """No link names this room any more: its rows stay, held."""
        lane = self.rooms.pop(number)
        lane.state.left()
        lane.end()
        del self.lanes.lanes[number]

    def leave(self, place: Place) -> None:
        """No link names this place any more."""
        if self.state is State.UP and self.connector.can(Connector.leave):
            self._shared.group.create_task(self._leave(place))

    async def _leave(self, place: Place) -> None:
        try:
            async with asyncio.timeout(_LONGEST_JOIN_SECONDS):
                await self.connector.leave(place)
        except Exception as error:  # noqa: BLE001 - a room we cannot leave harms nobody
            logger.warning("room not left", account=self.account, why=str(error) or type(error).__name__)

    async def ready(self) -> None:
        """Return once the rooms were tried for the first time, or the account is stopped."""
        await self._joined.wait()

    @property
    def is_ready(self) -> bool:
        return self._joined.is_set()

    def rejoin(self) -> None:
        """Enter the rooms that were added; where credentials were refused, try them again."""
        self.resume()
        if self.state is State.UP:
            self._join(lane for lane in self.rooms.values() if not lane.state.joined)

    def enter(self, number: RoomNumber) -> None:
        """Enter a room where it is now."""
        if self.state is State.UP:
            self._join([self.rooms[number]])

    def closed(self, number: RoomNumber) -> None:
        """A room was closed to us: entering it is tried again, later and later."""
        lane = self.rooms.get(number)
        if lane is not None and self.state is State.UP:
            self._join([lane], failures=lane.state.closures + 1)

    def _join(self, lanes: Iterable[Lane], failures: int = 0) -> None:
        self._keep(self._enter_rooms(list(lanes), failures))

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Something that ends with the connection."""
        task = self._shared.group.create_task(work)
        self._joins.add(task)
        task.add_done_callback(self._joins.discard)

    async def _enter_rooms(self, left: list[Lane], failures: int) -> None:
        """Enter rooms, a few at a time; those that refuse are tried again, later and later, while links name them."""
        while True:
            if failures:
                await self.clock.sleep(1.0 + wait(failures, self.chance.fraction()))
            slots = asyncio.Semaphore(_JOINS_AT_ONCE)
            entered = await asyncio.gather(*(self._enter_one(lane, slots) for lane in left))
            self._joined.set()
            left = [lane for lane, done in zip(left, entered, strict=True) if not (done or lane.over)]
            failures += 1
            if not left:
                return

    async def _enter_one(self, lane: Lane, slots: asyncio.Semaphore) -> bool:
        async with slots:
            try:
                async with asyncio.timeout(_LONGEST_JOIN_SECONDS):
                    place = await place_of(self.connector, lane)
            except (RoomClosed, Rejected) as error:
                if not lane.over:
                    lane.state.hold(str(error), getattr(error, "until", None))
                return False
            except Exception as error:  # noqa: BLE001 - one room that cannot be entered must not stop the others
                logger.warning("room not entered", room=str(lane.name), why=str(error) or type(error).__name__)
                return False
        if not lane.over:
            self._entered(lane, place)
        elif all(one.state.joined and one.place.room != place.room for one in self.rooms.values()):
            self.leave(place)  # nobody else is there, or may be on the way there
        return True

    def _entered(self, lane: Lane, place: Place) -> None:
        """The first place of a room is pinned; a name that leads elsewhere now is not followed."""
        pinned = lane.state.pinned
        if pinned is not None and pinned != place:
            lane.state.hold_until_told(f"{lane.name} now leads elsewhere ({place}); it was {pinned}", place)
            return
        other = self._pin(lane.number, place)
        if other is not None:
            lane.state.hold(f"{lane.name} is the same room as {other}")
            return
        self._shared.writer.tell(Pin(room=lane.number, native=place.room, thread=place.thread))
        lane.state.enter(place)

    def removed(self, number: RoomNumber, why: str) -> None:
        """We were removed from a room: it is held until entering it works again."""
        lane = self.rooms.get(number)
        if lane is not None:
            lane.state.left()
            lane.state.hold(why)
            self.closed(number)

    # --- webhooks ---

    async def receive(self, request: Request) -> Response:
        """A webhook call for this account."""
        if not self.connector.can(Connector.receive):
            return Response(status=404)
        return await self.connector.receive(request)

    def largest_call(self, head: Request) -> int:
        """How many bytes a call may have."""
        return self.connector.largest_call(head)

    def status(self) -> Mapping[str, object]:
        """What `/status` shows of this account."""
        return {
            "state": self.state.value, "since": self.since.isoformat(timespec="seconds"), "last_error": self.last_error,
            "me": self.me.name if self.me else None, "rooms": len(self.rooms),
        }  # fmt: skip
