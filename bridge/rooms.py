"""The rooms of the configuration while the bridge runs: their lanes, their places, who hears whom."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC

import structlog

from bridge.config import Allowance, Config, Limits, Link, announcements
from bridge.connector import Connector
from bridge.delivery import Lane
from bridge.desk import late_link_of, link_of
from bridge.desks import Seat
from bridge.errors import StoreFull
from bridge.events import Confirmation, Left, Parting, RoomChanged, RoomKind, RoomMoved, SendFailed
from bridge.ids import AccountName, MessageId, PersonNumber, Place, Room, RoomId, RoomNumber, RowNumber, ThreadId
from bridge.intake import Intake
from bridge.moderation.moderating import Moderation
from bridge.privates import Privates
from bridge.reading import mark_read
from bridge.routing import Atlas, Routes, routes
from bridge.shared import Shared
from bridge.sinks import Happening
from bridge.steps import as_it_is
from bridge.store.confirmed import NO_NEWS, Failed, Said
from bridge.store.conversations import Private
from bridge.store.ops import Admit, Follow, Pin
from bridge.store.questions import RoomRecord, Speaker
from bridge.store.rows import Row
from bridge.supervisor import Account
from bridge.syncing import Syncing
from bridge.template import PLAIN
from bridge.transforms.filters import replacements
from bridge.transforms.patterns import Rewrite, rewriting

logger = structlog.get_logger()
_REMEMBERED = 256
"""Messages that failed later, of which the operator was told."""


class NotOffered(Exception):
    """The room waits for no such word of the operator."""


class Rooms:
    """Knows every lane. It is where the intake hands over: see `bridge.intake.Sinks`."""

    def __init__(self, shared: Shared, atlas: Atlas, accounts: Mapping[AccountName, Account]) -> None:
        self._shared, self._atlas, self._accounts = shared, atlas, accounts
        self.lanes: dict[RoomNumber, Lane] = {}
        self.left: dict[RoomNumber, int] = {}
        """How many of the first rows of rooms that have no lane now may be suspects, also after an orderly end."""
        self.privates = Privates(shared, atlas, accounts, self.lanes, self.left)
        self.numbers: dict[Room, RoomNumber] = {}
        self.suspicious = False
        """Whether the last end was no clean one: then the first rows of each lane are suspects."""
        self._desked: frozenset[AccountName] = frozenset()
        self._failed: deque[tuple[AccountName, MessageId]] = deque(maxlen=_REMEMBERED)
        """Accounts whose private conversations are a desk's."""
        self.speakers: Sequence[Speaker] = ()
        """Who wrote before the bridge began."""
        self.undelivered: Callable[[int], None] = _nobody
        """Told of announcements of which a platform says later that they did not arrive."""
        self.moderation = Moderation(shared, atlas, accounts, self.reread)
        self.syncing = Syncing(shared, accounts, self.lanes)

    @property
    def suspects(self) -> int:
        """Rows that nobody has tried since the bridge died: as long as there are any, no end is a clean one."""
        return sum(lane.suspects for lane in self.lanes.values())

    async def admit(self, config: Config) -> Sequence[RoomRecord]:
        """Every room there is, those of a configuration among them. Raises `StoreFull`; nothing else changes."""
        records: Sequence[RoomRecord] = await self._shared.writer.ask(Admit(rooms_of(config)))
        return records

    async def apply(self, config: Config, intake: Intake, admitted: Sequence[RoomRecord]) -> None:
        """Make the rooms and routes of a configuration the ones in force; what runs and stays is not touched.

        `admitted` stands in where the disk filled up since: a configuration is in force as a whole or not at all.
        """
        wanted = rooms_of(config)
        try:
            records = await self.admit(config)
        except StoreFull:
            records = admitted
        records = [record for record in records if not record.private]
        self.numbers = {Room(record.account, record.name): record.number for record in records}
        self._shared.quota.most = config.store.room_quota
        suspicious = self.suspicious
        if self.suspicious:
            self.left.update({record.number: record.waiting for record in records if record.waiting})
            self.suspicious = False
        for record in records:
            if Room(record.account, record.name) in wanted:
                self._open(record)
        await self._close_all_but({self.numbers[room] for room in wanted})
        intake.routes = routes(config.links.values(), self.numbers)
        self._shared.accounts = {record.number: record.account for record in records}
        self._shared.identities.follow(config.people)
        self._recall_names(intake.routes)
        intake.notices = self.numbers[config.notices] if config.notices else None
        intake.uptimes = {number: self._accounts[lane.name.account].lanes.uptime for number, lane in self._entered()}
        intake.names = {number: str(lane.name) for number, lane in self._entered()}
        self.moderation.follow(config.links, self.numbers)
        intake.guard.follow(config.links, self.moderation.heeded())
        intake.floods.follow({link.name: link.limits for link in config.links.values()} | _at_desks(config))
        self._shared.lifetimes = {link.name: int(link.lifetime.total_seconds()) for link in config.links.values()}
        self._shared.late = {link.name: link.late for link in config.links.values() if link.late}
        self._shared.zones = {link.name: link.zone for link in config.links.values() if link.zone is not UTC}
        self._shared.patience = {link.name: link.patience for link in config.links.values() if link.patience}
        self._shared.templates = {link.name: link.label for link in config.links.values() if link.label != PLAIN}
        self._shared.rewrites = rewrites(config.links)
        self._follow_desks(config, intake)
        await self.privates.resume(suspicious=suspicious)
        self._shared.shows = {link.name: link.show for link in config.links.values()}
        await self.syncing.follow(config.links.values(), intake.routes)

    def _entered(self) -> Iterator[tuple[RoomNumber, Lane]]:
        """The lanes of the configuration's rooms."""
        return ((number, lane) for number, lane in self.lanes.items() if number not in self.privates)

    def _follow_desks(self, config: Config, intake: Intake) -> None:
        windows = {name: account.connector.features.window for name, account in self._accounts.items()}
        self._desked = frozenset(name for desk in config.desks.values() for name in desk.accounts)
        late = {desk.name: desk.template for desk in config.desks.values() if desk.template is not None}
        links = {link: one for name, one in late.items() for link in (link_of(name), late_link_of(name))}
        self._shared.late_answers = links
        self._shared.rewrites = {**self._shared.rewrites, **dict.fromkeys(map(late_link_of, late), as_it_is)}
        intake.desks.follow((Seat(desk, self.numbers[desk.room]) for desk in config.desks.values()), windows)

    def _recall_names(self, heard: Routes) -> None:
        """Who is in a room has their name there before who is only heard in it."""
        names, same = self._shared.names, self._shared.identities
        rooms = self._shared.accounts  # private ones are not among them: theirs are kept only while they are written to
        known = [(one, self._number_of(one)) for one in self.speakers if one.room in rooms]
        for one, person in known:
            names.recall(one.room, same.one(person), one.name)
        for one, person in known:
            for to in heard.get(one.room, ()):
                names.recall(to.room, same.one(person), one.name)

    def _number_of(self, one: Speaker) -> PersonNumber:
        if one.native is not None and one.room in self._shared.accounts:
            self._shared.identities.meet(self._shared.accounts[one.room], one.native, one.person)
        return one.person

    def _open(self, record: RoomRecord) -> None:
        account = self._accounts[record.account]
        if record.number in account.rooms:
            return
        lane = Lane(record.number, Room(record.account, record.name), account.lanes, self._shared)
        lane.state.restore(self._pinned(record), record)
        suspects = min(lane.window, self.left.pop(record.number, 0), record.waiting)
        lane.resume(record.waiting, suspects)
        self.lanes[record.number] = lane
        account.add(record.number, lane)

    def _pinned(self, record: RoomRecord) -> Place | None:
        if record.native is None:
            return None
        place = Place(RoomId(record.native), ThreadId(record.thread) if record.thread else None)
        self._atlas.pin(record.account, place, record.number)
        return place

    async def _close_all_but(self, kept: set[RoomNumber]) -> None:
        closing = [lane for number, lane in self._entered() if number not in kept]
        for lane in closing:
            lane.state.left()
        await self._shared.idle(lambda: not any(lane.busy for lane in closing))
        for lane in closing:
            place = self._atlas.place(lane.number)
            account = self._accounts[lane.name.account]
            self._drop(account, lane.number)
            if place is not None and not self._atlas.all_in(account.account, place.room):
                account.leave(place)

    def forget(self, account: Account) -> None:
        """An account ends: its lanes go, its rows stay."""
        for number in list(account.rooms):
            self._drop(account, number)
        self.privates.end(account.account)

    def _drop(self, account: Account, number: RoomNumber) -> None:
        lane = self.lanes.pop(number)
        if left := lane.left_behind:
            self.left[number] = left
        self._atlas.unpin(number)
        account.drop(number)

    def pin(self, account: AccountName, number: RoomNumber, place: Place) -> str | None:
        """Remember where a room is; the name of another room that is there already, or None."""
        other = self._atlas.pin(account, place, number)
        return None if other is None else str(self.lanes[other].name)

    # --- what the intake hands over ---

    def answered(self, facts: Sequence[Said], answers: Sequence[object]) -> None:
        """What did not arrive after all: of an announcement its room is told, of all else in private the operator."""
        for fact, number in zip(facts, answers, strict=True):
            if isinstance(number, int):
                if number != NO_NEWS:
                    self.undelivered(number)
            elif isinstance(fact, Failed) and fact.is_private and fact.account not in self._desked:
                self._shared.notice(None, f"{fact.account} says a message was not delivered: {fact.why}")

    def fed(self, rows: Sequence[Row]) -> None:
        touched: dict[RoomNumber, Lane] = {}
        for row in rows:
            lane = self.lanes.get(row.room)
            if lane is not None:
                lane.feed(row)
                touched[row.room] = lane
        for lane in touched.values():
            lane.pump()

    def echoed(self, room: RoomNumber, row: RowNumber, part: int, natives: tuple[MessageId, ...]) -> None:
        lane = self.lanes.get(room)
        if lane is not None:
            lane.echoed(row, part, natives)

    def happened(self, what: Happening) -> None:
        event, account = what.event, self._accounts.get(what.account)
        if account is None:
            return
        if isinstance(event, Left) and account.me is not None and event.user.id == account.me.id:
            for number in self._atlas.all_in(what.account, event.room):
                account.removed(number, event.reason or "we were removed from the room")
        elif isinstance(event, Left) and event.how is Parting.BANNED and what.room is not None:
            self.moderation.banned(what.account, what.room, event)
        elif isinstance(event, RoomMoved):
            self._moved(what, event)
        elif isinstance(event, RoomChanged) and what.room is not None:
            self.syncing.heard(what.room, event, None if account.me is None else account.me.id)
        elif isinstance(event, SendFailed) and event.room_kind is not RoomKind.DIRECT and self._is_news(what, event):
            self._shared.notice(what.room, f"{what.account} says a message was not delivered: {event.reason}")

    def _is_news(self, what: Happening, event: SendFailed) -> bool:
        """Of a message to a group that fails for one member after the other the operator is told once."""
        known = (what.account, event.message) in self._failed
        self._failed.append((what.account, event.message))
        return not known

    def _moved(self, what: Happening, event: RoomMoved) -> None:
        """Followed by itself only when both ends say so; else the operator decides."""
        for number in self._atlas.all_in(what.account, event.room):
            lane = self.lanes[number]
            place = Place(event.to, lane.state.place.thread)
            if event.confirmed is not Confirmation.BOTH:
                lane.state.hold_until_told(f"{lane.name} says that it moved to {place}", place)
                continue
            if self._atlas.pin(what.account, place, number) is None:
                self._shared.writer.tell(Pin(room=number, native=place.room, thread=place.thread))
                logger.info("room moved", room=str(lane.name))
                lane.state.enter(place)

    def at(self, account: AccountName, place: Place) -> Room | None:
        """The room that is at this place, as a link names it."""
        number = self._atlas.at(account, place)
        return None if number is None or number not in self.lanes else self.lanes[number].name

    def open_number(self, room: Room) -> RoomNumber | None:
        """The number of a room that can be written to."""
        number = self.numbers.get(room)
        return number if number in self.lanes else None

    def place(self, number: RoomNumber) -> Place | None:
        """Where a room is, once it was entered."""
        return self._atlas.place(number)

    async def follow(self, room: Room, to: str) -> None:
        """The operator says where a held room is: where it went, or where it was. Returns once stored.

        Raises `NotOffered` when the room waits for no word, or for one about another place; `StoreFull`.
        """
        lane = self.lanes.get(self.numbers[room]) if room in self.numbers else None
        if lane is None or not lane.state.waits_for_a_word:
            raise NotOffered(f"{room} waits for no word about where it is")
        offered = {str(place): place for place in (lane.state.pinned, lane.state.moved_to) if place is not None}
        if to not in offered:
            raise NotOffered(f"{room} says nothing of that place; it is about {' or '.join(sorted(offered))}")
        place, offer = offered[to], lane.state.moved_to
        there = self._atlas.at(room.account, place)
        if there is not None and there != lane.number:
            other = self.lanes[there].name
            raise NotOffered(f"that place is {other} already: take one of the two out of the configuration")
        await self._shared.writer.ask(Follow(room=lane.number, place=place))
        if lane.state.moved_to != offer:
            raise NotOffered(f"{room} says something else by now: look again")
        self.pin(room.account, lane.number, place)
        lane.state.follow(place)
        logger.info("room followed", room=str(room), to=to)
        self._accounts[room.account].enter(lane.number)

    def met(self, privates: Sequence[Private]) -> None:
        self.privates.met(privates)

    def wrote(self, privates: Sequence[RoomNumber]) -> None:
        for number in privates:
            self.privates.written(number)

    def read(self, privates: Sequence[Private]) -> None:
        for private in privates:
            account = self._accounts.get(private.account)
            if account is not None and account.connector.can(Connector.mark_read):
                self._shared.group.create_task(mark_read(account.connector, private, self._shared.writer))

    def is_private(self, room: RoomNumber) -> bool:
        return room in self.privates

    def reread(self, numbers: Iterable[RoomNumber]) -> None:
        """Parked rows wait again in these rooms."""
        unknown = []
        for number in numbers:
            if number in self.lanes:
                self.lanes[number].reread()
            else:
                unknown.append(number)
        if unknown:
            self._shared.group.create_task(self.privates.reread(unknown))


def rewrites(links: Mapping[str, Link]) -> dict[str, Rewrite]:
    """How links that replace words do it."""
    found = {name: replacements(link.transforms) for name, link in links.items()}
    return {name: rewriting(pairs) for name, pairs in found.items() if pairs}


def _nobody(number: int) -> None:
    """No announcement is followed yet."""
    del number


def rooms_of(config: Config) -> tuple[Room, ...]:
    """Every room a configuration names, once."""
    named = [room for link in config.links.values() for room in (*link.sources, *link.targets)]
    desks = [desk.room for desk in config.desks.values()]
    announced = announcements.named(config.announcements)
    told = [config.notices, *(link.moderators for link in config.links.values())]
    return tuple(dict.fromkeys([*named, *desks, *announced, *(room for room in told if room is not None)]))


def _at_desks(config: Config) -> dict[str, Limits]:
    """What one person may say to each desk."""
    wanted = {desk.name: desk.most for desk in config.desks.values() if desk.most}
    return {link_of(name): Limits(person=Allowance(messages=most, seconds=60)) for name, most in wanted.items()}
