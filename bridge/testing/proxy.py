"""A proxy on 127.0.0.1 between a connector and its server, which makes the trouble a network makes."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Self

from msgspec import Struct

_CHUNK = 65_536
_HTTP = b"HTTP/"
_GAP = b"\r\n\r\n"


class Outage(StrEnum):
    """What is wrong with the line."""

    REFUSED = "refused"
    """Nobody listens, and what was connected is cut."""
    RESET = "reset"
    """Connections are accepted and torn down (RST); so are those that exist."""
    SILENT = "silent"
    """A black hole: connections stand, and nothing passes in either direction."""
    DEAF = "deaf"
    """Half open: what the connector says is lost, what the server says arrives."""
    MUTE = "mute"
    """Half open: what the connector says arrives, what the server says is lost."""
    CUT = "cut"
    """The server's next answer is cut in the middle, and the connection ended."""
    DRIP = "drip"
    """What the server says arrives a byte at a time, each after `drip_seconds`."""
    SLOW = "slow"
    """Whatever is said arrives `delay_seconds` later."""


_BLACK_HOLES = frozenset({Outage.SILENT, Outage.DEAF, Outage.MUTE})
_TORN = frozenset({Outage.REFUSED, Outage.RESET})


class Answer(Struct, frozen=True, kw_only=True):
    """An HTTP answer that the proxy gives itself, as a server in front of the server does."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}

    def raw(self) -> bytes:
        """The answer as bytes; its length is told truthfully."""
        fields = {"Content-Type": "application/json", "Content-Length": str(len(self.body)), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"HTTP/1.1 {self.status} Told\r\n{head}\r\n".encode() + self.body


class Counts(Struct):
    """What came through since the proxy began.

    `requests` is how often the connector said something: one buffer of bytes, which is one request of HTTP.
    """

    connections: int = 0
    requests: int = 0
    received: int = 0
    sent: int = 0


class Proxy:
    """Passes every connection to `upstream`, until told otherwise. Entered as an asynchronous context manager.

    A connection that was in a black hole stays in it when the outage ends, as behind a router that forgot it: the
    connector has to notice by itself. New connections pass. With `tls` it is the proxy who answers the handshake.
    `answer` is given instead of the server's to requests that hold the bytes `only`; what holds `swallowed` is lost,
    and all else passes.
    `crowded` is set once the connector connected or asked more than `most` times.
    """

    def __init__(self, upstream: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        self.upstream = upstream
        self.tls = tls
        self.counts = Counts()
        self.outage: Outage | None = None
        self.answer: Answer | None = None
        self.only = b""
        self.swallowed = b""
        self.most: int | None = None
        self.crowded = asyncio.Event()
        self.delay_seconds = 0.5
        self.drip_seconds = 1.0
        self.port = 0
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._kept: socket.socket | None = None

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._kept is not None:
            self._kept.close()

    async def begin(self, outage: Outage) -> None:
        """From now on the line is broken in this way."""
        self.outage = outage
        if outage is Outage.REFUSED:
            self._close()
            self._keep_port()
        for link in list(self._links):
            link.struck(outage)

    async def end(self) -> None:
        """New connections pass again, and nothing is answered by the proxy any more."""
        self.outage = self.answer = None
        self.only = self.swallowed = b""
        if self._server is None:
            await self._listen()

    def watch(self, most: int) -> None:
        """Count anew; `crowded` tells when it becomes more than `most`."""
        self.counts, self.most, self.crowded = Counts(), most, asyncio.Event()

    def cut(self) -> None:
        """End every connection that exists."""
        for link in list(self._links):
            link.reset()

    def counted(self) -> None:
        """Look whether that was one too many."""
        if self.most is not None and max(self.counts.connections, self.counts.requests) > self.most:
            self.crowded.set()

    async def _listen(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _keep_port(self) -> None:
        """Bound and not listening: who connects is refused, and nobody else gets the port meanwhile."""
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.bind(("127.0.0.1", self.port))

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts.connections += 1
        self.counted()
        link = _Link(self, reader, writer)
        self._links.add(link)
        task = asyncio.get_running_loop().create_task(link.run())
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._over(link, done))

    def _over(self, link: "_Link", task: "asyncio.Task[None]") -> None:
        self._links.discard(link)
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()


class _Link:
    """One connection of the connector's, with its own to the server."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._server: asyncio.StreamWriter | None = None
        self._hole: Outage | None = None
        self.struck(proxy.outage)

    @property
    def _outage(self) -> Outage | None:
        return self._hole or self._proxy.outage

    def struck(self, outage: Outage | None) -> None:
        """An outage begins while this connection stands."""
        if outage in _TORN:
            self.reset()
        elif outage in _BLACK_HOLES:
            self._hole = outage

    def reset(self) -> None:
        """Tear the connection down: the other side reads a reset, not an end."""
        raw = self._writer.get_extra_info("socket")
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        if self._server is not None:
            self._server.transport.abort()

    async def run(self) -> None:
        """Pass on what is said until either side ends."""
        try:
            await self._run()
        except (OSError, asyncio.IncompleteReadError):  # one of the two sides tore the connection: so does the other
            self.reset()
        finally:
            self._writer.close()
            if self._server is not None:
                self._server.close()

    async def _run(self) -> None:
        if self._proxy.tls is not None:
            await self._writer.start_tls(self._proxy.tls)
        reader, self._server = await asyncio.open_connection(*self._proxy.upstream)
        ways = [asyncio.ensure_future(self._up(self._server)), asyncio.ensure_future(self._down(reader))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            ends = await asyncio.gather(*ways, return_exceptions=True)
        for error in ends:
            if isinstance(error, Exception):
                raise error

    async def _up(self, server: asyncio.StreamWriter) -> None:
        while data := await self._reader.read(_CHUNK):
            self._proxy.counts.requests += 1
            self._proxy.counts.received += len(data)
            self._proxy.counted()
            if not self._lost(data) and not await self._answered(data):
                await self._delayed()
                server.write(data)
                await server.drain()

    def _lost(self, data: bytes) -> bool:
        lost = self._proxy.swallowed
        return self._outage in {Outage.SILENT, Outage.DEAF} or (bool(lost) and lost in data)

    async def _answered(self, data: bytes) -> bool:
        """Whether the request was one that the proxy answers in the server's place."""
        answer = self._proxy.answer
        if answer is None:
            return False
        request = await self._whole(data)
        if self._proxy.only in request:
            await self._say(answer.raw())
        elif self._server is not None:
            self._server.write(request)
        return True

    async def _whole(self, request: bytes) -> bytes:
        """The request to its end."""
        while _GAP not in request:
            request += await self._reader.readexactly(1)
        head, _, body = request.partition(_GAP)
        return request + await self._reader.readexactly(max(0, _length(head) - len(body)))

    async def _down(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(_CHUNK):
            if await self._passed(data):
                return
        if self._outage in _BLACK_HOLES - {Outage.DEAF}:
            await asyncio.Event().wait()  # the server's end is lost like all it says

    async def _passed(self, data: bytes) -> bool:
        """Let the server's words through as the outage allows; whether the connection ends behind them."""
        match self._outage:
            case Outage.SILENT | Outage.MUTE:
                return False
            case Outage.CUT if (half := _half(data)) != data:
                await self._say(half)
                return True
            case Outage.DRIP:
                await self._drip(data)
            case _:
                await self._delayed()
                await self._say(data)
        return False

    async def _drip(self, data: bytes) -> None:
        for begin in range(len(data)):
            if self._outage is not Outage.DRIP:
                return await self._say(data[begin:])
            await asyncio.sleep(self._proxy.drip_seconds)
            await self._say(data[begin : begin + 1])
        return None

    async def _delayed(self) -> None:
        if self._outage is Outage.SLOW:
            await asyncio.sleep(self._proxy.delay_seconds)

    async def _say(self, data: bytes) -> None:
        self._proxy.counts.sent += len(data)
        self._writer.write(data)
        await self._writer.drain()


def _half(data: bytes) -> bytes:
    """The first half; of an HTTP answer the head and half of the body, all of it where the body comes later."""
    if not data.startswith(_HTTP):
        return data[: len(data) // 2]
    head, gap, body = data.partition(_GAP)
    return head + gap + body[: len(body) // 2]


def _length(head: bytes) -> int:
    """What a request's head says of its body's length."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
