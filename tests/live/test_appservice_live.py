"""The application service on a real Synapse: ghosts for who speaks, and nothing lost though the daemon is killed."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bridge.asked import Person
from bridge.ids import MessageId, RoomId
from bridge.testing.contract_kit import ADA
from bridge.testing.platform import Shown
from bridge.testing.waiting import eventually, shown
from bridge.text.nodes import said
from connectors.matrix import calls
from connectors.matrix.client import connected_to
from connectors.matrix_appservice import calls as service
from connectors.matrix_appservice.config import MatrixAppserviceConfig
from connectors.matrix_appservice.ghosts import Ghosts
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED
from tests.live.daemon import Daemon
from tests.live.synapse import running
from tests.live.synapse_platform import SynapsePlatform

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]
_EACH = 60
"""Messages of each side, while the daemon is killed."""
_KILLS = 3
_NUMBERED = re.compile(r"(matrix|telegram) (\d+)$")


class Town:
    """A room on Synapse, a group on Telegram, and the daemon between them."""

    def __init__(self, matrix: SynapsePlatform, telegram: TelegramEmulator, daemon: Daemon) -> None:
        self.matrix, self.telegram, self.daemon = matrix, telegram, daemon
        self.room, self.group = matrix.rooms[0], telegram.rooms[0]

    async def reads(self, words: str) -> Shown:
        """The message with these words in the Matrix room."""
        found = await shown(self.matrix, self.room, lambda seen: _with(seen, words), seconds=30)
        return _with(found, words)[0]

    async def hears(self, words: str) -> Shown:
        """The message with these words in the Telegram group."""
        found = await shown(self.telegram, self.group, lambda seen: _with(seen, words), seconds=30)
        return _with(found, words)[0]

    async def ghosts(self) -> list[str]:
        """The users of ours that are in the room."""
        inside: dict[str, str] = {}
        for raw in await self.matrix.events(self.room):
            if raw["type"] == "m.room.member":
                inside[raw["state_key"]] = raw["content"]["membership"]
        return [user for user, membership in inside.items() if user.startswith("@qantara_") and membership == "join"]


def _with(seen: Sequence[Shown], words: str) -> list[Shown]:
    return [message for message in seen if message.text.endswith(words)]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        server = running()
        matrix = await stack.enter_async_context(SynapsePlatform(server))
        telegram = await stack.enter_async_context(TelegramEmulator(limits=UNLIMITED))
        accounts = {"home": server.service.settings(server.address), "telegram": telegram.settings()}
        rooms = [f"home/{matrix.rooms[0]}", f"telegram/{telegram.rooms[0]}"]
        daemon = Daemon(tmp_path / "daemon", accounts, {"lobby": {"rooms": rooms}}, server.service.listen)
        yield Town(matrix, telegram, await stack.enter_async_context(daemon))


async def test_a_ghost_is_called_otherwise_in_one_room_alone(town: Town) -> None:
    config = MatrixAppserviceConfig.model_validate(running().service.settings(running().address))
    countess = Person(number=ADA.number, name="Countess")
    async with connected_to(config) as client:
        here = RoomId(town.matrix.room_id(town.room))
        there = RoomId(town.matrix.room_id(await town.matrix.make_room("office")))
        for room in (here, there):
            await client.call(calls.join(room, ()))
        ghosts = Ghosts(client, config.user, "nicks0")
        for room, person in ((here, ADA), (there, countess), (here, ADA), (there, countess)):
            user = await ghosts.present(person, room)
            assert (await client.call(service.membership(room, user)))["displayname"] == person.name
        again = Ghosts(client, config.user, "nicks0")
        assert await again.present(countess, there) == user
        assert (await client.call(calls.profile(user)))["displayname"] == "Ada"
        assert (await client.call(service.membership(here, user)))["displayname"] == "Ada"


async def test_everybody_speaks_changes_and_reacts_as_themselves(town: Town) -> None:
    first = await town.telegram.say(town.group, "Bob", said("helo"))
    await town.telegram.say(town.group, "Zoë", said("I am here too"))
    assert (await town.reads("helo")).author == "Bob"
    assert (await town.reads("I am here too")).author == "Zoë"
    assert len(await town.ghosts()) == 2

    answer = await town.matrix.say(town.room, "Ada", said("hello Bob"), in_reply_to=(await town.reads("helo")).id)
    assert (await town.hears("hello Bob")).in_reply_to == first

    await town.telegram.edit(town.group, "Bob", first, said("hello"))
    await shown(
        town.matrix, town.room, lambda seen: any(one.edited and one.text == "hello" for one in seen), seconds=30
    )

    copy = (await town.hears("hello Bob")).id
    for person in ("Bob", "Zoë"):
        await town.telegram.react(town.group, person, copy, "👍")
    await _reactions(town, answer, {"👍": 2})
    await town.telegram.unreact(town.group, "Bob", copy, "👍")
    await _reactions(town, answer, {"👍": 1})

    await town.matrix.react(town.room, "Ada", (await town.reads("hello")).id, "👍")
    await shown(town.telegram, town.group, lambda seen: _with(seen, "hello")[0].reactions, seconds=30)
    events = {raw["content"].get("body"): raw for raw in await town.matrix.events(town.room)}
    assert events["helo"]["origin_server_ts"] % 1000 == 0, "Telegram counts seconds: this is the time it was written"
    assert not [one for one in await town.telegram.shown(town.group) if one.text.startswith(("Bob:", "Zoë:"))]


async def _reactions(town: Town, message: MessageId, expected: dict[str, int]) -> None:
    await shown(
        town.matrix, town.room,
        lambda seen: any(one.id == message and dict(one.reactions) == expected for one in seen), seconds=30,
    )  # fmt: skip


async def test_ghosts_leave_when_the_link_ends(town: Town) -> None:
    await town.telegram.say(town.group, "Bob", said("hello"))
    await town.reads("hello")
    assert len(await town.ghosts()) == 1
    server = running()
    accounts = {"home": server.service.settings(server.address), "telegram": town.telegram.settings()}
    rooms = [f"home/{town.matrix.rooms[1]}", f"telegram/{town.group}"]
    town.daemon.write(accounts, {"lobby": {"rooms": rooms}})
    town.daemon.signal(signal.SIGHUP)

    async def gone() -> bool:
        return not await town.ghosts()

    await eventually(gone, what=town.daemon.log, seconds=30)


@pytest.mark.crash
async def test_nothing_is_lost_though_the_daemon_is_killed(town: Town) -> None:
    talking = [asyncio.create_task(_talk(town, "matrix")), asyncio.create_task(_talk(town, "telegram"))]
    for kill in range(1, _KILLS + 1):
        await eventually(lambda kill=kill: _crossed(town, kill * _EACH // (_KILLS + 1)), seconds=60)
        town.daemon.kill()
        await town.daemon.start()
    await asyncio.gather(*talking)
    await shown(town.matrix, town.room, lambda seen: _numbers(seen, "telegram")[-1:] == [_EACH], seconds=60)
    await shown(town.telegram, town.group, lambda seen: _numbers(seen, "matrix")[-1:] == [_EACH], seconds=60)
    whole = list(range(1, _EACH + 1))
    assert _numbers(await town.matrix.shown(town.room), "telegram") == whole, "each once, in order"
    heard = _numbers(await town.telegram.shown(town.group), "matrix")
    assert list(dict.fromkeys(heard)) == whole, "in order; one may be doubled by a death"
    assert len(heard) <= _EACH + _KILLS


async def _talk(town: Town, side: str) -> None:
    for number in range(1, _EACH + 1):
        if side == "matrix":
            await town.matrix.say(town.room, "Ada", said(f"matrix {number}"))
        else:
            await town.telegram.say(town.group, "Bob", said(f"telegram {number}"))
            await asyncio.sleep(0)


async def _crossed(town: Town, count: int) -> bool:
    """Whether so many of both sides have arrived."""
    there = _numbers(await town.matrix.shown(town.room), "telegram")
    return min(len(there), len(_numbers(await town.telegram.shown(town.group), "matrix"))) >= count


def _numbers(seen: Sequence[Shown], side: str) -> list[int]:
    found = [_NUMBERED.search(one.text) for one in seen]
    return [int(match[2]) for match in found if match and match[1] == side]
