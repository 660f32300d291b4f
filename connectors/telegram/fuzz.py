"""Telegram's parsers for the fuzz kit: updates, webhook bodies, answers to calls, formatted texts."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from bridge.errors import BridgeError, Scope
from bridge.ids import UserId
from bridge.testing.fuzz_target import Target, text_of
from connectors.telegram import polls, webhook
from connectors.telegram.errors import refusal
from connectors.telegram.format import Entity, Formatted, parse, render, utf16
from connectors.telegram.incoming import happened, read
from connectors.telegram.rooms import claims
from connectors.telegram.wire import loads

_ME = UserId("42")
_NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
_USER = {"id": 7, "is_bot": False, "first_name": "Ada", "last_name": "L", "username": "ada"}
_CHAT = {"id": -100123, "type": "supergroup", "title": "Town", "is_forum": True}
_MESSAGE: dict[str, Any] = {"message_id": 5, "date": 1_760_000_000, "chat": _CHAT, "from": _USER}
_ENTITIES = [{"type": "bold", "offset": 0, "length": 3},
             {"type": "text_link", "offset": 1, "length": 4, "url": "https://x"},
             {"type": "text_mention", "offset": 2, "length": 2, "user": _USER},
             {"type": "pre", "offset": 6, "length": 2}]  # fmt: skip
_CONTENTS: tuple[dict[str, Any], ...] = (
    {"text": "hello 👍 there", "entities": _ENTITIES, "reply_to_message": {**_MESSAGE, "message_id": 4, "text": "old"}},
    {"photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 2, "file_size": 3}], "caption": "c",
     "media_group_id": "g"},
    {"voice": {"file_id": "a", "file_unique_id": "b", "duration": 3, "mime_type": "audio/ogg"}},
    {"sticker": {"file_id": "a", "file_unique_id": "b", "type": "regular", "width": 1, "height": 1,
                 "is_animated": False, "is_video": False, "emoji": "😀"}},
    {"location": {"latitude": 1.5, "longitude": 2.5}}, {"contact": {"phone_number": "1", "first_name": "A"}},
    {"poll": {"id": "1", "question": "q", "options": [{"text": "a", "voter_count": 0, "persistent_id": "p"}],
              "total_voter_count": 0, "is_closed": False, "is_anonymous": True, "type": "regular",
              "allows_multiple_answers": False}},
    {"pinned_message": {**_MESSAGE, "message_id": 4, "text": "old"}}, {"document": {"file_id": "a",
     "file_unique_id": "b", "file_name": "../x", "mime_type": "a/b", "file_size": 3}, "caption": "c"},
    {"new_chat_members": [_USER]}, {"left_chat_member": _USER}, {"migrate_to_chat_id": -100999},
    {"migrate_from_chat_id": -1}, {"new_chat_title": "T"}, {"dice": {"emoji": "🎲", "value": 3}},
    {"sender_chat": _CHAT, "author_signature": "S", "text": "s", "is_topic_message": True, "message_thread_id": 9},
)  # fmt: skip
_MEMBER = {"user": _USER, "status": "member"}
_UPDATES: tuple[dict[str, Any], ...] = (
    *({"update_id": 10, "message": {**_MESSAGE, **content}} for content in _CONTENTS),
    {"update_id": 11, "edited_message": {**_MESSAGE, **_CONTENTS[0], "edit_date": 1_760_000_009}},
    {"update_id": 12, "channel_post": {**_MESSAGE, "text": "news", "chat": {**_CHAT, "type": "channel"}}},
    {"update_id": 13, "message_reaction": {"chat": _CHAT, "message_id": 5, "date": 1_760_000_000, "user": _USER,
     "old_reaction": [], "new_reaction": [{"type": "emoji", "emoji": "👍"}, {"type": "custom_emoji",
     "custom_emoji_id": "123456789"}]}},
    {"update_id": 14, "my_chat_member": {"chat": _CHAT, "from": _USER, "date": 1_760_000_000,
     "old_chat_member": _MEMBER, "new_chat_member": {"user": _USER, "status": "left"}}},
    {"update_id": 15, "poll": _CONTENTS[6]["poll"]},
)  # fmt: skip
_ANSWERS = (
    {"ok": True, "result": _UPDATES}, {"ok": True, "result": {**_MESSAGE, "text": "x"}},
    {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 3",
     "parameters": {"retry_after": 3}},
    {"ok": False, "error_code": 400, "description": "Bad Request: group chat was upgraded",
     "parameters": {"migrate_to_chat_id": -100999}},
)  # fmt: skip


def _told(raw: dict[str, Any]) -> None:
    one = read(raw)
    happened([one], _ME)
    claims([one.post] if one.post else [])
    for _ in polls.places([one]):
        pass
    for number, asked in polls.asked([one]):
        polls.tallied(number, asked, "-100123/5", _NOON)


def _update(data: bytes) -> None:
    try:
        raw = loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(raw.get("update_id"), int):
        _told(raw)


def _call(data: bytes) -> None:
    one = webhook.update(data)
    if one is not None:
        happened([one], _ME)


def _answer(data: bytes) -> None:
    for status in (200, 400, 401, 403, 404, 409, 429, 500):
        error = refusal(status, data, Scope.ROOM)
        assert error is None or isinstance(error, BridgeError)


def _formatted(data: bytes) -> None:
    """A text under entities made of its own first bytes."""
    data, text = data[: len(data) // 2 * 2], text_of(data)
    kinds = ("bold", "italic", "pre", "blockquote", "text_link", "code", "text_mention", "spoiler", "unknown")
    entities = tuple(
        Entity(kinds[one % len(kinds)], one % 7 - 1, other % 11, url="https://x", user="7")
        for one, other in zip(data[:64:2], data[1:64:2], strict=True)
    )
    shown = render(parse(Formatted(text, entities)))
    assert all(one.offset >= 0 and one.offset + one.length <= utf16(shown.text) for one in shown.entities)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


TARGETS = {
    "update": Target(_update, tuple(map(_json, _UPDATES)), "json"),
    "call": Target(_call, tuple(map(_json, _UPDATES)), "json"),
    "answer": Target(_answer, tuple(msgspec.json.encode(one) for one in _ANSWERS), "json"),
    "format": Target(_formatted, (b"hello \xf0\x9f\x91\x8d there", "é\u05e9 x\ny".encode())),
}
