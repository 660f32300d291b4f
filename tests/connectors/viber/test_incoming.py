"""Viber's callbacks in the bridge's words, in both spellings of what is not certain."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bridge import Attachment, Contact, Delivered, Failure, Joined, Kind, Left, Location, Posted, RoomKind, SendFailed
from bridge.text.nodes import Bold, Paragraph, Rich, Text, said
from connectors.viber.door import Callback
from connectors.viber.incoming import Told, told

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOKEN = 5741311803571721087
ADA = "01234567890A="
SENDER = {"id": ADA, "name": " Olena  K ", "avatar": "https://media-direct.cdn.viber.com/a.jpg"}
MEDIA = "https://media-direct.cdn.viber.com/f"


def heard(event: str, **fields: Any) -> Told:  # noqa: ANN401 a callback holds anything
    return told(Callback(event, NOON, {"message_token": TOKEN, **fields}))


def message(**fields: Any) -> Told:  # noqa: ANN401
    return heard("message", sender=SENDER, message=fields)


def test_words_of_a_person_are_said_in_their_own_room() -> None:
    (event,) = message(type="text", text="*Hello*").events
    assert isinstance(event, Posted)
    assert (event.room, event.room_kind, event.author.id) == (ADA, RoomKind.DIRECT, ADA)
    assert (event.author.name, event.author.avatar) == ("Olena K", SENDER["avatar"])
    assert event.message == (str(TOKEN),), "19 digits, none of them lost"
    assert event.id == f"message:{TOKEN}:{ADA}"
    assert event.text == (Paragraph((Bold((Text("Hello"),)),)),)


CARRIED: list[tuple[dict[str, Any], Rich, Attachment]] = [
    ({"type": "picture", "media": MEDIA, "thumbnail": MEDIA, "file_name": "a.jpg", "text": "cap"}, said("cap"),
     Attachment(kind=Kind.IMAGE, name="a.jpg", source=MEDIA)),
    ({"type": "video", "media": MEDIA, "size": 9, "duration": 3, "file_name": "a.mp4"}, (),
     Attachment(kind=Kind.VIDEO, name="a.mp4", mime="video/mp4", size=9, duration=3.0, source=MEDIA)),
    ({"type": "file", "media": MEDIA, "size": "9", "file_name": "a.pdf"}, (),
     Attachment(kind=Kind.FILE, name="a.pdf", size=9, source=MEDIA)),
    ({"type": "sticker", "sticker_id": 40108, "media": MEDIA}, (),
     Attachment(kind=Kind.STICKER, mime="image/png", source=MEDIA)),
    ({"type": "sticker", "sticker_id": "40108", "media": MEDIA}, (),
     Attachment(kind=Kind.STICKER, mime="image/png", source=MEDIA)),
    ({"type": "contact", "contact": {"name": "Ivan", "phone_number": "+380671112233"}}, (),
     Attachment(kind=Kind.CONTACT, contact=Contact(name="Ivan", phone="+380671112233"))),
    ({"type": "location", "location": {"lat": 50.45, "lon": 30.52}}, (),
     Attachment(kind=Kind.LOCATION, location=Location(latitude=50.45, longitude=30.52))),
    ({"type": "location", "location": {"lat": "50.45", "lon": "30.52", "address": "Office"}}, (),
     Attachment(kind=Kind.LOCATION, location=Location(latitude=50.45, longitude=30.52, title="Office"))),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "words", "attachment"), CARRIED)
def test_what_people_send_arrives_as_what_it_is(raw: dict[str, Any], words: Rich, attachment: Attachment) -> None:
    (event,) = message(**raw).events
    assert isinstance(event, Posted)
    assert (event.text, event.attachments) == (words, (attachment,))


@pytest.mark.parametrize(
    ("raw", "words"),
    [({"type": "url", "media": "https://example.org/"}, "https://example.org/"),
     ({"type": "sticker", "sticker_id": 40108}, "[a sticker]")],
)  # fmt: skip
def test_some_things_arrive_as_words(raw: dict[str, Any], words: str) -> None:
    (event,) = message(**raw).events
    assert isinstance(event, Posted)
    assert event.text == said(words)


@pytest.mark.parametrize(
    "raw",
    [{}, {"type": "text"}, {"type": "text", "text": 5}, {"type": "hologram"}, {"type": "picture"}, {"type": "contact"},
     {"type": "location", "location": {"lat": "north", "lon": 1}},
     {"type": "location", "location": {"lat": 91, "lon": 1}}],
)  # fmt: skip
def test_what_cannot_be_read_is_seen_and_counted(raw: dict[str, Any]) -> None:
    found = message(**raw)
    assert found.unreadable == "message"
    assert [one.text for one in found.events if isinstance(one, Posted)] == [said("[a message that could not be read]")]


@pytest.mark.parametrize("event", ["message", "subscribed", "delivered", "failed"])
def test_an_event_about_nobody_is_counted(event: str) -> None:
    assert heard(event) == Told(unreadable=event)


@pytest.mark.parametrize("event", ["client_status", "webhook", "something_new"])
def test_other_kinds_are_passed_over(event: str) -> None:
    assert heard(event, user_id=ADA) == Told()


def test_who_subscribes_joins_and_who_had_enough_leaves() -> None:
    ((joined,), (left,)) = heard("subscribed", user=SENDER).events, heard("unsubscribed", user_id=ADA).events
    assert isinstance(joined, Joined)
    assert isinstance(left, Left)
    assert (joined.room, joined.user.id, joined.user.name) == (ADA, ADA, "Olena K")
    assert (left.room, left.user.id, left.room_kind) == (ADA, ADA, RoomKind.DIRECT)


def test_receipts_name_the_message_and_are_told_apart() -> None:
    ((delivered,), (seen,)) = heard("delivered", user_id=ADA).events, heard("seen", user_id=ADA).events
    for one in (delivered, seen):
        assert isinstance(one, Delivered)
        assert (one.message, one.recipient) == (str(TOKEN), ADA)
    assert delivered.id != seen.id


@pytest.mark.parametrize(
    ("why", "failure"), [("failure description", Failure.REFUSED), ("user is not subscribed", Failure.CLOSED)]
)
def test_a_failure_that_comes_later_says_what_can_be_done(why: str, failure: Failure) -> None:
    (event,) = heard("failed", user_id=ADA, desc=why).events
    assert isinstance(event, SendFailed)
    assert (event.message, event.reason, event.failure) == (str(TOKEN), why, failure)


def test_a_token_in_text_is_the_same_token() -> None:
    call = Callback("delivered", NOON, {"message_token": str(TOKEN), "user_id": ADA})
    assert told(call) == heard("delivered", user_id=ADA)


def test_somebody_without_a_name_is_called_something() -> None:
    (event,) = heard("message", sender={"id": ADA, "avatar": "http://x"}, message={"type": "text", "text": "x"}).events
    assert isinstance(event, Posted)
    assert (event.author.name, event.author.avatar) == ("Viber user", None)
