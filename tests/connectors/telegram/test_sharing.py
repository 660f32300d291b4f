"""Places and cards as calls of the Bot API, and what becomes of those that it refuses."""

from collections.abc import AsyncIterator

import pytest
from telegram import Bot
from telegram.error import BadRequest

from bridge import Attachment, Contact, Edited, Kind, Location, Poll, Target, Unsupported
from bridge.errors import Feature
from bridge.testing.contract_kit import Kit
from bridge.testing.holdings import Spot
from bridge.text.walk import plain
from connectors.telegram.emulator import TOPIC, TOWN, TelegramEmulator
from connectors.telegram.emulator_content import spot
from connectors.telegram.emulator_methods import WRITES
from connectors.telegram.emulator_rules import Call

FAR = Attachment(kind=Kind.LOCATION, location=Location(latitude=1, longitude=2, title="Far", address="Away 1"))


def written(server: TelegramEmulator) -> Call:
    return next(call for call in reversed(server.calls) if call.method in WRITES)


def asked(question: str, *answers: str) -> Attachment:
    return Attachment(kind=Kind.POLL, poll=Poll(question=question, answers=answers))


def live(latitude: float, seconds: int | None) -> Attachment:
    return Attachment(kind=Kind.LOCATION, location=Location(latitude=latitude, longitude=2, live_seconds=seconds))


async def test_a_venue_hangs_in_its_topic_on_what_it_answers(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        _, event = await run.hears("where to?", room=kit.garden)
        target = Target(room=event.room, thread=event.thread, parts=event.message)
        await run.send((), room=kit.garden, shared=(FAR,), in_reply_to=target)
    sent = written(server).fields
    assert (sent["title"], sent["address"], sent["message_thread_id"]) == ("Far", "Away 1", str(TOPIC))
    assert (await server.shown(kit.garden))[-1].in_reply_to == event.message[0]


async def test_a_place_without_an_address_is_a_point(kit: Kit, server: TelegramEmulator) -> None:
    one = Attachment(kind=Kind.LOCATION, location=Location(latitude=1, longitude=2, title="Far"))
    async with kit.running() as run:
        await run.send((), shared=(one,))
    assert written(server).method == "sendlocation"


@pytest.mark.parametrize(
    "refused",
    [
        Attachment(kind=Kind.LOCATION, location=Location(latitude=91, longitude=2)),
        Attachment(kind=Kind.CONTACT, contact=Contact(name="", phone=" ")),
        Attachment(kind=Kind.STICKER, source="F1"),
        asked("Lunch?", "soup"),
        asked("Lunch?", *map(str, range(13))),
        asked("Lunch?", "soup", "x" * 101),
        asked("x" * 301, "soup", "salad"),
    ],
)
async def test_what_telegram_refuses_is_asked_for_in_words(kit: Kit, refused: Attachment) -> None:
    async with kit.running() as run:
        with pytest.raises(Unsupported) as caught:
            await run.send((), shared=(refused,))
    assert caught.value.feature is Feature.ATTACHMENT


async def test_a_live_place_is_told_as_edits_until_it_ends(kit: Kit, server: TelegramEmulator) -> None:
    async with kit.running() as run:
        native = await server.send_content(kit.town, "Ada", spot(Spot(latitude=1, longitude=2), 900))
        await server.move(kit.town, "Ada", native, Spot(latitude=1.5, longitude=2), 900)
        await server.move(kit.town, "Ada", native, Spot(latitude=2, longitude=2), None)
        last = await run.event(Edited, lambda edited: edited.attachments == (live(2, None),), "the end")
        moved = [event.attachments for event in kit.host.events if isinstance(event, Edited)]
    assert moved == [(live(1.5, 900),), (live(2, None),)]
    assert (last.replaces, plain(last.text)) == (native, "")


@pytest.fixture
async def bot(server: TelegramEmulator) -> AsyncIterator[Bot]:
    async with Bot(server.token, base_url=f"{server.server.address}/bot") as bot:
        yield bot


@pytest.mark.parametrize(
    ("method", "fields", "why"),
    [
        ("send_location", {"latitude": 91.0, "longitude": 2.0}, "Wrong location specified"),
        ("send_location", {"latitude": 1.0, "longitude": 2.0, "live_period": 5}, "Wrong live location period"),
        ("send_venue", {"latitude": 1.0, "longitude": 2.0, "title": " ", "address": "x"}, "Venue title"),
        ("send_poll", {"question": "x", "options": ["a"]}, "Poll must have at least 2"),
        ("send_poll", {"question": "x", "options": ["a"] * 13}, "Poll can't have more than 12"),
        ("send_poll", {"question": "x" * 301, "options": ["a", "b"]}, "Poll question length"),
        ("send_poll", {"question": "x", "options": ["a", "b" * 101]}, "Poll options length"),
        ("send_contact", {"phone_number": " ", "first_name": "x"}, "Contact phone number"),
    ],
)
async def test_the_emulator_refuses_what_is_no_place_or_card(
    bot: Bot, method: str, fields: dict[str, object], why: str
) -> None:
    with pytest.raises(BadRequest, match=why):
        await getattr(bot, method)(TOWN, **fields)
