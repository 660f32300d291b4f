"""A whole bridge in this process: memory platforms, a real store, the real engine."""

import asyncio
from pathlib import Path
from typing import Any, Self

from bridge.app import App, Exit
from bridge.chance import SeededChance, SystemChance
from bridge.clock import SystemClock
from bridge.config import Config, parse
from bridge.connector import Connector
from bridge.registry import Registry
from bridge.store.ops import Depths, StoreBroken, Tallies
from bridge.store.sqlite import SqliteStore
from bridge.store.writer import ThreadPump, Writer
from bridge.testing.memory import MemoryConnector
from bridge.testing.waiting import PATIENCE_SECONDS, eventually


class Bridge:
    """Memory platforms linked by a bridge that can be stopped, killed and started again on the same store."""

    def __init__(self, folder: Path, yaml: str, *, connectors: dict[str, type[Connector[Any]]] | None = None) -> None:
        self.folder, self.yaml = folder, yaml
        self.connectors = Registry.of({"memory": MemoryConnector, **(connectors or {})})
        self._task: asyncio.Task[Exit] | None = None
        self._pump: ThreadPump | None = None

    def _broken(self, error: StoreBroken) -> None:
        self.app.broken(error)

    def read(self) -> Config:
        return parse(self.yaml, name="config.yaml", environ={}, connectors=self.connectors, base=self.folder)

    async def start(self) -> Self:
        config = self.read()
        self.store = SqliteStore(config.store.path, SystemChance())
        self.writer = Writer(self.store, self._broken)
        self._pump = ThreadPump(self.writer)
        self._pump.start()
        self.app = App(
            config, self.connectors, self.writer, clock=SystemClock(), chance=SeededChance(7), read=self.read
        )
        self._task = asyncio.create_task(self.app.run())
        await eventually(self._settled)
        return self

    def _settled(self) -> bool:
        if self._task is not None and self._task.done():
            self._task.result()
        return self.app.ready and self._up()

    def _up(self) -> bool:
        return all(account.state == "up" for account in self.app.accounts.values())

    async def stop(self) -> Exit:
        assert self._task is not None
        assert self._pump is not None
        self.app.end()
        async with asyncio.timeout(PATIENCE_SECONDS):
            result = await self._task
        self._pump.stop()
        return result

    async def crash(self) -> None:
        """End every task where it stands and keep only what was durable."""
        assert self._task is not None
        assert self._pump is not None
        for account in self.app.accounts.values():
            account.lanes.halt()
        self._task.cancel()
        await asyncio.wait([self._task])
        self._pump.stop()

    async def ledger(self) -> dict[str, int]:
        """Every outcome over all rooms, with what waits and is parked."""
        counts: dict[str, int] = {}
        for (_, outcome), count in (await self.writer.ask(Tallies())).items():
            counts[outcome] = counts.get(outcome, 0) + count
        for record in await self.writer.ask(Depths()):
            counts["waiting"] = counts.get("waiting", 0) + record.waiting
            counts["parked"] = counts.get("parked", 0) + record.parked
        return counts


def balanced(ledger: dict[str, int]) -> bool:
    """Accepted is the sum of all ends, what waits and what is parked."""
    ends = ("delivered", "unconfirmed", "merged", "dropped", "expired", "cancelled", "waiting", "parked")
    return ledger.get("accepted", 0) == sum(ledger.get(end, 0) for end in ends)


__all__ = ["Bridge", "balanced"]
