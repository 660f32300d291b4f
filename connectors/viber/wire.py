"""JSON as Viber writes it: whole numbers stay whole, an object or nothing. Pure; facts/platform-apis.md 1.4, 1.9."""

import json
import re
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_DEEPEST: Final = 64
_LONGEST_NUMBER: Final = 20
_DIGITS: Final = re.compile(r"[0-9]{1,20}")
_LATEST_MS: Final = 253_402_300_799_000


def loads(body: bytes) -> Json | None:
    """The object in a body; None when there is none. Half characters, which nothing could store, are replaced."""
    try:
        value = json.loads(body, parse_int=_integer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return _whole(value, 0) if _HALF.search(body) else value


def dumps(value: Json) -> bytes:
    """The body of a call: no character is longer than it has to be, because bytes are counted."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def token_of(raw: Json) -> str:
    """A message's token: 19 digits, as a number or as a string; "" when there is none."""
    match raw.get("message_token"):
        case bool():
            return ""
        case int() as token if token > 0:
            return str(token)
        case str() as token if _DIGITS.fullmatch(token) and int(token):
            return token
        case _:
            return ""


def text(raw: object, name: str) -> str:
    """A field that is text; "" when it is anything else."""
    found = raw.get(name) if isinstance(raw, dict) else None
    return found if isinstance(found, str) else ""


def part(raw: Json, name: str) -> Json:
    """A field that is an object; empty when it is anything else."""
    found = raw.get(name)
    return found if isinstance(found, dict) else {}


def number(value: object) -> float | None:
    """A number, also where it is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < float("inf") else None


def moment(value: object) -> datetime | None:
    """A time in milliseconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LATEST_MS:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)


def _whole(value: Any, depth: int) -> Any:  # noqa: ANN401 - JSON is anything
    if depth > _DEEPEST:
        return None
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list():
            return [_whole(one, depth + 1) for one in value]
        case dict():
            return {_whole(name, 0): _whole(one, depth + 1) for name, one in value.items()}
        case _:
            return value
