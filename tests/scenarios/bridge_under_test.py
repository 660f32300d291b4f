"""A whole bridge in this process: memory platforms, a real store, the real engine."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from bridge.app import App, Exit
from bridge.chance import SeededChance, SystemChance
from bridge.clock import SystemClock
from bridge.config import parse
from bridge.connector import Connector
from bridge.registry import Registry
from bridge.store.ops import Depths, Tallies
from bridge.store.sqlite import SqliteStore
from bridge.store.writer import ThreadPump, Writer
from bridge.testing.memory import MemoryConnector, MemoryPlatform
from bridge.testing.platform import Shown, texts

PATIENCE = 15.0


class Bridge:
    """Memory platforms linked by a bridge that can be stopped, killed and started again on the same store."""

    def __init__(self, folder: Path, yaml: str, *, connectors: dict[str, type[Connector[Any]]] | None = None) -> None:
        self.folder, self.yaml = folder, yaml
        self.connectors = Registry.of({"memory": MemoryConnector, **(connectors or {})})
        self._task: asyncio.Task[Exit] | None = None
        self._pump: ThreadPump | None = None

    def read(self) -> Any:
        return parse(self.yaml, name="config.yaml", environ={}, connectors=self.connectors, base=self.folder)

    async def start(self) -> Self:
        config = self.read()
        self.store = SqliteStore(config.store.path, SystemChance())
        self.writer = Writer(self.store, lambda error: self.app.broken(error))
        self._pump = ThreadPump(self.writer)
        self._pump.start()
        self.app = App(
            config, self.connectors, self.writer, clock=SystemClock(), chance=SeededChance(7), read=self.read
        )
        self._task = asyncio.create_task(self.app.run())
        await self.until(lambda: self._task.done() or (self.app.ready and self._up()))
        if self._task.done():
            self._task.result()
        return self

    def _up(self) -> bool:
        return all(account.state == "up" for account in self.app.accounts.values())

    async def stop(self) -> Exit:
        assert self._task is not None
        assert self._pump is not None
        self.app.end()
        async with asyncio.timeout(PATIENCE):
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

    async def until(self, fact: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not fact():
                await asyncio.sleep(0.005)

    async def shows(self, platform: MemoryPlatform, room: str, expected: list[str]) -> None:
        """Wait until a reader of the room sees exactly this."""
        found: list[str] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := await texts(platform, room)) != expected:
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"{room} shows {found}, not {expected}") from None

    async def until_shown(self, platform: MemoryPlatform, room: str, fact: Callable[[Sequence[Shown]], object]) -> None:
        """Wait until what a reader sees fulfils a fact."""
        found: Sequence[Shown] = ()
        try:
            async with asyncio.timeout(PATIENCE):
                while not fact(found := await platform.shown(room)):
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"{room} shows {found}") from None

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
