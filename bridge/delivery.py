"""A lane: the deliveries of one target room, in order, retried, held, parked or done.

A lane is no task. It is pumped when something changed: a row came, a send ended, a wait is over, the account is back.
What waits is in its `Backlog`, in memory or on disk.
"""

import asyncio

import structlog

from bridge.abilities import Abilities
from bridge.after import Again, Apart, Closed, GiveUp, Refit, Setback, Stop, after, leaves_open
from bridge.backlog import Backlog
from bridge.backoff import left
from bridge.capabilities import Capabilities
from bridge.errors import Scope, Uncertain
from bridge.ids import MessageId, Place, Room, RoomNumber, RowNumber
from bridge.lanes import Lanes
from bridge.plan import is_plain
from bridge.preparing import Preparation
from bridge.reactions import lingers
from bridge.room import RoomState
from bridge.sending import Delivery, copies_of, perform
from bridge.shared import Shared
from bridge.store.ops import Delay, Park, Progress, Settle
from bridge.store.rows import Arrived, Made, Outcome, Row, RowKind
from bridge.store.writer import Then
from bridge.troubles import Troubles

logger = structlog.get_logger()


class Lane:
    """All that waits for one room."""

    def __init__(self, number: RoomNumber, name: Room, account: Lanes, shared: Shared) -> None:
        self.number, self.name = number, name
        self.state = RoomState(number, name, shared, self.pump)
        self._account, self._shared = account, shared
        self._backlog = Backlog(number, shared.writer, shared.loaded, shared.quota, self.pump)
        self._active: dict[RowNumber, Delivery] = {}
        self._front: Delivery | None = None
        self._began = shared.clock.monotonic(), shared.now_ms()
        self._reread = self._joining = False
        self._sending = self._busy = self._unsent = 0
        self._troubles = Troubles(account, shared)
        self._not_before = 0.0
        self._setbacks: list[tuple[Delivery, Setback]] = []
        self._echoes = shared.echoes[number]
        self._able = Abilities(number, account, shared, self._shown)
        self._preparation = Preparation(self, account, shared, self._able, self._backlog)
        shared.unsure[number] = self.may_hold_unknown

    # --- rows come in ---

    def feed(self, row: Row) -> None:
        """A row was accepted; the caller pumps after the last of a batch."""
        self._backlog.feed(row)

    def resume(self, waiting: int, suspects: int) -> None:
        """Look on the disk for the `waiting` rows; after a death the first `suspects` go one by one, each marked."""
        self._backlog.on_disk(waiting)
        self._preparation.suspects = suspects

    @property
    def window(self) -> int:
        """How many sends may have been under way when the bridge died: the room's own number, or its platform's."""
        return max(self._account.connector.features.in_flight, self._shown().in_flight)

    @property
    def suspects(self) -> int:
        """How many of the first rows may have been under way when the bridge died, and were not tried since."""
        return self._preparation.suspects + (self._front is not None and self._front.suspect)

    @property
    def left_behind(self) -> int:
        """How many of the first rows may be suspects for the lane that has the room next."""
        return self.window if self._busy else self.suspects

    def may_hold_unknown(self) -> bool:
        """Whether a copy may stand in the room whose id is not known: a try that may have gone is made again."""
        rows = (*(begun.row for begun in self._active.values()), *self._backlog.waiting)
        return self.suspects > 0 or any(row.doubtful for row in rows)

    @property
    def place(self) -> Place:
        """Where the room is."""
        return self.state.place

    @property
    def over(self) -> bool:
        """Whether another lane has the room now, or none: nothing starts here any more."""
        return self._preparation.over

    @property
    def busy(self) -> bool:
        """Whether sends are under way, or waiting to be durable."""
        return bool(self._busy)

    @property
    def idle(self) -> bool:
        """Whether nothing waits here, and nothing is under way."""
        under_way = self._busy or self._active or self._front or self._setbacks or self._preparation.busy
        return not (under_way or self._reread or self._backlog) and self._backlog.whole

    def end(self) -> None:
        """The lane is over: what it holds in memory stands on disk as well."""
        self._preparation.over = True
        self._backlog.end()

    def reread(self) -> None:
        """Rows with old numbers wait again: read from the beginning as soon as nothing is under way."""
        self._reread, self._preparation.suspects = True, 0
        self.pump()

    # --- the pump ---

    def pump(self) -> None:
        """Start everything that may start now."""
        if self._reread and not self._active and not self._preparation.busy and self._backlog.start_over():
            self._reread = False
        while self._may_go():
            if not (self._start_step() if self._front else self._next_row()):
                return

    def _may_go(self) -> bool:
        busy = self._preparation.busy or self._setbacks or self._reread
        if busy or self.over or not self._account.open or not self.state.open:
            return False
        return not self._not_before or not self._waits(self._not_before - self._shared.clock.monotonic())

    def _waits(self, seconds: float) -> bool:
        if seconds > 0:
            self.state.wake_after(seconds)
            return True
        return False

    def _next_row(self) -> bool:
        """Take the oldest row as far as it can be taken now; False when the pump has to come again."""
        row = self._backlog.first()
        if row is None or (self._active and (self.suspects or self._joining or not is_plain(row))):
            return False
        if (self._able.slow or row.kind is RowKind.REACT) and self._pauses(row):
            return False
        if row.next_at is not None and self._waits_as_before(row, row.next_at):
            return False
        self._backlog.pop()
        if row.gone and not self.suspects:
            self.ended(Settle(row=row, outcome=Outcome.CANCELLED, cause="deleted before"))
        elif self._expired(row):
            self.ended(Settle(row=row, outcome=Outcome.EXPIRED))
        else:
            self._active[row.number] = delivery = Delivery(row, set(row.sent))
            self._preparation.begin(delivery)
        return True

    def _pauses(self, row: Row) -> bool:
        """Whether a row waits a moment for others that can be shown with it."""
        if row.kind is RowKind.REACT:
            seconds = lingers(self._backlog.waiting, self._able.features, self._shared.now_ms())
            return self._backlog.whole and not self.suspects and self._waits(seconds)
        fresh = row.kind is RowKind.POST and row.plan is None and not self.suspects
        return fresh and self._waits(self._able.limiter.paced(self._shared.clock.monotonic()))

    def _waits_as_before(self, row: Row, next_at: int) -> bool:
        """A wait that was stored outlives the process; all are counted from one moment, by the monotonic clock."""
        row.next_at = None
        began, at = self._began
        self._not_before = max(self._not_before, began + left(next_at, at))
        return self._waits(self._not_before - self._shared.clock.monotonic())

    def _expired(self, row: Row) -> bool:
        lifetime = self._shared.lifetimes.get(row.link)
        return lifetime is not None and self._account.uptime() - row.born >= lifetime

    def _shown(self) -> Capabilities:
        shown = self._account.shown(self.state.place.room)
        self._backlog.serve(shown.in_flight)
        return shown

    def ready(self, delivery: Delivery) -> None:
        """Prepared: its steps may start."""
        self._front, self._joining = delivery, bool(delivery.joined)

    def _start_step(self) -> bool:
        delivery = self._front
        if delivery is None:
            return True
        index = delivery.next_step
        if index >= len(delivery.steps):
            self._front = None
            return True
        if index in delivery.done:
            delivery.next_step += 1
            return self._all_done(delivery)
        echoed = self._echoes.take(delivery.row.number, index)
        if echoed is not None:
            return self._arrived(delivery, index, echoed)
        return self._may_send() and self._launch(delivery, index)

    def _arrived(self, delivery: Delivery, index: int, natives: Arrived) -> bool:
        """An echo told that this step went, though its call failed."""
        self._passed(delivery)
        self._occupy()
        self._account.take()
        self._went(delivery, index, copies_of(delivery.steps[index], natives))
        return True

    def _passed(self, delivery: Delivery) -> None:
        delivery.next_step += 1
        if delivery.next_step >= len(delivery.steps):
            self._front = None

    def _all_done(self, delivery: Delivery) -> bool:
        """A row whose every part went before a restart has only to leave."""
        if delivery.finished:
            self._front = None
            self._settle(Settle(row=delivery.row, outcome=Outcome.DELIVERED))
        return True

    def _may_send(self) -> bool:
        able = self._able
        most = 1 if self.suspects or self._troubles.careful else able.capabilities.in_flight
        if self._unsent or self._busy >= most:
            return False
        delay = able.limiter.delay(self._shared.clock.monotonic())
        return (not delay or not self._waits(delay)) and self._account.admit(self)

    def _launch(self, delivery: Delivery, index: int) -> bool:
        if delivery.suspect and not delivery.row.marked:
            return self._preparation.mark(delivery, lambda: self._launch(delivery, index))
        delivery.suspect = False
        now = self._shared.clock.monotonic()
        self._able.limiter.start(now)
        self._occupy()
        self._sending += 1
        self._passed(delivery)
        task = self._shared.group.create_task(self._send(delivery, index))
        self._account.watch(task, now + delivery.patience)
        return True

    async def _send(self, delivery: Delivery, index: int) -> None:
        step = delivery.steps[index]
        try:
            made = await perform(self._account.connector, step)
        except asyncio.CancelledError:
            if not self._account.overdue():
                raise
            self._failed(delivery, index, Uncertain("no answer in time"))
        except Exception as error:  # noqa: BLE001 - whatever a connector raises must not lose a message
            self._failed(delivery, index, error)
        else:
            self._sending -= 1
            self._went(delivery, index, made)
        finally:
            self._account.unwatch()

    def _went(self, delivery: Delivery, index: int, made: Made) -> None:
        """One step went: its place in the window is free once that is durable."""
        if self.over:
            self._echoes.keep(delivery.row.number, index, made)  # for the lane that has the room next
            self._vacate()
            return
        self._troubles.over(delivery.row)
        self._account.succeeded()
        self.state.written()
        delivery.done.add(index)
        if delivery.finished and not delivery.parked:
            self._front = None if self._front is delivery else self._front
            joined = self._backlog.take(delivery.joined)
            self._settle(delivery.settled(made, joined), self._freed)
        else:
            sent = tuple(sorted(delivery.done))
            delivery.row.sent = sent
            self._shared.writer.tell(Progress(row=delivery.row, made=made, sent=sent), self._freed)
        if self._setbacks:
            self._recover()

    def _occupy(self) -> None:
        self._busy += 1
        self._shared.under_way[self.number] += 1

    def _vacate(self) -> None:
        self._busy -= 1
        self._shared.under_way[self.number] -= 1
        self._account.release()

    def _freed(self, _: object = None) -> None:
        self._vacate()
        if not self._account.queues(self):
            self.pump()

    def go_on(self) -> None:
        if self._setbacks:
            self._recover()
        else:
            self.pump()

    def _keep_place(self) -> None:
        """A row ends without being sent. Later ones go once that is durable: a death must not bring it back behind."""
        self._unsent += 1
        self._occupy()
        self._account.take()

    def _give_place(self, _: object = None) -> None:
        self._unsent -= 1
        self._freed()

    def ended(self, op: Settle) -> None:
        self._preparation.suspects = max(0, self.suspects - 1)
        self._keep_place()
        self._settle(op, self._give_place)

    def _settle(self, op: Settle, then: Then | None = None) -> None:
        """A row leaves: soon when others wait for its place, and then with as many as can be."""
        self._active.pop(op.row.number, None)
        self._troubles.forget(op.row)
        self._echoes.forget(op.row)
        if self._backlog and 2 * self._sending <= self._busy:
            self._shared.writer.tell(op, then)
        else:
            self._shared.writer.tell_lazily(op, then)

    def park(self, delivery: Delivery, reason: str, why: str) -> None:
        """The row cannot go: it waits for the operator, who is told."""
        self.put_aside(delivery, reason, why)
        self._shared.notice(self.number, f"A message for {self.name} could not be delivered and is parked: {why}")

    def put_aside(self, delivery: Delivery, reason: str, why: str) -> None:
        """The row is parked, for a reason that the operator knows; its place is free once that is durable."""
        row = delivery.row
        delivery.parked = True
        self._active.pop(row.number, None)
        if self._front is delivery:
            self._front = None
        self._keep_place()
        for one in (*(self._backlog.take(delivery.joined) if row.kind is RowKind.POST else ()), row):
            then = self._give_place if one is row else None
            self._shared.writer.tell(Park(row=one, reason=reason, error=why, at=self._shared.now_ms()), then)
        logger.warning("delivery parked", room=str(self.name), row=row.number, reason=reason, error=why)

    # --- failures ---

    def _failed(self, delivery: Delivery, index: int, error: Exception) -> None:
        self._sending -= 1
        if self.over:
            self._vacate()
            return
        row = delivery.row
        echoed = self._echoes.take(row.number, index)
        if echoed is not None and leaves_open(error):
            self._went(delivery, index, copies_of(delivery.steps[index], echoed))
            return
        decision = delivery.told(after(error, self._troubles.tries(row)), error, index, self._shared.late_answers)
        self._troubles.noted(row, decision, error, self.name)
        if isinstance(decision, GiveUp):
            if not delivery.parked:
                self.park(delivery, decision.reason, decision.why)
            self._freed()
        else:
            self._vacate()
            self._setbacks.append((delivery, decision))
        if self._setbacks:
            self._recover()

    def _recover(self) -> None:
        """When all sends under way have ended, what did not go goes back to the front, in order."""
        if self._sending or self._preparation.busy:
            return
        setbacks, self._setbacks, self._front = self._setbacks, [], None
        if self._able.capabilities.in_flight > 1:
            self._troubles.look_back((delivery.row, decision) for delivery, decision in setbacks)
        for delivery in sorted(self._active.values(), key=lambda one: one.row.number, reverse=True):
            self._preparation.suspects += delivery.row.marked or delivery.suspect
            delivery.row.marked = False
            self._backlog.put_back(delivery.row)
        self._active.clear()
        for delivery, decision in setbacks:
            self._apply(delivery, decision)
        self.pump()

    def _apply(self, delivery: Delivery, decision: Setback) -> None:
        match decision:
            case Again(seconds, scope, why):
                self._again(delivery.row, seconds, scope, why)
            case Refit(feature):
                self._able.refused(feature, delivery.row)
                delivery.plan_without(feature)
            case Apart():
                delivery.plan_alone()
            case Closed(why, until):
                delivery.let_go()
                self.state.hold(why, until)
                self._account.closed(self.number)
            case Stop(why):
                self._account.stop(why)

    def _again(self, row: Row, seconds: float, scope: Scope, why: str) -> None:
        due = self._shared.clock.monotonic() + seconds
        self._not_before = max(self._not_before, due)
        if scope is Scope.ACCOUNT:
            self._account.block(due)
        at = self._shared.now_ms() + int(seconds * 1000)
        op = Delay(row=row, attempts=row.attempts, next_at=at, error=why, doubtful=row.doubtful)
        self._shared.writer.tell_lazily(op)

    def echoed(self, row: RowNumber, part: int, natives: tuple[MessageId, ...]) -> None:
        """The platform showed us our own message: whatever becomes of the call, this part arrived."""
        if row in self._active or self._backlog.may_hold(row):
            self._echoes.keep(row, part, natives)
