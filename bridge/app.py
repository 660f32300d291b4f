"""Puts the parts together and runs them in one task group."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any, Protocol

import structlog

from bridge.announcing.drafting import Announcements
from bridge.announcing.running import Running
from bridge.chance import Chance
from bridge.clock import Clock
from bridge.config import Config, ConfigError, Fault
from bridge.connector import Connector
from bridge.errors import StoreFull
from bridge.events import Attachment
from bridge.housekeeping import Housekeeping
from bridge.http.server import CannotListen, Server
from bridge.ids import AccountName, RoomNumber
from bridge.intake import Intake
from bridge.logs import Mask
from bridge.media.disk import Disk, Threads
from bridge.media.files import Files
from bridge.media.films import Films, tools
from bridge.media.keeping import Keeping, directory_of, rules
from bridge.media.sealing import Sealing
from bridge.media.workshop import Processes, Workshop
from bridge.pairing import Pairing, World, bonded
from bridge.registry import Registry
from bridge.rooms import Rooms
from bridge.routing import Atlas
from bridge.shared import Shared
from bridge.store.bonds import Bonds
from bridge.store.keys import keys_of
from bridge.store.ops import Close, Start, StoreBroken
from bridge.store.questions import Speakers, Started
from bridge.store.writer import Writer
from bridge.supervisor import Account
from bridge.systemd import notify

logger = structlog.get_logger()


class Exit(IntEnum):
    """How the daemon ends; the numbers above 64 as in sysexits.h."""

    OK = 0
    STORE_UNREADABLE = 65
    CANNOT_LISTEN = 69
    DISK_FAILED = 74
    IN_USE = 75


class _Ended(Exception):
    """The bridge stopped in order."""


class Served(Protocol):
    """The bridge's web server, as the bridge sees it."""

    async def start(self) -> None:
        """Listen. Raises `CannotListen`."""
        ...

    async def reload(self) -> None:
        """Follow the configuration in force."""
        ...

    async def stop(self) -> None:
        """Take no new calls; stopping twice is no error."""
        ...


