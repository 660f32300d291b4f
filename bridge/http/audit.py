"""Writes down who changed what, a line of the log a change: no secrets, no words of messages."""

import socket
import struct

import structlog
from aiohttp import web

logger = structlog.get_logger()
_CREDENTIALS = struct.Struct("3i")
_MOST_NUMBERS = 20
"""Of the rows that a change concerned, so many are named."""


def noted(request: web.Request, did: str, **what: object) -> None:
    """One change: `by` is who, `remote` from where; numbers are cut where they are many."""
    numbers = what.get("numbers")
    if isinstance(numbers, list) and len(numbers) > _MOST_NUMBERS:
        what["numbers"] = [*numbers[:_MOST_NUMBERS], "…"]
    logger.info("operator", did=did, by=_who(request), remote=request.remote or "socket", **what)


def _who(request: web.Request) -> str:
    """Over the network whoever has the token; on the local socket a user of this machine."""
    channel = request.get_extra_info("socket")
    if channel is None or channel.family != socket.AF_UNIX:
        return "http.token"
    asked = getattr(socket, "SO_PEERCRED", None)
    if asked is None:  # only Linux tells it this way
        return "the daemon's user"
    _, user, _ = _CREDENTIALS.unpack(channel.getsockopt(socket.SOL_SOCKET, asked, _CREDENTIALS.size))
    return f"uid {user}"
