"""Calls of WhatsApp as events: every documented payload, and what cannot be read."""

import json
from typing import Any

import pytest

from bridge.events import (
    Confirmation,
    Deleted,
    Delivered,
    Edited,
    Failure,
    Joined,
    Kind,
    Left,
    Posted,
    RoomChanged,
    RoomKind,
    RoomMoved,
    SendFailed,
)
from bridge.text.walk import plain
from connectors.whatsapp.fuzz import _CALLS
from connectors.whatsapp.incoming import Reacting, Told, told

Json = dict[str, Any]
ME = "106540352242922"
NOBODY = "somebody on WhatsApp"
GROUP = "Y2FwaV9ncm91cDoxNzA1NTU1MDEzOToxMjAzNjM0MDQ2OTQyMzM4MjAZD"
ADA = {"profile": {"name": "Ada", "username": "@ada.l"}, "wa_id": "380671112233", "user_id": "UA.1349"}
HEAD = {"from": "380671112233", "from_user_id": "UA.1349", "id": "wamid.A", "timestamp": "1760000010"}


def called(field: str = "messages", **value: object) -> Told:
    head = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": ME}}
    change = {"field": field, "value": {**head, **value}}
    found = told({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}, ME)
    assert found is not None
    return found


def heard(content: Json, contact: Json | None = None, **head: object) -> Any:  # noqa: ANN401 whatever came of it
    message = {name: value for name, value in {**HEAD, **head, **content}.items() if value is not None}
    (event,) = called(contacts=[contact or ADA], messages=[message]).events
    return event


def words(content: Json, **head: object) -> str:
    event = heard(content, **head)
    assert isinstance(event, Posted)
    return plain(event.text)


HELLO = {"type": "text", "text": {"body": "Hello"}}


@pytest.mark.parametrize(
    ("head", "contact", "person"),
    [
        ({}, ADA, "UA.1349"),
        ({"from": None}, {**ADA, "wa_id": None}, "UA.1349"),
        ({"from": ""}, {**ADA, "wa_id": ""}, "UA.1349"),
        ({"from": "UA.1349", "from_user_id": None}, {**ADA, "wa_id": "UA.1349"}, "UA.1349"),
        ({"from_user_id": None}, ADA, "UA.1349"),
        ({"from": None, "from_user_id": None}, ADA, "UA.1349"),
        ({"from_user_id": None}, {"profile": {"name": "Ada"}, "wa_id": "380671112233"}, "380671112233"),
        ({"from_user_id": "US.ENT.118", "from": None}, {"profile": {"name": "Ada"}, "user_id": "US.ENT.118"},
         "US.ENT.118"),
    ],
)  # fmt: skip
def test_a_person_is_known_by_user_id_and_else_by_phone(
    head: dict[str, Any], contact: dict[str, Any], person: str
) -> None:
    event = heard(HELLO, contact, **head)
    assert (event.author.id, event.room, event.room_kind) == (person, person, RoomKind.DIRECT)
    assert event.author.name == "Ada"


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({"name": "Ada"}, "Ada"),
        ({"username": "@ada.l"}, "ada.l"),
        ({}, "somebody on WhatsApp"),
        (None, "somebody on WhatsApp"),
    ],
)
def test_a_person_without_a_name_is_not_called_by_their_number(profile: object, name: str) -> None:
    assert heard(HELLO, {**ADA, "profile": profile}).author.name == name


def test_phones_are_handed_on_beside_the_events() -> None:
    found = called(contacts=[ADA], messages=[{**HEAD, **HELLO}])
    assert found.phones == {"UA.1349": "380671112233"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (HELLO, "Hello"),
        ({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"title": "Yes"}}}, "Yes"),
        ({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"title": "Two"}}}, "Two"),
        ({"type": "button", "button": {"payload": "p", "text": "Stop"}}, "Stop"),
        ({"type": "unsupported", "unsupported": {"type": "poll"}}, "[a poll that WhatsApp does not pass on]"),
        ({"type": "unsupported", "errors": [{"code": 131051}]}, "[a message of a kind that WhatsApp does not pass on]"),
        ({"type": "text", "text": {}}, "[a message of a kind that WhatsApp does not pass on]"),
        ({**HELLO, "context": {"forwarded": True}}, "Forwarded\nHello"),
        ({**HELLO, "context": {"frequently_forwarded": True}}, "Forwarded\nHello"),
    ],
)
def test_what_is_said_is_read(content: dict[str, Any], text: str) -> None:
    assert words(content) == text


