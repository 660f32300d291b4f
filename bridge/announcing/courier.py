"""Carries announcements to the recipients of one account: a few at a time, each marked before, the urgent first."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from bridge.announcing.carrying import Carrying
from bridge.announcing.going import Going
from bridge.announcing.turns import Turns
from bridge.asked import Outgoing
from bridge.connector import Connector
from bridge.delivery import Lane
from bridge.errors import StoreFull
from bridge.ids import AccountName, RoomNumber
from bridge.lanes import Lanes
from bridge.shared import Shared
from bridge.steps import Plan
from bridge.store.announced import Course, Price, Recipient, Record, Result, Take, Taken, Through, What
from bridge.store.ops import Op

AT_ONCE = 16
"""So many recipients are under way at once: as many are of unknown outcome when the process dies."""
MOST_AT_ONCE = 500
"""So many at most in one call that takes many."""
FULL_SECONDS = 5.0
"""How long what could not be stored waits before it is tried again."""
Told = Callable[[Going], None]


class Courier:
    """One account's part of all announcements; it runs while there is something to carry."""

    def __init__(
        self, account: AccountName, lanes: Lanes, rooms: Mapping[RoomNumber, Lane], shared: Shared, told: Told
    ) -> None:
        self.account, self.lanes = account, lanes
        self._shared, self._told = shared, told
        self._turns = Turns(lanes)
        self.carrying = Carrying(lanes, rooms, shared, self._turns)
        self._going: dict[int, Going] = {}
        self._not_before: dict[int, int] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.busy = self._over = False

    def go(self, going: Going) -> None:
        """Carry this too, from now on."""
        self._going[going.one.number] = going
        self._not_before.pop(going.one.number, None)
        self._news.set()
        if self._task is None or self._task.done():
            self._task = self._shared.group.create_task(self._run(), name=f"announcements {self.account}")

    def leave(self, number: int) -> None:
        """It is stopped: nobody else gets it from here."""
        self._going.pop(number, None)
        self._not_before.pop(number, None)
        self._news.set()

    def carries(self, number: int) -> bool:
        """Whether it is not through with it."""
        return number in self._going

    @property
    def carrying_any(self) -> bool:
        return bool(self._going)

    @property
    def confirms(self) -> bool:
        """Whether its platform says later what became of what it took."""
        return self.lanes.connector.features.confirms_within is not None

    def halt(self) -> None:
        """Nothing new begins."""
        self._over = True
        self._news.set()

    def end(self) -> None:
        """The account is over; what was under way is of unknown outcome."""
        self.halt()
        if self._task is not None:
            self._task.cancel()

    # --- one after the other ---

    async def _run(self) -> None:
        while self._going and not self._over:
            await self._turns.open()
            going = self._next()
            if going is None:
                await self._rest()
            else:
                await self._busily(going)

    async def _busily(self, going: Going) -> None:
        self.busy = True
        try:
            await self._round(going)
        except StoreFull:
            await self._shared.clock.sleep(FULL_SECONDS)
        finally:
            self.busy = False

    def _next(self) -> Going | None:
        """The urgent first, then the oldest, of those that need not wait."""
        now = self._shared.now_ms()
        ready = [one for number, one in self._going.items() if self._not_before.get(number, 0) <= now]
        return min(ready, key=lambda going: (not going.one.urgent, going.one.number), default=None)

    async def _rest(self) -> None:
        """Until the first of those that wait is due, or something new comes."""
        self._news.clear()
        due = min(self._not_before.values(), default=0)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.001, (due - self._shared.now_ms()) / 1000)):
                await self._news.wait()

    async def _round(self, going: Going) -> None:
        number = going.one.number
        price, most = await self.price(going), self._most(going)
        take = Take(number=number, account=self.account, most=most, at=self._shared.now_ms(), price=price)
        taken: Taken = await self._shared.writer.ask(take)
        if taken.recipients:
            await self._carry(going, taken.recipients, price)
        elif taken.spent:
            await self._through(going, Course.STOPPED, "its budget of the month is used up")
        elif taken.next_at is not None:
            self._not_before[number] = taken.next_at
        else:
            await self._through(going, Course.THROUGH)

    async def _carry(self, going: Going, recipients: Sequence[Recipient], price: Price) -> None:
        """A page of them, and what became of each; that is written before the next page is taken."""
        private = [one for one in recipients if one.room is None and not one.natives] if self._broadcasts(going) else []
        singles = [one for one in recipients if one not in private]
        results: list[Result] = []
        if private:
            results += await self.carrying.many(going, private, price.each)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.carrying.one(going, one, price.each)) for one in singles]
        results += [task.result() for task in tasks]
        number = going.one.number
        await self._stored(Record(number=number, account=self.account, results=tuple(results), month=price.month))
        self._told(going)

    async def _through(self, going: Going, state: Course, why: str = "") -> None:
        self.leave(going.one.number)
        self.carrying.forget(going.one.number)
        await self._stored(Through(number=going.one.number, account=self.account, state=state, why=why))
        self._told(going)

    async def _stored(self, op: Op) -> None:
        """What happened is written, however full the disk is."""
        durable = asyncio.Event()
        self._shared.writer.tell(op, lambda _: durable.set())
        await durable.wait()

    def _most(self, going: Going) -> int:
        many = self.lanes.connector.features.max_recipients
        return min(many, MOST_AT_ONCE) if self._broadcasts(going) else AT_ONCE

    def _broadcasts(self, going: Going) -> bool:
        connector = self.lanes.connector
        many = connector.features.max_recipients > 1 and connector.can(Connector.broadcast)
        return many and going.one.what is What.ANNOUNCE

    async def price(self, going: Going) -> Price:
        """What one recipient costs, by what the platform's rooms are shown as a rule."""
        each, messages = going.costs.get(self.account, 0), 0
        if each:
            plan = await self.carrying.sample(going)
            steps = plan.steps if isinstance(plan, Plan) else ()
            messages = sum(isinstance(step.action, Outgoing) for step in steps)
        month = f"{self._shared.clock.now():%Y-%m}"
        return Price(each=each * messages, most=going.budgets.get(self.account), month=month)
