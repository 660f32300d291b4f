"""What the connector's own tests share: a connector run against the emulator as the bridge would run it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

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
