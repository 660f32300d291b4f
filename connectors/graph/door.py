"""Meta's calls to us: the handshake, then the signature over the raw bytes. Pure; facts/platform-apis.md 2.2, 14.2."""

import hashlib
import hmac
import re
from typing import Final

from bridge import Request, Response
from connectors.graph.config import GraphConfig

SIGNATURE: Final = "x-hub-signature-256"
_PREFIX: Final = "sha256="
_FORM: Final = re.compile(r"sha256=[0-9a-f]{64}")
LARGEST_CALL: Final = 3 * 1024 * 1024
"""Meta puts up to a thousand events into one call."""


def signature(body: bytes, app_secret: str) -> str:
    """The header that Meta sends with a body."""
    return _PREFIX + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, given: str, app_secret: str) -> bool:
    """Whether the holder of the secret wrote this body, as it came over the wire."""
    return hmac.compare_digest(signature(body, app_secret).encode(), given.encode("utf-8", "surrogateescape"))


def answered(request: Request, config: GraphConfig) -> Response | None:
    """The answer to a call that brings nothing to read: a handshake, or a forgery; None when Meta itself calls."""
    if request.method == "GET":
        return _handshake(request, config.verify_token.get_secret_value())
    if request.method != "POST":
        return Response(status=405, headers={"Allow": "GET, POST"})
    if (given := request.headers.get(SIGNATURE)) is None:
        return Response(status=401)
    if not is_signed(request.body, given, config.app_secret.get_secret_value()):
        return Response(status=403)
    return None


def largest_call(head: Request, otherwise: int) -> int:
    """How much body is read: a whole batch only where something looks like a signature."""
    return LARGEST_CALL if _FORM.fullmatch(head.headers.get(SIGNATURE, "")) else otherwise


def _handshake(request: Request, verify_token: str) -> Response:
    """Meta asks whether the address is ours, and wants its challenge back."""
    given = request.query.get("hub.verify_token", "").encode("utf-8", "surrogateescape")
    challenge = request.query.get("hub.challenge", "")
    known = hmac.compare_digest(given, verify_token.encode())
    if not known or request.query.get("hub.mode") != "subscribe" or not challenge.isalnum():
        return Response(status=403)
    return Response(body=challenge.encode(), content_type="text/plain")
