"""Messenger's parsers for the fuzz kit: Meta's calls, and answers of the Graph API."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from bridge.errors import BridgeError, Scope
from bridge.events import User
from bridge.ids import UserId
from bridge.testing.fuzz_target import Target
from connectors.graph.errors import refusal
from connectors.graph.wire import loads
from connectors.messenger.errors import meaning
from connectors.messenger.incoming import Known, events, pressed, read, stamp, unshown

_PAGE, _ADA = "104567890123456", "6571234567890123"
_NOW = datetime(2025, 10, 9, 9, tzinfo=UTC)
_URL = "https://scontent.xx.fbcdn.net/v/a.jpg?oh=1&oe=2"
_BODIES: tuple[dict[str, Any], ...] = (
    {"message": {"mid": "m_1", "text": "hello", "quick_reply": {"payload": "P1"}, "reply_to": {"mid": "m_0"}}},
    {"message": {"mid": "m_8", "text": "salad", "quick_reply": {"payload": "qantara b.991.0 1"}}},
    {"message": {"mid": "m_2", "attachments": [{"type": "image", "payload": {"url": _URL}}]}},
    {"message": {"mid": "m_3", "attachments": [{"type": "sticker", "payload": {"url": _URL, "sticker_id": 369239}}]}},
    {"message": {"mid": "m_4", "text": "see", "attachments": [
        {"type": "fallback", "payload": {"url": "https://x", "title": "X"}},
        {"type": "location", "title": "t", "payload": {"coordinates": {"lat": 1.5, "long": 2.5}}}]}},
    {"message": {"mid": "m_5", "is_echo": True, "app_id": 26390203743090, "metadata": "qantara b.991.0", "text": "t"}},
    {"message": {"mid": "m_6", "is_deleted": True}},
    {"message_edit": {"mid": "m_1", "text": "fixed", "num_edit": "1"}},
    {"reaction": {"reaction": "love", "emoji": "\u2764\ufe0f", "action": "react", "mid": "m_5"}},
    {"reaction": {"action": "unreact", "mid": "m_5"}},
    {"delivery": {"mids": ["m_5"], "watermark": 1760000009500}}, {"read": {"watermark": 1760000009800}},
    {"postback": {"mid": "m_7", "title": "Start", "payload": "GET_STARTED", "referral": {"ref": "site"}}},
    {"referral": {"ref": "x"}, "timestamp": 1760000001}, {"pass_thread_control": {"metadata": "x"}},
)  # fmt: skip
_ITEM = {"sender": {"id": _ADA}, "recipient": {"id": _PAGE}, "timestamp": 1760000001000}
_ANSWERS: tuple[dict[str, Any], ...] = (
    {"recipient_id": _ADA, "message_id": "m_1"}, {"success": "true"},
    {"error": {"message": "(#10) outside", "type": "OAuthException", "code": 10, "error_subcode": 2018278}},
    {"error": {"message": "(#613) rate", "code": "613", "fbtrace_id": "x", "error_data": {"details": "d"}}},
)  # fmt: skip


def _call(data: bytes) -> None:
    body = loads(data)
    told = read(body or {}, _PAGE, _NOW)
    for one in told.items:
        unshown(one)
        stamp(one)
        pressed(one)
        person = User(id=UserId(one.person), name="Ada")
        with suppress(ValueError):  # it has no id
            events(one, Known(User(id=UserId(_PAGE), name="Page"), "1517", {one.person: person}))


def _answer(data: bytes) -> None:
    for status in (200, 400, 403, 429, 500):
        error = refusal(status, data, {})
        assert error is None or isinstance(meaning(error, Scope.ROOM), BridgeError)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _entry(body: dict[str, Any]) -> bytes:
    entry = {"id": _PAGE, "time": 1760000001000, "messaging": [{**_ITEM, **body}]}
    return _json({"object": "page", "entry": [entry]})


TARGETS = {
    "call": Target(_call, tuple(map(_entry, _BODIES)), "json"),
    "answer": Target(_answer, tuple(map(_json, _ANSWERS)), "json"),
}
