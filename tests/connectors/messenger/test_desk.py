"""People on Messenger and the agents of a desk, with a whole bridge between them: calls in, answers out."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from bridge.demo.daemon import free_port
from bridge.events import Kind
from bridge.ids import MessageId
from bridge.testing import samples
from bridge.testing.memory import MemoryPlatform
from bridge.testing.memory_abilities import WITH_FILES
from bridge.testing.memory_rooms import Post, room_id
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.nodes import Rich, said
from connectors.messenger.connector import Messenger
from connectors.messenger.emulator import MessengerEmulator
from tests.scenarios.bridge_under_test import Bridge


class Office(Struct):
    """A page, a room of agents without threads, and the bridge."""

    page: MessengerEmulator
    agents: MemoryPlatform
    bridge: Bridge

    def says(self, words: str, *, to: MessageId | None = None) -> None:
        """An agent writes."""
        self.posts(to, rich=said(words))

    def posts(self, to: MessageId | None, *, rich: Rich = (), **more: Any) -> None:  # noqa: ANN401 a post's fields
        """An agent answers with whatever a post may hold."""
        post = Post(room=room_id("desk"), rich=rich, in_reply_to=to, **more)
        self.agents.written.post(self.agents.written.person("Olaf"), post)

    async def reads(self, *words: str) -> None:
        await shows(self.agents, "desk", words)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    agents, port = MemoryPlatform("office", rooms=("desk", "other"), capabilities=WITH_FILES), free_port()
    async with MessengerEmulator() as page, agents:
        bridge = Bridge(tmp_path, _configuration(page, agents, port), connectors={"messenger": Messenger})
        await bridge.start()
        yield Office(page, agents, bridge)
        await bridge.stop()


def _configuration(page: MessengerEmulator, agents: MemoryPlatform, port: int) -> str:
    address, home = f"127.0.0.1:{port}", {"connector": "memory", "platform": "office", "token": agents.token}
    told: Mapping[str, Any] = {
        "store": {"path": "data/q.db", "min_free_mib": 0, "ballast_mib": 0},
        "http": {"listen": address, "public_url": f"http://{address}"},
        "accounts": {"home": home, "fb": dict(page.settings())},
        "desks": {"town": {"room": "home/desk", "accounts": ["fb"], "greeting": "Welcome to the town hall."}},
    }
    return msgspec.json.encode(told).decode()


async def test_a_question_is_answered_under_the_agents_name(office: Office) -> None:
    ada = office.page.rooms[0]
    await office.page.say(ada, "Ada", said("is it open today?"))
    await office.reads("[#1 Ada]: is it open today?")
    await shows(office.page, ada, ["is it open today?", "Welcome to the town hall."])
    question = (await office.agents.shown("desk"))[0].id
    office.says("yes, until six", to=question)
    first, *_, answer = await shown(office.page, ada, lambda there: there[-1].text == "yes, until six")
    assert (answer.author, answer.in_reply_to) == ("Olaf", first.id)


async def test_what_an_agent_answered_is_seen(office: Office) -> None:
    ada = office.page.rooms[0]
    await office.page.say(ada, "Ada", said("is it open today?"))
    await office.reads("[#1 Ada]: is it open today?")
    await shows(office.page, ada, ["is it open today?", "Welcome to the town hall."])
    assert ada not in office.page.world.seen, "a greeting is no reader"
    office.says("yes, until six", to=(await office.agents.shown("desk"))[0].id)
    await eventually(lambda: ada in office.page.world.seen)


async def test_a_picture_and_a_reaction_cross(office: Office) -> None:
    ada = office.page.rooms[0]
    picture = samples.upload(Kind.IMAGE, "from Ada")
    await office.page.send_files(ada, "Ada", (picture,))
    there = await shown(office.agents, "desk", lambda there: any(one.files for one in there))
    (post,) = (one for one in there if one.files)
    assert post.files[0].data == picture.data
    await office.agents.react("desk", "Olaf", post.id, "👍")
    await shown(office.page, ada, lambda there: dict(there[0].reactions) == {"👍": 1})


async def test_what_the_pages_own_inbox_answers_is_seen_and_is_not_the_persons(office: Office) -> None:
    ada = office.page.rooms[0]
    office.page.answer(ada, "a page may write first")
    await office.page.say(ada, "Ada", said("is it open today?"))
    await office.reads("[#1 Ada]: is it open today?")
    office.page.answer(ada, "from the inbox: yes")
    await office.page.say(ada, "Ada", said("thank you"))
    there = await shown(office.agents, "desk", lambda there: there[-1].text == "[#1 Ada]: thank you")
    assert [one.text.partition(": ")[2] for one in there] == ["is it open today?", "from the inbox: yes", "thank you"]
    assert "Town Hall" in there[1].text
