"""One call, or a few, of the connector for some recipients of an announcement, and what became of each of them."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from msgspec import structs

from bridge.announcing.copies import Shown, copied, row_of, templated, words_of
from bridge.announcing.ends import awaiting, ended, waits
from bridge.announcing.going import Going
from bridge.announcing.turns import Turns
from bridge.asked import Outgoing
from bridge.attaching import attached, patience
from bridge.backoff import wait
from bridge.capabilities import Capabilities
from bridge.delivery import Lane
from bridge.errors import (
    BridgeError,
    Feature,
    RoomClosed,
    Scope,
    StoreFull,
    Unauthorized,
    Unavailable,
    Uncertain,
    Unsupported,
)
from bridge.fit_files import Carried
from bridge.ids import MessageId, Place, RoomId, RoomNumber
from bridge.lanes import SEND_SECONDS, Lanes
from bridge.limits import Limiter
from bridge.plan import features
from bridge.sending import perform
from bridge.shared import Shared
from bridge.steps import Ended, Orphan, Plan, Step
from bridge.store.announced import Reach, Recipient, Result, Stands, What
from bridge.store.rows import Copy, TwinKind

logger = structlog.get_logger()
_NOT_NOW = "the account may not send now"
Looks = list[tuple[Capabilities, tuple[Carried, ...]]]


class Carrying:
    """The sending of one account; nothing here is stored."""

    def __init__(self, lanes: Lanes, rooms: Mapping[RoomNumber, Lane], shared: Shared, turns: Turns) -> None:
        self._lanes, self._rooms, self._shared, self._turns = lanes, rooms, shared, turns
        self._looks: dict[int, Looks] = {}
        self._lacking: dict[int, frozenset[Feature]] = {}

    def forget(self, number: int) -> None:
        """It is over."""
        self._looks.pop(number, None)
        self._lacking.pop(number, None)

    # --- what it looks like ---

    async def sample(self, going: Going, rooms: Sequence[RoomNumber] = ()) -> Plan | Ended | Orphan:
        """What somebody here will be shown: in the first of these rooms, or in private."""
        anybody, place = going.anybody(self._lanes.name), Place(RoomId(""))
        there = next((self._rooms[room].place for room in rooms if room in self._rooms), None)
        can = self._lanes.connector.features if there is None else self._lanes.shown(there.room)
        return await self._planned(going, anybody, there or place, can)

    async def _planned(
        self, going: Going, recipient: Recipient, place: Place, can: Capabilities
    ) -> Plan | Ended | Orphan:
        number = going.one.number
        shown = Shown(capabilities=can, features=features(type(self._lanes.connector), can))
        shown = shown.without(self._lacking.get(number, frozenset()))
        carried = await self._carried(going, shown.capabilities)
        now = self._shared.clock.now()
        return copied(going.one, recipient, place, shown, carried=carried, since=going.since, now=now)

    async def _carried(self, going: Going, can: Capabilities) -> tuple[Carried, ...]:
        """What rooms like this get of its files: asked once, not once a recipient."""
        if going.one.what is not What.ANNOUNCE:
            return ()
        looks = self._looks.setdefault(going.one.number, [])
        known = next((carried for known, carried in looks if known == can), None)
        if known is None:
            known = await attached(self._shared, row_of(going.one, self._shared.clock.now()), can)
            looks.append((can, known))
        return known

    # --- one by one ---

    async def one(self, going: Going, recipient: Recipient, price: int) -> Result:
        """Everything that one recipient gets."""
        place, why = self._where(recipient)
        if place is None:
            return self._later(recipient, recipient.natives, why, price)
        at, stood = self._shared.now_ms(), len(recipient.natives) if going.one.what is What.ANNOUNCE else 0
        result = await self._sent(going, recipient, place, price)
        return awaiting(result, stood, self._lanes.shown(place.room).confirms_within, at)

    async def _sent(self, going: Going, recipient: Recipient, place: Place, price: int) -> Result:
        """In our words, without what the room refuses of them."""
        for _ in Feature:
            try:
                plan = await self._planned(going, recipient, place, self._lanes.shown(place.room))
            except StoreFull as error:
                return self._later(recipient, recipient.natives, str(error), price)
            if not isinstance(plan, Plan):
                why = plan.cause if isinstance(plan, Ended) else ""
                return Result(number=recipient.number, reach=Reach.IMPOSSIBLE, why=why, refund=price)
            if recipient.approved and self._template(going) is not None:
                return await self._approved(going, recipient, plan, price)
            result = await self._steps(going, recipient, plan, price)
            if result is not None:
                return result
        return Result(number=recipient.number, reach=Reach.REFUSED, why="it can show nothing of it", refund=price)

    def _where(self, recipient: Recipient) -> tuple[Place | None, str]:
        """The place, or why nothing can be sent there now."""
        if recipient.room is None:
            return Place(recipient.native or RoomId("")), ""
        lane = self._rooms.get(recipient.room)
        if lane is None:
            return None, "no such room is configured any more"
        return (lane.place, "") if lane.state.open else (None, lane.state.held or "the room is not entered yet")

    def _later(self, recipient: Recipient, stands: Sequence[Stands], why: str, price: int) -> Result:
        seconds = wait(recipient.tries, self._shared.chance.fraction())
        at = self._shared.now_ms() + int(1000 * max(1.0, seconds))
        return waits(recipient, stands, at=at, why=why, price=price, tries=1)

    async def _steps(self, going: Going, recipient: Recipient, plan: Plan, price: int) -> Result | None:
        """The steps that are left, in order; None when the room refused a feature and there is another way."""
        stands = list(recipient.natives) if going.one.what is What.ANNOUNCE else []
        limiter = self._limiter(recipient, plan)
        for step in plan.steps[len(stands) :]:
            await self._paced(limiter)
            if not await self._turns.one():
                return waits(recipient, stands, at=self._shared.now_ms(), why=_NOT_NOW, price=price)
            try:
                stands.append(await self._step(step, going))
            except Unsupported as error:
                if stands or not self._loses(going, error.feature):
                    return self._ended(error, recipient, stands, price)
                return None
            except RoomClosed as error:
                if stands or Feature.TEMPLATE not in error.accepts or self._template(going) is None:
                    return self._ended(error, recipient, stands, price)
                return await self._in_approved_words(going, recipient, plan, price)
            except Exception as error:  # noqa: BLE001 - whatever a connector raises, the others must get it
                return self._ended(error, recipient, stands, price)
            finally:
                self._lanes.release()
        return Result(number=recipient.number, reach=Reach.DELIVERED, natives=tuple(stands))

    def _limiter(self, recipient: Recipient, plan: Plan) -> Limiter:
        if recipient.room is not None and recipient.room in self._shared.limiters:
            return self._shared.limiters[recipient.room]()
        rates = self._lanes.connector.features.rates if len(plan.steps) > 1 else ()
        return Limiter(rates, Scope.ROOM)

    async def _paced(self, limiter: Limiter) -> None:
        while delay := limiter.delay(self._shared.clock.monotonic()):
            await self._shared.clock.sleep(delay)
        limiter.start(self._shared.clock.monotonic())

    async def _step(self, step: Step, going: Going) -> Stands:
        longer = patience(next(iter(self._looks.get(going.one.number, ())), ((), ()))[1])
        try:
            async with asyncio.timeout(SEND_SECONDS + longer):
                made = await perform(self._lanes.connector, step)
        except TimeoutError as error:
            raise Uncertain("no answer in time") from error
        self._lanes.succeeded()
        return _stands(step, made.copies)

    def _loses(self, going: Going, feature: Feature) -> bool:
        """Whether to try again without it."""
        known = self._lacking.get(going.one.number, frozenset())
        self._lacking[going.one.number] = known | {feature}
        return feature not in known

    def _template(self, going: Going) -> object:
        return going.templates.get(self._lanes.name) if going.one.what is What.ANNOUNCE else None

    async def _approved(self, going: Going, recipient: Recipient, plan: Plan, price: int) -> Result:
        """Their platform took our words, and said later that it takes approved ones only."""
        if not await self._turns.one():
            return waits(recipient, (), at=self._shared.now_ms(), why=_NOT_NOW, price=price)
        try:
            return await self._in_approved_words(going, recipient, plan, price)
        finally:
            self._lanes.release()

    async def _in_approved_words(self, going: Going, recipient: Recipient, plan: Plan, price: int) -> Result:
        """The window is closed: what the platform approved beforehand goes, under a key of its own."""
        approved = templated(plan, going.templates[self._lanes.name], words_of(going.one))
        try:
            stands = [await self._step(step, going) for step in approved.steps]
        except Exception as error:  # noqa: BLE001 - as above
            return self._ended(error, recipient, (), price)
        return Result(number=recipient.number, reach=Reach.DELIVERED, natives=tuple(stands))

    def _ended(self, error: Exception, recipient: Recipient, stands: Sequence[Stands], price: int) -> Result:
        self._heed(error)
        now, fraction = self._shared.now_ms(), self._shared.chance.fraction()
        return ended(error, recipient, stands, now=now, fraction=fraction, price=price)

    def _heed(self, error: Exception) -> None:
        """What a failure means for the whole account."""
        self._lanes.failed(error)
        if isinstance(error, Unauthorized):
            self._lanes.stop(str(error))
        elif isinstance(error, Unavailable) and error.scope is Scope.ACCOUNT and error.retry_after:
            self._lanes.block(self._shared.clock.monotonic() + error.retry_after)
        elif not isinstance(error, BridgeError):
            logger.error("connector raised an undeclared error", account=self._lanes.name, exc_info=error)

    # --- many at once ---

    async def many(self, going: Going, recipients: Sequence[Recipient], price: int) -> list[Result]:
        """The same for all of them in as few calls as it has messages; they are alike, being of one platform."""
        at, results = self._shared.now_ms(), dict[int, Result]()
        stands: dict[int, list[Stands]] = {one.number: [] for one in recipients}
        first = recipients[0]
        try:
            plan = await self._planned(going, first, Place(first.native or RoomId("")), self._lanes.connector.features)
        except StoreFull as error:
            return [self._later(one, (), str(error), price) for one in recipients]
        for step in plan.steps if isinstance(plan, Plan) else ():
            left = [one for one in recipients if one.number not in results]
            told = await self._broadcast(step, left) if left else {}
            for one in left:
                answer = told.get(one.native or RoomId(""), Uncertain("the platform says nothing of it"))
                if isinstance(answer, Exception):
                    results[one.number] = self._answered(answer, one, stands[one.number], price)
                else:
                    stands[one.number].append(Stands((answer,), int(step.kind is TwinKind.FILED)))
        for one in recipients:
            done = Result(number=one.number, reach=Reach.DELIVERED, natives=tuple(stands[one.number]))
            results.setdefault(one.number, done)
        within = self._lanes.connector.features.confirms_within
        return [awaiting(result, 0, within, at) for result in results.values()]

    def _answered(self, error: Exception, one: Recipient, stands: Sequence[Stands], price: int) -> Result:
        now, fraction = self._shared.now_ms(), self._shared.chance.fraction()
        return ended(error, one, stands, now=now, fraction=fraction, price=price)

    async def _broadcast(self, step: Step, to: Sequence[Recipient]) -> Mapping[RoomId, MessageId | Exception]:
        rooms = [one.native or RoomId("") for one in to]
        action = step.action
        if not isinstance(action, Outgoing) or not await self._turns.one():
            return dict.fromkeys(rooms, Unavailable(_NOT_NOW))
        message = structs.replace(action, room=rooms[0])
        try:
            async with asyncio.timeout(SEND_SECONDS):
                told = await self._lanes.connector.broadcast(message, rooms)
        except TimeoutError:
            return dict.fromkeys(rooms, Uncertain("no answer in time"))
        except Exception as error:  # noqa: BLE001 - as above: a bug in a connector is an unknown outcome
            self._heed(error)
            return dict.fromkeys(rooms, error)
        finally:
            self._lanes.release()
        self._lanes.succeeded()
        return dict(told)


def _stands(step: Step, copies: Sequence[Copy]) -> Stands:
    ids = tuple(copy.native for copy in copies if copy.native)
    return Stands(ids, int(step.kind is TwinKind.FILED))