class App:
    """One running bridge. `read` reads the configuration again and raises `ConfigError` when it is wrong.

    `serve` makes its web server: the simulation has none.
    """

    def __init__(  # noqa: PLR0913 - the parts a bridge is made of
        self, config: Config, connectors: Registry[type[Connector[Any]]], writer: Writer, *, clock: Clock,
        chance: Chance, read: Callable[[], Config] | None = None,
        serve: Callable[["App", Clock], Served] = Server, disk: Disk | None = None, workshop: Workshop | None = None,
    ) -> None:  # fmt: skip
        self.config, self.writer = config, writer
        self._connectors, self._clock, self._chance, self._read = connectors, clock, chance, read
        self._disk = disk or Threads()
        self._workshop = workshop or Processes(Films(lambda: tools(self.config, directory_of(self.config)), self._disk))
        self.accounts: dict[AccountName, Account] = {}
        self.exit = Exit.OK
        self._ending = asyncio.Event()
        self._changing = asyncio.Lock()
        self.started = False
        self.server = serve(self, clock)

    @property
    def ready(self) -> bool:
        """Every account was tried, and its rooms."""
        return bool(self.accounts) and all(account.is_ready for account in self.accounts.values())

    @property
    def media(self) -> Keeping:
        """The files of messages."""
        return self.shared.media

    def end(self) -> None:
        """Stop in order: what is under way ends, what waits stays in the store."""
        self._ending.set()

    def broken(self, error: StoreBroken) -> None:
        """The disk failed: nothing may be acknowledged any more."""
        logger.critical("the store failed, the bridge ends", why=str(error))
        self.exit = Exit.DISK_FAILED
        self._ending.set()

    async def run(self) -> Exit:
        """Run until `end`; returns how it ended."""
        try:
            async with asyncio.TaskGroup() as group:
                starting = group.create_task(self._start(group), name="start")
                await self._ending.wait()
                if self.exit is Exit.OK:
                    await starting
                if self.started:  # else the disk failed before there was anything to end
                    await self._wind_down()
                raise _Ended  # noqa: TRY301 - leaving the group this way ends every task in it
        except* _Ended:
            logger.info("stopped")
        except* CannotListen as errors:
            logger.critical("no web server", why=str(errors.exceptions[0]))
            self.exit = Exit.CANNOT_LISTEN
        except* StoreFull as errors:
            logger.critical("the store takes nothing", why=str(errors.exceptions[0]))
            self.exit = Exit.DISK_FAILED
        finally:
            await self.server.stop()
        return self.exit

    async def _start(self, group: asyncio.TaskGroup) -> None:
        started: Started = await self.writer.ask(Start())
        self.shared = Shared(
            writer=self.writer, clock=self._clock, chance=self._chance, group=group, epochs=started.epochs,
            notice=self._notice, say=self._say,
        )  # fmt: skip
        await self.shared.media.open(self._files(), self._workshop, lambda: rules(self.config))
        atlas = Atlas()
        self._uptimes = started.uptimes
        self.rooms = Rooms(self.shared, atlas, self.accounts)
        self.rooms.suspicious = not started.clean
        self.rooms.left.update(started.left)
        self.rooms.speakers = await self.writer.ask(Speakers())
        self.intake = Intake(self.shared, atlas, self.rooms)
        running = Running(self.shared, self.rooms, self.accounts)
        self.rooms.undelivered = running.waiting.heard
        self.intake.beside.awaiting = running.waiting.accounts
        self.announcements = Announcements(self.shared, running, self.intake.say, self.intake.beside.commanded)
        await self.rooms.moderation.begin(self.intake.guard)
        self.pairing = Pairing(self.shared, self._world())
        await self.server.start()
        self._file = self.config
        self.config = await self._bonded(self._file)
        await self._apply(self.config)
        keeping = Housekeeping(lambda: self.config.store, self.shared, self.intake, self.accounts.values)
        group.create_task(keeping.run(), name="housekeeping")
        group.create_task(keeping.watch_disk(), name="disk")
        group.create_task(keeping.answer_watchdog(), name="watchdog")
        group.create_task(self.intake.watch_desks(), name="desks")
        group.create_task(self.shared.media.run(), name="files")
        group.create_task(self.announcements.run(), name="announcements")
        self.started = True
        notify("READY=1")
        logger.info("running", accounts=len(self.accounts), links=len(self.config.links), clean=started.clean)

    def _files(self) -> Files:
        keys, chance = keys_of(self.config.store), self._chance
        sealing = Sealing(keys, chance.raw) if keys is not None else None
        return Files(directory_of(self.config), self._disk, chance.token, sealing)

    def _notice(self, about: RoomNumber | None, text: str) -> None:
        self.intake.notice(about, Mask(self.config.secrets).text(text))

    def _say(self, room: RoomNumber, text: str, files: Sequence[Attachment] = ()) -> None:
        self.intake.say(room, text, files)

    async def _wind_down(self) -> None:
        """Take nothing new, let sends under way end, then end the connectors, then write what is left."""
        notify("STOPPING=1")
        self.intake.refusing = "the bridge stops"
        running = self.announcements.running
        running.halt()
        for account in self.accounts.values():
            account.lanes.halt()
        await self.shared.idle(lambda: not running.busy)
        ended = self.exit is Exit.OK and await self._drained(self.accounts.values())
        await asyncio.gather(*(account.stop() for account in self.accounts.values()))
        await self.server.stop()
        if ended and not self.rooms.suspects:
            await self.writer.ask(Close(left=self.rooms.left))

    async def _drained(self, accounts: Iterable[Account]) -> bool:
        """Whether every send that was under way has ended: one that has not is suspect at the next start."""
        waited_for = tuple(accounts)
        return await self.shared.idle(lambda: not any(account.lanes.busy for account in waited_for))

    # --- changing the configuration while running ---

    async def reload(self) -> None:
        """Read the configuration again and make it the one in force. Raises `ConfigError`; then nothing changed."""
        if self._read is not None:
            async with self._changing:
                read = self._read()
                _can_be_followed(self.config, read)
                config = await self._bonded(read)
                await self._apply(config)
                self._file, self.config = read, config
                await self.server.reload()
                logger.info("configuration read again", accounts=len(config.accounts), links=len(config.links))

    async def _bonded(self, config: Config) -> Config:
        """The file, and what people linked by a code: the file is the operator's, and never written."""
        if config.pairing is None:
            return config
        return bonded(config, await self.writer.ask(Bonds(self.shared.now_ms())))

    async def _follow_bonds(self) -> None:
        """People linked or unlinked rooms."""
        async with self._changing:
            config = await self._bonded(self._file)
            if config != self.config:
                await self._apply(config)
                self.config = config

    def _world(self) -> World:
        return World(
            config=lambda: self.config, account=self.accounts.get, change=self._follow_bonds,
            recipients=lambda: {one.connector: self._connectors.get(one.connector).recipient
                                for one in self.config.accounts.values()},
            at=self.rooms.at, number=self.rooms.open_number, place=self.rooms.place,
        )  # fmt: skip

    async def reload_or_tell(self) -> tuple[Fault, ...]:
        """The same; what is wrong is logged, told in the notices room and returned."""
        try:
            await self.reload()
        except ConfigError as error:
            logger.warning("configuration not used: nothing changed", faults=[str(fault) for fault in error.faults])
            self._notice(None, f"The configuration was read again and is wrong, nothing changed:\n{error}")
            return error.faults
        except StoreFull as error:
            logger.warning("configuration not used: nothing changed", why=str(error))
            self._notice(None, f"The configuration was read again and could not be used, nothing changed: {error}")
            return (Fault(file="", line=0, path="", problem=f"cannot be used now: {error}"),)
        return ()

    def told_to_reload(self) -> None:
        """The same again, where nobody waits for it."""
        if self.started:
            self.shared.group.create_task(self.reload_or_tell(), name="reload")

    async def _apply(self, config: Config) -> None:
        """Only accounts and links that changed are touched; nothing is when the disk is full."""
        admitted = await self.rooms.admit(config)
        for name in [name for name in self.accounts if config.accounts.get(name) != self.config.accounts.get(name)]:
            await self._end_account(name)
        new = [name for name in config.accounts if name not in self.accounts]
        for name in new:
            self.accounts[name] = self._account(config, name)
        await self.rooms.apply(config, self.intake, admitted)
        self.intake.guard.on_pairing = None if config.pairing is None else self.pairing.asked
        self.announcements.running.follow(config)
        self.intake.beside.drafting = frozenset(self.announcements.running.drafting)
        for name, account in self.accounts.items():
            account.start(self.shared.group) if name in new else account.rejoin()
        if self.started:
            await self.announcements.running.resume()

    async def _end_account(self, name: AccountName) -> None:
        account = self.accounts[name]
        account.lanes.halt()
        await self._drained([account])
        self._uptimes[name] = account.lanes.uptime()
        await account.stop()
        self.rooms.forget(account)
        del self.accounts[name]

    def _account(self, config: Config, name: AccountName) -> Account:
        settings = config.accounts[name]
        connector = self._connectors.get(settings.connector)
        url = config.http.public_url if config.http else None
        return Account(
            name=name, shared=self.shared, intake=self.intake, data_dir=config.store.path.parent / "accounts" / name,
            webhook_url=f"{url.rstrip('/')}/in/{name}" if url else None, uptime=self._uptimes.get(name, 0),
            make=lambda host: connector(settings, host), pin=lambda number, place: self.rooms.pin(name, number, place),
        )  # fmt: skip


def _can_be_followed(now: Config, wanted: Config) -> None:
    """What a running bridge stands on does not change under it. Raises `ConfigError`."""
    changed = [
        f"store.{name}" for name in ("path", "durability") if getattr(now.store, name) != getattr(wanted.store, name)
    ]
    if not changed and directory_of(now) != directory_of(wanted):  # by default it stands beside the store
        changed = ["media.directory"]
    why = "cannot change while the bridge runs: stop it, then start it with the new file"
    if changed:
        raise ConfigError(Fault(file="", line=0, path=path, problem=why) for path in changed)
