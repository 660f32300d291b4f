"""The ends of the measured line: a source that floods, a sink that checks every line, and a bare relay between them."""

import asyncio
import re
import time

_NUMBER = re.compile(rb"n(\d{7})")
_CHUNK = 200
_CAN_SPEAK = (b" 376 ", b" 422 ")


class Peer(asyncio.Protocol):
    """A plain IRC client: logs in, enters rooms, hands whole buffers to `heard`."""

    def __init__(self, nick: str, rooms: list[str]) -> None:
        self.nick, self._rooms = nick, rooms
        self._rest = b""
        self._left = len(rooms)
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    async def connect(self, port: int) -> "Peer":
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)
        async with asyncio.timeout(30):
            await self.ready
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(f"NICK {self.nick}\r\nUSER u 0 * :u\r\n".encode())

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        if self.ready.done():
            self.heard(lines)
            return
        for line in lines:
            self._log_in(line)

    def _log_in(self, line: bytes) -> None:
        if line.startswith(b"PING"):
            self.transport.write(line.replace(b"PING", b"PONG", 1) + b"\r\n")
        elif any(code in line for code in _CAN_SPEAK):
            self.transport.write(b"".join(f"JOIN {room}\r\n".encode() for room in self._rooms))
        elif b" 366 " in line:
            self._left -= 1
            if not self._left and not self.ready.done():
                self.ready.set_result(None)

    def heard(self, lines: list[bytes]) -> None:
        """Whole lines of one buffer."""
        for line in lines:
            if line.startswith(b"PING"):
                self.transport.write(line.replace(b"PING", b"PONG", 1) + b"\r\n")


class Source(Peer):
    """Says numbered lines, in one room after the other."""

    _pong: "asyncio.Future[None]"

    def line(self, number: int, room: str, payload: bytes) -> bytes:
        return b"PRIVMSG %s :n%07d %s\r\n" % (room.encode(), number, payload)

    async def flood(self, count: int, rooms: list[str], payload: bytes = b"x" * 80) -> None:
        """As fast as the server takes it: a PONG paces each chunk.

        With more than some 60 kB unread, inspircd puts the rest off to its next second.
        """
        for start in range(0, count, _CHUNK):
            numbers = range(start, min(start + _CHUNK, count))
            self._pong = asyncio.get_running_loop().create_future()
            lines = [self.line(number, rooms[number % len(rooms)], payload) for number in numbers]
            self.transport.write(b"".join(lines) + b"PING :chunk\r\n")
            async with asyncio.timeout(60):
                await self._pong

    def heard(self, lines: list[bytes]) -> None:
        super().heard(lines)
        if any(b" PONG " in line for line in lines) and not self._pong.done():
            self._pong.set_result(None)


class Sink(Peer):
    """Checks that every number comes, each once, and in order within its room (`number % rooms`)."""

    def __init__(self, nick: str, rooms: list[str]) -> None:
        super().__init__(nick, rooms)
        self.arrived: dict[int, float] = {}
        self.faults: list[str] = []
        self._last: dict[int, int] = {}
        self._width = len(rooms)
        self._wanted = 0
        self._all: asyncio.Future[None] | None = None

    def expect(self, count: int) -> "asyncio.Future[None]":
        self.arrived, self._last, self._wanted = {}, {}, count
        self._all = asyncio.get_running_loop().create_future()
        return self._all

    def heard(self, lines: list[bytes]) -> None:
        super().heard(lines)
        now = time.perf_counter()
        for line in lines:
            found = _NUMBER.search(line)
            if found:
                self._take(int(found[1]), now)
        if self._all is not None and len(self.arrived) >= self._wanted and not self._all.done():
            self._all.set_result(None)

    def _take(self, number: int, now: float) -> None:
        room = number % self._width
        if number in self.arrived:
            self.faults.append(f"{number} twice")
        elif number < self._last.get(room, -1):
            self.faults.append(f"{number} after {self._last[room]}")
        self.arrived[number] = now
        self._last[room] = number


class BareRelay:
    """What any relay costs: whole buffers in and out, one write a read, nothing stored."""

    def __init__(self, rooms: list[str]) -> None:
        self._speaker = Peer("bare", rooms)
        self._listener = _Listener("bare", rooms, self._speaker)

    async def connect(self, source_port: int, target_port: int) -> "BareRelay":
        await self._speaker.connect(target_port)
        await self._listener.connect(source_port)
        return self

    def close(self) -> None:
        self._speaker.transport.close()
        self._listener.transport.close()


class _Listener(Peer):
    def __init__(self, nick: str, rooms: list[str], speaker: Peer) -> None:
        super().__init__(nick, rooms)
        self._speaker = speaker

    def heard(self, lines: list[bytes]) -> None:
        super().heard(lines)
        out = []
        for line in lines:
            head, _, rest = line.partition(b" PRIVMSG ")
            if rest:
                room, _, text = rest.partition(b" :")
                out.append(b"PRIVMSG %s :%s: %s\r\n" % (room, head[1 : head.find(b"!")], text))
        if out:
            self._speaker.transport.write(b"".join(out))
