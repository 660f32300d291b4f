"""A whole bridge in this process: memory platforms, a real store, the real engine.

The scenarios run on a loop whose time is skipped: an hour of waiting costs nothing, and nothing depends on the machine.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from bridge.app import App, Exit
from bridge.chance import SeededChance
from bridge.clock import Clock
from bridge.config import Config, parse
from bridge.connector import Connector
from bridge.delivery import Lane
from bridge.media.disk import AtOnce
from bridge.media.workshop import Here, Workshop
from bridge.registry import Registry
from bridge.store.ops import StoreBroken, Unpark
from bridge.store.questions import Depths, Parked, ParkedRow, Tallies
from bridge.store.sqlite import SqliteStore
from bridge.store.writer import LoopPump, Writer
from bridge.supervisor import Account
from bridge.testing.clock import LoopClock
from bridge.testing.memory import MemoryConnector, MemoryPlatform
from bridge.testing.waiting import PATIENCE_SECONDS, eventually


class Bridge:
    """Memory platforms linked by a bridge that can be stopped, killed and started again on the same store."""

    def __init__(self, folder: Path, yaml: str, *, connectors: dict[str, type[Connector[Any]]] | None = None) -> None:
        self.folder, self.yaml = folder, yaml
        self.connectors = Registry.of({"memory": MemoryConnector, **(connectors or {})})
        self.clock = LoopClock()
        self.hasty: Clock | None = None
        """The bridge's clock where it talks to real sockets."""
        self.lives = 0
        self.running = False
        self.workshop: Workshop = Here()
        self.make_store: Callable[[Path, SeededChance], SqliteStore] = SqliteStore

    def _broken(self, error: StoreBroken) -> None:
        self.app.broken(error)

    def read(self) -> Config:
        return parse(self.yaml, name="config.yaml", environ={}, connectors=self.connectors, base=self.folder)

    async def start(self) -> Self:
        """Begin and wait until every account is up and what that taught is stored."""
        self.begin()
        await eventually(self._settled)
        return self

    def begin(self) -> None:
        config = self.read()
        self.lives += 1
        self.store = self.make_store(config.store.path, SeededChance(self.lives))
        self.writer = Writer(self.store, self._broken)
        self._pump = LoopPump(self.writer)
        self._pump.start()
        chance = SeededChance(self.lives)
        self.app = App(
            config,
            self.connectors,
            self.writer,
            clock=self.hasty or self.clock,
            chance=chance,
            read=self.read,
            disk=AtOnce(),
            workshop=self.workshop,
        )
        self.task = asyncio.create_task(self.app.run())
        self.running = True

    def _settled(self) -> bool:
        if self.task.done():
            self.task.result()
        up = self.app.ready and all(account.state == "up" for account in self.app.accounts.values())
        return up and not self.writer.depth

    async def stop(self) -> Exit:
        """End in order; a bridge that does not run is left alone."""
        if not self.running:
            return Exit.OK
        self.running = False
        self.app.end()
        async with asyncio.timeout(PATIENCE_SECONDS):
            result = await self.task
        self._pump.stop()
        return result

    async def crash(self) -> None:
        """End every task where it stands and keep only what was durable."""
        self.running = False
        self._pump.kill()
        for account in self.app.accounts.values():
            account.lanes.halt()
        self.task.cancel()
        await asyncio.wait([self.task])

    def account(self, name: str) -> Account:
        return {str(known): account for known, account in self.app.accounts.items()}[name]

    def lane(self, name: str) -> Lane:
        """The lane of a room, written as in the configuration."""
        return {str(lane.name): lane for lane in self.app.rooms.lanes.values()}[name]

    async def ledger(self) -> dict[str, int]:
        """Every outcome over all rooms, with what waits and is parked."""
        counts: dict[str, int] = {}
        for (_, outcome), count in (await self.writer.ask(Tallies())).items():
            counts[outcome] = counts.get(outcome, 0) + count
        for record in await self.writer.ask(Depths()):
            counts["waiting"] = counts.get("waiting", 0) + record.waiting
            counts["parked"] = counts.get("parked", 0) + record.parked
        return counts

    async def parked(self) -> tuple[ParkedRow, ...]:
        found: tuple[ParkedRow, ...] = await self.writer.ask(Parked())
        return found

    async def retry_parked(self) -> None:
        """What the operator does: every parked row waits again."""
        rows = tuple(row.number for row in await self.parked())
        self.app.rooms.reread(await self.writer.ask(Unpark(rows)))

    async def passes(self, seconds: float) -> None:
        """Let so much time pass: what should not happen meanwhile had its chance."""
        began = self.clock.monotonic()
        await eventually(lambda: self.clock.monotonic() - began > seconds, seconds=2 * seconds)

    async def drained(self) -> None:
        """Wait until nothing waits any more."""

        async def empty() -> bool:
            return not (await self.ledger())["waiting"]

        await eventually(empty, what=lambda: "rows still wait", seconds=7200)


def configured(
    *platforms: MemoryPlatform,
    rooms: Sequence[str] = ("town",),
    connector: str = "memory",
    lifetime_hours: float = 24,
    link: str = "",
    more: str = "",
) -> str:
    """A file that links each of `rooms` on every platform; an account is named like its platform.

    `link` are further settings of each link, such as `show: [joins], `.
    """
    accounts = "".join(f"  {platform.name}: {_settings(platform, connector)}\n" for platform in platforms)
    links = "".join(
        f"  {room}: {{{link}late_minutes: 0, lifetime_hours: {lifetime_hours},"
        f" rooms: [{', '.join(f'{p.name}/{room}' for p in platforms)}]}}\n"
        for room in rooms
    )
    return f"store: {{path: data/q.db, min_free_mib: 0, ballast_mib: 0}}\naccounts:\n{accounts}links:\n{links}{more}"


def _settings(platform: MemoryPlatform, connector: str) -> str:
    settings = {**platform.settings(), "connector": connector}
    return "{" + ", ".join(f"{key}: {value}" for key, value in settings.items()) + "}"


def balanced(ledger: dict[str, int]) -> bool:
    """Accepted is the sum of all ends, what waits and what is parked."""
    ends = ("delivered", "unconfirmed", "merged", "dropped", "expired", "cancelled", "waiting", "parked")
    return ledger.get("accepted", 0) == sum(ledger.get(end, 0) for end in ends)


__all__ = ["Bridge", "LoopClock", "balanced", "configured"]
