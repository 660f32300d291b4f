"""`make torture N=200`: hundreds of deaths over real servers and emulators; a table of what came of it.

N deaths come over a real homeserver, a real IRC server and Telegram's emulator, most of them at random moments; then
each point of a message's life kills fifteen times over emulators alone. Status 1 when any promise was broken.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from msgspec import Struct, field

from bridge.chance import SeededChance
from bridge.failpoints import Point
from bridge.testing.platform import Platform
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED
from tests.crash.checker import Verdict
from tests.crash.town import TelegramQueue, Town, daemon_between, emulated
from tests.crash.trial import OF_WORDS, Trial, told
from tests.live.irc_people import RealIrc
from tests.live.irc_servers import IrcServer
from tests.live.synapse import running
from tests.live.synapse_platform import SynapsePlatform

_AT_RANDOM, _POINTS, _EACH = 17, 4, 2
"""One conversation over real servers: so many kills at random, and so many points with so many deaths each."""
_ROUND = _AT_RANDOM + _POINTS * _EACH
_DEATHS_AT_A_POINT = 15
_REAL_PACE = 0.4
"""A real homeserver takes some thirty messages a second."""
Towns = Callable[[Path], AbstractAsyncContextManager[Town]]


class Sum(Struct):
    """What all conversations of one kind came to."""

    conversations: int = 0
    deaths: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    doubles: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, deaths: Counter[str], verdict: Verdict) -> None:
        self.conversations += 1
        self.deaths += deaths
        self.doubles += Counter(verdict.doubles)
        for name in ("said", "accepted", "delivered", "parked", "lost"):
            self.totals[name] += getattr(verdict, name)
        self.faults += [f"{fault.promise}: {fault.what}" for fault in verdict.faults]


@asynccontextmanager
async def _real(server: IrcServer, folder: Path) -> AsyncIterator[Town]:
    """A real homeserver, a real IRC server, and Telegram's emulator."""
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(TelegramEmulator(limits=UNLIMITED))
        platforms: dict[str, Platform] = {
            "matrix": await stack.enter_async_context(SynapsePlatform(running())),
            "telegram": telegram,
            "irc": await stack.enter_async_context(RealIrc(server)),
        }
        yield Town(platforms, daemon_between(folder, platforms, stack), {"telegram": TelegramQueue(telegram)})


async def _converse(towns: Towns, seed: int, pace: float, kills: int, points: Sequence[tuple[Point, int]]) -> Trial:
    """One conversation with its deaths, judged."""
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        async with towns(Path(folder)) as town:
            trial = Trial(town, SeededChance(seed), Path(folder) / "deaths", pace=pace)
            await trial.killed(kills)
            for point, times in points:
                await trial.dies_at(point, times)
            await trial.ended()
            return trial


async def _over_real_servers(deaths: int, into: Sum) -> None:
    points = cycle(OF_WORDS)
    with tempfile.TemporaryDirectory(prefix="torture-irc-") as home, IrcServer("inspircd", Path(home)) as server:
        for seed, left in enumerate(range(deaths, 0, -_ROUND)):
            named = [(point, _EACH) for point in islice(points, _POINTS)] if left >= _ROUND else []
            kills = _AT_RANDOM if named else left
            _note(into, await _converse(partial(_real, server), seed, _REAL_PACE, kills, named))


async def _over_emulators(into: Sum) -> None:
    for seed, point in enumerate(OF_WORDS):
        _note(into, await _converse(emulated, seed, 0.1, 0, [(point, _DEATHS_AT_A_POINT)]))


def _note(into: Sum, trial: Trial) -> None:
    assert trial.verdict is not None
    into.add(trial.causes, trial.verdict)
    print(
        f"{time.strftime('%H:%M:%S')}  deaths {into.deaths.total()}  said {into.totals['said']}"
        f"  lost {into.totals['lost']}  faults {len(into.faults)}", flush=True,
    )  # fmt: skip
    if trial.verdict.faults:
        print(told(trial.verdict), flush=True)


def table(sums: dict[str, Sum]) -> Iterator[str]:
    """What came of it, a column for each kind of town."""
    columns = list(sums.values())

    def line(name: str, *values: object) -> str:
        return f"{name:<34}" + "".join(f"{value!s:>16}" for value in values)

    yield line("", *sums)
    yield line("conversations", *(one.conversations for one in columns))
    yield line("deaths", *(one.deaths.total() for one in columns))
    for cause in sorted({cause for one in columns for cause in one.deaths}):
        yield line(f"  {cause}", *(one.deaths[cause] for one in columns))
    for name in ("said", "accepted", "delivered", "parked", "lost"):
        yield line(name, *(one.totals[name] for one in columns))
    yield line("doubles", *(one.doubles.total() for one in columns))
    for platform, cause in sorted({key for one in columns for key in one.doubles}):
        yield line(f"  {platform}, {cause}", *(one.doubles[platform, cause] for one in columns))
    yield line("broken promises", *(len(one.faults) for one in columns))


async def _torture(deaths: int, sums: dict[str, Sum]) -> None:
    await _over_real_servers(deaths, sums["real servers"])
    await _over_emulators(sums["emulators"])


def main() -> int:
    sums = {"real servers": Sum(), "emulators": Sum()}
    began = time.monotonic()
    try:
        asyncio.run(_torture(int(sys.argv[1]), sums))
    finally:
        print("\n".join(table(sums)))
        print(f"in {time.monotonic() - began:.0f} s")
    return int(any(one.faults for one in sums.values()))


if __name__ == "__main__":
    sys.exit(main())
