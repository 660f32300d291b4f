"""With a key nothing of what people say is on the disk, not even at a death; without one nothing after delivery."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from bridge.chance import SeededChance
from bridge.failpoints import DEATHS, WHERE, Point
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from connectors.matrix.emulator import MatrixEmulator
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED
from connectors.telegram.errors import Refusal
from tests.crash.canaries import KEY, forms, found, give_key
from tests.crash.town import Town, daemon_between
from tests.live.daemon import Daemon

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]
MESSAGES, FEW = 1000, 100
FAR = "x" * 100
"""Longer than an excerpt."""
DEEP = ("kanárek-deep", "kanárek-caption", "kanárek-edit", "kanárek-reply", "kanárek-parked")
"""Said behind the piece that is kept for 48 hours."""
KEPT = ("kanárek-early", "Kanárka", "kanárek-file")
"""What stays a while by promise: the beginning of a message, a name, the name of a file that has no caption."""
REFUSED = Refusal(400, "Bad Request: message text is empty", AssertionError)  # type: ignore[arg-type, return-value]
POINTS = (Point.ACCEPT_AFTER, Point.SEAL_AFTER, Point.SEND_AFTER, Point.DONE_BEFORE)
"""Deaths with words in every place that may hold some."""
NEWEST = 60
"""Messages of each platform that are looked for at each death."""
WORDS = 3
"""Enough of them that a message is found again among other bytes."""


class Pair:
    """People on Matrix and on Telegram, and a daemon between them."""

    def __init__(self, matrix: MatrixEmulator, telegram: TelegramEmulator, daemon: Daemon) -> None:
        self.matrix, self.telegram, self.daemon = matrix, telegram, daemon
        self.here, self.there = matrix.rooms[0], telegram.rooms[0]

    async def talk(self, messages: int = FEW) -> None:
        """Everything people do, while Telegram answers no write: the first of it is refused, the others wait."""
        self.telegram.refuse_next(REFUSED)
        await self.matrix.say(self.here, "Kanárka", said(f"{FAR} kanárek-parked"))
        await eventually(lambda: self.counted("parked", 1), what=self.daemon.log, seconds=30)
        self.telegram.hang()
        first = await self.matrix.say(self.here, "Kanárka", said(f"kanárek-early {FAR} kanárek-deep"))
        await self.matrix.edit(self.here, "Kanárka", first, said(f"{FAR} kanárek-edit"))
        await self.matrix.say(self.here, "Bob", said(f"{FAR} kanárek-reply"), in_reply_to=first)
        await self.matrix.react(self.here, "Kanárka", first, "👍")
        content = {"document": {"file_id": "f1", "file_unique_id": "u1", "file_name": "kanárek-file.pdf"}}
        await self.telegram.send_content(self.there, "Kanárka", content, f"{FAR} kanárek-caption")
        await self.telegram.send_content(self.there, "Kanárka", content)
        for number in range(messages):
            await self.matrix.say(self.here, "Bob", said(f"line {number} {FAR} kanárek-deep"))
        await eventually(lambda: self.counted("waiting", messages), what=self.daemon.log, seconds=60)

    async def counted(self, name: str, least: int) -> bool:
        return bool((await self.daemon.status())["counts"][name] >= least)

    async def stopped(self) -> None:
        self.daemon.signal(signal.SIGTERM)
        await eventually(lambda: self.daemon.ended is not None, what=self.daemon.log, seconds=40)

    async def drained(self) -> None:
        """Everything is delivered, and what was refused is given up."""

        async def empty() -> bool:
            return not await self.daemon.waiting()

        await eventually(empty, what=self.daemon.log, seconds=90)
        rows = json.loads((await self.daemon.ask("/queue"))[1])["rows"]
        if rows:
            assert self.command("queue", "drop", *(str(row["number"]) for row in rows))[0] == 0

    def command(self, *arguments: str) -> tuple[int, str]:
        """What an operator types."""
        done = subprocess.run(
            [sys.executable, "-m", "bridge", arguments[0], *arguments[1:], "--config", str(self.daemon.config)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        matrix = await stack.enter_async_context(MatrixEmulator())
        telegram = await stack.enter_async_context(TelegramEmulator(limits=UNLIMITED))
        daemon = daemon_between(tmp_path, {"matrix": matrix, "telegram": telegram}, stack)
        yield Pair(matrix, telegram, daemon)


@pytest.mark.parametrize("key", [None, KEY], ids=["clear", "key"])
async def test_what_people_say_is_nowhere_on_the_disk(pair: Pair, key: str | None) -> None:
    give_key(pair.daemon, key)
    await pair.daemon.start()
    await pair.talk(MESSAGES if key else FEW)
    waiting = found(pair.daemon, (*DEEP, *KEPT))
    pair.daemon.kill()
    killed = found(pair.daemon, (*DEEP, *KEPT))
    expected = set() if key else {*DEEP, *KEPT}
    assert (waiting, killed) == (expected, expected), "the control without a key must find every word"
    pair.telegram.restore()
    await pair.daemon.start()
    await pair.drained()
    await pair.stopped()
    assert found(pair.daemon, DEEP) == set()
    assert found(pair.daemon, KEPT) == (set() if key else set(KEPT) & found(pair.daemon, KEPT))
    log = (pair.daemon.config.parent / "daemon.log").read_text()
    assert not [word for word in (*DEEP, *KEPT) if word in log]


async def test_a_key_for_a_store_that_was_clear_leaves_nothing_behind(pair: Pair) -> None:
    await pair.daemon.start()
    await pair.talk()
    pair.daemon.kill()
    assert found(pair.daemon, (*DEEP, *KEPT)) == {*DEEP, *KEPT}
    give_key(pair.daemon, KEY)
    await pair.daemon.start()
    assert found(pair.daemon, (*DEEP, *KEPT)) == set()
    pair.daemon.kill()
    give_key(pair.daemon, None)
    pair.daemon.launch()
    await eventually(lambda: pair.daemon.ended is not None, what=pair.daemon.log, seconds=20)
    assert pair.daemon.ended == 65
    assert "is encrypted: set store.key" in pair.daemon.log()


async def test_with_a_key_nothing_is_on_the_disk_at_a_death(town: Town, tmp_path: Path) -> None:
    give_key(town.daemon, KEY)
    await town.daemon.start()
    town.daemon.kill()
    (tmp_path / "deaths").mkdir()
    chance, searched = SeededChance(3), 0
    for point in POINTS:
        town.daemon.environment = {WHERE: f"{point}:4", DEATHS: str(tmp_path / "deaths")}
        for _ in range(10):
            await town.say("matrix", words=WORDS)
        town.daemon.launch()
        while town.daemon.ended is None:
            for name in town.platforms:
                await town.act(name, chance)
            await asyncio.sleep(0.05)
        assert town.daemon.ended == -signal.SIGKILL, town.daemon.log()
        newest = [post for posts in town.said.values() for post in posts[-NEWEST:]]
        words = {post.text for post in newest if len(post.text) >= 8}
        searched += len(words)
        assert found(town.daemon, words) == set(), point
    assert searched >= 10 * len(POINTS)


async def test_somebody_is_forgotten_and_the_platforms_are_asked_to_redact(pair: Pair) -> None:
    await pair.daemon.start()
    await pair.matrix.say(pair.here, "Kanárka", said("kanárek-early"))
    await pair.telegram.say(pair.there, "Kanárka", said("kanárek-deep"))
    await pair.matrix.say(pair.here, "Bob", said("stays"))

    async def shown() -> tuple[list[str], list[str]]:
        return tuple([[one.text for one in await side.shown(room)] for side, room in (  # type: ignore[return-value]
            (pair.telegram, pair.there), (pair.matrix, pair.here))])  # fmt: skip

    async def crossed() -> bool:
        there, here = await shown()
        return any("stays" in text for text in there) and any("kanárek-deep" in text for text in here)

    await eventually(crossed, what=pair.daemon.log, seconds=30)
    status, told = pair.command("person", "kanárka")
    numbers = [line.split()[0] for line in told.splitlines()[1:]]
    assert (status, len(numbers)) == (0, 2), told
    for number in numbers:
        assert pair.command("forget", "--number", number)[0] == 0

    async def redacted() -> bool:
        there, here = await shown()
        return not any("kanárek-early" in text for text in there) and not any("Kanárka" in text for text in here)

    await eventually(redacted, what=pair.daemon.log, seconds=30)
    await eventually(lambda: pair.counted("delivered", 5), what=pair.daemon.log, seconds=30)
    await pair.stopped()
    assert found(pair.daemon, ("kanárek-early", "kanárek-deep", "Kanárka")) == set()
    assert "Kanárka" not in (pair.daemon.config.parent / "daemon.log").read_text()


@pytest.mark.parametrize("before", range(4))
def test_a_word_is_recognised_in_every_form(before: int) -> None:
    whole = f"{'z' * before}kanárek-deep and more"
    everywhere: tuple[Any, ...] = (
        whole.encode(), whole.encode("utf-16-le"), whole.encode("utf-16-be"), b64encode(whole.encode()),
        quote_plus(whole).encode(),
    )  # fmt: skip
    assert all(any(form in content for form in forms("kanárek-deep")) for content in everywhere)
    assert not any(form in os.urandom(1000) for form in forms("kanárek-deep"))