def test_a_kind_that_nobody_knows_is_a_placeholder_and_counted() -> None:
    found = called(contacts=[ADA], messages=[{**HEAD, "type": "hologram"}])
    assert [type(event) for event in found.events] == [Posted]
    assert found.unreadable == ("a message",)


def test_a_reply_names_what_it_answers_and_a_group_its_room() -> None:
    event = heard({**HELLO, "context": {"from": "38", "id": "wamid.B"}, "group_id": GROUP})
    assert (event.in_reply_to, event.room, event.room_kind) == ("wamid.B", GROUP, RoomKind.GROUP)
    assert event.author.id == "UA.1349"


@pytest.mark.parametrize(
    ("content", "kind", "name", "mime"),
    [
        ({"type": "image", "image": {"id": "14", "mime_type": "image/jpeg"}}, Kind.IMAGE, "", "image/jpeg"),
        ({"type": "audio", "audio": {"id": "14", "mime_type": "audio/ogg; codecs=opus", "voice": True}}, Kind.VOICE, "",
         "audio/ogg"),
        ({"type": "audio", "audio": {"id": "14", "mime_type": "audio/mpeg"}}, Kind.AUDIO, "", "audio/mpeg"),
        ({"type": "video", "video": {"id": "14", "mime_type": "video/mp4"}}, Kind.VIDEO, "", "video/mp4"),
        ({"type": "document", "document": {"id": "14", "filename": "a.pdf"}}, Kind.FILE, "a.pdf", ""),
        ({"type": "sticker", "sticker": {"id": "14", "mime_type": "image/webp", "animated": True}}, Kind.STICKER, "",
         "image/webp"),
    ],
)  # fmt: skip
def test_a_file_is_known_by_its_id(content: dict[str, Any], kind: Kind, name: str, mime: str) -> None:
    (found,) = heard(content).attachments
    assert (found.kind, found.name, found.mime, found.source) == (kind, name, mime, "14")
    assert found.animated is (kind is Kind.STICKER)


@pytest.mark.parametrize("ident", ["../14", "", 14, None, "1/4"])
def test_an_id_that_is_none_is_not_asked_for(ident: object) -> None:
    event = heard({"type": "image", "image": {"id": ident}})
    assert event.attachments == ()
    assert plain(event.text).startswith("[")


def test_places_and_cards_are_read() -> None:
    place = {"latitude": 50.45, "longitude": 30.52, "name": "Office", "address": "Khreshchatyk 1"}
    (found,) = heard({"type": "location", "location": place}).attachments
    assert (found.location.latitude, found.location.title, found.location.address) == (
        50.45,
        "Office",
        "Khreshchatyk 1",
    )
    card = {"name": {"formatted_name": "Ivan P"}, "phones": [{"phone": "+380 67"}]}
    cards = heard({"type": "contacts", "contacts": [card, {"name": {}}]}).attachments
    assert [(one.contact.name, one.contact.phone) for one in cards] == [("Ivan P", "+380 67"), ("", "")]


@pytest.mark.parametrize("place", [{"latitude": "x", "longitude": 1}, {"latitude": 1e999, "longitude": 1}, {}, None])
def test_a_place_that_is_none_is_a_placeholder(place: object) -> None:
    assert words({"type": "location", "location": place}).startswith("[")


