"""Runs a connector for a moment, to see who it is and what it can reach, without taking anything from its platform."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from bridge.asked import Person
from bridge.chance import Chance, SystemChance
from bridge.clock import Clock, SystemClock
from bridge.config import Config
from bridge.connector import Connector, RoomInfo
from bridge.errors import Rejected, StoreFull
from bridge.events import AnyEvent, File, User
from bridge.findings import Finding
from bridge.ids import AccountName
from bridge.registry import Registry
from bridge.store.ops import Store
from bridge.store.questions import Position, Recall

CONNECT_SECONDS = 30.0
STEP_SECONDS = 30.0
_LATER_SECONDS = 3600.0


class Report(Struct):
    """What one account said; `faults` are what the operator has to mend, `findings` what the connector adds."""

    account: AccountName
    me: User | None = None
    entered: Sequence[str] = ()
    seen: Sequence[RoomInfo] = ()
    faults: Sequence[str] = ()
    findings: Sequence[Finding] = ()


class ProbeHost:
    """A host that takes nothing: what is published stays the platform's, for the daemon to take.

    It answers with the positions of the store, where there is one, so that no connector begins anew.
    """

    def __init__(self, account: AccountName, config: Config, store: Store | None) -> None:
        self._account, self._config, self._store = account, config, store
        self._kept: dict[str, str] = {}
        self.online = asyncio.Event()
        self.me: User | None = None

    @property
    def account(self) -> AccountName:
        return self._account

    @property
    def data_dir(self) -> Path:
        folder = self._config.store.path.parent / "accounts" / self._account
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    @property
    def webhook_url(self) -> str | None:
        url = self._config.http.public_url if self._config.http else None
        return f"{url}/in/{self._account}" if url else None

    @property
    def clock(self) -> Clock:
        return SystemClock()

    @property
    def chance(self) -> Chance:
        return SystemChance()

    async def publish(self, *events: AnyEvent, position: str | None = None) -> None:
        """Never takes anything, so nothing may be acknowledged."""
        del events, position
        raise StoreFull("only a check: nothing is taken", retry_after=_LATER_SECONDS)

    async def position(self) -> str | None:
        found = self._asked(Position(self._account))
        return None if found is None else str(found)

    def connected(self, me: User) -> None:
        self.me = me
        self.online.set()

    def unreadable(self, what: str) -> None:
        """Nothing is read here."""

    async def read(self, file: File) -> AsyncIterator[bytes]:
        raise Rejected(f"only a check: {file.name} is not here")
        yield b""  # an asynchronous generator, though there is nothing to give

    async def link(self, file: File) -> str | None:
        """Nothing is sent here."""
        del file
        return None

    async def remember(self, name: str, value: str, ttl: timedelta) -> None:
        del ttl
        self._kept[name] = value

    async def face(self, person: Person) -> File | None:
        del person
        return None

    async def recall(self, name: str) -> str | None:
        now = int(self.clock.now().timestamp() * 1000)
        found = self._kept.get(name) or self._asked(Recall(self._account, name, now))
        return None if found is None else str(found)

    def _asked(self, op: Position | Recall) -> object:
        return self._store.drain([op])[0] if self._store is not None else None


async def probe_all(config: Config, connectors: Registry[type[Connector[Any]]], store: Store | None) -> list[Report]:
    """Every account at once: each connects and enters the rooms that the configuration names."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(probe(config, name, connectors, store)) for name in config.accounts]
    return [task.result() for task in tasks]


async def probe(
    config: Config, name: AccountName, connectors: Registry[type[Connector[Any]]], store: Store | None
) -> Report:
    """One account."""
    report = Report(name)
    async with online(config, name, connectors, store, report) as connector:
        if connector is not None:
            await _look_around(config, connector, report)
    return report


@asynccontextmanager
async def online(
    config: Config, name: AccountName, connectors: Registry[type[Connector[Any]]], store: Store | None, report: Report
) -> AsyncIterator[Connector[Any] | None]:
    """The account's connector while it is connected; None, and a fault in the report, when it cannot be."""
    host, settings = ProbeHost(name, config, store), config.accounts[name]
    connector = connectors.get(settings.connector)(settings, host)
    running = asyncio.create_task(connector.run(), name=f"probe {name}")
    waiting = asyncio.create_task(host.online.wait())
    try:
        await asyncio.wait({running, waiting}, timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        report.me = host.me
        if host.me is None:
            report.faults = [_ended(running)]
        yield connector if host.me is not None else None
    finally:
        running.cancel()
        waiting.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)


def _ended(task: asyncio.Task[Any]) -> str:
    if not task.done():
        return f"not connected after {CONNECT_SECONDS:.0f} seconds"
    error = None if task.cancelled() else task.exception()
    return "the connection ended" if error is None else f"{type(error).__name__}: {error}"


async def _look_around(config: Config, connector: Connector[Any], report: Report) -> None:
    entered: list[str] = []
    for room in _rooms(config, report.account):
        fault = await _fault(connector.join(room))
        if fault is None:
            entered.append(room)
        else:
            report.faults = [*report.faults, f"room {room}: {fault}"]
    report.entered = entered
    if connector.can(Connector.rooms):
        listing = asyncio.create_task(connector.rooms())
        if await _fault(listing) is None:
            report.seen = list(listing.result())
    if connector.can(Connector.examine):
        examining = asyncio.create_task(connector.examine())
        fault = await _fault(examining)
        report.findings = list(examining.result()) if fault is None else [_unexamined(fault)]


def _unexamined(fault: str) -> Finding:
    return Finding(where="the account", what=f"could not be examined: {fault}", remedy="qantara doctor, again")


def _rooms(config: Config, account: AccountName) -> Sequence[str]:
    links = [room for link in config.links.values() for room in (*link.sources, *link.targets)]
    named = [*links, *([config.notices] if config.notices else [])]
    return list(dict.fromkeys(room.name for room in named if room.account == account))


async def _fault(work: Any) -> str | None:  # noqa: ANN401 - a coroutine or a task of it
    """What went wrong with one step; None when it went well."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=STEP_SECONDS)
    if not done:
        task.cancel()
        return f"no answer after {STEP_SECONDS:.0f} seconds"
    error = task.exception()
    return None if error is None else str(error) or type(error).__name__
