"""An announcement drafted on IRC, through the real connectors to a channel, to subscribers and to people who wrote.

What platforms fail later, and say while the bridge is down, is in the report that its author reads.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bridge.demo.daemon import free_port
from bridge.ids import AccountName
from bridge.store.announced import Announced, Audience, Size, Stage
from bridge.testing.clock import HastyClock
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shown
from bridge.text.nodes import said
from connectors.irc.connector import Irc
from connectors.irc.emulator import IrcEmulator
from connectors.telegram.connector import Telegram
from connectors.telegram.emulator import CHANNEL, TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED
from connectors.viber.connector import Viber
from connectors.viber.emulator import ViberEmulator
from connectors.whatsapp.connector import WhatsApp
from connectors.whatsapp.emulator import PrivateWhatsApp
from connectors.whatsapp.emulator_world import LIKELY, US
from tests.scenarios.bridge_under_test import Bridge

OFFICE = "#lobby"
WORDS = "We close at noon on Friday"
PEOPLE = 303
"""More than one call of Viber's broadcast takes."""
HASTE = 60


class Town(Struct):
    """The four platforms, and the bridge between them."""

    irc: IrcEmulator
    telegram: TelegramEmulator
    viber: ViberEmulator
    whatsapp: PrivateWhatsApp
    bridge: Bridge

    async def says(self, person: str, words: str) -> None:
        self.irc.enter(OFFICE, person)
        await self.irc.say(OFFICE, person, said(words))

    async def told(self, pattern: str) -> str:
        """What stands in the author's room, once it matches: IRC cuts long lines."""

        def found(seen: Sequence[str]) -> re.Match[str] | None:
            return re.search(pattern, " ".join(seen))

        await shown(self.irc, OFFICE, lambda seen: found([one.text for one in seen]), seconds=30)
        match = found(await texts(self.irc, OFFICE))
        assert match is not None
        return match[0]

    async def known(self, account: str, many: int) -> None:
        """Wait until so many may be announced to."""
        size = Size(Audience(account=AccountName(account), people=True, writers=True))

        async def there() -> bool:
            return bool(await self.bridge.writer.ask(size) == many)

        await eventually(there, seconds=30)

    async def through(self) -> bool:
        """Whether nobody else gets it."""
        (one,) = await self.bridge.writer.ask(Announced(number=1))
        return bool(one.stage is Stage.DONE)

    async def viber_says(self, event: str, names: Sequence[str]) -> None:
        """What became of the announcement on these people's phones."""
        for name in names:
            person = self.viber.world.person(name)
            self.viber.world.confirm(event, self.viber.world.shown_in(person.id)[-1].token, person)

    def viber_heard(self) -> list[int]:
        """How often each of Viber's people was shown it."""
        rooms = [self.viber.world.person(name).id for name in NAMES]
        return [sum(WORDS in str(one.body.get("text")) for one in self.viber.world.shown_in(room)) for room in rooms]

    def whatsapp_heard(self, name: str) -> list[str]:
        """The types of what the business sent to somebody."""
        chat = self.whatsapp.world.chats[self.whatsapp.world.person(name).bsuid]
        return [one.type for one in chat.messages.values() if one.author == US]


NAMES = [f"reader {number}" for number in range(PEOPLE)]


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    late = replace(LIKELY, late=frozenset({131047, 131026}))
    async with (
        IrcEmulator() as irc, TelegramEmulator(limits=UNLIMITED) as telegram, ViberEmulator() as viber,
        PrivateWhatsApp(switches=late) as whatsapp,
    ):  # fmt: skip
        viber.server.outcomes = ()
        yaml = configuration(irc, telegram, viber, whatsapp)
        connectors = {"irc": Irc, "telegram": Telegram, "viber": Viber, "whatsapp": WhatsApp}
        bridge = Bridge(folder, yaml, connectors=connectors)
        bridge.hasty = HastyClock(HASTE)
        await bridge.start()
        yield Town(irc, telegram, viber, whatsapp, bridge)
        await bridge.stop()