@pytest.mark.parametrize(("reaction", "emoji"), [({"emoji": "👍"}, "👍"), ({"emoji": ""}, ""), ({}, "")])
def test_a_reaction_may_be_taken_back_in_two_ways(reaction: dict[str, Any], emoji: str) -> None:
    event = heard({"type": "reaction", "reaction": {"message_id": "wamid.B", **reaction}})
    assert isinstance(event, Reacting)
    assert (event.message, event.emoji, event.by.id) == ("wamid.B", emoji, "UA.1349")


def test_edits_and_deletions_name_the_original() -> None:
    message = {"context": {"id": "M0"}, "type": "text", "text": {"body": "fixed *text*"}}
    edited = heard({"type": "edit", "edit": {"original_message_id": "wamid.B", "message": message}})
    assert isinstance(edited, Edited)
    assert (edited.replaces, plain(edited.text), edited.id) == ("wamid.B", "fixed text", "edit:wamid.A")
    deleted = heard({"type": "revoke", "revoke": {"original_message_id": "wamid.B"}})
    assert isinstance(deleted, Deleted)
    assert (deleted.message, deleted.by and deleted.by.id) == ("wamid.B", "UA.1349")


@pytest.mark.parametrize(
    "system",
    [
        {"type": "user_changed_user_id", "user_id": "UA.77"},
        {"type": "user_changed_number", "wa_id": "380500000000", "user_id": "UA.77"},
    ],
)
def test_who_has_another_id_moves_and_only_the_old_end_says_so(system: dict[str, Any]) -> None:
    event = heard({"type": "system", "system": system})
    assert isinstance(event, RoomMoved)
    assert (event.room, event.to, event.confirmed) == ("UA.1349", "UA.77", Confirmation.OLD_END)


def test_what_a_colleague_wrote_in_the_app_is_not_ours() -> None:
    message = {"from": "380441234567", "to": "380671112233", "to_user_id": "UA.1349", "id": "wamid.E",
               "timestamp": "1760000010", **HELLO}  # fmt: skip
    (event,) = called("smb_message_echoes", message_echoes=[message]).events
    assert isinstance(event, Posted)
    assert (event.room, event.author.id, event.echo_of) == ("UA.1349", f"{ME}:app", None)


STATUS = {"id": "wamid.S", "timestamp": "1760000040", "recipient_id": "380671112233"}


def test_a_status_brings_our_key_home() -> None:
    status = {**STATUS, "status": "sent", "biz_opaque_callback_data": "k.1.0"}
    (echo,) = called(statuses=[status]).events
    assert isinstance(echo, Posted)
    assert (echo.echo_of, echo.message, echo.room, echo.author.id) == ("k.1.0", ("wamid.S",), "380671112233", ME)


@pytest.mark.parametrize("state", ["delivered", "read", "played"])
def test_what_arrived_is_confirmed_to_whom_it_went(state: str) -> None:
    status = {**STATUS, "status": state, "recipient_id": None, "recipient_user_id": "UA.1349"}
    (event,) = called(statuses=[status]).events
    assert isinstance(event, Delivered)
    assert (event.message, event.room, event.room_kind) == ("wamid.S", "UA.1349", RoomKind.DIRECT)


@pytest.mark.parametrize(
    ("code", "failure"),
    [(131047, Failure.CLOSED), (131026, Failure.REFUSED), (130429, Failure.LOST), (131053, Failure.REFUSED),
     (131000, Failure.LOST), (987654, Failure.REFUSED), (None, Failure.REFUSED)],
)  # fmt: skip
def test_a_failure_that_comes_late_says_what_can_be_done(code: int | None, failure: Failure) -> None:
    error = {"code": code, "title": "No", "error_data": {"details": "of 380671112233"}}
    (event,) = called(statuses=[{**STATUS, "status": "failed", "errors": [error]}]).events
    assert isinstance(event, SendFailed)
    assert event.failure is failure
    assert "380671112233" not in event.reason


def test_a_status_finds_the_user_id_beside_the_phone_number() -> None:
    (event,) = called(contacts=[ADA], statuses=[{**STATUS, "status": "delivered"}]).events
    assert event.room == "UA.1349"


