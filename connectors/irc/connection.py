"""One connection: bytes in, lines out; whole buffers each way, and neither side may flood the other."""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Protocol, cast

from irctokens.line import Line

from bridge.errors import Scope, Unavailable
from connectors.irc.wire import tokens

MAX_UNFINISHED = 65_536
"""Bytes without a line feed after which the other side is no IRC server."""


class Listener(Protocol):
    """Whoever makes sense of what arrives; called on the loop, never waits."""

    def heard(self, lines: Sequence[Line]) -> None:
        """All lines of one buffer, in order."""
        ...

    def flushing(self) -> bytes:
        """What belongs behind the lines that are about to be written, such as a fence."""
        ...

    def flushed(self) -> None:
        """All lines so far are with the operating system."""
        ...


class Connection(asyncio.Protocol):
    """A stream of lines. `lost` is done when the connection is gone, for whatever reason."""

    def __init__(self, listener: Listener, fallback: str) -> None:
        self._listener = listener
        self._fallback = fallback
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._unfinished = b""
        self._unwritten: list[bytes] = []
        self._scheduled = False
        self._writable = True
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.arrivals = 0
        """How many buffers arrived so far: silence is when this stands still."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.arrivals += 1
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if len(self._unfinished) > MAX_UNFINISHED:
            self._unfinished = b""
            self.abort()
        if lines:
            self._listener.heard(tokens(lines, self._fallback))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's name for it
        self._writable = False
        if not self.lost.done():
            self.lost.set_result(None)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = not self.lost.done()
        self._flush()

    def write(self, line: bytes) -> None:
        """Write at the end of this turn of the loop, together with everything else that is written in it."""
        self._unwritten.append(line)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        if not self._writable or not self._unwritten or self._transport is None:
            return
        self._unwritten.append(self._listener.flushing())
        whole, self._unwritten = b"".join(self._unwritten), []
        self._listener.flushed()
        self._transport.write(whole)

    def pause_reading(self) -> None:
        """Let the server wait: what it says stays in the network until `resume_reading`."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Hear again."""
        if self._transport is not None and not self._transport.is_closing() and not self._transport.is_reading():
            self._transport.resume_reading()

    def hears_nothing(self) -> bool:
        """Whether we made the server wait ourselves."""
        return self._transport is not None and not self._transport.is_reading()

    def abort(self) -> None:
        """Cut the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self, seconds: float) -> None:
        """Write what waits, then end; cut after `seconds`."""
        if self._transport is None or self.lost.done():
            return
        self.resume_reading()
        self._flush()
        self._transport.close()
        # No `asyncio.timeout`: whoever closes is often cancelled already, and Python before 3.11.4 then raises that.
        await asyncio.wait((self.lost,), timeout=seconds)
        if not self.lost.done():
            self.abort()


async def connect(connection: Connection, address: tuple[str, int], tls: ssl.SSLContext | None, seconds: float) -> None:
    """Reach the server, or say why not; nothing was sent then."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            await loop.create_connection(lambda: connection, *address, ssl=tls)
    except TimeoutError as error:
        raise Unavailable("the server cannot be reached: it does not answer", scope=Scope.ACCOUNT) from error
    except OSError as error:
        raise Unavailable(f"the server cannot be reached: {error}", scope=Scope.ACCOUNT) from error