def configuration(irc: IrcEmulator, telegram: TelegramEmulator, viber: ViberEmulator, whatsapp: PrivateWhatsApp) -> str:
    address = f"127.0.0.1:{free_port()}"
    told: Mapping[str, Any] = {
        "store": {"path": "data/q.db", "min_free_mib": 0, "ballast_mib": 0},
        "http": {"listen": address, "public_url": f"http://{address}"},
        "accounts": {
            "net": dict(irc.settings()), "tg": dict(telegram.settings()), "wa": dict(whatsapp.settings()),
            "vb": {**viber.settings(), "name": "Town Hall"},
        },
        "announcements": {"office": {
            "room": f"net/{OFFICE}", "to": [f"tg/{CHANNEL}"], "subscribers": ["vb", "wa"], "reachable": "writers",
            "undo_seconds": 1, "templates": {"wa": {"name": "come_back", "language": "en_US"}},
        }},
    }  # fmt: skip
    return msgspec.json.encode(told).decode()


async def gathered(there: Town) -> None:
    """Viber's people subscribe, one leaves again, one leaves unheard; four write on WhatsApp."""
    world = there.viber.world
    for name in NAMES:
        world.subscribe(world.person(name))
    await there.known("vb", PEOPLE)
    world.unsubscribe(world.person(NAMES[0]))
    await there.known("vb", PEOPLE - 1)
    there.viber.server.callbacks.dropped = {"unsubscribed"}
    world.unsubscribe(world.person(NAMES[1]))
    for name in ("Ada", "Grace", "Olena", "Taras"):
        chat = there.whatsapp.world.chats[there.whatsapp.world.person(name).bsuid]
        there.whatsapp.hear(chat.id, name, "text", {"body": "hello"})
    await there.known("wa", 4)
    grace = there.whatsapp.world.chats[there.whatsapp.world.person("Grace").bsuid]
    grace.heard = None
    there.whatsapp.world.person("Olena").blocks_us = True


async def test_the_author_reads_what_became_of_it_on_every_platform(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await gathered(there)
        await there.says("Ada", f"!announce {WORDS}")
        await there.told("Somebody else approves it")
        await there.says("Grace", "!approve")
        await there.told("announcement 1: delivered .* sent to vb, not confirmed yet")
        await shown(there.telegram, str(CHANNEL), lambda seen: [one.text for one in seen] == [WORDS])
        assert there.viber_heard() == [0, 0, *[1] * (PEOPLE - 2)]
        await there.viber_says("delivered", NAMES[2:100])
        await eventually(lambda: there.whatsapp_heard("Grace") == ["text", "template"], seconds=30)
        await eventually(there.through, seconds=30)
        await there.bridge.crash()
        await there.viber_says("failed", NAMES[100:101])
        await there.viber_says("delivered", NAMES[101:])
        await there.bridge.start()
        report = await there.told(f"announcement 1: delivered {PEOPLE - 3 + 4} of {PEOPLE - 1 + 5}[^.]*\\.[^.]*\\.")
        assert "1 refused by vb: failure description" in report
        assert "1 of vb cannot be written to" in report
        assert "1 refused by wa: " in report
        assert there.viber_heard() == [0, 0, *[1] * (PEOPLE - 2)]
        calls = [call.body["broadcast_list"] for call in there.viber.calls if call.method == "broadcast_message"]
        assert list(map(len, calls)) == [300, 2]
        heard = {name: there.whatsapp_heard(name) for name in ("Ada", "Grace", "Olena", "Taras")}
        assert heard == {"Ada": ["text"], "Grace": ["text", "template"], "Olena": ["text"], "Taras": ["text"]}
        assert [one.text for one in await there.telegram.shown(str(CHANNEL))] == [WORDS]
