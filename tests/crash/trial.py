"""One trial: the daemon lives, people talk, it dies, again and again; at the end everything is compared."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from bridge.chance import Chance
from bridge.failpoints import DEATHS, WHERE, Point, deaths
from bridge.testing.waiting import eventually
from tests.crash.checker import Verdict, judged
from tests.crash.evidence import Stored, stored
from tests.crash.record import Death, Held, Record, Who, held
from tests.crash.town import Town

OF_FILES = frozenset({Point.FETCH_DURING, Point.MAKE_DURING, Point.FILE_BEFORE, Point.FILE_AFTER})
"""Points that only a conversation with files passes: see `test_files.py`."""
OF_WORDS = tuple(point for point in Point if point not in OF_FILES)
PASSAGES: Mapping[Point, int] = {
    Point.PART_AFTER: 2, Point.SEAL_BEFORE: 3, Point.SEAL_AFTER: 3, Point.MARK_AFTER: 1, Point.START_AFTER: 1,
    Point.STOP_AFTER: 1, Point.SEND_BEFORE: 20, Point.SEND_AFTER: 20,
}  # fmt: skip
"""How often a point is passed before the death there; where it is not said, a few times."""
_A_FEW = 6
_BURST = 5
"""Acts of one person without a pause."""
_WHILE_STARTING = 4
"""Every fifth kill strikes while the daemon starts."""
_SOON_SECONDS = 0.02
"""Within this time most deliveries of what somebody said are under way."""
_DIES_WITHIN_SECONDS = 40.0
_SETTLES_WITHIN_SECONDS = 240.0


class Trial:
    """`pace` is how many seconds a person rests after a few acts."""

    def __init__(self, town: Town, chance: Chance, folder: Path, *, pace: float = 0.1) -> None:
        self.town, self._chance, self._folder, self._pace = town, chance, folder, pace
        self._deaths: list[tuple[str, Stored, Mapping[str, frozenset[str]]]] = []
        self._talking, self._rest = False, pace
        self._spoke = asyncio.Event()
        self.verdict: Verdict | None = None
        folder.mkdir(parents=True, exist_ok=True)

    # --- deaths ---

    async def killed(self, times: int) -> None:
        """SIGKILL at random moments: mostly soon after somebody spoke, now and then while it starts."""
        for number in range(times):
            self.town.daemon.environment = {}
            await self._meanwhile()
            self.town.daemon.launch()
            async with self._talk():
                if number % 5 != _WHILE_STARTING:
                    await self._up()
                await asyncio.sleep(0.4 * self._chance.fraction())
                if number % 5 != _WHILE_STARTING:
                    await self._somebody_speaks()
                    await asyncio.sleep(_SOON_SECONDS * self._chance.fraction())
                self.town.daemon.kill()
            self._died("killed")

    async def dies_at(self, point: Point, times: int) -> None:
        """The process dies at this point, so often; each death is counted where it survives."""
        if point is Point.MARK_AFTER:
            await self.dies_at(Point.SEND_AFTER, 1)  # only what was under way at a death is marked
        before = deaths(self._folder / point)
        for number in range(times):
            passages = PASSAGES.get(point, _A_FEW)
            passages += number if passages > 1 else 0
            self.town.daemon.environment = {WHERE: f"{point}:{passages}", DEATHS: str(self._folder)}
            await self._meanwhile()
            self.town.daemon.launch()
            async with self._talk():
                await self._end(point)
            self._died(point)
            assert deaths(self._folder / point) == before + number + 1

    async def _end(self, point: Point) -> None:
        await self._up()
        if point is Point.STOP_AFTER:
            await self._told_to_stop()
        await eventually(
            lambda: self.town.daemon.ended is not None,
            what=lambda: f"no death at {point}: {self.town.daemon.log()}", seconds=_DIES_WITHIN_SECONDS,
        )  # fmt: skip
        assert self.town.daemon.ended == -signal.SIGKILL, self.town.daemon.log()

    async def _told_to_stop(self) -> None:
        """A stop is clean when nothing is suspect any more; people speak until the last moment."""
        self._talking = False
        await eventually(self._empty, what=self.town.daemon.log, seconds=_DIES_WITHIN_SECONDS)
        for name in self.town.platforms:
            await self.town.act(name, self._chance)
        self.town.daemon.signal(signal.SIGTERM)

    async def _up(self) -> None:
        """Wait until it works, or is dead already; only then people talk as fast as they can."""

        async def up() -> bool:
            return self.town.daemon.ended is not None or await self.town.daemon.ready()

        await eventually(up, what=self.town.daemon.log, seconds=_DIES_WITHIN_SECONDS)
        self._rest = self._pace

    def _died(self, cause: str) -> None:
        found = stored(self.town.daemon.store, self.town.traits)
        passed = {
            name: queue.passed(found.positions.get(name, "")) & self._posted(name)
            for name, queue in self.town.queues.items()
        }
        self._deaths.append((cause, found, passed))

    def _posted(self, name: str) -> frozenset[str]:
        return frozenset(post.native for post in self.town.said[name])

    @property
    def causes(self) -> Counter[str]:
        """How often it died of what."""
        return Counter(cause for cause, _, _ in self._deaths)

    @property
    def under_way(self) -> int:
        """How many deaths came while deliveries were waiting."""
        return sum(1 for _, found, _ in self._deaths if any(found.windows.values()))

    # --- people ---

    async def _meanwhile(self) -> None:
        """While the daemon is away, people go on where somebody keeps it for us."""
        if not self._deaths:
            await self._begin()
        for name, traits in self.town.traits.items():
            for _ in range(2 if traits.history else 0):
                await self.town.act(name, self._chance)

    async def _begin(self) -> None:
        """A first life in quiet: from now on nothing that is said may be missed."""
        environment, self.town.daemon.environment = self.town.daemon.environment, {}
        await self.town.daemon.start()
        self.town.daemon.kill()
        self.town.daemon.environment = environment

    async def _somebody_speaks(self) -> None:
        """A quick machine is idle most of the time: a death then would show nothing."""
        self._spoke.clear()
        async with asyncio.timeout(_DIES_WITHIN_SECONDS):
            await self._spoke.wait()

    @asynccontextmanager
    async def _talk(self) -> AsyncIterator[None]:
        self._talking, self._rest = True, 5 * self._pace
        talks = [asyncio.create_task(self._speak(name)) for name in self.town.platforms]
        try:
            yield
        finally:
            self._talking = False
            await asyncio.gather(*talks)

    async def _speak(self, name: str) -> None:
        while self._talking:
            for _ in range(_BURST if self._rest == self._pace else 1):
                await self.town.act(name, self._chance)
                self._spoke.set()
            await asyncio.sleep(self._rest)

    # --- the end ---

    async def ended(self) -> Verdict:
        """A last life: what came before is edited, answered and reacted to, all settles, and everything is compared."""
        self.town.daemon.environment = {}
        await self.town.daemon.start()
        await self._settled()
        await self._touch()
        await self._settled()
        counts = (await self.town.daemon.status())["counts"]
        await self._stopped()
        self.verdict = judged(await self._record(counts))
        return self.verdict

    async def _touch(self) -> None:
        """Edits of what was said before the deaths, and answers and reactions to its copies."""
        for name, traits in self.town.traits.items():
            posts = [post for post in self.town.said[name] if not post.deleted and post.native]
            for post in posts[:: max(1, len(posts) // 5)] if traits.native else ():
                await self.town.edit(post)
            for who, id_there in (await self._copies(name))[-3:] if traits.native else ():
                await self.town.say(name, answers=who, id_there=id_there)
                await self.town.react(name, self.town.said[who[0]][who[1]], id_there)

    async def _copies(self, name: str) -> list[tuple[Who, str]]:
        """Copies that stand alone: of two only one is known to the bridge."""
        lines = [one for one in (await self._held(name)).lines if one.who[0] != name and not one.note]
        often = Counter(one.who for one in lines)
        return [(one.who, one.id) for one in lines if often[one.who] == 1]

    async def _settled(self) -> None:
        """A last word from everywhere is accepted, and nothing waits any more."""
        for name, traits in self.town.traits.items():
            if traits.history:
                last = await self.town.say(name)
                accepted = partial(self._accepted, last.native)
                await eventually(accepted, what=self.town.daemon.log, seconds=60)

        await eventually(self._empty, what=self.town.daemon.log, seconds=_SETTLES_WITHIN_SECONDS)

    async def _empty(self) -> bool:
        return not await self.town.daemon.waiting()

    async def _accepted(self, native: str) -> bool:
        status, _ = await self.town.daemon.ask(f"/trace/{native}")
        return status == 200

    async def _stopped(self) -> None:
        self.town.daemon.signal(signal.SIGTERM)
        await eventually(lambda: self.town.daemon.ended is not None, what=self.town.daemon.log, seconds=30)
        assert self.town.daemon.ended == 0, self.town.daemon.log()

    async def _held(self, name: str) -> Held:
        return held(await self.town.platforms[name].shown(self.town.room(name)))

    async def _record(self, counts: Mapping[str, int]) -> Record:
        found = stored(self.town.daemon.store, self.town.traits)
        who = {(post.who[0], post.native): post.who for post in self.town.posts}
        return Record(
            platforms=self.town.traits, posts=self.town.posts, counts=counts, events=found.events,
            accepted=[who[native] for native in found.accepted if native in who],
            held={name: await self._held(name) for name in self.town.platforms},
            parked={(target, who[native]): why for (target, native), why in found.parked.items() if native in who},
            deaths=[_death(*each, who) for each in self._deaths],
        )  # fmt: skip


def _death(
    cause: str, found: Stored, passed: Mapping[str, frozenset[str]], who: Mapping[tuple[str, str], Who]
) -> Death:
    windows = {
        name: frozenset(who[native] for native in natives if native in who) for name, natives in found.windows.items()
    }
    return Death(cause=cause, windows=windows, passed=passed, stored={name: found.natives(name) for name in passed})


def told(verdict: Verdict) -> str:
    """The faults, the first of them, for a test's message."""
    return json.dumps([f"{fault.promise}: {fault.what}" for fault in verdict.faults[:20]], indent=1, ensure_ascii=False)
