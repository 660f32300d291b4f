"""Announcements while the bridge runs: when each begins, who carries it, and what their authors are told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from msgspec import structs

from bridge.announcing.courier import FULL_SECONDS, Courier
from bridge.announcing.decisions import called, is_settled, is_through, result
from bridge.announcing.going import Going
from bridge.announcing.preview import Sample
from bridge.announcing.waiting import TELL_SECONDS, Waiting
from bridge.backoff import left
from bridge.config import Announcing, Config, Reachable
from bridge.errors import StoreFull
from bridge.ids import AccountName, Room, RoomNumber
from bridge.rooms import Rooms
from bridge.shared import Shared
from bridge.store.announced import (
    Announced,
    Announcement,
    Audience,
    Begin,
    Course,
    Move,
    Progress,
    Reach,
    Recover,
    Shares,
    Size,
    Spent,
    Stage,
    Stop,
    Unfinished,
    What,
)
from bridge.store.confirmed import Reopen, Settled
from bridge.supervisor import Account

logger = structlog.get_logger()
_HAVE_IT = frozenset({Reach.DELIVERED, Reach.ACCEPTED, Reach.UNCONFIRMED})
"""Whom a change of it goes to."""


class Running:
    """What goes, and what will."""

    def __init__(self, shared: Shared, rooms: Rooms, accounts: Mapping[AccountName, Account]) -> None:
        self._shared, self._rooms, self._accounts = shared, rooms, accounts
        self.settings: dict[str, Announcing] = {}
        self.drafting: dict[RoomNumber, Announcing] = {}
        self._budgets: Mapping[AccountName, int] = {}
        self._couriers: dict[AccountName, Courier] = {}
        self._said: dict[int, float] = {}
        self._words: dict[int, str] = {}
        """What was last said of each that goes, or of which a platform has still to speak."""
        self.waiting = Waiting(shared, self.begin_work, self._tell_since)

    # --- the configuration ---

    def follow(self, config: Config) -> None:
        """A configuration is in force; what goes on an account that ended waits for its return."""
        numbers: Mapping[Room, RoomNumber] = self._rooms.numbers
        self.settings = dict(config.announcements)
        self.drafting = {numbers[one.room]: one for one in config.announcements.values()}
        self._budgets = config.budget
        for name, courier in list(self._couriers.items()):
            account = self._accounts.get(name)
            if account is None or account.lanes is not courier.lanes:
                self._couriers.pop(name).end()

    def courier(self, name: AccountName) -> Courier | None:
        """What carries for this account; None where it is not configured."""
        account = self._accounts.get(name)
        if account is not None and name not in self._couriers:
            self._couriers[name] = Courier(name, account.lanes, self._rooms.lanes, self._shared, self._told)
        return self._couriers.get(name)

    # --- begin and end of the process ---

    async def start(self) -> None:
        """Go on with what was approved or going when the process ended; what was under way then is unknown."""
        unknown = await self._shared.writer.ask(Recover())
        if unknown:
            logger.warning("announcements: nobody knows of some recipients whether they have it", recipients=unknown)
        await self.waiting.start()
        await self.resume()

    async def resume(self) -> None:
        """Carry all that is unfinished, wherever it can be."""
        for one in await self._unfinished():
            if one.stage is Stage.APPROVED:
                self.arm(one)
            else:
                await self.go(one)

    async def _unfinished(self) -> Sequence[Announcement]:
        found: Sequence[Announcement] = await self._shared.writer.ask(Unfinished())
        return found

    def halt(self) -> None:
        """The daemon stops: nothing new begins."""
        for courier in self._couriers.values():
            courier.halt()

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return any(courier.busy for courier in self._couriers.values())

    def begin_work(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it beside everything else, again when the disk was full."""
        self._shared.group.create_task(self._patiently(work))

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await work()
            except StoreFull as error:
                logger.warning("announcement waits", why=str(error))
                await self._shared.clock.sleep(FULL_SECONDS)

    # --- one announcement ---

    async def find(self, number: int) -> Announcement | None:
        found: Sequence[Announcement] = await self._shared.writer.ask(Announced(number=number))
        return found[0] if found else None

    async def progress(self, number: int) -> Progress:
        found: Progress = await self._shared.writer.ask(Shares(number, self._shared.now_ms()))
        return found

    def arm(self, one: Announcement) -> None:
        """It was approved: it begins when it is due, unless somebody says otherwise before."""
        self.begin_work(lambda: self._when_due(one))

    async def _when_due(self, one: Announcement) -> None:
        await self._shared.clock.sleep(left(one.due or 0, self._shared.now_ms()))
        now = await self.find(one.number)
        if now is not None and now.stage is Stage.APPROVED and now.due == one.due:
            await self.begin(now)

    async def begin(self, one: Announcement) -> None:
        """It goes now."""
        audiences = await self.audiences(one)
        op = Begin(number=one.number, before=one.stage, audiences=audiences, at=self._shared.now_ms())
        if await self._shared.writer.ask(op):
            logger.info("announcement begins", number=one.number, urgent=one.urgent, accounts=len(audiences))
            await self.go(structs.replace(one, stage=Stage.GOING))

    async def audiences(self, one: Announcement) -> tuple[Audience, ...]:
        """To whom it goes: as the configuration says, and a change to where its announcement went."""
        if one.about is not None:
            return tuple(Audience(account=share.account) for share in (await self.progress(one.about)).shares)
        settings = self.settings.get(one.name)
        if settings is None:
            return ()
        rooms: dict[AccountName, list[RoomNumber]] = {}
        for room in settings.rooms:
            rooms.setdefault(room.account, []).append(self._rooms.numbers[room])
        writers = settings.reachable is Reachable.WRITERS
        return tuple(
            Audience(
                account=account, rooms=tuple(rooms.get(account, ())), people=account in settings.accounts,
                writers=writers,
            )
            for account in dict.fromkeys((*rooms, *settings.accounts))
        )  # fmt: skip

    async def going(self, one: Announcement) -> Going:
        """The announcement with what is configured for it."""
        settings = self.settings.get(one.name) or Announcing(name=one.name, room=Room(AccountName(""), ""))
        about = None if one.about is None else await self.find(one.about)
        return Going(
            one=one, since=one.at if about is None else about.at, costs=settings.costs, budgets=self._budgets,
            templates=settings.templates,
        )  # fmt: skip

    async def go(self, one: Announcement) -> None:
        """Hand it to everybody who carries a part of it."""
        going, progress = await self.going(one), await self.progress(one.number)
        self._said.setdefault(one.number, self._shared.clock.monotonic())
        for share in progress.shares:
            courier = self.courier(share.account)
            if share.state is Course.GOING and courier is not None:
                if courier.confirms:
                    self.waiting.accounts.add(share.account)
                courier.go(going)
        if is_through(progress):
            await self._finish(going)

    async def stop(self, one: Announcement) -> int:
        """Nobody else gets it; how many did not."""
        for courier in self._couriers.values():
            courier.leave(one.number)
        stopped: int = await self._shared.writer.ask(Stop(one.number))
        return stopped

    # --- what people are told ---

    def say(self, room: RoomNumber, text: str) -> None:
        """In the bridge's own words."""
        self._shared.say(room, text)

    def _told(self, going: Going) -> None:
        """A courier got on."""
        number, now = going.one.number, self._shared.clock.monotonic()
        if not any(courier.carries(number) for courier in self._couriers.values()):
            self.begin_work(lambda: self._finish(going))
        elif now - self._said.get(number, float("-inf")) >= TELL_SECONDS:
            self._said[number] = now
            self.begin_work(lambda: self._tell(going.one))

    async def _tell(self, one: Announcement) -> None:
        """How far it is, if it got on since that was last said."""
        said = result(one, await self.progress(one.number))
        if self._words.get(one.number) != said:
            self._words[one.number] = said
            self.say(one.room, said)

    async def _finish(self, going: Going) -> None:
        """All accounts are through with it, or stopped."""
        one, progress = going.one, await self.progress(going.one.number)
        if not is_through(progress) or await self._reopened(one):
            return
        stopped = any(share.state is Course.STOPPED for share in progress.shares)
        stage = Stage.STOPPED if stopped else Stage.DONE
        if await self._shared.writer.ask(Move(number=one.number, before=Stage.GOING, stage=stage)):
            self._said.pop(one.number, None)
            self._words.pop(one.number, None)
            logger.info("announcement ended", number=one.number, stage=stage.name.lower())
            hint = f" !resume {one.number} goes on once there is money." if stopped else ""
            self.say(one.room, result(one, progress) + hint)
            if not is_settled(progress):
                self._words[one.number] = result(one, progress)
                await self.waiting.follow(one.number)

    async def _reopened(self, one: Announcement) -> bool:
        """Whether somebody gets approved words now: their platform took ours, and then said that it takes no others."""
        if one.what is not What.ANNOUNCE or one.words is None:
            return False
        settings = self.settings.get(one.name)
        accounts = () if settings is None else settings.templates
        again = [await self._shared.writer.ask(Reopen(number=one.number, account=name)) for name in accounts]
        if any(again):
            await self.go(structs.replace(one, stage=Stage.GOING))
        return any(again)

    async def _tell_since(self, number: int) -> None:
        """What platforms said since it was through; what goes is told at its end."""
        one = await self.find(number)
        if one is None or one.stage is Stage.GOING or await self._reopened(one):
            return
        progress = await self.progress(number)
        if not is_through(progress):
            return
        said, before = result(one, progress), self._words.get(number)
        if is_settled(progress):
            await self._shared.writer.ask(Settled(number))
            await self.waiting.narrow(self._carries_for)
            self._words.pop(number, None)
        else:
            self._words[number] = said
        if said != before:
            self.say(one.room, f"What platforms said since: {said}")

    def _carries_for(self, name: AccountName) -> bool:
        courier = self._couriers.get(name)
        return courier is not None and courier.carrying_any

    # --- what a draft will be ---

    async def samples(self, one: Announcement) -> tuple[Sample, ...]:
        """What each account's recipients will be shown, how many they are and what that costs."""
        going = await self.going(one)
        have = await self._have(one)
        found = [await self._sample(going, audience, have) for audience in await self.audiences(one)]
        return tuple(sample for sample in found if sample is not None)

    async def _have(self, one: Announcement) -> Mapping[AccountName, int]:
        """Of a change, how many have what it changes."""
        if one.about is None:
            return {}
        counts = (await self.progress(one.about)).counts
        have: dict[AccountName, int] = {}
        for count in counts:
            if count.reach in _HAVE_IT:
                have[count.account] = have.get(count.account, 0) + count.many
        return have

    async def _sample(self, going: Going, audience: Audience, have: Mapping[AccountName, int]) -> Sample | None:
        account, courier = audience.account, self.courier(audience.account)
        if courier is None:
            return None
        month = f"{self._shared.clock.now():%Y-%m}"
        people = (
            await self._shared.writer.ask(Size(audience)) if going.one.what is What.ANNOUNCE else have.get(account, 0)
        )
        template = going.templates.get(account)
        return Sample(
            account=account, shown=await courier.carrying.sample(going, audience.rooms), rooms=len(audience.rooms),
            people=people, each=going.costs.get(account, 0), most=self._budgets.get(account),
            spent=await self._shared.writer.ask(Spent(account, month)), template=template.name if template else "",
        )  # fmt: skip

    def name_of(self, room: RoomNumber | None) -> str:
        """A room of the configuration in words."""
        lane = self._rooms.lanes.get(room) if room is not None else None
        return "" if lane is None else str(lane.name)


__all__ = ["Running", "called"]
