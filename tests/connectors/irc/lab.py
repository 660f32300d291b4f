"""What the connector's own tests share: a connector run against the emulator as the bridge would run it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from bridge.testing.contract_kit import Kit, Running, Terms
from bridge.testing.host import KitHost
from connectors.irc.config import IrcConfig
from connectors.irc.connector import Irc
from connectors.irc.emulator import IrcEmulator

LOBBY, GARDEN = "#lobby", "#garden"


def kit_on(server: IrcEmulator, path: Path, **settings: Any) -> Kit:  # noqa: ANN401  # whatever the settings hold
    """The contract's kit on an emulator, with other settings."""

    def connect(host: KitHost) -> Irc:
        return Irc(IrcConfig.model_validate({**server.settings(), "rejoin_seconds": 0.02, **settings}), host)

    return Kit(server, KitHost(path), connect, Terms())


@asynccontextmanager
async def running(
    path: Path,
    settings: dict[str, Any] | None = None,
    **switches: Any,  # noqa: ANN401
) -> AsyncIterator[tuple[IrcEmulator, Running]]:
    """An emulator with these switches, and a connector with these settings on it."""
    async with IrcEmulator(**switches) as server, kit_on(server, path, **(settings or {})).running() as run:
        yield server, run


class RawClient:
    """A client of the test's own: writes bytes, reads lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def connect(self, server: IrcEmulator, nick: str = "raw") -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", server.port)
        await self.tell(f"NICK {nick}", f"USER {nick} 0 * :{nick}")

    async def tell(self, *lines: str) -> None:
        """Write lines."""
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()

    async def until(self, words: str) -> str:
        """The next line that holds these words."""
        async with asyncio.timeout(5):
            while raw := await self._reader.readline():
                self.lines.append(raw.decode().rstrip("\r\n"))
                if words in self.lines[-1]:
                    return self.lines[-1]
        raise AssertionError(f"the connection ended before {words!r}: {self.lines}")

    async def ended(self) -> list[str]:
        """All lines until the server closes."""
        async with asyncio.timeout(5):
            while raw := await self._reader.readline():
                self.lines.append(raw.decode().rstrip("\r\n"))
        return self.lines

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


class ScriptedServer:
    """A server whose every line is the test's; it lets the connector in by itself unless `silent`."""

    def __init__(
        self, *, offers: str | None = None, support: str = "", silent: bool = False, nick: str = "bridge"
    ) -> None:
        self._offers = offers
        self._support = support
        self._silent = silent
        self._nick = nick
        self.heard: list[str] = []
        """Lines that no `until` passed yet."""
        self.past: list[str] = []
        self._news = asyncio.Event()
        self._open: list[tuple[asyncio.Task[Any], asyncio.StreamWriter]] = []
        self.reading = asyncio.Event()
        """Lines are read only while it is set."""
        self.reading.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.reading.set()
        for task, writer in self._open:
            writer.transport.abort()
            await asyncio.wait([task], timeout=5)
        await self._server.wait_closed()

    def settings(self) -> dict[str, object]:
        """Settings of an account on this server."""
        return {
            "connector": "irc", "server": f"irc://127.0.0.1:{self.port}", "nick": "bridge", "rate_per_second": 0,
            "timeout_seconds": 10, "relations": "tags",
        }  # fmt: skip

    def tell(self, *lines: str) -> None:
        """Write lines to the connector."""
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())

    def raw(self, data: bytes) -> None:
        """Write bytes to the connector."""
        self._writer.write(data)

    async def until(self, words: str, patience_seconds: float = 5) -> str:
        """The next line of the connector that begins with these words; those before it go to `past`."""
        async with asyncio.timeout(patience_seconds):
            while True:
                while self.heard:
                    self.past.append(self.heard.pop(0))
                    if self.past[-1].startswith(words):
                        return self.past[-1]
                self._news.clear()
                await self._news.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        if (task := asyncio.current_task()) is not None:
            self._open.append((task, writer))
        with suppress(ConnectionError, asyncio.LimitOverrunError, ValueError):
            await self._read(reader)
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while raw := await reader.readline():
            await self.reading.wait()
            line = raw.decode(errors="replace").rstrip("\r\n")
            self.heard.append(line)
            self._news.set()
            if not self._silent:
                self._answer(line)

    def _answer(self, line: str) -> None:
        match line.split(" "):
            case ["CAP", "LS", *_] if self._offers is not None:
                self.tell(f":s CAP * LS * :{self._offers}", ":s CAP * LS :")
            case ["CAP", "REQ", *_]:
                self.tell(f":s CAP * ACK {line.partition('REQ ')[2]}")
            case ["CAP", "END"]:
                self._welcome()
            case ["USER", *_] if self._offers is None:
                self._welcome()
            case ["JOIN", room]:
                me = self._nick
                self.tell(f":{me}!~u@host JOIN {room}", f":s 353 {me} = {room} :{me}", f":s 366 {me} {room} :End")

    def _welcome(self) -> None:
        me = self._nick
        self.tell(f":s 001 {me} :hi", f":s 005 {me} CHANTYPES=# {self._support} :are supported", f":s 376 {me} :end")
