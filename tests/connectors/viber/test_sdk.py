"""Viber's own SDK as an independent check: its client against our emulator, its calls and signatures at our door."""

import asyncio
import json

import pytest
from viberbot import Api, BotConfiguration
from viberbot.api.messages import (
    ContactMessage,
    FileMessage,
    LocationMessage,
    PictureMessage,
    StickerMessage,
    TextMessage,
    URLMessage,
    VideoMessage,
)
from viberbot.api.messages.data_types.contact import Contact as SdkContact
from viberbot.api.messages.data_types.location import Location as SdkLocation
from viberbot.api.messages.message_type import MessageType
from viberbot.api.messages.typed_message import TypedMessage
from viberbot.api.viber_requests import (
    ViberDeliveredRequest,
    ViberFailedRequest,
    ViberMessageRequest,
    ViberSeenRequest,
    ViberSubscribedRequest,
    ViberUnsubscribedRequest,
)

from bridge import Attachment, Contact, Joined, Kind, Left, Location, Posted, Request, SendFailed
from bridge.testing import samples
from bridge.testing.holdings import Card, Spot
from bridge.text.nodes import said
from bridge.text.walk import plain
from connectors.viber.door import SIGNATURE, is_signed
from connectors.viber.emulator import ViberEmulator
from connectors.viber.wire import dumps
from tests.connectors.viber.conftest import Lab


def sdk(server: ViberEmulator) -> Api:
    """The SDK's client, led to the emulator."""
    api = Api(BotConfiguration(name="Town Hall", avatar="https://example.org/a.jpg", auth_token=server.token))
    api._request_sender._viber_bot_api_url = f"{server.server.address}/pa"
    return api


async def test_the_sdk_can_do_with_the_emulator_what_it_can_do_with_viber(lab: Lab) -> None:
    async with lab.kit.running():
        api, ada = sdk(lab.server), lab.kit.town
        assert "message" in await asyncio.to_thread(api.set_webhook, lab.door.url)
        assert (await asyncio.to_thread(api.get_account_info))["name"] == "Town Hall"
        assert (await asyncio.to_thread(api.get_user_details, ada))["name"] == "Ada"
        assert (await asyncio.to_thread(api.get_online, [ada]))[0]["online_status"] == 0
        spot, card = SdkLocation(lat=50.45, lon=30.52), SdkContact(name="Ivan", phone_number="+380")
        messages = [
            TextMessage(text="from the SDK"), URLMessage(media="https://example.org"), StickerMessage(sticker_id=40108),
            LocationMessage(location=spot), ContactMessage(contact=card),
        ]  # fmt: skip
        tokens = await asyncio.to_thread(api.send_messages, ada, messages)
        assert len(set(tokens)) == len(messages)
        shown = await lab.server.shown(ada)
        assert [one.text for one in shown[:2]] == ["from the SDK", "https://example.org"]
        assert shown[3].holds == (Spot(latitude=50.45, longitude=30.52),)
        assert shown[4].holds == (Card(name="Ivan", phone="+380"),)
        with pytest.raises(Exception, match="status: 5"):
            await asyncio.to_thread(api.send_messages, "nobody=", [TextMessage(text="x")])


async def test_what_we_send_is_what_the_sdk_would_send(lab: Lab) -> None:
    """Each body is read by the SDK's own class of its type, which finds it valid and writes the same again."""
    async with lab.kit.running() as run:
        files = [lab.kit.host.keep(samples.upload(kind, str(kind))) for kind in (Kind.IMAGE, Kind.VIDEO, Kind.FILE)]
        await run.send("words")
        await run.send("https://example.org/")
        for file in files:
            await run.send(() if file.kind is Kind.FILE else said("under it"), files=(file,))
        await run.send((), shared=(Attachment(kind=Kind.LOCATION, location=Location(latitude=1.5, longitude=2.5)),))
        card = Attachment(kind=Kind.CONTACT, contact=Contact(name="Grace", phone="+15550100"))
        await run.send((), shared=(card,))
        bodies = [call.body for call in lab.server.calls if call.method == "send_message"]
        kinds = [TextMessage, URLMessage, PictureMessage, VideoMessage, FileMessage, LocationMessage, ContactMessage]
        for body, kind in zip(bodies, kinds, strict=True):
            assert body["type"] == getattr(MessageType, body["type"].upper())
            message = kind().from_dict(body)
            assert message.validate(), body
            ours = {name: value for name, value in body.items() if name not in {"receiver", "sender"}}
            theirs = without_nothing(message.to_dict())
            assert ours == ours | {name: theirs[name] for name in ours if name in theirs}
            assert set(theirs) <= set(body), f"the SDK knows more of it: {theirs}"


