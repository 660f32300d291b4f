"""JSON as Meta writes it: an object, or nothing. Pure."""

import json
import re
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_DEEPEST = 64
"""Nothing of Meta's is nested half as deep."""


def loads(body: bytes) -> Json | None:
    """The object in a body; None when there is none. Half characters, which nothing could store, are replaced."""
    try:
        value = json.loads(body, parse_int=_integer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return _whole(value, 0) if _HALF.search(body) else value


def objects(value: object) -> list[Json]:
    """The objects in what should be a list of them."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def an_object(value: object) -> Json:
    """What should be an object; an empty one when it is not."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """What should be a text; an empty one when it is not."""
    return value if isinstance(value, str) else ""


def number(value: object) -> int | None:
    """A whole number, also where it stands in quotes; None when there is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19 else None  # noqa: PLR2004  what 63 bits hold


def _integer(digits: str) -> int:
    return int(digits) if len(digits) < 300 else 0  # noqa: PLR2004  no number of Meta's has so many digits


def _whole(value: Any, depth: int) -> Any:  # noqa: ANN401 - JSON is anything
    if depth > _DEEPEST:
        return None
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list():
            return [_whole(one, depth + 1) for one in value]
        case dict():
            return {_whole(name, depth): _whole(one, depth + 1) for name, one in value.items()}
        case _:
            return value
