"""Webhook calls: the secret first, then the size, then the content; facts/platform-apis.md 4.2."""

import hmac
from typing import Final

from bridge import Request, Response
from connectors.telegram.incoming import Read, read
from connectors.telegram.wire import loads

SECRET_HEADER: Final = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name
MAX_BODY: Final = 1024 * 1024
SECRET_LENGTH: Final = 48


def refused(request: Request, secret: str | None) -> Response | None:
    """The answer to a call that is not Telegram's own; None when it is."""
    if secret is None:
        return Response(status=503, headers={"Retry-After": "1"})
    given = request.headers.get(SECRET_HEADER)
    if given is None:
        return Response(status=401)
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode()):
        return Response(status=403)
    if request.method != "POST":
        return Response(status=405, headers={"Allow": "POST"})
    return Response(status=413) if len(request.body) > MAX_BODY else None


def update(body: bytes) -> Read | None:
    """The update in a call's body; None when there is none."""
    try:
        raw = loads(body)
    except (ValueError, RecursionError):
        return None
    return read(raw) if isinstance(raw.get("update_id"), int) else None
