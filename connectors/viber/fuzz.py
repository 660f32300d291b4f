"""Viber's parsers for the fuzz kit: callbacks, answers, formatted texts, addresses of files."""

import json
from datetime import UTC, datetime
from typing import Any

from bridge import Outgoing, Request
from bridge.errors import BridgeError
from bridge.ids import Key, RoomId
from bridge.testing.fuzz_target import Target, text_of
from bridge.text.nodes import said
from bridge.text.walk import normal
from connectors.viber import asking, checkup, incoming, outgoing
from connectors.viber.config import ViberConfig
from connectors.viber.door import SIGNATURE, Callback, callback, signature
from connectors.viber.errors import Asked, GeneralError, refusal
from connectors.viber.format import parse, render
from connectors.viber.wire import loads

_TOKEN = "0a0a0a0a0a0a0a0a-1b1b1b1b1b1b1b1b-2c2c2c2c2c2c2c2c"  # noqa: S105 - opens nothing
_CONFIG = ViberConfig.model_validate({"connector": "viber", "token": _TOKEN})
_NOON = datetime(2025, 10, 9, 8, 53, 24, tzinfo=UTC)
_WHO = {"id": "01234567890A=", "name": "Olena", "avatar": "https://media-direct.cdn.viber.com/a.jpg", "api_version": 10}
_SAID: dict[str, Any] = {
    "event": "message", "timestamp": 1_760_000_004_000, "chat_hostname": "SN-CHAT-05_",
    "message_token": 4_912_661_846_655_238_148, "sender": _WHO, "silent": False,
}  # fmt: skip
_MEDIA = "https://media-direct.cdn.viber.com/pg_download?id=1"
_MESSAGES: tuple[dict[str, Any], ...] = (
    {"type": "text", "text": "*Hello* _there_ ~x~ ```y```", "tracking_data": "t"},
    {"type": "text", "text": "salad", "tracking_data": "poll b.991.0"},
    {"type": "picture", "media": _MEDIA, "thumbnail": _MEDIA, "file_name": "a.jpg", "text": "cap"},
    {"type": "video", "media": _MEDIA, "size": 10, "duration": 3, "file_name": "a.mp4"},
    {"type": "file", "media": _MEDIA, "size": 10, "file_name": "../a.pdf"},
    {"type": "sticker", "media": _MEDIA, "sticker_id": "40108"},
    {"type": "contact", "contact": {"name": "Ivan", "phone_number": "+380"}},
    {"type": "url", "media": "https://example.org/"},
    {"type": "location", "location": {"lat": "50.45", "lon": 30.5, "address": "Office"}},
)
_EVENTS: tuple[dict[str, Any], ...] = (
    *({**_SAID, "message": one} for one in _MESSAGES),
    {**_SAID, "event": "conversation_started", "type": "open", "user": _WHO, "subscribed": False},
    {**_SAID, "event": "subscribed", "user": _WHO}, {**_SAID, "event": "unsubscribed", "user_id": "01234567890A="},
    {**_SAID, "event": "delivered", "user_id": "01234567890A="},
    {**_SAID, "event": "failed", "user_id": "01234567890A=", "desc": "failure description"},
)  # fmt: skip
_ANSWERS: tuple[dict[str, Any], ...] = (
    {"status": 0, "status_message": "ok", "message_token": 5_741_311_803_571_721_087, "billing_status": 1},
    {"status": 12, "status_message": "Too many requests", "message_token": "1234567890"},
    {"status": 0, "message_token": 1, "failed_list": [{"receiver": "x", "status": 6, "status_message": "no"}]},
    {"status": 0, "id": "pa:1", "name": "B", "uri": "b", "members": [{"id": "x", "role": "superadmin"}]},
)


def _event(data: bytes) -> None:
    request = Request(method="POST", path="", query={}, headers={SIGNATURE: signature(data, _TOKEN)}, body=data)
    call = callback(request, _TOKEN, _NOON)
    if isinstance(call, Callback):
        asking.asked(call.raw)
        for event in incoming.told(call).events:
            assert event.id
            assert event.room


def _answer(data: bytes) -> None:
    answer = loads(data)
    for asked in Asked:
        error = refusal(answer, asked)
        assert error is None or isinstance(error, BridgeError | GeneralError)
    outgoing.natives(answer or {})
    try:
        checkup.known(answer or {}, _CONFIG)
    except BridgeError:
        return


def _text(data: bytes) -> None:
    tree = parse(text_of(data))
    assert normal(tree) == tree
    assert parse(render(tree)) == tree, "a text changes on its way through Viber's signs"
    outgoing.body(Outgoing(room=RoomId("x"), key=Key("k.1.0"), text=said(text_of(data))), _CONFIG, outgoing.Links())


TARGETS = {
    "event": Target(_event, tuple(json.dumps(one).encode() for one in _EVENTS), "json"),
    "answer": Target(_answer, tuple(json.dumps(one).encode() for one in _ANSWERS), "json"),
    "text": Target(_text, tuple(str(one.get("text", "*a* _b_")).encode() for one in _MESSAGES[:2])),
}
