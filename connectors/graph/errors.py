"""The Graph API's errors, in answers and in events, as one neutral struct. Pure; facts/platform-apis.md 2.9 and 3.6."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from connectors.graph.wire import Json, an_object, loads, number, objects, text

LONGEST_WAIT: Final = 3600.0
_USAGE: Final = "X-Business-Use-Case-Usage"
_SECRETS = re.compile(r"EAA[A-Za-z0-9]{10,}|\+?\d[\d \-]{5,}\d|\b[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{4,}")
"""Tokens, and ids and numbers of people."""
_LONGEST = 200


class GraphError(Struct, frozen=True, kw_only=True):
    """What Meta says went wrong. Build on `code` and `subcode`; `status` is of HTTP, 0 in an event.

    `wait` is in seconds, between 0 and an hour, None where no usable one was named.
    `why` is fit for an operator: short, without tokens and people's numbers.
    """

    code: int
    subcode: int | None = None
    status: int = 0
    wait: float | None = None
    why: str = ""


def refusal(status: int, body: bytes, headers: Mapping[str, str]) -> GraphError | None:
    """The error in an answer; None when it holds none, whatever the status."""
    found = (loads(body) or {}).get("error")
    return told(found, status=status, wait=waiting(headers)) if isinstance(found, dict) else None


def told(raw: Json, *, status: int = 0, wait: float | None = None) -> GraphError:
    """One error object, of an answer or of an event's `errors`; what it lacks is empty, its code then 0 less one."""
    code = number(raw.get("code"))
    return GraphError(
        code=-1 if code is None else code,
        subcode=number(raw.get("error_subcode")),
        status=status,
        wait=wait,
        why=_why(raw),
    )


def waiting(headers: Mapping[str, str]) -> float | None:
    """How long Meta asks us to wait: seconds in one header, minutes in the other; the longer of both."""
    named = [*_seconds(headers.get("Retry-After", "")), *_regained(headers.get(_USAGE, ""))]
    return min(max(named), LONGEST_WAIT) if named else None


def _seconds(given: str) -> Iterator[float]:
    if given.isascii() and given.isdigit():
        yield float(given[:9])


def _regained(usage: str) -> Iterator[float]:
    for uses in (loads(usage.encode("utf-8", "replace")) or {}).values():
        for use in objects(uses):
            if minutes := number(use.get("estimated_time_to_regain_access")):
                yield min(minutes, LONGEST_WAIT) * 60.0


def _why(raw: Json) -> str:
    """What is told, then the details, where they are not the same again."""
    data = raw.get("error_data")
    details = text(data) or text(an_object(data).get("details"))
    message = text(raw.get("message")) or text(raw.get("title"))
    said = ": ".join(dict.fromkeys(one for one in (message, details) if one))
    return clean(said) or "the Graph API gave no reason"


def clean(sentence: str) -> str:
    """A server's sentence, short and without anything that looks like a token or somebody's number."""
    return _SECRETS.sub("***", " ".join(sentence.split()))[:_LONGEST]
