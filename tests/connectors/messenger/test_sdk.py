"""An independent client of the Send API against our emulator, and its payloads beside ours."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import fbmessenger
import pytest
import requests
from fbmessenger import attachments
from fbmessenger.elements import Text
from fbmessenger.sender_actions import SenderAction

from bridge.asked import Target
from bridge.events import Kind
from bridge.ids import MessageId
from bridge.testing import samples
from bridge.text.nodes import said
from tests.connectors.messenger.conftest import Lab


@pytest.fixture
async def sdk(lab: Lab) -> AsyncIterator[fbmessenger.MessengerClient]:
    with requests.Session() as session:
        client = fbmessenger.MessengerClient(lab.server.token, session=session, app_secret=lab.server.secret)
        client.graph_url = f"{lab.server.server.address}/v25.0"
        yield client


async def asked(call: Any, *arguments: object, **more: object) -> dict[str, Any]:  # noqa: ANN401 the library has no types
    """One call of the library, which waits for its answer."""
    found: dict[str, Any] = await asyncio.to_thread(partial(call, *arguments, **more))
    return found


async def test_the_emulator_takes_what_the_sdk_sends(lab: Lab, sdk: fbmessenger.MessengerClient) -> None:
    ada = lab.server.rooms[0]
    assert (await asked(sdk.get_user_data, ada))["name"] == "Ada"
    assert "message_id" in await asked(sdk.send, Text("hello").to_dict(), ada)
    tagged = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert "message_id" in await asked(sdk.send, Text("an answer").to_dict(), ada, **tagged)
    assert await asked(sdk.send_action, SenderAction("mark_seen").to_dict(), ada) == {"recipient_id": ada}
    url = lab.server.files.attach(samples.upload(Kind.FILE, "paper"))["payload"]["url"]
    uploaded = await asked(sdk.upload_attachment, attachments.File(url=url, is_reusable=True))
    again = attachments.File(attachment_id=uploaded["attachment_id"]).to_dict()
    assert "message_id" in await asked(sdk.send, again, ada)
    shown = await lab.server.shown(ada)
    assert [one.text or one.files[0].kind for one in shown] == ["hello", "an answer", Kind.FILE]


async def test_the_emulator_refuses_what_is_no_longer_taken(lab: Lab, sdk: fbmessenger.MessengerClient) -> None:
    ada = lab.server.rooms[0]
    tagged = {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}
    assert (await asked(sdk.send, Text("old").to_dict(), ada, **tagged))["error"]["code"] == 100
    assert (await asked(sdk.subscribe_app_to_page))["error"]["code"] == 100
    assert (await asked(sdk.send, Text("x" * 2001).to_dict(), ada))["error"]["code"] == 100


async def test_our_messages_are_those_of_the_sdk(lab: Lab, sdk: fbmessenger.MessengerClient) -> None:
    async with lab.kit(names="prefix").running() as run:
        file = run.kit.host.keep(samples.upload(Kind.IMAGE, "picture"))
        await run.send("hello")
        await run.send((), files=(file,))
        target = Target(room=run.place(run.kit.town).room, parts=(MessageId("m"),))
        await run.connector.mark_read(target)
    ours = [one for one in lab.server.server.calls if one.path.endswith("/messages")]
    (uploaded,) = lab.server.files.uploads
    theirs = [Text("hello").to_dict(), attachments.Image(attachment_id=uploaded).to_dict()]
    bare = [{name: one for name, one in call.fields["message"].items() if name != "metadata"} for call in ours[:2]]
    assert bare == theirs
    assert ours[2].fields["sender_action"] == SenderAction("mark_seen").to_dict()
    assert {call.query["appsecret_proof"] for call in ours} == {sdk.generate_appsecret_proof()}


class Reader(fbmessenger.BaseMessenger):
    """Notes what the library makes of Meta's calls."""

    def __init__(self) -> None:
        super().__init__("token")
        self.read_as: list[str] = []

    def handle_call(self, body: bytes) -> None:
        self.handle(requests.models.complexjson.loads(body))

    def _note(self, name: str, _: Any) -> None:  # noqa: ANN401 JSON is anything
        self.read_as.append(name)

    def message(self, message: Any) -> None:  # noqa: ANN401
        self._note("echo" if message["message"].get("is_echo") else "message", message)

    def delivery(self, message: Any) -> None:  # noqa: ANN401
        self._note("delivery", message)

    def postback(self, message: Any) -> None:  # noqa: ANN401
        self._note("postback", message)

    def read(self, message: Any) -> None:  # noqa: ANN401
        self._note("read", message)


async def test_the_sdk_reads_what_our_emulator_tells(lab: Lab) -> None:
    reader = Reader()
    async with lab.kit().running() as run:
        await lab.server.say(run.kit.town, "Ada", said("hello"))
        await run.send("hello back")
        lab.server.press(run.kit.town, "Start", "GET_STARTED", "m_7")
        lab.server.read(run.kit.town)
        await run.hears("the end")
    for call in lab.door.calls:
        if call.body:
            reader.handle_call(call.body)
    assert reader.read_as == ["message", "echo", "delivery", "postback", "read", "message"]
