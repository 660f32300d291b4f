"""Isolation, backlogs, accepting and many rooms: a bridge in this process next to the same bridge undisturbed.

python -m benchmarks.load child ROLE FOLDER COUNT runs one measurement in a process of its own and prints its numbers.
"""

import asyncio
import gc
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import apsw
import structlog

from benchmarks.spot import Bench, Mood, running, written
from bridge.testing.waiting import eventually

ROOT = Path(__file__).parents[1]
Row = tuple[str, str, str, bool]
Numbers = dict[str, float]
WELL: Mapping[str, Mood] = {"good": "well", "one": "well", "two": "well", "three": "well"}
ILL: Mapping[str, Mood] = {"good": "well", "one": "hangs", "two": "slow", "three": "falls"}
QUIET_SECONDS = 1.0
"""After much was poured at once the disk is busy for a tenth of a second with what stays on it: that is the one cost
of a backlog, and no part of the latency measured then."""
HOUR = 360_000
"""An hour at 100 messages a second."""


def child(role: str, folder: Path, count: int) -> Numbers:
    """A measurement in a fresh process: nothing of the last one is in its memory."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.load", "child", role, str(folder), str(count)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    numbers: Numbers = json.loads(output.splitlines()[-1])
    return numbers


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _part(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


# --- isolation ---


async def _disturbed(folder: Path, count: int, targets: Mapping[str, Mood]) -> Numbers:
    """What a well target sees: first everything at once, then, when the disk is quiet, 400 a second, one by one."""
    async with running(folder, written(dict(targets))) as bench:
        began = time.perf_counter()
        await bench.pour(count)
        await eventually(lambda: len(bench.arrived("good")) == count, seconds=120)
        seconds = max(bench.arrived("good").values()) - began
        assert list(bench.arrived("good")) == list(range(count))
        await asyncio.sleep(QUIET_SECONDS)
        times = await _drip(bench, count, 1600)
    return {"rate": count / seconds, "p50": _part(times, 0.5), "p99": _part(times, 0.99)}


async def _drip(bench: Bench, begin: int, count: int) -> list[float]:
    said, started = {}, time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, started + number / 400 - time.perf_counter()))
        said[begin + number] = time.perf_counter()
        await bench.publish([begin + number])
    await eventually(lambda: len(bench.arrived("good")) == begin + count)
    return [bench.arrived("good")[number] - at for number, at in said.items()]


def isolation(folder: Path) -> list[Row]:
    """One target that hangs, one that is slow, one that falls at every message, against three that are well."""
    found: dict[str, list[Numbers]] = {"well": [], "ill": []}
    for turn in range(3):
        for role, runs in found.items():
            runs.append(child(role, folder / f"{role}{turn}", 5000))
    well, ill = ({name: statistics.median(run[name] for run in runs) for name in runs[0]} for runs in found.values())
    return [
        (
            "beside ill targets: messages a second", f"{ill['rate']:,.0f} (undisturbed {well['rate']:,.0f})",
            ">= 80 %", ill["rate"] >= 0.8 * well["rate"],
        ),
        *(
            (
                f"the same, latency {name}", f"{ill[name] * 1e3:.2f} ms (undisturbed {well[name] * 1e3:.2f} ms)",
                "<= 120 %", ill[name] <= 1.2 * well[name],
            )
            for name in ("p50", "p99")
        ),
    ]  # fmt: skip


# --- a backlog ---


async def _backlog(folder: Path, count: int) -> Numbers:
    """Messages for a target that is down; then it comes back, in the next life."""
    async with running(folder, written({"good": "down"})) as bench:
        idle, began = _resident_mb(), time.perf_counter()
        await bench.pour(count)
        seconds, full = time.perf_counter() - began, _resident_mb()
    async with running(folder, written({"good": "well"})) as bench:
        began = time.perf_counter()
        await eventually(lambda: len(bench.arrived("good")) == count, seconds=300)
        drained = time.perf_counter() - began
        in_order = list(bench.arrived("good")) == list(range(count))
    return {"idle": idle, "full": full, "in": count / seconds, "out": count / drained, "order": in_order}


def backlog(folder: Path) -> list[Row]:
    """20,000 and 200,000 messages on disk: the second costs no more memory, and both come out in order."""
    few, many = (child("backlog", folder / str(count), count) for count in (20_000, 200_000))
    more = many["full"] - few["full"]
    return [
        ("resident with 20,000 waiting", f"{few['full']:.0f} MB (idle {few['idle']:.0f} MB)", "", True),
        ("resident with 200,000 waiting", f"{many['full']:.0f} MB", "at most 10 MB more", more <= 10),
        ("200,000 accepted, of an hour's backlog", f"{200_000 / HOUR:.0%}, {many['in']:,.0f} a second", "", True),
        ("200,000 drained in order", f"{many['out']:,.0f} a second", "all of them", bool(many["order"])),
    ]


# --- accepting while the loop is busy ---


async def _accepting(folder: Path, count: int) -> Numbers:
    """5,000 events a second, each on its own, while the loop works 80 microseconds for each."""
    async with running(folder, written({"good": "down"})) as bench:
        times: list[float] = []

        async def accepted(number: int) -> None:
            began = time.perf_counter()
            await bench.publish([number])
            times.append(time.perf_counter() - began)

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(accepted(number))
                _work(80e-6)
                await asyncio.sleep(max(0.0, started + number / 5000 - time.perf_counter()))
        rate = count / (time.perf_counter() - started)
    return {"p50": _part(times, 0.5), "p99": _part(times, 0.99), "rate": rate}


def _work(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def accepting(folder: Path) -> list[Row]:
    """How long `publish` takes, one event each."""
    found = child("accepting", folder, 15_000)
    return [
        ("accepting 5,000 a second, loop busy, p50", f"{found['p50'] * 1e3:.1f} ms", "< 10 ms", found["p50"] < 0.01),
        ("the same, p99", f"{found['p99'] * 1e3:.1f} ms", "< 50 ms", found["p99"] < 0.05),
        ("the same, reached", f"{found['rate']:,.0f} a second", ">= 4,500", found["rate"] >= 4500),
    ]


# --- many rooms ---


async def _rooms(folder: Path, count: int) -> Numbers:
    """The second start of a bridge with so many rooms, and a hundred copies of messages in each."""
    rooms = [f"room{number}" for number in range(count // 2)]
    yaml = written({"good": "well"}, rooms)
    async with running(folder, yaml):
        pass
    connection = apsw.Connection(str(folder / "data" / "qantara.db"))
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " INSERT INTO twin (room, native, message, part, kind) SELECT i % ? + 1, 'native' || i, i, 0, 0 FROM n",
        (count * 100, count),
    )
    connection.close()
    began = time.perf_counter()
    async with running(folder, yaml) as bench:
        seconds, tasks = time.perf_counter() - began, len(asyncio.all_tasks())
        await eventually(lambda: all(lane.state.joined for lane in bench.app.rooms.lanes.values()), seconds=120)
        entered = time.perf_counter() - began
        resident = _resident_mb()
    return {"seconds": seconds, "entered": entered, "tasks": tasks, "resident": resident}


def rooms(folder: Path) -> list[Row]:
    """From the text of the configuration to the last room entered."""
    found = child("rooms", folder, 10_000)
    return [
        ("10,000 rooms, a million copies: ready", f"{found['seconds']:.1f} s", "< 5 s", found["seconds"] < 5),
        ("the same, every room entered", f"{found['entered']:.1f} s", "", True),
        ("the same, tasks", f"{found['tasks']:.0f}", "< 50", found["tasks"] < 50),
        ("the same, resident", f"{found['resident']:.0f} MB", "", True),
    ]


ROLES: Mapping[str, Callable[[Path, int], Awaitable[Numbers]]] = {
    "well": lambda folder, count: _disturbed(folder, count, WELL),
    "ill": lambda folder, count: _disturbed(folder, count, ILL),
    "backlog": _backlog,
    "accepting": _accepting,
    "rooms": _rooms,
}


def main(role: str, folder: str, count: str) -> None:
    """One measurement; its numbers are the last line."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # as the daemon does
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(json.dumps(asyncio.run(ROLES[role](Path(folder), int(count)))))


if __name__ == "__main__":
    main(*sys.argv[2:])
