"""A link to a whole Telegram group and a Matrix room: each topic is a thread there, and answers come back into it."""

import asyncio
from pathlib import Path

from bridge.clock import SystemClock
from bridge.demo.daemon import Daemon, free_port
from bridge.testing.waiting import eventually, shown
from bridge.text.nodes import said
from connectors.irc.emulator import IrcEmulator
from connectors.matrix.emulator import MatrixEmulator
from connectors.telegram.emulator import FORUM, TOPIC, TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED

ROSES = f"{FORUM}/{TOPIC}"


async def test_a_topic_is_a_thread_and_answers_in_the_thread_are_in_the_topic(tmp_path: Path) -> None:
    port = free_port()
    async with (
        TelegramEmulator(limits=UNLIMITED) as telegram, MatrixEmulator() as matrix, IrcEmulator() as irc,
        asyncio.TaskGroup() as group,
    ):  # fmt: skip
        town, channel = matrix.rooms[0], irc.rooms[0]
        daemon = Daemon(tmp_path, port, clock=SystemClock(), group=group)
        daemon.configure({
            "store": {"path": "data/q.db", "min_free_mib": 0, "ballast_mib": 0},
            "http": {"listen": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}"},
            "accounts": {"tg": dict(telegram.settings()), "home": dict(matrix.settings()), "net": dict(irc.settings())},
            "links": {"l": {"rooms": [f"tg/{FORUM}", f"home/{town}", f"net/{channel}"], "show": ["threads"]}},
        })  # fmt: skip
        await daemon.start()
        await daemon.ready()
        first = await telegram.say(ROSES, "Ada", said("red or white?"))
        root, copy = await shown(matrix, town, lambda seen: len(seen) == 2)
        assert (root.text, root.thread) == ("Thread: Roses", None)
        assert (copy.text.removeprefix("Ada: "), copy.thread) == ("red or white?", root.id)
        await matrix.say_in_thread(town, "Ben", root.id, said("red"))
        await matrix.react(town, "Ben", copy.id, "👍")
        roses = await shown(telegram, ROSES, lambda seen: len(seen) == 2 and seen[0].reactions)
        assert (roses[0].id, roses[0].text) == (first, "red or white?")
        assert (roses[1].text, roses[1].in_reply_to) == ("Ben: red", None)
        lines = await shown(irc, channel, lambda seen: len(seen) == 3)
        assert [one.text for one in lines][:2] == ["Ada: (in Roses) red or white?", "Ben: (in Roses) red"]
        telegram.world.rename(telegram.world.chats[FORUM], TOPIC, "Tulips")
        await shown(matrix, town, lambda seen: seen[0].text == "Thread: Tulips")
        lilies = await matrix.say(town, "Ben", said("lilies?"))
        await matrix.say_in_thread(town, "Ben", lilies, said("white ones"))
        topics = telegram.world.chats[FORUM].topics
        await eventually(lambda: "lilies?" in topics.values())
        number = next(number for number, name in topics.items() if name == "lilies?")
        (copy,) = await shown(telegram, f"{FORUM}/{number}", len)
        assert copy.text == "Ben: white ones"
        await daemon.stop()
