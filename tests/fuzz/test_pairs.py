"""What a person types on one platform is words on every other: nothing becomes a command, markup, a mention or a line.

Every ordered pair of installed connectors; what is read is what the receiving emulator shows.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bridge.connector import Connector
from bridge.events import Posted
from bridge.fit import Words, fit
from bridge.ids import AccountName
from bridge.people import label
from bridge.registry import emulators, installed
from bridge.testing.acts import Telling
from bridge.testing.contract_kit import Kit, Running, Terms
from bridge.testing.contract_words import FORGED, HOSTILE, bare, nodes
from bridge.testing.door import ACCOUNT, opened
from bridge.testing.host import KitHost
from bridge.testing.registration import register
from bridge.text.nodes import Link, Mention, said
from bridge.text.walk import plain
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED

TRICKS = (
    *HOSTILE,
    *FORGED,
    "\x02bold\x02 \x0304red\x03 \x1ditalic\x0f \x16reversed",
    "\x01DCC SEND x 1 2 3\x01",
    "\x01VERSION\x01",
    "_*[]()~`>#+-=|{}.! \\_ \\*",
    "[click](javascript:alert(1)) <javascript:alert(1)> javascript:alert(1)",
    '<a href="javascript:alert(1)">x</a> <img src=x onerror=alert(1)>',
    '<a href="https://matrix.to/#/@admin:example.org">admin</a> tg://user?id=1',
    "<!channel> <!here> <@U123> <#C123|general> <@&1> @everyone @here @room @channel",
    "]]></body><presence/><message>&amp;&#0;&lt;",
    "NICK evil\u2028QUIT\u0085PART #lobby",
    "PRIVMSG #garden :forged",
    "```\ncode\n``` ||spoiler|| ~~~",
)
NAMES = emulators().names()
PATIENT = {"telegram": lambda: TelegramEmulator(limits=UNLIMITED)}
"""Emulators whose real limits would make a test of many messages long."""
THE_END = "the end of it"


@asynccontextmanager
async def running(name: str, path: Path) -> AsyncIterator[Running]:
    async with PATIENT.get(name, emulators().get(name))() as platform, opened() as door:
        kind = installed().get(name)
        register(platform, AccountName(ACCOUNT), door.url)
        config = kind.Config.model_validate(platform.settings())

        def connect(host: KitHost) -> Connector[Any]:
            made = kind(config, host)
            return door.admitted(made, host) if isinstance(platform, Telling) else made

        async with Kit(platform, KitHost(path), connect, Terms()).running() as run:
            yield run


@pytest.mark.parametrize(("source", "target"), list(product(NAMES, NAMES)))
async def test_what_is_typed_there_is_words_here(source: str, target: str, tmp_path: Path) -> None:
    async with running(source, tmp_path / "from") as there, running(target, tmp_path / "to") as here:
        heard = [await typed(there, words, index) for index, words in enumerate(TRICKS)]
        for posted in heard:
            await passed_on(posted, here)
        await here.send(THE_END)
        shown = await here.kit.until_shown(here.kit.town, lambda all_: THE_END in [one.text for one in all_], "the end")
        garden = await here.kit.platform.shown(here.kit.garden)
        assert not garden, f"something went to another room: {garden}"
        words = bare("".join(one.text for one in shown if one.text != THE_END))
        lines = [line for posted in heard for line in plain(posted.text).split("\n")]
        lost = [line for line in lines if bare(line) not in words]
        assert not lost, f"not shown as it was typed: {lost}"
        assert not [one for message in shown for one in nodes(message.rich) if is_trick(one)]


async def typed(run: Running, words: str, index: int) -> Posted:
    """What the connector published of it; a person says which it was, since platforms may change characters."""
    mark = f"trick{index} "
    await run.kit.platform.say(run.kit.town, "Ada", said(mark + words.replace("\n", " ")))
    return await run.event(Posted, lambda posted: plain(posted.text).startswith(mark.strip()), mark)


async def passed_on(posted: Posted, to: Running) -> None:
    can = to.capabilities(to.kit.town)
    parts = fit(Words(text=posted.text, manner=posted.manner, label=label(posted.author.name)), can)
    for part in parts:
        await to.send(part.text, manner=part.manner, label=part.label)


def is_trick(node: object) -> bool:
    """A mention, or a link that leads elsewhere than to the web."""
    return isinstance(node, Mention) or (isinstance(node, Link) and not node.url.startswith(("http:", "https:")))
