"""A desk under SIGKILL: people on Telegram, agents in a Matrix room, and what each side must hold in the end."""

import asyncio
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.failpoints import DEATHS, WHERE, Point, deaths
from bridge.testing.platform import Shown
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from connectors.matrix.emulator import MatrixEmulator
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED
from connectors.telegram.emulator_world import Chat
from tests.crash.evidence import opened
from tests.live.daemon import Daemon

_DIES_WITHIN_SECONDS = 40.0
_FIRST = 5001


class Bureau:
    """A daemon with one desk. `people` are by name the rooms in which they write to the bot."""

    def __init__(self, telegram: TelegramEmulator, matrix: MatrixEmulator, daemon: Daemon, folder: Path) -> None:
        self.telegram, self.matrix, self.daemon, self._folder = telegram, matrix, daemon, folder
        self.people: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.answered: list[tuple[str, str]] = []
        self._deaths = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def office(self) -> str:
        return self.matrix.rooms[0]

    # --- what happens ---

    async def write(self, name: str) -> None:
        """A person writes in private; a new one for the first time."""
        if name not in self.people:
            number = _FIRST + len(self.people)
            self.telegram.world.chats[number] = Chat(number, name, type="private")
            self.people[name] = str(number)
        words = f"question {len(self.asked)} of {name}"
        self.asked.append((name, words))
        await self.telegram.say(self.people[name], name, said(words))

    async def answer(self, name: str) -> None:
        """An agent answers in the thread of a person."""
        (root,) = [one for one in await self._shown() if one.thread is None and one.text.endswith(f" {name}")]
        words = f"answer {len(self.answered)} to {name}"
        self.answered.append((name, words))
        await self.matrix.say_in_thread(self.office, "Olga", root.id, said(f"!reply {words}"))

    async def dies(self, point: Point, passages: int, newcomer: str, known: str = "") -> None:
        """Somebody new writes, somebody known perhaps writes and is answered, and the daemon dies of it."""
        before = deaths(self._folder / point)
        self.daemon.environment = {WHERE: f"{point}:{passages}", DEATHS: str(self._folder)}
        await self.write(newcomer)
        if known:
            await self.write(known)
            await self.answer(known)
        self.daemon.launch()
        await eventually(
            lambda: self.daemon.ended is not None, what=lambda: f"no death at {point}: {self.daemon.log()}",
            seconds=_DIES_WITHIN_SECONDS,
        )  # fmt: skip
        assert self.daemon.ended == -signal.SIGKILL, self.daemon.log()
        assert deaths(self._folder / point) == before + 1
        self._deaths += 1

    def hollow(self) -> int:
        """How many conversations of a dead daemon have a number and nothing else."""
        with opened(self.daemon.store) as database:
            found = database.execute("SELECT count(*) FROM conversation WHERE root IS NULL AND waits_since IS NULL")
            return int(found.fetchone()[0])

    async def lives(self) -> None:
        """A life without a death, until nothing waits any more."""
        self.daemon.environment = {}
        await self.daemon.start()
        await eventually(self._all_there, what=self._missing)

    async def _all_there(self) -> bool:
        return not list(self._lost(await self._shown())) and not await self.daemon.waiting()

    def _missing(self) -> object:
        return (self.asked, self.answered, self.daemon.log())

    # --- what is there in the end ---

    async def faults(self) -> list[str]:
        """Every promise that does not hold, in words."""
        office = await self._shown()
        return [*self._lost(office), *self._doubled(office), *self._astray(office)]

    def _lost(self, office: Sequence[Shown]) -> Iterator[str]:
        questions = "\n".join(one.text for one in office)
        yield from (f"{words} is lost" for _, words in self.asked if words not in questions)
        held = self._answers()
        yield from (f"{words} is lost" for name, words in self.answered if not held[name, words])

    def _doubled(self, office: Sequence[Shown]) -> Iterator[str]:
        """A platform that knows keys holds everything once; without them each death may double what was under way."""
        texts = Counter(one.text for one in office)
        yield from (f"{text} is doubled for the agents" for text, often in texts.items() if often > 1)
        surplus = sum(often - 1 for often in self._answers().values() if often)
        if surplus > self._deaths:
            yield f"{surplus} doubles of answers, and {self._deaths} deaths"

    def _astray(self, office: Sequence[Shown]) -> Iterator[str]:
        """Each person has one thread, their words stand in it in order, and nobody gets another's answer."""
        for name in self.people:
            roots = [one.id for one in office if one.thread is None and one.text.endswith(f" {name}")]
            if len(roots) != 1:
                yield f"{name} has {len(roots)} threads"
                continue
            expected = [words for person, words in self.asked if person == name]
            there = "\n".join(one.text for one in office if one.thread == roots[0])
            if (found := re.findall(r"question \d+ of \w+", there)) != expected:
                yield f"in the thread of {name} stands {found}, not {expected}"
        yield from (f"{name} reads {words}" for name, words in self._answers() if not words.endswith(f" {name}"))

    async def _shown(self) -> Sequence[Shown]:
        return [one for one in await self.matrix.shown(self.office) if one.author != "Olga"]

    def _answers(self) -> Mapping[tuple[str, str], int]:
        """How often each person reads what."""
        found: Counter[tuple[str, str]] = Counter()
        for name, room in self.people.items():
            for one in self.telegram.world.chats[int(room)].messages.values():
                if one.author["is_bot"]:
                    found.update((name, words) for words in re.findall(r"answer \d+ to \w+", one.text))
        return found


@asynccontextmanager
async def bureau(folder: Path) -> AsyncIterator[Bureau]:
    """Emulators, and a daemon between them that is not started."""
    async with TelegramEmulator(limits=UNLIMITED) as telegram, MatrixEmulator() as matrix:
        accounts = {"tg": telegram.settings(), "home": matrix.settings()}
        desks = {"help": {"room": f"home/{matrix.rooms[0]}", "accounts": ["tg"], "claim_minutes": 0}}
        daemon = Daemon(folder / "daemon", accounts, {}, desks=desks)
        try:
            yield Bureau(telegram, matrix, daemon, folder / "deaths")
        finally:
            await asyncio.to_thread(daemon.kill)


__all__ = ["Bureau", "bureau"]
