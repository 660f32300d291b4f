"""WhatsApp's parsers for the fuzz kit: calls, answers to ours, typed texts."""

import json
from typing import Any

from bridge.errors import BridgeError, Scope
from bridge.events import Failure
from bridge.ids import RoomId
from bridge.testing.fuzz_target import Target, text_of
from bridge.text.walk import normal, plain
from connectors.graph.errors import refusal
from connectors.graph.errors import told as told_error
from connectors.graph.wire import loads
from connectors.whatsapp.errors import failure, meaning
from connectors.whatsapp.format import parse, render
from connectors.whatsapp.hearing import changed
from connectors.whatsapp.incoming import Reacting, told

_ME = "106540352242922"
_CONTACT = {"profile": {"name": "Olena", "username": "olena.k"}, "wa_id": "380671112233", "user_id": "UA.1349"}
_HEAD = {"from": "380671112233", "from_user_id": "UA.1349", "id": "wamid.A", "timestamp": "1760000010"}
_CONTENTS: tuple[dict[str, Any], ...] = (
    {"type": "text", "text": {"body": "*Hello* _x_"}, "context": {"from": "380441234567", "id": "wamid.B"}},
    {"type": "image", "image": {"id": "14", "mime_type": "image/jpeg", "sha256": "k=", "caption": "cap"}},
    {"type": "audio", "audio": {"id": "2", "mime_type": "audio/ogg; codecs=opus", "voice": True}},
    {"type": "document", "document": {"id": "3", "mime_type": "application/pdf", "filename": "../a.pdf"}},
    {"type": "sticker", "sticker": {"id": "4", "mime_type": "image/webp", "animated": False}},
    {"type": "location", "location": {"latitude": 50.45, "longitude": 30.52, "name": "Office", "address": "K 1"}},
    {"type": "contacts", "contacts": [{"name": {"formatted_name": "Ivan"}, "phones": [{"phone": "+380 67"}]}]},
    {"type": "reaction", "reaction": {"message_id": "wamid.A", "emoji": "👍"}},
    {"type": "unsupported", "unsupported": {"type": "poll"}, "errors": [{"code": 131051, "title": "no"}]},
    {"type": "system", "system": {"type": "user_changed_number", "body": "b", "wa_id": "380500000000"}},
    {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "b1", "title": "Yes"}}},
    {"type": "interactive", "context": {"id": "wamid.B"}, "interactive": {"type": "list_reply", "list_reply": {
        "id": "1", "title": "a very long…", "description": "a very long answer"}}},
    {"type": "button", "button": {"payload": "p", "text": "Stop"}, "context": {"forwarded": True}},
    {"type": "edit", "edit": {"original_message_id": "wamid.A", "message": {"type": "text", "text": {"body": "y"}}}},
    {"type": "revoke", "revoke": {"original_message_id": "wamid.A"}}, {"type": "order", "order": {"text": "x"}},
    {"type": "text", "text": {"body": "in a group"}, "group_id": "Y2FwaV9ncm91cDoxNzA1NTU1MDEzOToxMjAzNjM0MDQ2"},
)  # fmt: skip
_STATUS = {"id": "wamid.A", "timestamp": "1760000040", "recipient_id": "380671112233", "recipient_user_id": "UA.1349"}
_ERRORS: list[dict[str, Any]] = [
    {"code": 131047, "title": "Re-engagement message", "error_data": {"details": "more than 24 hours"}}
]
_STATUSES = (
    {**_STATUS, "status": "sent", "biz_opaque_callback_data": "k3y.1.0"}, {**_STATUS, "status": "read"},
    {**_STATUS, "status": "failed", "errors": _ERRORS},
    {**_STATUS, "status": "delivered", "recipient_type": "group", "recipient_participant_user_id": "UA.2"},
)  # fmt: skip
_GROUP = {"timestamp": "1750269343", "group_id": "Y2FwaV9ncm91cDoxNzA1NTU1MDEzOToxMjAzNjM0MDQ2"}
_GROUPS = (
    ("group_participants_update", {**_GROUP, "type": "group_participants_add",
                                   "added_participants": [{"input": "1650555", "user_id": "US.1"}]}),
    ("group_participants_update", {**_GROUP, "type": "group_join_request_created", "join_request_id": "r1",
                                   "user_id": "US.1"}),
    ("group_settings_update", {**_GROUP, "subject": {"text": "Team", "update_successful": True}}),
    ("group_status_update", {**_GROUP, "type": "group_suspend"}),
)  # fmt: skip


def _value(**more: object) -> dict[str, Any]:
    return {"metadata": {"phone_number_id": _ME}, "contacts": [_CONTACT], **more}


def _called(field: str, value: object) -> bytes:
    change = {"field": field, "value": value}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()


_CALLS = (
    *(_called("messages", _value(messages=[{**_HEAD, **content}])) for content in _CONTENTS),
    *(_called("messages", _value(statuses=[status])) for status in _STATUSES),
    *(_called(field, _value(groups=[group])) for field, group in _GROUPS),
    _called("smb_message_echoes", {"message_echoes": [{**_HEAD, **_CONTENTS[0], "to": "380671112233"}]}),
)
_ANSWERS = tuple(
    json.dumps({"error": {**error, "type": "OAuthException"}}).encode()
    for error in (_ERRORS[0], {"code": 100, "message": "x"}, {"code": 4, "error_subcode": 1}, {"code": 0})
)


def _call(data: bytes) -> None:
    body = loads(data)
    for event in found.events if body is not None and (found := told(body, _ME)) else ():
        assert event.id
        assert event.room
        if isinstance(event, Reacting):
            assert all(change.room == RoomId(event.room) for change in changed(event, "😀"))


def _answer(data: bytes) -> None:
    for status in (200, 400, 401, 429, 500):
        error = refusal(status, data, {"Retry-After": text_of(data[:5])})
        assert error is None or isinstance(meaning(error, Scope.ROOM), BridgeError)
    assert isinstance(failure(told_error(loads(data) or {})), Failure)


def _text(data: bytes) -> None:
    tree = parse(text_of(data))
    assert normal(tree) == tree
    assert plain(parse(render(tree))).split() == plain(tree).split(), "words change on the way through WhatsApp's marks"


TARGETS = {
    "call": Target(_call, _CALLS, "json"),
    "answer": Target(_answer, _ANSWERS, "json"),
    "text": Target(_text, (b"*hello* _there_ `x` ~y~", "> é\n```code\n``` *\u05e9*".encode())),
}
