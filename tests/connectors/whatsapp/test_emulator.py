"""The emulator refuses what WhatsApp refuses, in its order and with its codes."""

import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from bridge.text.nodes import said
from connectors.whatsapp.emulator import TOKEN, PrivateWhatsApp, WhatsAppEmulator
from connectors.whatsapp.emulator_world import PHONE_ID, UNLIMITED

Json = dict[str, Any]
ADA = "UA.13491208655302741918"


@pytest.fixture
async def server() -> AsyncIterator[PrivateWhatsApp]:
    async with PrivateWhatsApp(limits=UNLIMITED) as emulator:
        yield emulator


async def asked(
    server: WhatsAppEmulator,
    body: object,
    path: str = f"{PHONE_ID}/messages",
    token: str = TOKEN,
    **more: Any,  # noqa: ANN401
) -> tuple[int, Json]:
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{server.server.address}/v25.0/{path}"
    async with aiohttp.ClientSession() as session:
        method = more.pop("method", "POST")
        async with session.request(method, address, json=body, headers=headers, **more) as answer:
            return answer.status, await answer.json()


def posted(**more: Any) -> Json:  # noqa: ANN401 whatever stands there
    return {"messaging_product": "whatsapp", "recipient": ADA, "type": "text", "text": {"body": "hello"}, **more}


def without(name: str, **more: object) -> Json:
    return {key: value for key, value in posted(**more).items() if key != name}


async def test_a_message_is_answered_as_documented(server: PrivateWhatsApp) -> None:
    status, answer = await asked(server, posted(recipient_type="individual"))
    person = server.world.person("Ada")
    ident = answer["messages"][0]["id"]
    assert (status, answer) == (200, {
        "messaging_product": "whatsapp",
        "contacts": [{"input": ADA, "wa_id": person.phone, "user_id": ADA}],
        "messages": [{"id": ident, "message_status": "accepted"}],
    })  # fmt: skip
    assert ident.startswith("wamid.")


def _buttons(*titles: str, **more: object) -> Json:
    made = [{"type": "reply", "reply": {"id": str(number), "title": one}} for number, one in enumerate(titles)]
    return {"type": "button", "body": {"text": "Lunch?"}, "action": {"buttons": made}, **more}


def _rows(*rows: Json, **more: object) -> Json:
    made = [{"id": str(number), "title": "soup", **one} for number, one in enumerate(rows)]
    action = {"button": "Choose", "sections": [{"rows": made}]}
    return {"type": "list", "body": {"text": "Lunch?"}, "action": action, **more}


