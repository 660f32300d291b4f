"""Many seeds over all cores; what failed, what happened how often, and how fast."""

import gc
import multiprocessing
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, islice
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct, field

from bridge.clock import SystemClock
from bridge.testing.simulation.seed import Report, run
from bridge.testing.simulation.weather import Mishap

_TOLD = 10
_LONGEST_SECONDS = 120.0
_SHARE = 250
"""So many seeds a process: a bridge that is killed leaves half a megabyte behind that nothing frees."""

Reports: TypeAlias = "multiprocessing.Queue[Report | int | None]"
"""Reports, and at the end of a process the seed to go on with, or None where nothing is left."""


class Total(Struct, kw_only=True):
    """The sum of many reports."""

    seeds: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    below: int = 0
    """Every seed from the first one to here was run."""
    beyond: set[int] = field(default_factory=set)
    failed: dict[int, list[str]] = field(default_factory=dict)
    mishaps: Counter[Mishap] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)

    def add(self, report: Report) -> None:
        self.seeds += 1
        self.processor_seconds += report.seconds
        self.beyond.add(report.seed)
        while self.below in self.beyond:
            self.beyond.discard(self.below)
            self.below += 1
        self.mishaps.update(report.mishaps)
        self.figures.update(report.figures)
        if report.violations:
            self.failed[report.seed] = report.violations

    @property
    def never(self) -> list[Mishap]:
        """Mishaps that did not happen once: then nothing was shown about them."""
        return [mishap for mishap in Mishap if not self.mishaps[mishap]]

    @property
    def so_far(self) -> str:
        """One line: enough to go on from after an interruption."""
        rate = self.seeds / self.seconds if self.seconds else 0.0
        return f"{self.seeds} seeds, all below {self.below}, {len(self.failed)} failed, {rate:.1f} a second"

    def __str__(self) -> str:
        lines = [f"{mishap.value:<28}{self.mishaps[mishap]:>10}" for mishap in Mishap]
        lines += [f"{name:<28}{number:>10}" for name, number in sorted(self.figures.items())]
        rate = self.seeds / self.seconds if self.seconds else 0.0
        lines.append(
            f"{self.seeds} seeds in {self.seconds:.0f} s: {rate:.1f} a second on {cores()} cores,"
            f" {self.processor_seconds:.0f} s of processor time"
        )
        lines += [failure(seed, violations) for seed, violations in sorted(self.failed.items())[:_TOLD]]
        lines += [f"{len(self.failed)} seeds failed"] if self.failed else []
        lines += [f"never happened: {', '.join(self.never)}"] if self.never else []
        return "\n".join(lines)


def cores() -> int:
    """How many processes run at once."""
    return len(os.sched_getaffinity(0))


def failure(seed: int, violations: list[str]) -> str:
    """What is wrong with a seed, and what to type to see it again."""
    return f"seed {seed} FAILED: {violations[0]}\n    make simulate SEED={seed}"


class Wish(Struct, frozen=True, kw_only=True):
    """How much to run: so many seeds from `first` on, and further ones until `seconds` are over."""

    seeds: int
    first: int = 0
    seconds: float = 0.0
    failures: int = 10
    """After so many nothing more is begun."""
    before: Callable[[], None] = gc.enable
    """Called in each process before its first seed."""


def simulate(wish: Wish, told: Callable[[Total, Report], None] = lambda _, __: None) -> Total:
    """Run seeds over all cores. `told` hears of each report, with the sum so far."""
    total, clock = Total(below=wish.first), SystemClock()
    began = clock.monotonic()
    context = multiprocessing.get_context("forkserver")
    reports, enough = context.Queue(), context.Event()

    workers: list[ForkServerProcess] = []

    def begin(seed: int) -> None:
        workers.append(context.Process(target=_work, args=(wish, seed, began + wish.seconds, reports, enough)))
        workers[-1].start()

    for index in range(cores()):
        begin(wish.first + index)
    for report in _reports(reports, begin):
        total.add(report)
        total.seconds = clock.monotonic() - began
        told(total, report)
        if len(total.failed) >= wish.failures:
            enough.set()
    for worker in workers:
        worker.join()
    return total


def _reports(reports: Reports, begin: Callable[[int], None]) -> Iterator[Report]:
    """Everything until each process has said that it is done; one that has done its share is followed by another."""
    working = cores()
    while working:
        match reports.get(timeout=_LONGEST_SECONDS):
            case Report() as report:
                yield report
            case int(seed):
                begin(seed)
            case None:
                working -= 1


def _work(wish: Wish, first: int, end: float, reports: Reports, enough: Event) -> None:
    """Every so-manieth seed from one on, in this process; what a killed bridge leaves behind ends with it."""
    wish.before()
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="qantara-simulation-") as folder:
        for seed in islice(count(first, cores()), _SHARE):
            if enough.is_set() or _orphaned() or (seed >= wish.first + wish.seeds and clock.monotonic() >= end):
                return reports.put(None)
            report = run(seed, Path(folder))
            report.trace.clear()
            reports.put(report)
    return reports.put(first + _SHARE * cores())


def _orphaned() -> bool:
    """Whoever wanted to know was killed: nobody tells those who work for it."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def alone(seed: int) -> Report:
    """One seed in this process, with its trace."""
    with tempfile.TemporaryDirectory(prefix="qantara-simulation-") as folder:
        return run(seed, Path(folder))
