"""Measures the daemon between two real IRC servers, next to a bare relay of the same lines in the same run.

make bench                      all of it
make bench ARGS="throughput"    one part: throughput, latency, links, memory, isolation, backlog, accepting, rooms
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Self

from benchmarks import load
from benchmarks.disk import fdatasync_p50
from benchmarks.irc import BareRelay, Sink, Source
from bridge.registry import emulators
from bridge.testing.waiting import eventually
from tests.live.daemon import Daemon
from tests.live.irc_servers import IrcServer

LINES = 20_000
BACKLOG = 20_000
WARM = 2_000
RATE = 100
AS_INSTALLED = """
import runpy, sys
sys.modules["cryptography"] = None
runpy.run_module("bridge", run_name="__main__", alter_sys=True)
"""
"""The development extra brings a library (7 MB) that a connector's SDK then loads; the bridge itself does not."""
Row = tuple[str, str, str, bool]


class Lab:
    """Two servers and a folder."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.folder = folder
        (folder / "one").mkdir()
        (folder / "two").mkdir()
        self.one = stack.enter_context(IrcServer("inspircd", folder / "one"))
        self.two = stack.enter_context(IrcServer("inspircd", folder / "two"))
        self._daemons = 0

    def daemon(self, rooms: list[str], more: Mapping[str, object] | None = None) -> Daemon:
        self._daemons += 1
        accounts = {
            "one": {"connector": "irc", "server": self.one.address, "nick": "bridge", "rate_per_second": 0},
            "two": {"connector": "irc", "server": self.two.address, "nick": "bridge", "rate_per_second": 0},
            **(more or {}),
        }
        links = {f"link{at}": {"from": [f"one/{room}"], "to": [f"two/{room}"]} for at, room in enumerate(rooms)}
        return Daemon(self.folder / f"daemon{self._daemons}", accounts, links)


class Pipe:
    """Somebody who speaks in the rooms of the first server, and somebody who reads in those of the second."""

    def __init__(self, lab: Lab, rooms: list[str]) -> None:
        self._lab, self._rooms = lab, rooms
        self._source, self._sink = Source("source", rooms), Sink("sink", rooms)

    async def __aenter__(self) -> Self:
        await self._sink.connect(self._lab.two.port)
        await self._source.connect(self._lab.one.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._source.transport.close()
        self._sink.transport.close()

    async def pour(self, count: int) -> float:
        """Seconds from the first line said to the last line read, each checked."""
        everything = self._sink.expect(count)
        started = time.perf_counter()
        await self._source.flood(count, self._rooms)
        async with asyncio.timeout(300):
            await everything
        assert not self._sink.faults, self._sink.faults[:5]
        return time.perf_counter() - started


async def pour(lab: Lab, rooms: list[str], count: int) -> float:
    """The same through a pipe of its own."""
    async with Pipe(lab, rooms) as pipe:
        return await pipe.pour(count)


async def bare(lab: Lab, rooms: list[str], count: int) -> float:
    relay = await BareRelay(rooms).connect(lab.one.port, lab.two.port)
    seconds = await pour(lab, rooms, count)
    relay.close()
    return seconds


async def throughput(lab: Lab) -> list[Row]:
    """One link, everything at once: messages a second, and the share of a bare relay's."""
    rooms = ["#bench"]
    bares = [LINES / await bare(lab, rooms, LINES) for _ in range(3)]
    rates, cpu = [], []
    async with lab.daemon(rooms) as daemon:
        for _ in range(3):
            before = daemon.cpu_seconds()
            rates.append(LINES / await pour(lab, rooms, LINES))
            cpu.append((daemon.cpu_seconds() - before) / LINES * 1e6)
        status = await daemon.status()
    rate = statistics.median(rates)
    share = rate / statistics.median(bares)
    store = status["store"]
    full = store["synchronous"] == "FULL" and store["commits"] >= 3 * LINES / 1000
    return [
        (
            "messages a second, one link",
            f"{rate:,.0f} (bare relay {statistics.median(bares):,.0f})",
            ">= 3,000",
            rate >= 3000,
        ),
        ("share of the bare relay", f"{share:.1%}", ">= 6 %", share >= 0.06),
        ("processor time a message", f"{statistics.median(cpu):.0f} µs", "", True),
        ("every commit synced", f"{store['synchronous']}, {store['commits']:,} commits", "FULL", full),
    ]


