"""The emulator is as strict as Meta's pages: facts/platform-apis.md 3.8."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from bridge.events import Kind
from bridge.testing import samples
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from connectors.messenger.emulator_rules import UNLIMITED, Limits, Unsure
from connectors.messenger.emulator_world import APP, PAGE
from tests.connectors.messenger.conftest import Lab

Labs = Callable[..., Awaitable[Lab]]
Json = dict[str, Any]


class Caller:
    """Calls the emulated Graph API as any program would."""

    def __init__(self, lab: Lab, web: aiohttp.ClientSession) -> None:
        self.lab, self.web = lab, web
        self.ada = lab.server.rooms[0]

    async def ask(self, method: str, path: str, body: object = None, *, token: str = "", **query: str) -> Json:
        """The answer, with the status of HTTP beside it."""
        given = token or self.lab.server.token
        secret = self.lab.server.secret.encode()
        proof = hmac.new(secret, given.encode(), hashlib.sha256).hexdigest()
        params = {"access_token": given, "appsecret_proof": proof, **query}
        address = f"{self.lab.server.server.address}/v25.0/{path}"
        async with self.web.request(method, address, params=params, json=body) as answer:
            return {**await answer.json(), "status": answer.status}

    async def send(self, **fields: object) -> Json:
        body = {"recipient": {"id": self.ada}, "messaging_type": "RESPONSE", **fields}
        return await self.ask("POST", f"{PAGE}/messages", {key: one for key, one in body.items() if one is not None})


def code(answer: Json) -> tuple[int, int | None]:
    error = answer["error"]
    return error["code"], error.get("error_subcode")


@pytest.fixture
async def caller(lab: Lab) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as web:
        yield Caller(lab, web)


HELLO = {"text": "hello"}
PICTURE = {"type": "image", "payload": {"attachment_id": "185"}}
BUTTON = {"content_type": "text", "title": "yes", "payload": "P"}
REFUSED: list[tuple[Json, tuple[int, int | None]]] = [
    ({"message": HELLO, "recipient": {"id": "999"}}, (100, 2018001)),
    ({"message": HELLO, "recipient": None}, (100, 2018001)),
    ({"message": HELLO, "messaging_type": None}, (100, None)),
    ({"message": HELLO, "messaging_type": "PROMOTION"}, (100, None)),
    ({"message": HELLO, "tag": "HUMAN_AGENT"}, (100, None)),
    ({"message": HELLO, "messaging_type": "MESSAGE_TAG"}, (100, None)),
    ({"message": HELLO, "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, (100, None)),
    ({"message": HELLO, "sender_action": "typing_on"}, (100, None)),
    ({"message": HELLO, "colour": "red"}, (100, None)),
    ({"message": HELLO, "persona_id": "4711"}, (100, None)),
    ({"message": HELLO, "reply_to": {"mid": "m_nowhere"}}, (100, None)),
    ({}, (100, None)),
    ({"message": "hello"}, (100, None)),
    ({"message": {}}, (100, None)),
    ({"message": {"text": " "}}, (100, None)),
    ({"message": {"text": "x" * 2001}}, (100, None)),
    ({"message": {**HELLO, "metadata": "x" * 1001}}, (100, None)),
    ({"message": {**HELLO, "attachment": PICTURE}}, (100, None)),
    ({"message": {**HELLO, "font": "serif"}}, (100, None)),
    ({"message": {"attachment": PICTURE}}, (100, 2018074)),
    ({"message": {"attachment": {"type": "hologram", "payload": {}}}}, (100, None)),
    ({"message": {"attachment": {"type": "image", "payload": {}}}}, (100, None)),
    ({"message": {"attachment": {"type": "image", "payload": {"url": "http://127.0.0.1:9/x"}}}}, (100, 2018008)),
    ({"message": {"attachments": []}}, (100, None)),
    ({"message": {"attachments": [PICTURE] * 31}}, (100, None)),
    ({"message": {"attachments": [PICTURE, PICTURE]}}, (100, 2018074)),
    ({"message": {"attachments": [{**PICTURE, "type": "video"}]}}, (100, None)),
    ({"message": {**HELLO, "attachments": [PICTURE]}}, (100, None)),
    ({"message": {**HELLO, "quick_replies": []}}, (100, None)),
    ({"message": {**HELLO, "quick_replies": [BUTTON] * 14}}, (100, None)),
    ({"message": {**HELLO, "quick_replies": [{**BUTTON, "title": "x" * 21}]}}, (100, None)),
    ({"message": {**HELLO, "quick_replies": [{**BUTTON, "payload": "x" * 1001}]}}, (100, None)),
    ({"message": {**HELLO, "quick_replies": [{"title": "yes", "payload": "P"}]}}, (100, None)),
    ({"message": {**HELLO, "quick_replies": [{**BUTTON, "colour": "red"}]}}, (100, None)),
    ({"message": {**HELLO, "quick_replies": [{"content_type": "text", "title": "yes"}]}}, (100, None)),
    ({"sender_action": "dance", "messaging_type": None}, (100, None)),
    ({"sender_action": "react", "messaging_type": None}, (100, None)),
    ({"sender_action": "mark_seen"}, (100, None)),
    ({"sender_action": "unreact", "messaging_type": None, "payload": {"message_id": "m_nowhere"}}, (100, None)),
]


@pytest.mark.parametrize(("fields", "refused"), REFUSED)
async def test_what_meta_refuses_is_refused(caller: Caller, fields: Json, refused: tuple[int, int | None]) -> None:
    assert code(await caller.send(**fields)) == refused
    assert await caller.lab.server.shown(caller.ada) == []


async def test_two_thousand_characters_are_as_many_as_go(caller: Caller) -> None:
    assert "message_id" in await caller.send(message={"text": "😀" * 2000})


async def test_who_calls_is_looked_at(caller: Caller) -> None:
    assert code(await caller.ask("GET", PAGE, token="x")) == (190, None)
    assert code(await caller.ask("GET", PAGE, appsecret_proof="x")) == (100, None)
    assert code(await caller.ask("GET", f"{APP}/subscriptions")) == (15, None)
    async with caller.web.get(f"{caller.lab.server.server.address}/v25.0/{PAGE}") as answer:
        assert code(await answer.json()) == (104, None)
    async with caller.web.get(f"{caller.lab.server.server.address}/latest/{PAGE}") as answer:
        assert code(await answer.json()) == (2500, None)
    assert code(await caller.ask("GET", "4711")) == (100, 33)


async def test_profiles_tell_names_and_some_tell_nothing(caller: Caller) -> None:
    assert (await caller.ask("GET", caller.ada, fields="name"))["name"] == "Ada"
    caller.lab.server.world.people[caller.ada].name = ""
    assert await caller.ask("GET", caller.ada, fields="name") == {"status": 200}


async def test_windows_close_by_the_platforms_own_time(caller: Caller) -> None:
    caller.lab.server.pass_time(timedelta(hours=23))
    assert "message_id" in await caller.send(message=HELLO)
    caller.lab.server.pass_time(timedelta(hours=2))
    assert code(await caller.send(message=HELLO)) == (10, 2018278)
    assert code(await caller.send(message=HELLO, messaging_type="UPDATE")) == (10, 2018278)
    tagged = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert "message_id" in await caller.send(message=HELLO, **tagged)
    caller.lab.server.pass_time(timedelta(days=7))
    assert code(await caller.send(message=HELLO, **tagged)) == (10, 2018278)


async def test_more_than_so_many_a_second_are_refused(lab_with: Labs) -> None:
    lab = await lab_with(limits=Limits(per_second=3, heavy_per_second=1))
    async with aiohttp.ClientSession() as web:
        caller = Caller(lab, web)
        answers = [await caller.send(message=HELLO) for _ in range(4)]
        assert code(answers[3]) == (613, None)
        assert answers[3]["status"] == 429
        lab.server.pass_time(timedelta(seconds=2))
        assert "message_id" in await caller.send(message=HELLO)


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.VIDEO])
async def test_uploads_have_sizes_and_types(lab_with: Labs, kind: Kind) -> None:
    lab = await lab_with(limits=replace(UNLIMITED, image_bytes=100, other_bytes=100))
    fits = {Kind.IMAGE: "image/png", Kind.VIDEO: "video/mp4"}[kind]
    async with aiohttp.ClientSession() as web:
        caller = Caller(lab, web)
        assert "attachment_id" in await _uploaded(caller, kind, b"x" * 100, fits)
        assert code(await _uploaded(caller, kind, b"x" * 101, fits)) == (100, 2018109)
        assert code(await _uploaded(caller, kind, b"x", "application/pdf")) == (100, 2018047)
        assert code(await _uploaded(caller, kind, b"", fits)) == (100, 2018047)


async def _uploaded(caller: Caller, kind: Kind, data: bytes, mime: str) -> Json:
    form = aiohttp.FormData()
    message = {"attachment": {"type": str(kind), "payload": {"is_reusable": True}}}
    form.add_field("message", json.dumps(message))
    form.add_field("filedata", data, filename="a", content_type=mime)
    proof = hmac.new(caller.lab.server.secret.encode(), caller.lab.server.token.encode(), hashlib.sha256).hexdigest()
    params = {"access_token": caller.lab.server.token, "appsecret_proof": proof}
    address = f"{caller.lab.server.server.address}/v25.0/{PAGE}/message_attachments"
    async with caller.web.post(address, params=params, data=form) as answer:
        found: Json = await answer.json()
        return found


async def test_personas_have_names_pictures_and_a_limit(caller: Caller) -> None:
    path, picture = f"{PAGE}/personas", {"profile_picture_url": "https://example.org/a.png"}
    for wrong in ({"name": "Ada"}, picture, {"name": "x" * 51, **picture}):
        assert code(await caller.ask("POST", path, wrong)) == (100, None)
    made = [await caller.ask("POST", path, {"name": f"P{number}", **picture}) for number in range(50)]
    assert code(await caller.ask("POST", path, {"name": "one more", **picture})) == (100, None)
    first = await caller.ask("GET", path)
    second = await caller.ask("GET", path, after=first["paging"]["cursors"]["after"])
    assert [one["name"] for one in (*first["data"], *second["data"])] == [f"P{number}" for number in range(50)]
    assert "next" not in second["paging"]
    assert (await caller.ask("DELETE", made[0]["id"]))["success"] is True
    assert code(await caller.ask("DELETE", made[0]["id"])) == (100, 33)


async def test_a_file_of_a_person_ends_some_days_later(caller: Caller) -> None:
    server = caller.lab.server
    url = server.files.attach(samples.upload(Kind.FILE, "paper"))["payload"]["url"]
    for address, status in ((url, 200), (url.partition("?")[0], 403)):
        async with caller.web.get(address) as answer:
            assert answer.status == status


async def test_what_nobody_asked_for_is_not_told(caller: Caller) -> None:
    server = caller.lab.server
    await caller.ask("POST", f"{PAGE}/subscribed_apps", subscribed_fields="messages,message_echoes")
    await server.say(caller.ada, "Ada", said("hello"))
    await caller.send(message={**HELLO, "metadata": "b:991"})
    server.read(caller.ada)
    told = [
        (one["sender"]["id"], sorted(set(one) - {"sender", "recipient", "timestamp"})) for one in server.world.pending
    ]
    assert told[-2:] == [(caller.ada, ["message"]), (PAGE, ["message"])]
    echo = server.world.pending[-1]["message"]
    assert (echo["is_echo"], echo["app_id"], echo["metadata"]) == (True, int(APP), "b:991")


async def test_after_an_hour_of_failures_the_page_is_unsubscribed(lab_with: Labs) -> None:
    lab = await lab_with(limits=replace(UNLIMITED, give_up_seconds=0.05))
    lab.server.webhook.url = "http://127.0.0.1:9/"
    lab.server.world.subscribed = {"messages"}
    await lab.server.say(lab.server.rooms[0], "Ada", said("into the void"))
    await eventually(lambda: not lab.server.world.subscribed)
    assert not lab.server.world.pending
    assert lab.server.webhook.refused > 1


async def test_a_call_escapes_what_is_beyond_ascii(lab: Lab) -> None:
    body = lab.server.webhook.body([{"message": {"text": "привіт"}}])
    assert b"\\u043f" in body
    assert body.isascii()


async def test_another_apps_conversation_stands_by(lab: Lab) -> None:
    async with lab.kit().running() as run:
        lab.server.world.standby = True
        await run.hears("heard all the same")
    assert any(b'"standby"' in call.body for call in lab.door.calls)


@pytest.mark.parametrize(("unsure", "said_so"), [(Unsure(), True), (Unsure(success="a word"), "true")])
async def test_success_has_two_forms(lab_with: Labs, unsure: Unsure, said_so: object) -> None:
    async with aiohttp.ClientSession() as web:
        caller = Caller(await lab_with(unsure=unsure), web)
        answer = await caller.ask("POST", f"{PAGE}/subscribed_apps", subscribed_fields="messages")
    assert answer["success"] == said_so
