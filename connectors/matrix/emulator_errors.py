"""The errors a homeserver documents, each with what the bridge must make of it: one table for emulator and tests.

Source: client-server API 1.19, "Standard error response" and the single endpoints; facts/matrix.md.
"""

import json
from collections.abc import Mapping

from msgspec import Struct, field

from bridge.errors import BridgeError, Rejected, RoomClosed, Unauthorized, Unavailable, Uncertain


class Canned(Struct, frozen=True, kw_only=True):
    """An answer as it goes over the wire; `cut` breaks the connection before its end."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


class Documented(Struct, frozen=True, kw_only=True):
    """One answer to a send, and the error it must become."""

    title: str
    answer: Canned
    becomes: type[BridgeError]
    retry_after: float | None = None


def refusal(
    status: int, errcode: str, error: str = "no", headers: Mapping[str, str] | None = None, **more: object
) -> Canned:
    """A homeserver's error body."""
    body = json.dumps({"errcode": errcode, "error": error, **more}).encode()
    return Canned(status=status, body=body, headers=headers or {})


_LIMIT = "M_LIMIT_EXCEEDED"
DOCUMENTED: tuple[Documented, ...] = (
    Documented(title="unknown token", answer=refusal(401, "M_UNKNOWN_TOKEN"), becomes=Unauthorized),
    Documented(title="missing token", answer=refusal(401, "M_MISSING_TOKEN"), becomes=Unauthorized),
    Documented(title="soft logout", answer=refusal(401, "M_UNKNOWN_TOKEN", soft_logout=True), becomes=Unauthorized),
    Documented(title="deactivated", answer=refusal(403, "M_USER_DEACTIVATED"), becomes=Unauthorized),
    Documented(title="locked", answer=refusal(401, "M_USER_LOCKED"), becomes=Unauthorized),
    Documented(title="suspended", answer=refusal(403, "M_USER_SUSPENDED"), becomes=Unauthorized),
    Documented(title="terms to accept", answer=refusal(403, "M_CONSENT_NOT_GIVEN"), becomes=Unauthorized),
    Documented(
        title="limit in the body",
        answer=refusal(429, _LIMIT, retry_after_ms=1500),
        becomes=Unavailable,
        retry_after=1.5,
    ),
    Documented(
        title="limit in the header",
        answer=refusal(429, _LIMIT, headers={"Retry-After": "3"}),
        becomes=Unavailable,
        retry_after=3.0,
    ),
    Documented(
        title="limit in both, the longer counts",
        answer=refusal(429, _LIMIT, headers={"Retry-After": "2"}, retry_after_ms=1200),
        becomes=Unavailable,
        retry_after=2.0,
    ),
    Documented(title="limit without a time", answer=refusal(429, _LIMIT), becomes=Unavailable),
    Documented(title="limit, negative", answer=refusal(429, _LIMIT, retry_after_ms=-1), becomes=Unavailable),
    Documented(title="limit, words", answer=refusal(429, _LIMIT, retry_after_ms="x"), becomes=Unavailable),
    Documented(
        title="limit, absurd",
        answer=refusal(429, _LIMIT, retry_after_ms=10**12),
        becomes=Unavailable,
        retry_after=3600.0,
    ),
    Documented(title="limit, not JSON", answer=Canned(status=429, body=b"slow down"), becomes=Unavailable),
    Documented(title="resource limit", answer=refusal(403, "M_RESOURCE_LIMIT_EXCEEDED"), becomes=Unavailable),
    Documented(title="not in the room", answer=refusal(403, "M_FORBIDDEN"), becomes=RoomClosed),
    Documented(title="no such room", answer=refusal(404, "M_NOT_FOUND"), becomes=RoomClosed),
    Documented(title="no such room, otherwise", answer=refusal(404, "M_UNKNOWN"), becomes=RoomClosed),
    Documented(title="too large", answer=refusal(413, "M_TOO_LARGE"), becomes=Rejected),
    Documented(title="too large for the proxy", answer=Canned(status=413, body=b"<html>"), becomes=Rejected),
    Documented(title="bad JSON", answer=refusal(400, "M_BAD_JSON"), becomes=Rejected),
    Documented(title="not JSON", answer=refusal(400, "M_NOT_JSON"), becomes=Rejected),
    Documented(title="invalid parameter", answer=refusal(400, "M_INVALID_PARAM"), becomes=Rejected),
    Documented(title="unknown 4xx", answer=refusal(400, "M_UNKNOWN"), becomes=Rejected),
    Documented(title="unknown endpoint", answer=refusal(404, "M_UNRECOGNIZED"), becomes=Unavailable),
    Documented(title="a proxy's 404", answer=Canned(status=404, body=b"<html>nginx</html>"), becomes=Unavailable),
    Documented(title="a proxy's 403", answer=Canned(status=403, body=b"<html>denied</html>"), becomes=Unavailable),
    Documented(
        title="a redirect", answer=Canned(status=302, headers={"Location": "http://127.0.0.1:1/"}), becomes=Unavailable
    ),
    Documented(title="internal error", answer=refusal(500, "M_UNKNOWN"), becomes=Uncertain),
    Documented(title="bad gateway", answer=Canned(status=502, body=b"<html>"), becomes=Uncertain),
    Documented(title="unavailable", answer=Canned(status=503, body=b""), becomes=Uncertain),
    Documented(
        title="unavailable, with a time",
        answer=Canned(status=503, body=b"", headers={"Retry-After": "4"}),
        becomes=Unavailable,
        retry_after=4.0,
    ),
    Documented(title="gateway time-out", answer=Canned(status=504, body=b""), becomes=Uncertain),
    Documented(title="HTML instead of JSON", answer=Canned(body=b"<html>welcome</html>"), becomes=Uncertain),
    Documented(title="empty", answer=Canned(body=b""), becomes=Uncertain),
    Documented(title="a list", answer=Canned(body=b"[]"), becomes=Uncertain),
    Documented(title="no event id", answer=Canned(body=b'{"ok": true}'), becomes=Uncertain),
    Documented(title="an event id that is none", answer=Canned(body=b'{"event_id": 7}'), becomes=Uncertain),
    Documented(title="a cut answer", answer=Canned(body=b'{"event_id": "$', cut=True), becomes=Uncertain),
)
