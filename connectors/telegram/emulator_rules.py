"""What the emulated Bot API refuses, and with which words; facts/platform-apis.md 4.5 and 4.7."""

import json
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from bridge.clock import Clock
from connectors.telegram.emulator_world import Chat, Json, Status
from connectors.telegram.format import utf16


class Limits(Struct, frozen=True):
    """How much the server takes; 0 means any number. `burst` messages may go at once in one chat."""

    per_second: int = 30
    room_per_second: float = 1
    group_per_minute: int = 20
    burst: int = 5
    delete_hours: float = 48
    max_text: int = 4096
    max_caption: int = 1024
    photo_bytes: int = 10 * 1024 * 1024
    upload_bytes: int = 50 * 1024 * 1024
    download_bytes: int = 20 * 1024 * 1024


REAL: Final = Limits()
UNLIMITED: Final = Limits(per_second=0, room_per_second=0, group_per_minute=0)
"""The real sizes without the rates: for tests that cannot wait."""

ENTITY_TYPES: Final = frozenset(
    {
        "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic", "underline",
        "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre", "text_link", "text_mention",
        "custom_emoji", "date_time",
    }
)  # fmt: skip
_JSON_FIELDS: Final = frozenset(
    {
        "entities",
        "link_preview_options",
        "reply_parameters",
        "reaction",
        "allowed_updates",
        "message_ids",
        "caption_entities",
        "media",
        "options",
        "custom_emoji_ids",
    }
)


class ApiError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> Json:
        """The answer's JSON."""
        more = {"parameters": self.parameters} if self.parameters else {}
        return {"ok": False, "error_code": self.code, "description": self.description, **more}


def bad(description: str) -> ApiError:
    """A 400 with the server's usual beginning."""
    return ApiError(400, f"Bad Request: {description}")


class Call(Struct, frozen=True):
    """One request: the method in lower case and its parameters, decoded."""

    method: str
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A string parameter; "" when absent."""
        value = self.fields.get(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int | None:
        """An integer parameter; anything else is a 400."""
        value = self.fields.get(name)
        if value is None or value == "":
            return None
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad(f"can't parse {name}: expected an integer") from None

    def needed(self, name: str, complaint: str) -> int:
        """A required integer parameter."""
        value = self.number(name)
        if value is None:
            raise bad(complaint)
        return value

    def items(self, name: str) -> list[Any] | None:
        """A list parameter."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, list):
            raise bad(f"can't parse {name}: expected an Array")
        return value

    def record(self, name: str) -> Json:
        """An object parameter, {} when absent."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, dict):
            raise bad(f"can't parse {name}: expected an Object")
        return value or {}


def decoded(method: str, fields: Mapping[str, Any]) -> Call:
    """A call's parameters: objects and lists come as JSON inside a form."""
    return Call(method, {name: _decoded(name, value) for name, value in fields.items()})


def _decoded(name: str, value: object) -> object:
    if name not in _JSON_FIELDS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad(f"can't parse {name}: invalid JSON") from None


def check_writable(chat: Chat, thread: int | None) -> None:
    """Membership, rights and topic."""
    if chat.migrated_to is not None:
        text = "Bad Request: group chat was upgraded to a supergroup chat"
        raise ApiError(400, text, migrate_to_chat_id=chat.migrated_to)
    if chat.deleted:
        raise ApiError(403, "Forbidden: the group chat was deleted")
    if chat.bot is Status.KICKED:
        blocked = chat.type == "private"
        why = "bot was blocked by the user" if blocked else f"bot was kicked from the {chat.type} chat"
        raise ApiError(403, f"Forbidden: {why}")
    if chat.bot is Status.LEFT:
        raise ApiError(403, f"Forbidden: bot is not a member of the {chat.type} chat")
    if chat.type == "channel" and chat.bot is not Status.ADMINISTRATOR:
        raise bad("need administrator rights in the channel chat")
    if chat.bot is Status.RESTRICTED:
        raise bad("not enough rights to send text messages to the chat")
    _check_topic(chat, thread)


def _check_topic(chat: Chat, thread: int | None) -> None:
    if thread is None:
        return
    if thread not in chat.topics:
        raise bad("message thread not found")
    if thread in chat.closed_topics:
        raise bad("TOPIC_CLOSED")


def checked_entities(text: str, entities: list[Any]) -> list[Json]:
    """Entities inside the text, of known kinds; more than a hundred are cut off."""
    length = utf16(text)
    for entity in entities:
        if not isinstance(entity, dict) or entity.get("type") not in ENTITY_TYPES:
            raise bad("can't parse entities: unsupported entity type")
        start, size = entity.get("offset"), entity.get("length")
        if not isinstance(start, int) or not isinstance(size, int):
            raise bad("can't parse entities: offset and length must be integers")
        if start < 0 or size <= 0 or start + size > length:
            raise bad("ENTITY_BOUNDS_INVALID")
        if _splits_a_character(text, start) or _splits_a_character(text, start + size):
            raise bad("ENTITY_BOUNDS_INVALID")
    return entities[:100]


def _splits_a_character(text: str, offset: int) -> bool:
    """Whether an offset points between the two halves of one character."""
    try:
        text.encode("utf-16-le")[: offset * 2].decode("utf-16-le")
    except UnicodeDecodeError:
        return True
    return False


class Meter:
    """Counts messages against the rates; `wait` says how long the server would have us wait."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._sent: dict[object, deque[float]] = {}

    def check(self, chat: Chat) -> None:
        """Count one message, or refuse it with the seconds to wait."""
        limits, group = self._limits, chat.type in {"group", "supergroup"}
        rules: list[tuple[object, float, float]] = [("all", limits.per_second, 1)]
        if limits.room_per_second:
            rules.append((("burst", chat.id), limits.burst, limits.burst / limits.room_per_second))
        if group:
            rules.append((("minute", chat.id), limits.group_per_minute, 60))
        applied = [rule for rule in rules if rule[1]]
        if (wait := max((self._wait(*rule) for rule in applied), default=0)) > 0:
            seconds = int(wait) + 1
            raise ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        for key, _, _ in applied:
            self._sent.setdefault(key, deque()).append(self._clock.monotonic())

    def _wait(self, key: object, most: float, seconds: float) -> float:
        now, sent = self._clock.monotonic(), self._sent.setdefault(key, deque())
        while sent and sent[0] <= now - seconds:
            sent.popleft()
        return sent[0] + seconds - now if len(sent) >= most else 0
