"""One seed: a world, a while in which everything may go wrong, a while in which nothing does, and the judgement."""

import asyncio
import gc
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
from msgspec import Struct

from bridge.store.questions import Ledger
from bridge.testing.loop import SkippingLoop
from bridge.testing.simulation import oracle, world
from bridge.testing.simulation.dice import Dice
from bridge.testing.simulation.episodes import Episodes
from bridge.testing.simulation.machine import Died, Machine
from bridge.testing.simulation.people import People
from bridge.testing.simulation.platform import PLATFORMS
from bridge.testing.simulation.weather import Mishap, Weather
from bridge.testing.simulation.witness import Witness

ACTS = 200
_LONGEST_SECONDS = 6 * 3600.0


class Report(Struct, kw_only=True):
    """What came of one seed. `violations` is empty when every promise held."""

    seed: int
    violations: list[str]
    mishaps: Counter[Mishap]
    figures: Counter[str]
    seconds: float
    """Processor time."""
    trace: list[tuple[Any, ...]]


def run(seed: int, folder: Path) -> Report:
    """Run one seed in this process. `folder` is for its disk."""
    one = _Seed(seed, folder)
    with quiet(), asyncio.Runner(loop_factory=SkippingLoop) as runner:
        try:
            runner.run(one.run())
        except Exception as error:  # noqa: BLE001 - a seed that falls is a seed that failed
            one.witness.wrong(f"the seed fell: {error!r}")
    return one.report()  # not the answer of the run: the runner would write it out, trace and all, for nobody to read


@contextmanager
def quiet() -> Iterator[None]:
    """Without log lines, and without the collector running while nobody can see."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), processors=[_dropped])
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        structlog.configure(**before)


def _dropped(_: object, __: str, ___: structlog.typing.EventDict) -> structlog.typing.EventDict:
    raise structlog.DropEvent


def _processor_seconds() -> float:
    used = os.times()
    return used.user + used.system


class _Seed:
    """The parts of one seed, put together."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed, self.began = seed, _processor_seconds()
        self.weather = Weather(Dice(seed, 1))
        dice = Dice(seed, 2)
        self.plan = world.drawn(dice)
        ways = world.ways(world.read(self.plan.text(), folder))
        less = world.ways(world.read(self.plan.text(1), folder)) if Mishap.RELOAD in self.weather.episodes else ways
        always = {source: tuple(to for to in heard if to in less.get(source, ())) for source, heard in ways.items()}
        self.witness = Witness(self.weather, self.plan.by_account, always, ways)
        self.platforms = world.platforms(self.plan, self.weather, dice, self.witness, seed)
        self.folder = folder
        self.people = People(self.platforms, Dice(seed, 3), self.weather, ACTS)
        PLATFORMS.clear()
        PLATFORMS.update(self.platforms)

    async def run(self) -> None:
        """All of it."""
        loop = asyncio.get_running_loop()
        self.machine = Machine(self.plan, self.folder, self.seed, self.platforms, self.witness)
        loop.set_exception_handler(self._unexpected)
        seconds = max(2.0, ACTS * self.people.pace * 0.7)
        self.episodes = Episodes(self.machine, self.weather, Dice(self.seed, 4), seconds)
        self.weather.fair, fair = True, self.weather.fair
        self.machine.begin()
        await self._until(lambda: self.machine.app.started and self.machine.app.ready)
        self.weather.fair = fair
        try:
            await self._live()
        except TimeoutError:
            self.witness.wrong(f"rows never came to an end: {sorted(self.witness.open)[:8]}")
        await self._end()

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        del loop
        error = context.get("exception")
        if isinstance(error, Died):
            self.machine.die()
        elif self.machine.running:
            self.witness.wrong(f"unexpected: {context.get('message')}: {error!r}")

    async def _live(self) -> None:
        reviving = asyncio.create_task(self.episodes.revive())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.people.act())
                group.create_task(self.episodes.run())
            await self._heal()
        finally:
            reviving.cancel()
            with suppress(asyncio.CancelledError):
                await reviving

    async def _heal(self) -> None:
        """From now on nothing goes wrong: whatever waits has to arrive."""
        self.weather.fair = True
        self.witness.note("fair")
        for platform in self.platforms.values():
            platform.closed.clear()
            platform.refused = platform.away = False
        self.machine.mend_disk()
        await self._until(lambda: self.machine.running and self.machine.app.started)
        self.machine.reload(0)
        await self._until(self._at_rest)

    def _at_rest(self) -> bool:
        read = all(platform.read for platform in self.platforms.values())
        return read and not self.witness.open and self.machine.running and not self.machine.writer.depth

    async def _until(self, fact: Any) -> None:  # noqa: ANN401 - a question without arguments
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + _LONGEST_SECONDS, 0.05
        while not fact():
            if loop.time() > deadline:
                raise TimeoutError
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 10.0)

    async def _end(self) -> None:
        """Stop in order; nothing may be left running."""
        loop = asyncio.get_running_loop()
        self.machine.disk.spare()
        if self.machine.running:
            depths, tallies = await self.machine.writer.ask(Ledger())
            oracle.ledger(self.witness, depths, tallies)
            await self.machine.stop()
        await self.machine.bury()
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:
            self.witness.wrong(f"tasks left: {sorted(task.get_name() for task in left)}")
        self.seconds = loop.time()
        self.machine.disk.unregister()
        oracle.judge(self.witness, self.platforms, self.plan)

    def report(self) -> Report:
        """What came of it."""
        witness = self.witness
        figures = Counter(
            acts=self.people.done, deaths=witness.deaths, rows=len(witness.lines), sends=witness.executions,
            lives=witness.life, doubles=sum(witness.doubles.values()),
        )  # fmt: skip
        return Report(
            seed=self.seed, violations=witness.violations, mishaps=self.weather.counts, figures=figures,
            seconds=_processor_seconds() - self.began, trace=witness.trace,
        )  # fmt: skip
