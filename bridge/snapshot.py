"""How the bridge is at one moment: what `/status` shows and `/metrics` counts."""

from collections.abc import Awaitable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Protocol

from msgspec import Struct, structs

from bridge.advice import about_account, about_room
from bridge.announcing.decisions import title
from bridge.announcing.oversight import Need, needs, waiting
from bridge.config import Config, Fault, Link
from bridge.ids import AccountName, Place, Room, RoomId, RoomNumber, ThreadId
from bridge.intake import Intake
from bridge.media.keeping import Keeping
from bridge.store.overseen import Oversee, Overseen
from bridge.store.questions import Ledger, RoomRecord
from bridge.store.rows import Outcome
from bridge.store.writer import Writer
from bridge.supervisor import Account


class Rooms(Protocol):
    """The rooms of the configuration, as the outside sees them."""

    @property
    def numbers(self) -> Mapping[Room, RoomNumber]:
        """How the store numbers them."""
        ...

    def follow(self, room: Room, to: str) -> Awaitable[None]:
        """The operator says where a held room is. Raises `bridge.rooms.NotOffered`."""
        ...

    def reread(self, numbers: Iterable[RoomNumber]) -> None:
        """Parked rows wait again in these rooms."""
        ...


class Bridge(Protocol):
    """What the web server asks of the running bridge."""

    @property
    def config(self) -> Config: ...

    @property
    def writer(self) -> Writer: ...

    @property
    def accounts(self) -> Mapping[AccountName, Account]: ...

    @property
    def intake(self) -> Intake: ...

    @property
    def rooms(self) -> Rooms: ...

    @property
    def media(self) -> Keeping: ...

    @property
    def started(self) -> bool:
        """Whether the accounts of the configuration are known yet."""
        ...

    @property
    def ready(self) -> bool: ...

    def reload_or_tell(self) -> Awaitable[tuple[Fault, ...]]: ...


class Counts(Struct, frozen=True, kw_only=True):
    """Deliveries, by where they are: all the others add up to `accepted`."""

    accepted: int = 0
    delivered: int = 0
    unconfirmed: int = 0
    merged: int = 0
    dropped: int = 0
    expired: int = 0
    cancelled: int = 0
    held: int = 0
    parked: int = 0
    waiting: int = 0

    @property
    def add_up(self) -> bool:
        total: int = sum(structs.astuple(self))
        return total == 2 * self.accepted


class AccountStatus(Struct, frozen=True, kw_only=True):
    """One account; `since` is when it came into its state, `me` its name there, `received` counts since the start.

    `unreadable` counts, since the start too, what the platform gave and the connector could not read.
    `advice` says what to do about it, "" when nothing is; `paused` is why nothing is taken from its platform now.
    """

    connector: str
    state: str
    since: datetime
    last_error: str
    advice: str
    me: str | None
    uptime_seconds: int
    rooms: int
    queued: int
    oldest_waiting_seconds: float | None
    received: int
    unreadable: int
    paused: str | None = None


class RoomStatus(Struct, frozen=True, kw_only=True):
    """One room: `entered` while we are in it; `held` is why nothing is sent there, None when it is open.

    `place` is where it is on its platform; `moved_to` where it says it went, while the operator has to decide.
    """

    room: str
    account: str
    configured: bool
    entered: bool
    place: str | None
    held: str | None
    moved_to: str | None
    advice: str
    oldest_waiting_seconds: float | None
    counts: Counts


class LinkStatus(Struct, frozen=True, kw_only=True):
    """Who hears whom: what is said in a room of `sources` is heard in every other of `targets`."""

    sources: list[str]
    targets: list[str]
    lifetime_hours: float


class AnnouncementStatus(Struct, frozen=True, kw_only=True):
    """An announcement that is not over, or needs somebody: `needs` says why and what to do about it.

    `name` is what the configuration calls it, `title` names it as people do. `reaches` counts its recipients, by
    account and by how it went with them; `waiting` of them have still to get it.
    """

    number: int
    name: str
    title: str
    stage: str
    since: datetime
    waiting: int
    reaches: dict[str, dict[str, int]]
    needs: list[Need] = []


class StoreStatus(Struct, frozen=True, kw_only=True):
    """Where everything is kept; `operations` wait for the next commit; `refusing` is why nothing is accepted now."""

    path: str
    synchronous: str
    commits: int
    operations: int
    free_bytes: int
    refusing: str | None


class Status(Struct, frozen=True, kw_only=True):
    """The whole bridge. `causes` tells more of some counts: which rule dropped, how many outcomes were unknown."""

    version: str
    at: datetime
    ready: bool
    counts_add_up: bool
    counts: Counts
    causes: dict[str, int]
    store: StoreStatus
    accounts: dict[str, AccountStatus]
    rooms: list[RoomStatus]
    links: dict[str, LinkStatus]
    announcements: list[AnnouncementStatus] = []


