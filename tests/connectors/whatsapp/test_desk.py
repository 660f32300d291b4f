"""People on WhatsApp and the agents of a desk, with a whole bridge between them: calls in, answers out."""

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
from connectors.whatsapp.connector import WhatsApp
from connectors.whatsapp.emulator import PrivateWhatsApp
from connectors.whatsapp.emulator_world import DISPLAY
from tests.scenarios.bridge_under_test import Bridge


class Office(Struct):
    """A number, a room of agents without threads, and the bridge."""

    number: PrivateWhatsApp
    agents: MemoryPlatform
    bridge: Bridge

    @property
    def ada(self) -> str:
        return self.number.rooms[0]

    def says(self, words: str, *, to: MessageId | None = None) -> None:
        """An agent writes."""
        self.posts(to, rich=said(words))

    def posts(self, to: MessageId | None, *, rich: Rich = (), **more: Any) -> None:  # noqa: ANN401 a post's fields
        """An agent answers with whatever a post may hold."""
        post = Post(room=room_id("desk"), rich=rich, in_reply_to=to, **more)
        self.agents.written.post(self.agents.written.person("Olaf"), post)

    async def asked(self, words: str) -> MessageId:
        """Ada asks; the id of what the agents read."""
        await self.number.say(self.ada, "Ada", said(words))
        there = await shown(self.agents, "desk", lambda there: any(words in one.text for one in there))
        return next(one.id for one in there if words in one.text)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    agents, port = MemoryPlatform("office", rooms=("desk", "other"), capabilities=WITH_FILES), free_port()
    async with PrivateWhatsApp() as number, agents:
        bridge = Bridge(tmp_path, _configuration(number, agents, port), connectors={"whatsapp": WhatsApp})
        await bridge.start()
        yield Office(number, agents, bridge)
        await bridge.stop()


def _configuration(number: PrivateWhatsApp, agents: MemoryPlatform, port: int) -> str:
    address, home = f"127.0.0.1:{port}", {"connector": "memory", "platform": "office", "token": agents.token}
    told: Mapping[str, Any] = {
        "store": {"path": "data/q.db", "min_free_mib": 0, "ballast_mib": 0},
        "http": {"listen": address, "public_url": f"http://{address}"},
        "accounts": {"home": home, "wa": dict(number.settings())},
        "desks": {"town": {"room": "home/desk", "accounts": ["wa"], "greeting": "Welcome to the town hall."}},
    }
    return msgspec.json.encode(told).decode()


async def test_a_question_is_answered_where_it_was_asked(office: Office) -> None:
    question = await office.asked("is it open today?")
    await shows(office.number, office.ada, ["is it open today?", "Welcome to the town hall."])
    office.says("yes, until six", to=question)
    first, *_, answer = await shown(office.number, office.ada, lambda there: "until six" in there[-1].text)
    assert answer.in_reply_to == first.id


async def test_what_an_agent_answered_is_marked_as_read(office: Office) -> None:
    question = await office.asked("is it open today?")
    await office.asked("and tomorrow?")
    await shows(office.number, office.ada, ["is it open today?", "Welcome to the town hall.", "and tomorrow?"])
    there = office.number.world.chats[office.ada].messages
    assert not any(one.read for one in there.values()), "a greeting is no reader"
    office.says("talk among agents")
    office.says("yes, until six", to=question)
    await eventually(lambda: [one.content["body"] for one in there.values() if one.read] == ["and tomorrow?"])


async def test_a_mark_that_is_refused_keeps_no_answer_back(office: Office) -> None:
    question = await office.asked("is it open today?")
    echo = {"from": DISPLAY, "to_user_id": office.ada, "id": "wamid.ECHO", "timestamp": office.number.world.stamp(),
            "type": "text", "text": {"body": "one moment"}}  # fmt: skip
    office.number.world.tell_change("smb_message_echoes", message_echoes=[echo])
    await shown(office.agents, "desk", lambda there: "one moment" in there[-1].text)
    office.says("yes, until six", to=question)
    await shown(office.number, office.ada, lambda there: "until six" in there[-1].text)
    calls = office.number.calls
    marked = {"status": "read", "message_id": "wamid.ECHO"}
    await eventually(lambda: any(marked.items() <= one.body.items() for one in calls))
    await office.asked("thank you")


async def test_a_picture_and_a_reaction_cross(office: Office) -> None:
    picture = samples.upload(Kind.IMAGE, "from Ada")
    await office.number.send_files(office.ada, "Ada", (picture,))
    there = await shown(office.agents, "desk", lambda there: any(one.files for one in there))
    (post,) = (one for one in there if one.files)
    assert post.files[0].data == picture.data
    await office.agents.react("desk", "Olaf", post.id, "👍")
    await shown(office.number, office.ada, lambda there: dict(there[0].reactions) == {"👍": 1})


async def test_what_a_colleague_answers_in_the_app_is_seen_and_is_not_the_persons(office: Office) -> None:
    await office.asked("is it open today?")
    echo = {"from": DISPLAY, "to_user_id": office.ada, "id": "wamid.ECHO", "timestamp": office.number.world.stamp(),
            "type": "text", "text": {"body": "from the app: yes"}}  # fmt: skip
    office.number.world.tell_change("smb_message_echoes", message_echoes=[echo])
    there = await shown(office.agents, "desk", lambda there: "from the app: yes" in there[-1].text)
    assert "Ada" not in there[-1].text.partition("from the app")[0]


async def test_an_answer_outside_the_window_waits_until_the_person_writes(office: Office) -> None:
    question = await office.asked("is it open today?")
    await shows(office.number, office.ada, ["is it open today?", "Welcome to the town hall."])
    office.number.world.chats[office.ada].heard = None
    office.says("yes, until six", to=question)
    await shown(office.agents, "desk", lambda there: len(there) > 2)
    assert not any("until six" in one.text for one in await office.number.shown(office.ada))
    await office.asked("hello again")
    await shown(office.number, office.ada, lambda there: any("until six" in one.text for one in there))


async def test_nothing_the_agents_read_holds_an_id_or_a_number(office: Office) -> None:
    await office.asked("is it open today?")
    person = office.number.world.person("Ada")
    read = " ".join(f"{one.author} {one.text}" for one in await office.agents.shown("desk"))
    assert person.phone not in read
    assert person.bsuid not in read