def test_a_group_tells_of_each_member() -> None:
    status = {**STATUS, "status": "read", "recipient_id": GROUP, "recipient_type": "group",
              "recipient_participant_user_id": "UA.1349"}  # fmt: skip
    (event,) = called(statuses=[status]).events
    assert isinstance(event, Delivered)
    assert (event.room, event.recipient, event.room_kind) == (GROUP, "UA.1349", RoomKind.GROUP)


CHANGED = {"timestamp": "1750269343", "group_id": GROUP}
ADDED = {"added_participants": [{"input": "16505551234", "wa_id": "16505551234", "user_id": "US.1"}]}


@pytest.mark.parametrize("hint", ["group_participants_add", "group_create", ""])
def test_who_comes_and_goes_is_told_by_the_field_and_not_by_the_type(hint: str) -> None:
    removed = {"removed_participants": [{"input": "16505551234"}], "failed_participants": []}
    events = called("group_participants_update", groups=[{**CHANGED, "type": hint, **ADDED, **removed}]).events
    assert [(type(event), event.user.id) for event in events if isinstance(event, Joined | Left)] == [
        (Joined, "US.1"), (Left, "16505551234")
    ]  # fmt: skip


@pytest.mark.parametrize("subject", ["Team", {"text": "Team", "update_successful": True}])
def test_a_group_gets_another_name(subject: object) -> None:
    (event,) = called("group_settings_update", groups=[{**CHANGED, "subject": subject}]).events
    assert isinstance(event, RoomChanged)
    assert event.name == "Team"


def test_a_name_that_was_refused_changes_nothing() -> None:
    refused = {"subject": {"text": "Team", "update_successful": False}}
    assert called("group_settings_update", groups=[{**CHANGED, **refused}]).events == ()


@pytest.mark.parametrize(
    ("field", "kind", "leaves"),
    [("group_status_update", "group_suspend", True), ("group_status_update", "group_suspend_cleared", False),
     ("group_lifecycle_update", "group_delete", True), ("group_lifecycle_update", "group_create", False)],
)  # fmt: skip
def test_a_group_that_ends_is_left(field: str, kind: str, leaves: bool) -> None:  # noqa: FBT001 a table's column
    events = called(field, groups=[{**CHANGED, "type": kind, "request_id": "7"}]).events
    assert [event.user.id for event in events if isinstance(event, Left)] == ([ME] if leaves else [])


def test_another_number_of_the_same_account_is_not_ours() -> None:
    assert called(metadata={"phone_number_id": "999"}, contacts=[ADA], messages=[{**HEAD, **HELLO}]).events == ()


def test_events_stand_in_the_order_of_their_times() -> None:
    messages = [{**HEAD, **HELLO, "id": f"wamid.{at}", "timestamp": str(at)} for at in (3, 1, 2)]
    assert [event.id for event in called(contacts=[ADA], messages=messages).events] == [
        "message:wamid.1", "message:wamid.2", "message:wamid.3"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "broken", [{"id": None}, {"timestamp": None}, {"timestamp": "x"}, {"timestamp": "9" * 30}, {"timestamp": "-5"}]
)
def test_what_has_no_id_or_no_time_is_counted(broken: dict[str, Any]) -> None:
    found = called(contacts=[ADA], messages=[{**HEAD, **HELLO, **broken}, {**HEAD, **HELLO}])
    assert (len(found.events), found.unreadable) == (1, ("a message",))


@pytest.mark.parametrize("body", [{}, {"object": "page", "entry": []}, {"object": 7}])
def test_a_call_for_another_product_is_none_of_ours(body: dict[str, Any]) -> None:
    assert told(body, ME) is None


def test_the_same_call_makes_the_same_events() -> None:
    for call in _CALLS:
        first, again = told(json.loads(call), ME), told(json.loads(call), ME)
        assert first is not None
        assert first == again
        assert len({event.id for event in first.events}) == len(first.events)