_OUTCOMES = frozenset(outcome.value for outcome in Outcome)


async def look(bridge: Bridge, now: datetime) -> Status:
    """Ask the store and the accounts."""
    records, tallies = await bridge.writer.ask(Ledger())
    entered = {n: lane.state.joined for account in bridge.accounts.values() for n, lane in account.rooms.items()}
    rooms = [_room(record, tallies, entered, now) for record in records]
    counts = _total(room.counts for room in rooms)
    at = int(now.timestamp() * 1000)
    return Status(
        version=version("qantara"),
        at=now.astimezone(UTC),
        ready=bridge.ready,
        counts_add_up=counts.add_up,
        counts=counts,
        causes=_causes(tallies),
        store=_store(bridge),
        accounts={name: _account(account, bridge, rooms) for name, account in bridge.accounts.items()},
        rooms=rooms,
        links={name: _link(link) for name, link in bridge.config.links.items()},
        announcements=[_announcement(one, at) for one in await bridge.writer.ask(Oversee(at))],
    )


def _announcement(one: Overseen, now: int) -> AnnouncementStatus:
    reaches: dict[str, dict[str, int]] = {}
    for count in one.progress.counts:
        reaches.setdefault(count.account, {})[count.reach.name.lower()] = count.many
    return AnnouncementStatus(
        number=one.number, name=one.name, title=title(one.what, one.number, one.about), stage=one.stage.name.lower(),
        since=datetime.fromtimestamp((one.begun or one.at) / 1000, UTC), waiting=waiting(one), reaches=reaches,
        needs=list(needs(one, now)),
    )  # fmt: skip


def _link(link: Link) -> LinkStatus:
    return LinkStatus(
        sources=[str(room) for room in link.sources],
        targets=[str(room) for room in link.targets],
        lifetime_hours=link.lifetime.total_seconds() / 3600,
    )


def _room(
    record: RoomRecord, tallies: Mapping[tuple[RoomNumber, str], int], entered: Mapping[RoomNumber, bool], now: datetime
) -> RoomStatus:
    inside = record.number in entered or bool(record.private)
    held = record.held if inside else record.held or "no link names this room"
    moved_to = None if record.moved_to is None else _written(record.moved_to, record.moved_thread)
    ends = {outcome: tallies.get((record.number, outcome), 0) for outcome in _OUTCOMES}
    waits = {"waiting" if held is None else "held": record.waiting}
    return RoomStatus(
        room=f"{record.account}/{record.name}",
        account=record.account,
        configured=inside,
        entered=entered.get(record.number, bool(record.private)),
        place=None if record.native is None else _written(record.native, record.thread),
        held=held,
        moved_to=moved_to if inside else None,
        advice=about_room(record.held, moved_to) if inside else "",
        oldest_waiting_seconds=_age(record.oldest, now),
        counts=Counts(**ends, **waits, parked=record.parked),
    )


def _written(native: str, thread: str | None) -> str:
    return str(Place(RoomId(native), None if thread is None else ThreadId(thread)))


def _age(at: int | None, now: datetime) -> float | None:
    return None if at is None else max(0.0, round(now.timestamp() - at / 1000, 3))


def _total(counts: Iterable[Counts]) -> Counts:
    total: dict[str, int] = dict.fromkeys(Counts.__struct_fields__, 0)
    for one in counts:
        for name, count in structs.asdict(one).items():
            total[name] += count
    return Counts(**total)


def _causes(tallies: Mapping[tuple[RoomNumber, str], int]) -> dict[str, int]:
    causes: dict[str, int] = {}
    for (_, outcome), count in tallies.items():
        if outcome not in _OUTCOMES:
            causes[outcome] = causes.get(outcome, 0) + count
    return causes


def _store(bridge: Bridge) -> StoreStatus:
    settings = bridge.config.store
    return StoreStatus(
        path=str(settings.path),
        synchronous=bridge.writer.store.synchronous,
        commits=bridge.writer.store.commits,
        operations=bridge.writer.depth,
        free_bytes=bridge.writer.store.ballast.free(),
        refusing=bridge.intake.refusing,
    )


def _account(account: Account, bridge: Bridge, rooms: Iterable[RoomStatus]) -> AccountStatus:
    own = [room for room in rooms if room.account == account.account]
    ages = [room.oldest_waiting_seconds for room in own if room.oldest_waiting_seconds is not None]
    return AccountStatus(
        connector=account.connector.config.connector,
        state=account.state.value,
        since=account.since,
        last_error=account.last_error,
        advice=about_account(account.state, account.last_error),
        me=account.me.name if account.me else None,
        uptime_seconds=account.lanes.uptime(),
        rooms=len(account.rooms),
        queued=sum(room.counts.waiting + room.counts.held for room in own),
        oldest_waiting_seconds=max(ages, default=None),
        received=bridge.intake.received.get(account.account, 0),
        unreadable=account.unread.count,
        paused=bridge.intake.paused.get(account.account),
    )
