"""`qantara certify`: puts everything together, tells how it goes, and writes the report."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge import logs
from bridge.certify.companion import Companion, Human
from bridge.certify.report import Certificate, Line, Verdict, data, page
from bridge.certify.run import certified
from bridge.certify.stand import Stand
from bridge.chance import SystemChance
from bridge.clock import SystemClock
from bridge.config import Config
from bridge.config.settings import HttpSettings
from bridge.connector import Connector, ConnectorConfig, Request, Response
from bridge.ids import AccountName
from bridge.registry import emulators, installed
from bridge.testing.acts import Hastens
from bridge.testing.companion import EmulatedCompanion
from bridge.testing.door import Site, opened
from bridge.testing.host import KitHost
from bridge.testing.registration import register

_BROKEN = 1
_QUIET_SECONDS = 3.0
"""So long a companion who is no human lets a trial wait for what may never come."""


def on_platform(config: Config, account: AccountName, room: str, path: Path) -> int:
    """Certify an account on its real platform; returns the exit status."""
    mask = logs.Mask(config.secrets)
    logs.configure(mask, logs.Format.AUTO, logs.Level.ERROR)
    lines = asyncio.run(_with_a_human(config, account, room, lambda line: tell(mask.text(line))))
    return written(config.accounts[account].connector, "the real platform", lines, mask, path)


def on_emulator(name: str, path: Path) -> int:
    """Certify a connector on its emulator; returns the exit status."""
    mask = logs.Mask(())
    logs.configure(mask, logs.Format.AUTO, logs.Level.ERROR)
    lines = asyncio.run(emulated(name, tell))
    return written(name, "its emulator", lines, mask, path)


def tell(line: str) -> None:
    """One line for whoever sits at the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def written(connector: str, where: str, lines: tuple[Line, ...], mask: logs.Mask, path: Path) -> int:
    """Write the report, without the secrets that `mask` knows; returns the exit status."""
    day = SystemClock().now().date().isoformat()
    certificate = Certificate(connector=connector, version=version("qantara"), day=day, where=where, lines=lines)
    path.write_text(mask.text(page(certificate)), "utf-8")
    path.with_suffix(".json").write_text(mask.text(data(certificate).decode()), "utf-8")
    tell(f"{path}: {certificate.counted}.")
    return _BROKEN if certificate.broken else 0


async def _with_a_human(
    config: Config, account: AccountName, room: str, tell: Callable[[str], None]
) -> tuple[Line, ...]:
    human = Human(f"{account}/{room}", tell)
    human.listen()
    try:
        async with _standing(config.accounts[account], account, room, config.http) as stand:
            return await _all(certified(stand, human, begins=tell), tell)
    finally:
        human.leave()


async def emulated(name: str, tell: Callable[[str], None] = lambda _: None) -> tuple[Line, ...]:
    """What a connector does on its emulator."""
    emulator = emulators().get(name)()
    if isinstance(emulator, Hastens):
        emulator.hasten()
    async with emulator as platform:
        settings = installed().get(name).Config.model_validate({"connector": name, **_settings(platform.settings())})
        async with _standing(settings, AccountName("kit"), platform.rooms[0], HttpSettings(listen=_ANY)) as stand:
            register(platform, stand.host.account, stand.host.webhook_url or "")
            companion: Companion = EmulatedCompanion(platform)
            return await _all(certified(stand, companion, _QUIET_SECONDS, tell), tell)


_ANY = "127.0.0.1:0"


def _settings(found: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in found.items() if key != "connector"}


async def _all(lines: AsyncIterator[Line], tell: Callable[[str], None]) -> tuple[Line, ...]:
    found = []
    async for line in lines:
        found.append(line)
        tell(f"  {line.verdict}" + (f": {line.why}" if line.verdict is not Verdict.KEPT else ""))
    return tuple(found)


@asynccontextmanager
async def _standing(
    settings: ConnectorConfig, account: AccountName, room: str, http: HttpSettings | None
) -> AsyncIterator[Stand]:
    """The account's connector by itself; where its platform calls it, it listens where the daemon would."""
    made = installed().get(settings.connector)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="qantara-certify-")))
        host = KitHost(folder, account=account, clock=SystemClock(), chance=SystemChance())
        stand = Stand(lambda host: made(settings, host), host, room)
        if http is not None and made.can(Connector.receive):
            await stack.enter_async_context(_listening(stand, http))
        yield stand


class _Called:
    """The one connector there is, whichever that is now, for a door that may know several."""

    is_running = True

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    async def receive(self, request: Request) -> Response:
        return await self._stand.connector.receive(request)


@asynccontextmanager
async def _listening(stand: Stand, http: HttpSettings) -> AsyncIterator[None]:
    host = stand.host
    async with opened(site=Site(http.host, http.port, host.account)) as door:
        door.admit(_Called(stand), host)
        if http.public_url:
            public = http.public_url.rstrip("/")
            host.webhook_url, host.files_url = f"{public}/in/{host.account}", f"{public}/files"
        yield
