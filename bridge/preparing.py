"""From the oldest row of a lane to steps that may start: what it speaks of, its plan, a seal, a suspect's mark."""

from collections.abc import Callable
from datetime import UTC
from typing import Protocol

from msgspec import structs

from bridge.abilities import Abilities
from bridge.attaching import attached, patience
from bridge.backlog import Backlog
from bridge.blocks import gathered
from bridge.events import Edited, Posted
from bridge.ids import Place, Room, RoomNumber
from bridge.lag import Lag, line
from bridge.lanes import Lanes
from bridge.learning import learned
from bridge.patience import Policy
from bridge.plan import is_plain, planned
from bridge.reactions import together
from bridge.refit import refitted
from bridge.rooting import rooted
from bridge.sending import Delivery
from bridge.shared import Shared
from bridge.steps import Ended, Facts, Orphan, Plan, View, sealed, unsealed
from bridge.store.codec import UNREADABLE
from bridge.store.ops import Mark, Seal, Settle
from bridge.store.rows import Row


class Waiting(Protocol):
    """The lane, as its preparation sees it."""

    number: RoomNumber
    name: Room

    @property
    def place(self) -> Place: ...

    def ready(self, delivery: Delivery) -> None:
        """The steps may start."""
        ...

    def ended(self, op: Settle) -> None:
        """There is nothing to send."""
        ...

    def park(self, delivery: Delivery, reason: str, why: str) -> None:
        """It cannot go, and the operator is told."""
        ...

    def put_aside(self, delivery: Delivery, reason: str, why: str) -> None:
        """It cannot go, for a reason that the operator knows already."""
        ...

    def go_on(self) -> None:
        """The store answered: look what comes next."""
        ...


