"""What the connector's own tests share: a connector run against the emulator as the bridge would run it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
        self._news = asyncio.Event()
        self.reading = asyncio.Event()
        """Lines are read only while it is set."""
        self.reading.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    def settings(self) -> dict[str, object]:
        """Settings of an account on this server."""
        return {
            "connector": "irc", "server": f"irc://127.0.0.1:{self.port}", "nick": "bridge", "rate_per_second": 0,
            "timeout_seconds": 0.5, "relations": "tags",
        }  # fmt: skip

    def tell(self, *lines: str) -> None:
        """Write lines to the connector."""
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())

    def raw(self, data: bytes) -> None:
        """Write bytes to the connector."""
        self._writer.write(data)

    async def until(self, words: str) -> str:
        """The next line of the connector that begins with these words."""
        async with asyncio.timeout(5):
            while True:
                for line in self.heard:
                    if line.startswith(words):
                        self.heard = self.heard[self.heard.index(line) + 1 :]
                        return line
                self._news.clear()
                await self._news.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        while raw := await reader.readline():
            await self.reading.wait()
            line = raw.decode(errors="replace").rstrip("\r\n")
            self.heard.append(line)
            self._news.set()
            if not self._silent:
                self._answer(line)
        writer.close()

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
                self.tell(
                    f":bridge!~u@host JOIN {room}", f":s 353 bridge = {room} :bridge", f":s 366 bridge {room} :End"
                )

    def _welcome(self) -> None:
        self.tell(
            ":s 001 bridge :hi", f":s 005 bridge CHANTYPES=# {self._support} :are supported", ":s 376 bridge :end"
        )