def without_nothing(value: dict[str, object]) -> dict[str, object]:
    """What the SDK writes, without the fields that it leaves empty."""
    kept = {name: without_nothing(one) if isinstance(one, dict) else one for name, one in value.items()}
    return {name: one for name, one in kept.items() if one is not None}


async def test_the_sdk_reads_the_emulators_calls_and_agrees_with_their_signatures(lab: Lab) -> None:
    api = sdk(lab.server)
    async with lab.kit.running() as run:
        await run.hears("Привіт 👋")
        await lab.server.subscribe(lab.kit.garden)
        await lab.server.unsubscribe(lab.kit.garden)
        lab.server.server.outcomes = ("delivered", "seen", "failed")
        await run.send("with receipts")
        await run.event(SendFailed, lambda _: True, "all receipts")
        read = [api.parse_request(call.body) for call in lab.door.calls if b'"webhook"' not in call.body]
        assert all(api.verify_signature(call.body, call.headers[SIGNATURE]) for call in lab.door.calls)
        assert {type(one) for one in read} == {
            ViberMessageRequest, ViberSubscribedRequest, ViberUnsubscribedRequest, ViberDeliveredRequest,
            ViberSeenRequest, ViberFailedRequest,
        }  # fmt: skip
        (said_,) = [one for one in read if isinstance(one, ViberMessageRequest)]
        assert (said_.message.text, said_.sender.id, said_.sender.name) == ("Привіт 👋", lab.kit.town, "Ada")


MADE: list[tuple[TypedMessage, str]] = [
    (TextMessage(text="Привіт"), "Привіт"),
    (URLMessage(media="https://example.org/"), "https://example.org/"),
    (LocationMessage(location=SdkLocation(lat=1.5, lon=2.5)), ""),
    (ContactMessage(contact=SdkContact(name="Ivan", phone_number="+380")), ""),
    (PictureMessage(media="https://media.viber.com/a.jpg", text="cap"), "cap"),
    (VideoMessage(media="https://media.viber.com/a.mp4", size=9, text="cap"), "cap"),
    (FileMessage(media="https://media.viber.com/a.pdf", size=9, file_name="a.pdf"), ""),
    (StickerMessage(sticker_id=40108), "[a sticker]"),
]


@pytest.mark.parametrize(("message", "words"), MADE)
async def test_our_door_believes_what_the_sdk_makes_and_signs(lab: Lab, message: TypedMessage, words: str) -> None:
    api = sdk(lab.server)
    async with lab.kit.running():
        stamp = int(lab.kit.host.clock.now().timestamp() * 1000)
        raw = {
            "event": "message", "timestamp": stamp, "message_token": 5741311803571721087, "silent": False,
            "sender": {"id": "x=", "name": "Olena"}, "message": message.to_dict(),
        }  # fmt: skip
        for body in (dumps(raw), json.dumps(raw, indent=1).encode()):
            signed = {SIGNATURE: api._calculate_message_signature(body)}
            call = Request(method="POST", path="", query={}, headers=signed, body=body)
            assert is_signed(call, lab.server.token)
            assert (await lab.viber.receive(call)).status == 200
        (event,) = lab.kit.host.events
        assert isinstance(event, Posted)
        assert plain(event.text) == words


async def test_the_sdks_subscriptions_are_ours(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await lab.server.subscribe(lab.kit.garden)
        await lab.server.unsubscribe(lab.kit.garden)
        joined = await run.event(Joined, lambda _: True, "who subscribed")
        left = await run.event(Left, lambda _: True, "who left")
        api = sdk(lab.server)
        bodies = [call.body for call in lab.door.calls]
        (theirs,) = [one for one in map(api.parse_request, bodies[1:]) if isinstance(one, ViberSubscribedRequest)]
        assert (theirs.user.id, theirs.user.id) == (joined.user.id, left.user.id)
