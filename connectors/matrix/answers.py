"""A homeserver's JSON, whatever people managed to write into it. Pure.

People write parts of what a homeserver answers, so one event must not make a whole answer unreadable: too deep values
become null, numbers too long become 0, halves of characters become "?".
"""

import json
import re
from typing import Any

_DEEPEST = 200
_LONGEST_NUMBER = 300
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
CAREFUL_BYTES = 1280 * 1024
"""What has to be read carefully takes up to half a second a mebibyte: more of it is not read at all."""


class TooMuchError(ValueError):
    """An answer that holds something strange, and is too long to be read with care."""


def decoded(body: bytes, careful: int = CAREFUL_BYTES) -> dict[str, Any] | None:
    """The JSON object in `body`; None where there is none (HTML, a cut answer, a list).

    Raises `TooMuchError` where it holds what the JSON library refuses and is longer than `careful` bytes.
    """
    try:
        value = json.loads(body)
    except UnicodeDecodeError:
        return None
    except (ValueError, RecursionError) as error:
        if len(body) > careful:
            raise TooMuchError(f"{len(body)} bytes with something strange in them") from error
        value = _carefully(body.decode("utf-8", "replace"))
    if not isinstance(value, dict):
        return None
    return _whole(value) if b"\\u" in body else value


def _carefully(text: str) -> object:
    try:
        return json.loads(_shallow(text), parse_int=_integer)
    except (ValueError, RecursionError):
        return None


def _whole(value: dict[str, Any]) -> dict[str, Any]:
    """The same without halves of characters (lone surrogates), which nothing can store."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        mended: dict[str, Any] = json.loads(text.encode("utf-8", "replace"))
        return mended
    return value


def _shallow(text: str) -> str:
    """Nulls in place of what is nested too deep."""
    kept: list[str] = []
    depth, start = 0, 0
    for token in _TOKEN.finditer(text):
        if token.group() in "[{":
            depth += 1
            if depth == _DEEPEST + 1:
                kept.append(text[start : token.start()])
        elif token.group() in "]}":
            depth -= 1
            if depth == _DEEPEST:
                kept.append("null")
                start = token.end()
    return "".join(kept) + (text[start:] if depth <= _DEEPEST else "")


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else 0