class Preparation:
    """One row at a time; `busy` while the store is asked."""

    def __init__(self, lane: Waiting, account: Lanes, shared: Shared, able: Abilities, backlog: Backlog) -> None:
        self._lane, self._account, self._shared = lane, account, shared
        self._able, self._backlog = able, backlog
        self._lag = Lag()
        self.busy = False
        self.over = False
        """Another lane has the room now: nothing is decided here any more."""
        self.suspects = 0
        """How many of the first rows may have been under way when the bridge died, and were not tried since."""

    def begin(self, delivery: Delivery) -> None:
        """Make a delivery ready, now or when the store has answered."""
        row = delivery.row
        if row.unreadable:
            self._cannot_read(delivery, row.unreadable)
        elif self._shared.patience and self._comes_too_late(delivery):
            return
        elif row.plan is not None and not row.refused:
            self._unseal(delivery, row.plan)
        elif not self._goes_plainly(delivery):
            self._prepare(delivery)

    def _goes_plainly(self, delivery: Delivery) -> bool:
        """Whether it is ready, as nearly every message is at once."""
        if self.suspects or self._able.slow:
            return False
        plan = self._able.plainly(self._lane.place, delivery.row)
        if plan is None:
            return False
        delivery.plan, delivery.without = plan, self._able.lacking
        self._lane.ready(delivery)
        return True

    def _prepare(self, delivery: Delivery) -> None:
        if is_plain(delivery.row):
            self._decide(delivery, Facts())
        else:
            self.busy = True
            self._shared.group.create_task(self._learn(delivery))

    def _comes_too_late(self, delivery: Delivery) -> bool:
        """Whether a message is older than its link allows, and is kept for the operator; who should know is told."""
        row, now = delivery.row, self._shared.clock.now()
        allowed = self._shared.patience.get(row.link)
        if allowed is None or self.suspects:
            return False
        late = self._lag.over(row, allowed, now)
        if news := self._lag.change(late, allowed, now.timestamp() - row.at / 1000):
            self._shared.notice(self._lane.number, f"{self._lane.name} {news}.")
        aside = late is not None and allowed.policy is not Policy.TELL
        if aside:
            self._set_aside(delivery, allowed.policy)
        if not (aside and self._backlog) and (summary := self._lag.summary(self._shared.zones.get(row.link, UTC))):
            self._shared.say(self._lane.number, summary, self._lag.file())
        return aside

    def _set_aside(self, delivery: Delivery, policy: Policy) -> None:
        row = delivery.row
        self._lag.aside.append(row.event.at)
        if policy is Policy.FILE:
            self._lag.lines.append(line(row, self._able.view(self._lane.place, row, (), Facts())))
        self._lane.put_aside(delivery, "late", "it is older than its link allows")

    def _unseal(self, delivery: Delivery, plan: bytes) -> None:
        try:
            delivery.plan = unsealed(plan)
        except UNREADABLE as error:
            self._cannot_read(delivery, f"{type(error).__name__}: what was to be sent is not what was written")
        else:
            self._planned(delivery)

    def _cannot_read(self, delivery: Delivery, why: str) -> None:
        """Bytes that rotted on the disk concern their own row alone."""
        self.suspects = max(0, self.suspects - 1)
        self._lane.park(delivery, "unreadable", why)

    async def _learn(self, delivery: Delivery) -> None:
        """Ask the store about the messages a row speaks of."""
        row = delivery.row
        facts = await learned(self._shared, self._lane.number, row)
        if facts.thread is not None:
            view = self._able.view(self._lane.place, row, (), facts)
            facts = await rooted(self._shared, self._account, row, facts, view)
        if isinstance(row.event, (Posted, Edited)) and row.event.attachments:
            carried = await attached(self._shared, row, self._able.of(row))
            facts = structs.replace(facts, carried=carried)
            delivery.patience = patience(carried)
        self.busy = False
        if not self.over:
            self._decide(delivery, facts)
            self._lane.go_on()

    def _decide(self, delivery: Delivery, facts: Facts) -> None:
        row = delivery.row
        behind = self._behind(row)
        view = self._able.view(self._lane.place, row, behind, facts)
        if row.refused and row.plan is not None:
            decision: Plan | Ended | Orphan = self._rest(delivery, row.plan, facts, view)
        else:
            decision = planned(row, facts, view, self._shared.clock.now(), behind)
        delivery.without = self._able.lacking | row.lacks if row.lacks else self._able.lacking
        match decision:
            case Ended(outcome, cause, joined):
                self._lane.ended(Settle(row=row, outcome=outcome, cause=cause, joined=self._backlog.take(joined)))
            case Orphan():
                self._lane.put_aside(delivery, "parent parked", "the message it speaks of is parked")
            case Plan():
                delivery.plan = decision
                if decision.fragile or row.generation:
                    self._seal(delivery, decision)
                else:
                    self._planned(delivery)

    def _behind(self, row: Row) -> tuple[Row, ...]:
        """Rows that one message can show with this one: its plan says which of them it does."""
        if not is_plain(row):
            return together((row, *self._backlog.waiting))[1:]
        if not self._able.slow or self.suspects:
            return ()
        return gathered(row, self._backlog.waiting, self._shared.now_ms())

    def _rest(self, delivery: Delivery, plan: bytes, facts: Facts, view: View) -> Plan:
        """What went stays; the others are planned anew behind it."""
        row = delivery.row
        rest = refitted(unsealed(plan), row, facts, view)
        row.sent, row.refused = tuple(range(len(row.sent))), False
        delivery.done = set(row.sent)
        return rest

    def _seal(self, delivery: Delivery, plan: Plan) -> None:
        self.busy = True
        row = delivery.row
        row.plan = sealed(plan)

        def durable(_: object) -> None:
            self.busy = False
            if not self.over:
                self._planned(delivery)
                self._lane.go_on()

        self._shared.writer.tell(Seal(row=row, plan=row.plan, generation=row.generation, sent=row.sent), durable)

    def _planned(self, delivery: Delivery) -> None:
        """Its steps may start; what a suspect did before is unknown."""
        if self.suspects:
            self.suspects -= 1
            delivery.suspect = delivery.row.doubtful = True
            if self._account.policy == "hold":
                self._lane.park(delivery, "unknown outcome", "the bridge died while it may have been under way")
                return
        self._lane.ready(delivery)

    def mark(self, delivery: Delivery, launch: Callable[[], object]) -> bool:
        """A suspect is marked just before its first step starts: a death from now on counts as its fault.

        Not earlier: while it waits for its turn it cannot have killed us. Its place is kept meanwhile, and given back
        where nothing may start any more.
        """
        self.busy = delivery.row.marked = True

        def marked(_: object) -> None:
            self.busy = False
            arrived = (delivery.row.number, delivery.next_step) in self._shared.echoes[self._lane.number]
            if self.over or arrived or not self._account.open:
                self._account.release()
            else:
                launch()
            self._lane.go_on()

        self._shared.writer.tell(Mark(delivery.row), marked)
        return False
