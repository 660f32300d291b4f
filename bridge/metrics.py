"""What `/metrics` tells Prometheus: made from one `Status` at each scrape, so nothing is counted twice."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, structs
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from bridge.snapshot import AccountStatus, AnnouncementStatus, RoomStatus, Status

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_STATES = ("starting", "up", "down", "stopped")
_WAITS = ("waiting", "held", "parked")
_ENDS = ("accepted", "delivered", "unconfirmed", "merged", "dropped", "expired", "cancelled")
Samples = Iterable[tuple[tuple[str, ...], float]]


class Family(Struct, frozen=True):
    """One metric: its name, what it says, its labels, and how it is read from a `Status`."""

    name: str
    meaning: str
    read: Callable[[Status], Samples]
    labels: tuple[str, ...] = ()
    counter: str = ""
    """Not empty for what only grows; Prometheus then sees the name with this behind it."""

    @property
    def shown(self) -> str:
        return self.name + self.counter


def _accounts(read: Callable[[AccountStatus], float | None]) -> Callable[[Status], Samples]:
    def samples(status: Status) -> Samples:
        for name, account in status.accounts.items():
            value = read(account)
            if value is not None:
                yield (name, account.connector), value

    return samples


def _rooms(status: Status) -> Iterator[tuple[RoomStatus, Mapping[str, int]]]:
    for room in status.rooms:
        yield room, structs.asdict(room.counts)


def _states(status: Status) -> Samples:
    for name, account in status.accounts.items():
        for state in _STATES:
            yield (name, account.connector, state), float(account.state == state)


def _counted(names: tuple[str, ...]) -> Callable[[Status], Samples]:
    def samples(status: Status) -> Samples:
        return [((room.account, room.room, name), counts[name]) for room, counts in _rooms(status) for name in names]

    return samples


def _oldest(status: Status) -> Samples:
    return [((room.account, room.room), room.oldest_waiting_seconds or 0.0) for room in status.rooms]


def _held(status: Status) -> Samples:
    return [((room.account, room.room), float(room.held is not None)) for room in status.rooms]


def _reaches(status: Status) -> Samples:
    """Of all that are not over together: a number would be a label that grows for ever."""
    found: dict[tuple[str, ...], float] = {}
    for one in status.announcements:
        for account, reaches in one.reaches.items():
            for reach, many in reaches.items():
                found[one.name, account, reach] = found.get((one.name, account, reach), 0.0) + many
    return found.items()


def _per_name(read: Callable[[AnnouncementStatus], float]) -> Callable[[Status], Samples]:
    def samples(status: Status) -> Samples:
        names = {one.name for one in status.announcements}
        return [((name,), sum(read(one) for one in status.announcements if one.name == name)) for name in sorted(names)]

    return samples


def _one(read: Callable[[Status], float]) -> Callable[[Status], Samples]:
    return lambda status: [((), read(status))]


_ACCOUNT = ("account", "connector")
_ROOM = ("account", "room")
FAMILIES: tuple[Family, ...] = (
    Family("qantara_build_info", "1, with the version.", lambda s: [((s.version,), 1.0)], ("version",)),
    Family("qantara_ready", "1 when every account was tried.", _one(lambda s: float(s.ready))),
    Family(
        "qantara_accepting", "0 while nothing is accepted: the disk is nearly full, or the bridge stops.",
        _one(lambda s: float(s.store.refusing is None)),
    ),
    Family("qantara_account_state", "1 for the state the account is in.", _states, (*_ACCOUNT, "state")),
    Family(
        "qantara_account_uptime_seconds", "Seconds the account was up in all its life.",
        _accounts(lambda a: float(a.uptime_seconds)), _ACCOUNT, "_total",
    ),
    Family(
        "qantara_account_received", "Events the account's platform gave since the start.",
        _accounts(lambda a: float(a.received)), _ACCOUNT, "_total",
    ),
    Family(
        "qantara_account_unreadable", "Events the account's platform gave that could not be read, since the start.",
        _accounts(lambda a: float(a.unreadable)), _ACCOUNT, "_total",
    ),
    Family(
        "qantara_account_paused", "1 while nothing is taken from the platform: too much waits for a room.",
        _accounts(lambda a: float(a.paused is not None)), _ACCOUNT,
    ),
    Family(
        "qantara_account_oldest_waiting_seconds", "Age of the oldest delivery that waits for a room of the account.",
        _accounts(lambda a: a.oldest_waiting_seconds or 0.0), _ACCOUNT,
    ),
    Family(
        "qantara_deliveries", "Deliveries to a room by how they ended; `accepted` is all there ever were.",
        _counted(_ENDS), (*_ROOM, "outcome"), "_total",
    ),
    Family(
        "qantara_deliveries_open", "Deliveries to a room that have not ended: waiting, held or parked.",
        _counted(_WAITS), (*_ROOM, "state"),
    ),
    Family("qantara_room_held", "1 while nothing is sent to the room.", _held, _ROOM),
    Family("qantara_room_oldest_waiting_seconds", "Age of the oldest delivery that waits for it.", _oldest, _ROOM),
    Family(
        "qantara_announcements_open", "Announcements that are not over, or need somebody.",
        _per_name(lambda _: 1.0), ("announcement",),
    ),
    Family(
        "qantara_announcement_needs", "What of them needs somebody: stuck, stopped, of unknown outcome, unconfirmed.",
        _per_name(lambda one: float(len(one.needs))), ("announcement",),
    ),
    Family(
        "qantara_announcement_waiting", "Their recipients that have still to get it.",
        _per_name(lambda one: float(one.waiting)), ("announcement",),
    ),
    Family(
        "qantara_announcement_recipients", "Their recipients that were looked at, by how it went with them.",
        _reaches, ("announcement", "account", "reach"),
    ),
    Family(
        "qantara_causes", "More about some counts: which rule dropped, how many outcomes were unknown.",
        lambda s: [((cause,), float(count)) for cause, count in s.causes.items()], ("cause",), "_total",
    ),
    Family(
        "qantara_counts_add_up", "1 when accepted deliveries are the sum of all ends and everything open.",
        _one(lambda s: float(s.counts_add_up)),
    ),
    Family("qantara_store_commits", "Transactions since the start.", _one(lambda s: s.store.commits), (), "_total"),
    Family("qantara_store_operations", "Operations that wait for the next commit.", _one(lambda s: s.store.operations)),
    Family("qantara_store_free_bytes", "Free space where the store is.", _one(lambda s: s.store.free_bytes)),
)  # fmt: skip


class _Scrape:
    """One scrape, as a collector of prometheus-client."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        return (_metric(family, self._status) for family in FAMILIES)


def _metric(family: Family, status: Status) -> Metric:
    kind: Any = CounterMetricFamily if family.counter else GaugeMetricFamily
    metric: Metric = kind(family.name, family.meaning, labels=family.labels)
    for labels, value in family.read(status):
        metric.add_metric(labels, value)  # type: ignore[attr-defined] # both kinds have it, their base does not
    return metric


def exposition(status: Status) -> bytes:
    """Prometheus' text format: the bridge's own metrics and the process's."""
    registry = CollectorRegistry()
    registry.register(_Scrape(status))
    ProcessCollector(namespace="qantara", registry=registry)
    return generate_latest(registry)