WRONG_QUESTIONS: list[tuple[Json, int]] = [
    (_buttons("a", type="carousel"), 131009), (_buttons("a", body={}), 131008), (_buttons("a", colour="red"), 100),
    (_buttons("a", body={"text": "x" * 1025}), 131009), (_buttons(), 131009), (_buttons(*"abcd"), 131009),
    (_buttons("x" * 21), 131009), (_buttons(""), 131008), (_buttons("a", "a"), 131009),
    (_buttons("a", action={"buttons": [{"type": "reply"}]}), 131009),
    (_rows(), 131009), (_rows(*([{}] * 11)), 131009), (_rows({"title": "x" * 25}), 131009),
    (_rows({"description": "x" * 73}), 131009), (_rows({"id": "x" * 201}), 131009), (_rows({}, {"id": "0"}), 131009),
    (_rows({}, action={"button": "x" * 21, "sections": [{"rows": []}]}), 131009),
    (_rows({}, action={"sections": []}), 131008),
]  # fmt: skip
REFUSED: list[tuple[Callable[[], Json], int, int]] = [
    (lambda: without("messaging_product"), 400, 100),
    (lambda: posted(messaging_product="telegram"), 400, 100),
    (lambda: posted(type="hologram"), 400, 131051),
    (lambda: posted(type="image"), 400, 100),
    (lambda: posted(image={"id": "1"}), 400, 100),
    (lambda: without("text"), 400, 131008),
    (lambda: without("recipient"), 400, 131008),
    (lambda: posted(recipient="Ada"), 400, 131009),
    (lambda: posted(recipient="UA.1"), 400, 131026),
    (lambda: posted(to=ADA), 400, 131009),
    (lambda: posted(to="15550100"), 400, 131026),
    (lambda: posted(recipient_type="group", to="nobody"), 400, 131041),
    (lambda: posted(text="hello"), 400, 100),
    (lambda: posted(text={"body": ""}), 400, 131008),
    (lambda: posted(text={"body": "x" * 4097}), 400, 100),
    (lambda: posted(text={"body": "x", "preview_url": "yes"}), 400, 100),
    (lambda: posted(context={"message_id": "wamid.X"}), 400, 131009),
    (lambda: posted(biz_opaque_callback_data="x" * 513), 400, 100),
    (lambda: without("text", type="image", image={"id": "1"}), 400, 131009),
    (lambda: without("text", type="image", image={}), 400, 131008),
    (lambda: without("text", type="audio", audio={"id": "1", "caption": "x"}), 400, 100),
    (lambda: without("text", type="image", image={"id": "1", "caption": "x" * 1025}), 400, 100),
    (lambda: without("text", type="location", location={"latitude": 1}), 400, 131008),
    (lambda: without("text", type="location", location={"latitude": 91, "longitude": 0}), 400, 131009),
    (lambda: without("text", type="contacts", contacts=[]), 400, 100),
    (lambda: without("text", type="contacts", contacts=[{"name": {"formatted_name": "A"}}]), 400, 131008),
    (lambda: without("text", type="reaction", reaction={"message_id": "wamid.X", "emoji": "👍"}), 400, 131009),
    (lambda: without("text", type="reaction", reaction={"message_id": "wamid.X"}), 400, 131008),
    (lambda: without("text", type="template", template={"name": "x", "language": {"code": "uk"}}), 404, 132001),
    *(
        (lambda wrong=wrong: without("text", type="interactive", interactive=wrong), 400, code)
        for wrong, code in WRONG_QUESTIONS
    ),
    (lambda: {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X"}, 400, 131009),
]


@pytest.mark.parametrize(("body", "status", "code"), REFUSED)
async def test_a_wrong_body_is_refused(
    server: PrivateWhatsApp, body: Callable[[], Json], status: int, code: int
) -> None:
    given, answer = await asked(server, body())
    assert (given, answer["error"]["code"]) == (status, code)
    assert answer["error"]["type"] == "OAuthException"
    assert answer["error"]["fbtrace_id"]


async def test_the_token_comes_before_the_id_and_the_id_before_the_body(server: PrivateWhatsApp) -> None:
    status, answer = await asked(server, {}, "1/messages", token="wrong")
    assert (status, answer["error"]["code"]) == (401, 190)
    status, answer = await asked(server, {}, "1/messages")
    assert (status, answer["error"]["code"]) == (400, 33)
    status, answer = await asked(server, {})
    assert (status, answer["error"]["code"]) == (400, 100)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "image/png"}, 100),
        ({"messaging_product": "whatsapp"}, 100),
        ({"messaging_product": "whatsapp", "type": "application/x-msdownload"}, 100),
        ({"messaging_product": "whatsapp", "type": "image/webp", "data": b"x" * (500 * 1024 + 1)}, 131053),
        ({"messaging_product": "whatsapp", "type": "image/png", "data": b"x" * (5 * 1024 * 1024 + 1)}, 131053),
    ],
)
async def test_a_wrong_upload_is_refused(server: PrivateWhatsApp, fields: Json, code: int) -> None:
    form = aiohttp.FormData({name: value for name, value in fields.items() if name != "data"})
    form.add_field(
        "file", io.BytesIO(fields.get("data", b"x")), filename="a.bin", content_type="application/octet-stream"
    )
    _, answer = await asked(server, None, f"{PHONE_ID}/media", data=form)
    assert answer["error"]["code"] == code


async def test_a_group_has_room_for_eight() -> None:
    async with WhatsAppEmulator(limits=UNLIMITED) as server:
        chat = server.world.chats[server.rooms[0]]
        for number in range(8):
            await server.say(chat.id, f"Person {number}", said("hello"))
        assert list(chat.members) == [f"Person {number}" for number in range(8)]
        with pytest.raises(NotImplementedError):
            server.world.enter(chat, server.world.person("the ninth"))
        await server.say(chat.id, "Person 0", said("still here"))
        await server.say(chat.id, "the ninth", said("hello"))
        assert "Person 1" not in chat.members


async def test_a_reaction_grows_too_old() -> None:
    async with PrivateWhatsApp(limits=UNLIMITED) as server:
        native = await server.say(ADA, "Ada", said("hello"))
        old = server.world.chats[ADA].messages[native]
        old.at -= server.world.limits.reaction_age * 2
        body = without("text", type="reaction", reaction={"message_id": native, "emoji": "👍"})
        _, answer = await asked(server, body)
        assert answer["error"]["code"] == 131009
