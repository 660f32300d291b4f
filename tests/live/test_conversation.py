"""The main job on real servers: one room on Synapse, two kinds of IRC server and a Telegram group, one daemon."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bridge.ids import MessageId
from bridge.testing.platform import Platform, Shown
from bridge.testing.waiting import eventually, shown
from bridge.text.nodes import Bold, Paragraph, Rich, Text, said
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED
from tests.live.daemon import Daemon
from tests.live.irc_people import RealIrc
from tests.live.irc_servers import IrcServer
from tests.live.synapse import running
from tests.live.synapse_platform import SynapsePlatform

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]
KILLS = 10
BURST = 25
"""Messages of each source that keeps its history, between two kills."""
_SENTENCE = re.compile(r"(matrix|telegram|inspircd|ngircd) (\d+)$")


class Town:
    """Four platforms whose first rooms are linked."""

    def __init__(self, platforms: Mapping[str, Platform], daemon: Daemon) -> None:
        self.platforms, self.daemon = platforms, daemon

    def room(self, name: str) -> str:
        return self.platforms[name].rooms[0]

    async def say(self, name: str, person: str, text: Rich, in_reply_to: MessageId | None = None) -> MessageId:
        return await self.platforms[name].say(self.room(name), person, text, in_reply_to=in_reply_to)

    async def reads(self, name: str, words: str) -> Shown:
        """Wait until a reader there sees these words; the message."""
        found = await shown(self.platforms[name], self.room(name), lambda seen: _with(seen, words), seconds=30)
        return _with(found, words)[0]

    async def everybody_reads(self, words: str) -> None:
        for name in self.platforms:
            await self.reads(name, words)

    async def sequence(self, name: str) -> list[tuple[str, int]]:
        """The numbered sentences a reader there sees, in order."""
        seen = await self.platforms[name].shown(self.room(name))
        found = [_SENTENCE.search(message.text) for message in seen]
        return [(match[1], int(match[2])) for match in found if match]


def _with(seen: Sequence[Shown], words: str) -> list[Shown]:
    return [message for message in seen if _plain(words) in _plain(message.text)]


def _plain(text: str) -> str:
    """Without the invisible characters that keep names from pinging."""
    return re.sub("[\u200b\u2060\u2068\u2069]", "", text)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        platforms: dict[str, Platform] = {
            "matrix": await stack.enter_async_context(SynapsePlatform(running())),
            "telegram": await stack.enter_async_context(TelegramEmulator(limits=UNLIMITED)),
        }
        for kind in ("inspircd", "ngircd"):
            home = tmp_path / kind
            home.mkdir()
            server = stack.enter_context(IrcServer(kind, home))
            platforms[kind] = await stack.enter_async_context(RealIrc(server))
        accounts = {name: platform.settings() for name, platform in platforms.items()}
        rooms = [f"{name}/{platform.rooms[0]}" for name, platform in platforms.items()]
        daemon = await stack.enter_async_context(Daemon(tmp_path / "daemon", accounts, {"lobby": {"rooms": rooms}}))
        yield Town(platforms, daemon)


async def test_a_conversation_crosses_with_formatting_edit_reply_reaction_and_deletion(town: Town) -> None:
    first = await town.say("matrix", "Ada", (Paragraph((Text("this is "), Bold((Text("important"),)))),))
    await town.everybody_reads("this is important")
    bold = await town.reads("telegram", "Ada: this is important")
    assert "Bold" in repr(bold.rich)

    answer = await town.say("telegram", "Bob", said("I agree"), in_reply_to=bold.id)
    await town.everybody_reads("I agree")
    assert (await town.reads("matrix", "I agree")).in_reply_to == first
    await town.reads("ngircd", "[re Ada: “this is important”] I agree")

    matrix = town.platforms["matrix"]
    await matrix.edit(town.room("matrix"), "Ada", first, said("this is urgent"))
    await town.reads("telegram", "Ada: this is urgent")
    await town.reads("inspircd", "(edited) this is urgent")

    await matrix.react(town.room("matrix"), "Ada", (await town.reads("matrix", "I agree")).id, "👍")
    await shown(
        town.platforms["telegram"], town.room("telegram"),
        lambda seen: any(message.id == answer and dict(message.reactions) == {"👍": 1} for message in seen), seconds=30,
    )  # fmt: skip
    await town.reads("ngircd", "Ada reacted 👍 to “I agree”")

    await town.say("inspircd", "Carl", said("hello from a plain old network"))
    await town.everybody_reads("hello from a plain old network")

    await matrix.delete(town.room("matrix"), "Ada", first)
    await shown(
        town.platforms["telegram"], town.room("telegram"), lambda seen: not _with(seen, "this is urgent"), seconds=30
    )


@pytest.mark.crash
async def test_nothing_is_lost_or_reordered_though_the_daemon_is_killed_ten_times(town: Town) -> None:
    said_by: dict[str, int] = {"matrix": 0, "telegram": 0, "inspircd": 0, "ngircd": 0}
    killed_while_waiting = 0
    for _ in range(KILLS):
        killed_while_waiting += await _one_life(town, said_by)
    assert killed_while_waiting >= 8, f"only {killed_while_waiting} of {KILLS} kills came while rows waited"
    await _settle(town)
    sequences = {name: await town.sequence(name) for name in town.platforms}
    _complete_and_in_order(sequences, said_by)


async def _one_life(town: Town, said_by: dict[str, int]) -> int:
    """People speak on three platforms, the daemon dies in the middle of it. 1 when rows waited at that moment."""
    talking = [asyncio.create_task(_talk(town, name, said_by)) for name in ("matrix", "telegram", "inspircd")]
    busy = await eventually(lambda: _busy(town, talking), seconds=60)
    town.daemon.kill()
    await asyncio.gather(*talking)
    await town.daemon.start()
    return int(busy == "waiting")


async def _talk(town: Town, name: str, said_by: dict[str, int]) -> None:
    for _ in range(BURST):
        number = said_by[name]
        said_by[name] += 1
        await town.say(name, "Ada", said(f"{name} {number}"))


async def _busy(town: Town, talking: Sequence[asyncio.Task[None]]) -> str:
    """`waiting` while rows wait and somebody speaks; `quiet` when the talk is over."""
    if all(task.done() for task in talking):
        return "quiet"
    return "waiting" if await town.daemon.waiting() else ""


async def _settle(town: Town) -> None:
    """A last word from each platform with a history, read everywhere, and nothing waits any more."""
    for name in ("matrix", "telegram"):
        await town.say(name, "Ada", said(f"the last word of {name}"))
        await town.everybody_reads(f"the last word of {name}")

    async def empty() -> bool:
        return await town.daemon.waiting() == 0

    await eventually(empty, seconds=60)


def _complete_and_in_order(sequences: Mapping[str, list[tuple[str, int]]], said_by: Mapping[str, int]) -> None:
    """Who has a history is complete everywhere; what was accepted from IRC is everywhere or nowhere; order holds."""
    doubles = {}
    for reader, sequence in sequences.items():
        first = list(dict.fromkeys(sequence))
        doubles[reader] = len(sequence) - len(first)
        for writer in said_by:
            numbers = [number for name, number in first if name == writer]
            assert numbers == sorted(numbers), f"{writer} is out of order for readers of {reader}"
            if writer in ("matrix", "telegram"):
                assert numbers == list(range(said_by[writer])), f"readers of {reader} miss words of {writer}"
    heard = [
        {word for word in sequence if word[0] == "inspircd"}
        for name, sequence in sequences.items()
        if name != "inspircd"
    ]
    assert all(words == heard[0] for words in heard), "what one reader has from IRC another misses"
    print(f"doubles by platform: {doubles}")
    assert doubles["matrix"] == 0, "the homeserver drops repeats by transaction id"
    assert all(doubles[name] <= KILLS * 64 for name in ("inspircd", "ngircd"))
    assert doubles["telegram"] <= KILLS