async def _drip(lab: Lab, rooms: list[str], seconds: int) -> list[float]:
    """One line every hundredth of a second: how long each took."""
    source, sink = Source("source", rooms), Sink("sink", rooms)
    await sink.connect(lab.two.port)
    await source.connect(lab.one.port)
    count = RATE * seconds
    everything = sink.expect(count)
    said, started = [], time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, started + number / RATE - time.perf_counter()))
        said.append(time.perf_counter())
        source.transport.write(source.line(number, rooms[0], b"x" * 80))
    async with asyncio.timeout(60):
        await everything
    source.transport.close()
    sink.transport.close()
    return [sink.arrived[number] - said[number] for number in range(count)]


async def latency(lab: Lab) -> list[Row]:
    """What the daemon adds at 100 messages a second."""
    rooms = ["#bench"]
    relay = await BareRelay(rooms).connect(lab.one.port, lab.two.port)
    floor = statistics.median(await _drip(lab, rooms, 5))
    relay.close()
    async with lab.daemon(rooms):
        times = sorted(await _drip(lab, rooms, 10))
    sync = fdatasync_p50(lab.folder)
    added, limit = statistics.median(times) - floor, 0.002 + 4 * sync
    return [
        ("added at 100 a second, p50", f"{added * 1e3:.2f} ms", f"<= {limit * 1e3:.2f} ms", added <= limit),
        ("the same, p99", f"{(times[int(len(times) * 0.99)] - floor) * 1e3:.2f} ms", "", True),
        ("fdatasync p50", f"{sync * 1e3:.2f} ms", "", True),
    ]


async def links(lab: Lab) -> list[Row]:
    """The same load over one link and over 500."""
    seconds: dict[int, float] = {}
    cpu: dict[int, float] = {}
    for count in (1, 500):
        rooms = [f"#room{number}" for number in range(count)]
        async with lab.daemon(rooms) as daemon, Pipe(lab, rooms) as pipe:
            await pipe.pour(WARM)  # who came into which room is behind the daemon, too: that is no cost of a message
            before = daemon.cpu_seconds()
            seconds[count] = statistics.median([await pipe.pour(LINES) for _ in range(3)])
            cpu[count] = (daemon.cpu_seconds() - before) / LINES / 3 * 1e6
    ratio = cpu[500] / cpu[1]
    return [
        ("500 links, cost a message against one link", f"{ratio:.2f}", "<= 1.20", ratio <= 1.2),
        ("500 links, messages a second", f"{LINES / seconds[500]:,.0f} (one link {LINES / seconds[1]:,.0f})", "", True),
    ]


async def memory(lab: Lab) -> list[Row]:
    """Idle with every connector loaded, and with 20,000 messages waiting for a server that is down."""
    found = emulators()
    async with AsyncExitStack() as stack:
        more = {}
        for name in found.names():
            if name != "irc":
                platform = await stack.enter_async_context(found.get(name)())
                more[name] = dict(platform.settings())
        installed = lab.daemon(["#bench"], more)
        installed.program = [sys.executable, "-c", AS_INSTALLED]
        async with installed as daemon:
            idle = daemon.resident_mb()
            lab.two.stop()
            source = await Source("source", ["#bench"]).connect(lab.one.port)
            assert isinstance(source, Source)
            await source.flood(BACKLOG, ["#bench"])
            waiting = await eventually(lambda: _all_waiting(daemon), seconds=120)
            full = daemon.resident_mb()
            lab.two.start()
    return [
        ("resident, idle, all connectors loaded", f"{idle:.0f} MB", "< 90 MB", idle < 90),
        (f"resident with {waiting:,} waiting", f"{full:.0f} MB", "< 150 MB", full < 150),
    ]


async def _all_waiting(daemon: Daemon) -> int:
    """How many wait, once all do."""
    waiting = await daemon.waiting()
    return waiting if waiting >= BACKLOG else 0


def _alone(part: Callable[[Path], list[Row]]) -> Callable[[Lab], Awaitable[list[Row]]]:
    """A part that needs no servers, only the folder."""

    async def rows(lab: Lab) -> list[Row]:
        return await asyncio.to_thread(part, lab.folder)

    return rows


PARTS: Mapping[str, Callable[[Lab], Awaitable[list[Row]]]] = {
    "throughput": throughput, "latency": latency, "links": links, "memory": memory,
    "isolation": _alone(load.isolation), "backlog": _alone(load.backlog), "accepting": _alone(load.accepting),
    "rooms": _alone(load.rooms),
}  # fmt: skip


async def main(parts: list[str]) -> int:
    """Print a row a figure; 1 when an aim was missed."""
    missed = 0
    for part in parts:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            for what, found, aim, met in await PARTS[part](Lab(stack, Path(folder))):
                missed += not met
                print(f"{'ok  ' if met else 'MISS'}  {what:<46} {found:<44} {aim}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:] or list(PARTS))))
