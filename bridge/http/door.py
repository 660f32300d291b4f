"""Who may come in: so many connections in all and from one side, and each has to say soon what it wants."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import cast

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bridge.http.access import network

logger = structlog.get_logger()
HEAD_SECONDS = 10.0
"""How long the first request of a connection may take until its head is whole."""
MOST = 512
"""Connections at once; every one costs a file descriptor, and the accounts need theirs."""
MOST_OF_ONE_SIDE = 128
"""Connections at once from one address (of IPv6: one network); a reverse proxy in front of us is one."""
_TOLD_SECONDS = 60.0


class Door:
    """Makes the protocols of a listening socket: each stands before one of `inside`, which speaks HTTP."""

    def __init__(self, inside: Callable[[], asyncio.Protocol]) -> None:
        self.inside = inside
        self._guests: dict[asyncio.BaseTransport, _Guest] = {}
        self._sides: Counter[str] = Counter()
        self._told = float("-inf")

    def __call__(self) -> "asyncio.Protocol":
        return _Guest(self)

    def admits(self, transport: asyncio.BaseTransport, guest: "_Guest") -> bool:
        """Whether there is room for one more; then it is counted until it `left`."""
        full = len(self._guests) >= MOST or self._sides[guest.side] >= MOST_OF_ONE_SIDE
        if full:
            self._tell(guest.side)
            return False
        self._guests[transport] = guest
        self._sides[guest.side] += 1
        return True

    def left(self, transport: asyncio.BaseTransport) -> None:
        """The connection is over."""
        guest = self._guests.pop(transport, None)
        if guest is None:
            return
        self._sides[guest.side] -= 1
        if not self._sides[guest.side]:
            del self._sides[guest.side]

    @web.middleware
    async def heard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A middleware: the head is whole."""
        guest = self._guests.get(request.transport) if request.transport is not None else None
        if guest is not None:
            guest.spoke()
        return await handler(request)

    def _tell(self, side: str) -> None:
        """Once a minute: whoever floods us must not flood the log."""
        now = asyncio.get_running_loop().time()
        if now - self._told >= _TOLD_SECONDS:
            self._told = now
            logger.warning("too many connections", remote=side, here=len(self._guests))


class _Guest(asyncio.Protocol):
    """One connection: admitted or cut, and cut when it says nothing whole in time."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._inside: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.side = ""

    def spoke(self) -> None:
        """Its first request is there."""
        if self._timer is not None:
            self._timer.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.side = network(str((transport.get_extra_info("peername") or ("",))[0]))
        if not self._door.admits(transport, self):
            self._transport.abort()
            return
        self._timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._transport.abort)
        self._inside = self._door.inside()
        self._inside.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.spoke()
        if self._transport is not None:
            self._door.left(self._transport)
        if self._inside is not None:
            self._inside.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._inside is not None:
            self._inside.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inside.eof_received() if self._inside is not None else None

    def pause_writing(self) -> None:
        if self._inside is not None:
            self._inside.pause_writing()

    def resume_writing(self) -> None:
        if self._inside is not None:
            self._inside.resume_writing()
