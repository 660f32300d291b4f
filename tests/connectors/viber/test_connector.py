"""A Viber bot over its emulator: the handshake, who may call, what goes out, and what becomes of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bridge import (
    Attachment,
    Contact,
    Delivered,
    Feature,
    Kind,
    Location,
    Manner,
    Person,
    Rejected,
    RoomClosed,
    SendFailed,
    Unauthorized,
    Unavailable,
    Unsupported,
)
from bridge.asked import Outgoing
from bridge.ids import Key, PersonNumber, RoomId
from bridge.testing import samples
from bridge.testing.clock import HandClock
from bridge.testing.door import Door, opened
from bridge.testing.host import KitHost
from bridge.text.nodes import Bold, Paragraph, Text, said
from connectors.viber import outgoing
from connectors.viber.config import ViberConfig
from connectors.viber.connector import Viber
from connectors.viber.door import SIGNATURE, Refused, signature
from connectors.viber.emulator import ViberEmulator
from connectors.viber.emulator_rules import Greeting, Habits, Limits, Receipts, Signed, Spelling
from connectors.viber.emulator_server import Answer
from connectors.viber.errors import GeneralError
from connectors.viber.wire import Json, dumps
from tests.connectors.viber.conftest import Lab, lab_of


def sent(lab: Lab) -> Json:
    """The body of the last message that the bridge sent."""
    return next(call.body for call in reversed(lab.server.calls) if call.method == "send_message")


# The handshake.


async def test_viber_calls_while_it_is_told_the_address(lab: Lab) -> None:
    async with lab.kit.running():
        assert lab.door.answers[:1] == [200], "the address was tried out before the call was answered"
        told = [call.body for call in lab.server.calls if call.method == "set_webhook"]
        assert told == [{
            "url": lab.door.url, "send_name": True, "send_photo": True,
            "event_types": ["delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"],
        }]  # fmt: skip


@pytest.mark.parametrize("habits", [
    Habits(greeting=Greeting.UNSIGNED), Habits(signed=Signed.HEADER), Habits(signed=Signed.QUERY),
    Habits(spelling=Spelling.TEXT), Habits(receipts=Receipts.OURS), Habits(max_caption=120),
])  # fmt: skip
async def test_what_is_not_certain_is_taken_either_way(habits: Habits, door: Door, tmp_path: Path) -> None:
    async with ViberEmulator(habits=habits) as server:
        lab = lab_of(server, door, tmp_path, caption_characters=habits.max_caption)
        async with lab.kit.running() as run:
            await run.hears("good morning")
            (native,) = await run.send("good evening")
            event = await run.event(Delivered, lambda _: True, "that it arrived")
            assert event.message == native
            upload = samples.upload(Kind.IMAGE, "sunset")
            await run.send("under it", files=(lab.kit.host.keep(upload),))


async def test_without_a_public_address_nothing_begins(server: ViberEmulator, tmp_path: Path) -> None:
    viber = Viber(ViberConfig.model_validate(server.settings()), KitHost(tmp_path))
    with pytest.raises(Unauthorized, match="public_url"):
        await viber.run()


@pytest.mark.parametrize("address", ["http://example.org/in/v", "http://127.0.0.1:9/in/v"])
async def test_an_address_that_viber_does_not_reach_is_an_outage(
    server: ViberEmulator, address: str, tmp_path: Path
) -> None:
    viber = Viber(ViberConfig.model_validate(server.settings()), KitHost(tmp_path, webhook_url=address))
    with pytest.raises(Unavailable, match="does not reach"):
        await viber.run()


async def test_an_address_that_was_forgotten_is_told_again(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await lab.server.server.callbacks.set("", None)
        with pytest.raises(Unavailable, match="forgotten"):
            await run.send("into nothing")
        await run.deliver(run.outgoing("heard again"))
        assert lab.server.server.callbacks.url == lab.door.url


async def test_another_program_with_the_token_is_noticed_and_told(server: ViberEmulator, tmp_path: Path) -> None:
    async with opened() as door, opened() as other:
        lab = lab_of(server, door, tmp_path, check_seconds=5)
        lab.kit.host.clock = clock = HandClock()
        async with lab.kit.running() as run:
            server.server.callbacks.url = f"{other.url}/secret"
            (found,) = await run.connector.examine()
            assert "another program" in found.what
            assert "secret" not in found.what
            await clock.turn(6)
            await lab.kit.host.when(lambda: server.server.callbacks.url == door.url)


# What comes in.


async def test_a_callback_that_comes_twice_is_stored_once(lab: Lab) -> None:
    lab.server.server.callbacks.twice = True
    async with lab.kit.running() as run:
        await run.hears("only once")
        await run.hears("the end")
        assert lab.kit.host.words() == ["only once", "the end"]
        assert lab.kit.host.repeated


async def test_forged_calls_are_refused_counted_and_told(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.hears("a true call")
        true = lab.door.calls[-1]
        before = len(lab.kit.host.events)
        for _ in range(10):
            assert (await lab.viber.receive(replace(true, headers={SIGNATURE: "0" * 64}, query={}))).status == 403
        assert (await lab.viber.receive(replace(true, headers={}, query={}))).status == 403
        garbled = replace(true, body=b"no", headers={SIGNATURE: signature(b"no", lab.server.token)})
        assert (await lab.viber.receive(garbled)).status == 400
        assert lab.viber.refused == {Refused.FORGED: 10, Refused.UNSIGNED: 1, Refused.MALFORMED: 1}
        assert len(lab.kit.host.events) == before
        assert lab.kit.host.unread == ["a call"]
        assert [one.what for one in await run.connector.examine()] == [
            "10 calls to our address were refused since the start: forged"
        ]


async def test_a_call_before_the_connection_comes_again(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.hears("a true call")
    assert (await lab.viber.receive(lab.door.calls[-1])).status == 503


async def test_who_opens_the_chat_is_welcomed_in_the_answer(server: ViberEmulator, door: Door, tmp_path: Path) -> None:
    lab = lab_of(server, door, tmp_path, welcome="Good day!", name="Town Hall", avatar="https://example.org/a.jpg")
    async with lab.kit.running() as run:
        server.world.open(server.world.person("Newcomer"))
        server.world.open(server.world.person("Ada"))
        await run.hears("after that")
        assert server.server.welcomes == [{
            "sender": {"name": "Town Hall", "avatar": "https://example.org/a.jpg"}, "type": "text",
            "text": "Good day!", "min_api_version": 1,
        }]  # fmt: skip
        assert len(lab.kit.host.words()) == 1


async def test_without_a_welcome_nothing_is_said(lab: Lab) -> None:
    async with lab.kit.running() as run:
        lab.server.world.open(lab.server.world.person("Newcomer"))
        await run.hears("after that")
        assert lab.server.server.welcomes == []


async def test_a_message_that_failed_later_is_told(lab: Lab) -> None:
    lab.server.server.outcomes = ("failed",)
    async with lab.kit.running() as run:
        (native,) = await run.send("lost on the way")
        event = await run.event(SendFailed, lambda _: True, "that it failed")
        assert (event.message, event.reason) == (native, "failure description")


async def test_a_file_is_fetched_from_named_servers_only(server: ViberEmulator, door: Door, tmp_path: Path) -> None:
    lab = lab_of(server, door, tmp_path, fetch_inside=[])
    async with lab.kit.running() as run:
        for source in (f"{server.server.address}/media/1/a.jpg", "https://example.org/a.jpg", "file:///etc/passwd"):
            with pytest.raises(Rejected):
                await anext(aiter(run.connector.fetch(Attachment(kind=Kind.IMAGE, source=source))))


async def test_an_hour_later_a_file_is_gone(door: Door, tmp_path: Path) -> None:
    clock = HandClock()
    async with ViberEmulator(clock=clock) as server:
        lab = lab_of(server, door, tmp_path)
        lab.kit.host.clock = clock
        async with lab.kit.running() as run:
            await server.send_files(lab.kit.town, "Ada", (samples.upload(Kind.IMAGE, "fleeting"),))
            await lab.kit.host.until(lambda events: events, "a picture")
            (attachment,) = lab.kit.host.events[0].attachments  # type: ignore[union-attr]  # it is a message
            assert [piece async for piece in run.connector.fetch(attachment)]
            server.world.limits = Limits(media_seconds=-1)
            with pytest.raises(Rejected):
                await anext(aiter(run.connector.fetch(attachment)))


# What goes out.


async def test_a_message_leaves_with_its_authors_name_and_picture(lab: Lab) -> None:
    async with lab.kit.running() as run:
        ada = Person(number=PersonNumber(1), name="Ada " + "L" * 40, avatar="https://elsewhere.example/ada.jpg")
        face = lab.kit.host.faces[ada.number] = lab.kit.host.keep(samples.upload(Kind.IMAGE, "Ada", "image/jpeg"))
        lab.kit.host.files_url = "https://bridge.example.org/files"
        address = await lab.kit.host.link(face)
        await run.send((Paragraph((Bold((Text("loud"),)), Text(" words"))),), author=ada)
        assert sent(lab) == {
            "receiver": lab.kit.town, "min_api_version": 1, "type": "text", "text": "*loud* words",
            "sender": {"name": "Ada " + "L" * 23 + "…", "avatar": address},
        }  # fmt: skip
        await run.send("a notice", author=None)
        assert sent(lab)["sender"] == {"name": "Bridge"}
        await run.send("no picture", author=Person(number=PersonNumber(2), name="Ben", avatar="mxc://example.org/x"))
        assert sent(lab)["sender"] == {"name": "Ben"}


async def test_an_id_is_a_token_of_nineteen_digits(lab: Lab) -> None:
    async with lab.kit.running() as run:
        (native,) = await run.send("count the digits")
        assert native == str(lab.server.world.shown_in(lab.kit.town)[-1].token)
        assert len(native) == 19


async def test_an_address_alone_is_a_message_of_its_own_kind(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.send("https://example.org/page?a=1")
        assert (sent(lab)["type"], sent(lab)["media"]) == ("url", "https://example.org/page?a=1")


async def test_what_somebody_does_stands_slanted(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await run.send("waves", manner=Manner.EMOTE)
        assert sent(lab)["text"] == "_waves_"


async def test_a_text_that_signs_would_make_too_long_goes_without_them(lab: Lab) -> None:
    async with lab.kit.running() as run:
        for words in ("*" * 7000, "😀" * 6990 + "_x_"):
            await run.send(said(words))
            assert len(sent(lab)["text"]) <= 7000


async def test_places_and_cards_go_as_what_they_are_where_nothing_is_lost(lab: Lab) -> None:
    async with lab.kit.running() as run:
        here = Attachment(kind=Kind.LOCATION, location=Location(latitude=50.45, longitude=30.52))
        card = Attachment(kind=Kind.CONTACT, contact=Contact(name="G" * 40, phone="+1 (555) 010-0"))
        await run.send((), shared=(here,))
        assert sent(lab)["location"] == {"lat": 50.45, "lon": 30.52}
        await run.send((), shared=(card,))
        assert sent(lab)["contact"] == {"name": "G" * 27 + "…", "phone_number": "+15550100"}
        titled = Attachment(kind=Kind.LOCATION, location=Location(latitude=1, longitude=1, title="Office"))
        nameless = Attachment(kind=Kind.CONTACT, contact=Contact(name="Grace"))
        endless = Attachment(kind=Kind.CONTACT, contact=Contact(name="Grace", phone="1" * 19))
        for one in (titled, nameless, endless):
            with pytest.raises(Unsupported):
                await run.send((), shared=(one,))


async def test_files_that_viber_takes_from_nobody_are_not_tried(lab: Lab) -> None:
    async with lab.kit.running() as run:
        paper = lab.kit.host.keep(samples.upload(Kind.FILE, "paper"))
        film = lab.kit.host.keep(samples.upload(Kind.VIDEO, "film"))
        before = len(lab.server.calls)
        for file in (replace(paper, name="setup.EXE"), replace(paper, name="nothing"), replace(film, duration=181.0)):
            with pytest.raises(Unsupported):
                await run.send((), files=(file,))
        assert len(lab.server.calls) == before


async def test_a_file_that_viber_refuses_becomes_something_else(lab: Lab) -> None:
    async with lab.kit.running() as run:
        film = lab.kit.host.keep(samples.upload(Kind.VIDEO, "film"))
        with pytest.raises(Unsupported) as caught:
            await run.send((), files=(replace(film, size=film.size + 1),))
        assert caught.value.feature is Feature.ATTACHMENT


async def test_without_a_link_there_is_no_file() -> None:
    config = ViberConfig.model_validate({"connector": "viber", "token": "0a0a0a0a-1b1b1b1b"})
    upload = samples.described(samples.upload(Kind.IMAGE, "x"), "f1", "00")
    message = Outgoing(room=RoomId("x"), key=Key("k.1.0"), text=(), files=(upload,))
    with pytest.raises(Unsupported):
        outgoing.body(message, config, outgoing.Links())


async def test_a_status_that_nobody_knows_is_tried_and_then_parked(lab: Lab) -> None:
    async with lab.kit.running() as run:
        lab.server.refuse_next(99)
        with pytest.raises(GeneralError):
            await run.send("what now")


async def test_a_success_without_a_token_has_no_id(lab: Lab) -> None:
    async with lab.kit.running() as run:
        lab.server.answer_next(Answer(body=b'{"status":0,"status_message":"ok"}'))
        assert await run.send("anonymous") == ()


async def test_who_had_enough_closes_the_room_and_a_word_of_theirs_opens_it(lab: Lab) -> None:
    async with lab.kit.running() as run:
        await lab.server.unsubscribe(lab.kit.town)
        with pytest.raises(RoomClosed, match="not subscribed"):
            await run.send("are you there")
        await run.hears("I am back")
        await run.send("welcome back")


async def test_a_hundred_messages_an_hour_are_too_many_until_somebody_answers(lab: Lab) -> None:
    async with lab.kit.running() as run:
        lab.server.world.people[lab.kit.town].sent = 99
        lab.server.world.people[lab.kit.town].hour = int(lab.server.world.clock.now().timestamp()) // 3600
        await run.send("the hundredth")
        with pytest.raises(Unavailable) as caught:
            await run.send("one too many")
        assert caught.value.retry_after == 60.0
        await run.hears("an answer")
        await run.send("and on")


# To many.


async def test_a_broadcast_goes_in_one_call_and_tells_each_refusal(lab: Lab) -> None:
    async with lab.kit.running() as run:
        gone = lab.server.world.person("Gone").id
        rooms = [RoomId(one) for one in (lab.kit.town, gone, lab.kit.garden)]
        found = await lab.viber.broadcast(run.outgoing("news"), rooms)
        assert isinstance(found[RoomId(gone)], RoomClosed)
        token = str(lab.server.world.shown_in(lab.kit.town)[-1].token)
        assert [found[rooms[0]], found[rooms[2]]] == [token, token]
        assert [call.method for call in lab.server.calls].count("broadcast_message") == 1
        assert lab.viber.capabilities(rooms[0]).max_recipients == 300


@pytest.mark.parametrize("rooms", [[], [RoomId(f"p{number}=") for number in range(301)]])
async def test_too_many_at_once_are_refused_here(lab: Lab, rooms: Sequence[RoomId]) -> None:
    async with lab.kit.running() as run:
        with pytest.raises(Rejected):
            await lab.viber.broadcast(run.outgoing("news"), rooms)


async def test_a_list_of_failures_that_cannot_be_read_harms_nothing(lab: Lab) -> None:
    async with lab.kit.running() as run:
        room = RoomId(lab.kit.town)
        listed: list[Any] = [None, "x", {"receiver": 5}, {"receiver": "elsewhere", "status": 6}]
        for entry, kind in (
            (None, str),
            ({"receiver": room, "status": 99}, Unavailable),
            ({"receiver": room}, Unavailable),
        ):
            body: Json = {"status": 0, "message_token": 7, "failed_list": [*listed, entry]}
            lab.server.answer_next(Answer(body=dumps(body)))
            assert isinstance((await lab.viber.broadcast(run.outgoing("news"), [room]))[room], kind)


async def test_a_room_is_somebodys_id(lab: Lab) -> None:
    async with lab.kit.running():
        for name in ("", " x", "y" * 300):
            with pytest.raises(Rejected):
                await lab.viber.join(name)


async def test_a_send_without_a_connection_is_an_outage(lab: Lab) -> None:
    async with lab.kit.running() as run:
        part = run.outgoing("too late")
    with pytest.raises(Unavailable):
        await lab.viber.send(part)
