"""The one process of the bridge: it begins, stops, dies, and begins again on what its disk holds."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.app import App
from bridge.chance import SeededChance
from bridge.clock import Clock
from bridge.config import Config
from bridge.store.ballast import Ballast
from bridge.store.ops import Op, Start, Store, StoreBroken
from bridge.store.sqlite import SqliteStore
from bridge.store.writer import LoopPump, Writer
from bridge.testing.clock import LoopClock
from bridge.testing.disk import Disk, DiskBallast
from bridge.testing.simulation.connector import CONNECTORS
from bridge.testing.simulation.dice import Dice
from bridge.testing.simulation.platform import SimulatedPlatform
from bridge.testing.simulation.weather import Mishap
from bridge.testing.simulation.witness import Witness
from bridge.testing.simulation.world import Plan, read

_DEADLINE_SECONDS = 25.0
_COMMITS = (0.001, 0.004, 0.02)
"""Seconds that a commit takes: a fast disk, a usual one, a slow one."""
_FOLDS = (1000, 200, 40)
"""Pages after which the log is folded into the file: what takes a day in a quiet bridge happens in each seed."""


class Died(Exception):
    """The power was cut in the middle of a commit."""


class Watched:
    """A store whose every commit the witness sees."""

    def __init__(self, store: Store, witness: Witness, disk: Disk) -> None:
        self._store, self._witness, self._disk = store, witness, disk
        self._life, self._first = disk.life, disk.life
        self.commits, self.synchronous, self.ballast = 0, store.synchronous, store.ballast
        self.alias = store.alias

    def drain(self, batch: list[Op]) -> list[object]:
        """As the store does it. Raises `Died` when the power was cut meanwhile."""
        self._witness.now = asyncio.get_running_loop().time()
        try:
            results = self._store.drain(batch)
        except StoreBroken as error:
            self._witness.in_doubt(batch)
            if self._life != self._disk.life:
                raise Died from error
            raise
        self.commits = self._store.commits
        if self._first == self._life:  # only what is synced again is certain
            self._first = -1
            self._witness.settle_doubt(self._store)
        self._witness.committed(batch, results)
        if any(type(op) is Start for op in batch):
            self._witness.blamed(self._store)
        return results

    def close(self) -> None:
        self._store.close()


class Unserved:
    """No web server."""

    def __init__(self, app: App, clock: Clock) -> None:
        del app, clock

    async def start(self) -> None:
        """Nothing."""

    async def reload(self) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Nothing."""


class Machine:
    """Runs the bridge of one seed, life after life."""

    def __init__(
        self, plan: Plan, folder: Path, seed: int, platforms: Mapping[str, SimulatedPlatform], witness: Witness
    ) -> None:
        self.plan, self._folder, self._seed = plan, folder, seed
        self.platforms, self.witness = platforms, witness
        self.clock = LoopClock()
        for platform in platforms.values():
            platform.clock = self.clock
        self._dice = Dice(seed, 5)
        self._commit = self._dice.pick(_COMMITS)
        self._fold = self._dice.pick(_FOLDS)
        self.disk = Disk(SeededChance(seed * 64 + 6))
        self.variant = 0
        self.running = self._stopping = False
        self.alive = asyncio.Event()
        self.changed = asyncio.Event()
        """Set when the bridge died or stopped."""

    def _read(self) -> Config:
        return read(self.plan.text(self.variant), self._folder)

    def begin(self) -> None:
        """A new process on the same disk, which somebody has mended."""
        self.mend_disk()
        config = self._read()
        self.witness.life += 1
        chance = SeededChance(self._seed * 4096 + self.witness.life)
        ballast = Ballast(DiskBallast(self.disk, "ballast"))
        store = SqliteStore(config.store.path, chance, vfs=self.disk.name, ballast=ballast)
        store._log.every = self._fold  # noqa: SLF001 - nobody who runs a bridge needs to set it
        self.writer = Writer(Watched(store, self.witness, self.disk), self._broken)
        self._pump = LoopPump(self.writer, self._commit)
        self._pump.start()
        self.app = App(
            config, CONNECTORS, self.writer, clock=self.clock, chance=chance, read=self._read, serve=Unserved
        )
        self.running, self._stopping = True, False
        self.alive.set()
        self.changed.clear()
        self.task = asyncio.create_task(self.app.run(), name="bridge")
        self.task.add_done_callback(self._ended)
        self.witness.note("life", self.witness.life)

    def _broken(self, error: StoreBroken) -> None:
        self.app.broken(error)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if task is self.task and self.running and not self._stopping:
            if not task.cancelled() and task.exception() is not None:
                self.witness.wrong(f"the bridge fell: {task.exception()!r}")
            self.die()

    def reload(self, variant: int) -> None:
        """The operator changes the file."""
        self.variant = variant
        self._forget_waits()
        if self.running:
            self.app.told_to_reload()

    async def stop(self) -> None:
        """End in order; a stop that hangs ends at its deadline, as the daemon's does."""
        self._stopping = True
        self.app.end()
        done, _ = await asyncio.wait([self.task], timeout=_DEADLINE_SECONDS)
        if not done:
            self.die()
        if self.running:
            try:
                self._pump.stop()
            except Died:
                self._pump.kill()
            self.running = False
            self.alive.clear()
            self._forget_waits()
            self.changed.set()

    def die(self) -> None:
        """The process is gone at this very moment; what it had not written to the disk is lost."""
        if not self.running:
            return
        self.running = False
        self.alive.clear()
        self.witness.note("dies")
        self.witness.deaths += 1
        for platform in self.platforms.values():
            if platform.session is not None:
                platform.session.die()
                platform.session = None
        self._lose()
        self._pump.kill()
        for account in self.app.accounts.values():
            account.lanes.halt()
        self._forget_waits()
        self.task.cancel()
        self.changed.set()

    def _lose(self) -> None:
        """What was not synced goes with the power, or stays when only the process died."""
        self.mend_disk()
        if self._dice.happens(0.5):
            self.witness.weather.happened(Mishap.POWER_CUT)
            self.disk.cut()
        else:
            self.disk.kill()

    def mend_disk(self) -> None:
        """The disk has space and works again."""
        self.disk.capacity = None
        self.disk.failing_syncs = False

    def fill_disk(self) -> None:
        """Hardly anything fits on it any more."""
        self.disk.capacity = sum(self.disk.files.values()) + self._dice.below(40_000)

    async def bury(self) -> None:
        """Wait until nothing of the last life is left."""
        await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.exception()

    def _forget_waits(self) -> None:
        self.witness.waits.clear()
