"""The files of all messages: fetched when accepted, there while they are needed, gone soon after."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from msgspec import Struct

from bridge.chance import Chance
from bridge.clock import Clock
from bridge.config import Config
from bridge.config.settings import MediaSettings
from bridge.connector import Connector
from bridge.errors import Feature, Rejected, StoreFull, Unavailable, Unsupported
from bridge.events import Attachment, File, Kind
from bridge.ids import OURSELVES, AccountName, PersonNumber
from bridge.media.faces import Faces, Stored
from bridge.media.fetching import Fetching
from bridge.media.files import Files
from bridge.media.made import THUMBNAIL
from bridge.media.workshop import Workshop
from bridge.store.attached import Fetch, Fetched, Held, HeldOf, Linked, Served, Sweep, ToFetch
from bridge.store.vault import VaultError
from bridge.store.writer import Writer

logger = structlog.get_logger()
_SWEEP_SECONDS = 10.0
_MIB = 1 << 20
_PIECE = 1 << 16
_DAY_MS = 86_400_000
_BYTELESS = frozenset({Kind.LOCATION, Kind.CONTACT, Kind.POLL})


class OurOwn:
    """What the bridge itself attaches: the text is the handle."""

    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """The bytes; see `bridge.connector.Connector.fetch`."""
        data = attachment.source.encode()
        for begin in range(0, len(data), _PIECE):
            yield data[begin : begin + _PIECE]


class Rules(Struct, frozen=True):
    """What the configuration in force says of files."""

    settings: MediaSettings
    public_url: str | None


def rules(config: Config) -> Rules:
    """What a configuration says of files."""
    return Rules(config.media, config.http.public_url if config.http is not None else None)


def directory_of(config: Config) -> Path:
    """Where files are kept."""
    return config.media.directory or config.store.path.parent / "media"


class Awaited:
    """The files of one message that are still to come."""

    def __init__(self, parts: int, due: float) -> None:
        self.parts, self.due = parts, due
        self.all = asyncio.Event()

    def came(self) -> None:
        """One is there, or never will be."""
        self.parts -= 1
        if not self.parts:
            self.all.set()


class Keeping:
    """Made once; nothing is fetched or kept before `open`."""

    def __init__(self, writer: Writer, clock: Clock, chance: Chance, group: asyncio.TaskGroup) -> None:
        self._writer, self._clock, self._chance, self._group = writer, clock, chance, group
        self._able: set[AccountName] = set()
        self._faced: dict[AccountName, Connector[Any]] = {}
        self._awaited: dict[int, Awaited] = {}
        self._used = 0
        self._failed: set[tuple[str, str]] = set()
        """Forms that could not be made."""
        self._any = asyncio.Event()
        """Whether there may be files, or something to fetch."""

    async def open(self, files: Files, workshop: Workshop, rules: Callable[[], Rules]) -> None:
        """Keep files here, and go on fetching what was to be fetched when the process ended."""
        self._files, self._rules = files, rules
        self._fetching = Fetching(
            files, self._clock, self._chance, workshop=workshop, metadata=lambda: rules().settings.metadata,
            room=self._room, done=self._fetched,
        )  # fmt: skip
        self._fetching.up(OURSELVES, OurOwn())
        self._faces = Faces(self._writer, self._clock, self._group, self._had)
        self._used = files.size()
        if files.names():
            self._any.set()
        self.begin(await self._writer.ask(ToFetch()))

    # --- fetching ---

    def know(self, account: AccountName, connector: Connector[Any]) -> None:
        """Whether this account's attachments can be fetched at all."""
        (self._able.add if connector.can(Connector.fetch) else self._able.discard)(account)

    def up(self, account: AccountName, connector: Connector[Any]) -> None:
        """The account can be asked now."""
        self._faced[account] = connector
        if account in self._able and self._is_open:
            self._fetching.up(account, connector)

    def down(self, account: AccountName) -> None:
        """The account cannot be asked now."""
        self._faced.pop(account, None)
        if account in self._able and self._is_open:
            self._fetching.down(account)

    def wanted(self, account: AccountName, attachments: Sequence[Attachment]) -> tuple[int, ...]:
        """Which attachments of an event are to be fetched."""
        if account not in self._able or not self._is_open:
            return ()
        return tuple(index for index, one in enumerate(attachments) if one.source and one.kind not in _BYTELESS)

    def begin(self, fetches: Sequence[Fetch]) -> None:
        """These are accepted, and to be fetched at once."""
        due = self._clock.monotonic() + self._rules().settings.wait_seconds
        for what in fetches:
            awaited = self._awaited.setdefault(what.event, Awaited(0, due))
            awaited.parts += 1
            self._any.set()
            self._group.create_task(self._fetching.fetch(what))

    def _room(self) -> int:
        """How many bytes the next file may have."""
        settings = self._rules().settings
        return max(0, min(settings.max_mib * _MIB, settings.total_mib * _MIB - self._used))

    async def _fetched(self, what: Fetch, file: File | None, why: str) -> None:
        stored = asyncio.Event()
        fetched = Fetched(event=what.event, part=what.part, file=file, why=why)
        self._writer.tell(fetched, lambda _: stored.set())
        await stored.wait()
        self._used += file.size if file is not None else 0
        awaited = self._awaited[what.event]
        awaited.came()
        if awaited.all.is_set():
            del self._awaited[what.event]

    # --- giving ---

    async def held(self, event: int) -> tuple[Held, ...]:
        """What is there of an event's attachments, once all of it is there or their time is over."""
        awaited = self._awaited.get(event)
        if awaited is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, awaited.due - self._clock.monotonic())):
                    await awaited.all.wait()
        held: tuple[Held, ...] = await self._writer.learn(HeldOf(event))
        return tuple(self._still(one) for one in held)

    def _still(self, held: Held) -> Held:
        """What a restored store speaks of may have been left behind."""
        there = [pair for pair in zip(held.files, held.forms, strict=True) if self._files.has(pair[0].id)]
        if len(there) == len(held.files):
            return held
        files, forms = tuple(file for file, _ in there), tuple(form for _, form in there)
        return Held(held.part, files, held.why or "the file is gone", forms)

    async def converted(self, event: int, held: Held, job: str) -> Held | None:
        """The attachment with the form that this job makes as well; None where it cannot be made, now and later."""
        first = held.files[0]
        if (first.id, job) in self._failed:
            return None
        try:
            made = await self._fetching.worked(job.removeprefix(THUMBNAIL), first)
        except (Rejected, FileNotFoundError, VaultError) as error:
            log = logger.info if job.startswith(THUMBNAIL) else logger.warning
            log("file not converted", job=job, why=str(error))
            self._failed.add((first.id, job))
            return None
        self._used += made.size
        await self._writer.insist(Fetched(event=event, part=held.part, file=made, form=job))
        return Held(held.part, (*held.files, made), held.why, (*held.forms, job))

    async def read(self, file: File) -> AsyncIterator[bytes]:
        """See `bridge.connector.Host.read`."""
        try:
            async for piece in self._files.read(file.id):
                yield piece
        except (FileNotFoundError, VaultError) as error:
            raise Unsupported(Feature.ATTACHMENT, f"{file.name} is gone") from error

    async def link(self, file: File) -> str | None:
        """See `bridge.connector.Host.link`."""
        rules = self._rules()
        if rules.public_url is None:
            return None
        until = self._now_ms() + rules.settings.link_days * _DAY_MS
        await self._writer.insist(Linked(id=file.id, until=until))
        return f"{rules.public_url}/files/{file.id}/{quote(file.name)}"

    async def served(self, ident: str) -> File | None:
        """The file behind a public address, while it is one."""
        file: File | None = await self._writer.ask(Served(ident, self._now_ms())) if self._is_open else None
        return file

    async def face(self, person: PersonNumber) -> File | None:
        """See `bridge.connector.Host.face`."""
        file = await self._faces.of(person)
        return file if file is not None and self._files.has(file.id) else None

    async def _had(self, account: AccountName, avatar: str, stored: Stored) -> None:
        connector = self._faced.get(account)
        if connector is None:
            raise Unavailable("the account is down")
        if not connector.can(Connector.face):
            raise Rejected("there are no pictures of people")
        self._any.set()
        await self._fetching.face(connector.face(avatar), stored)

    # --- letting go ---

    async def run(self) -> None:
        """Until cancelled: files that nobody needs any more go within seconds."""
        while True:
            await self._any.wait()
            await self._clock.sleep(_SWEEP_SECONDS)
            try:
                await self.sweep()
            except (StoreFull, OSError) as error:
                logger.warning("files not swept", why=str(error))

    async def sweep(self) -> None:
        """Remove every file that nothing points to; what is being made is left alone."""
        there, making = self._files.names(), frozenset(self._fetching.making)
        stay: frozenset[str] = await self._writer.ask(Sweep(self._now_ms()))
        self._files.remove(there - making - stay)
        self._used = self._files.size()
        if not there and not self._awaited:
            self._any.clear()
            self._failed.clear()

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    @property
    def _is_open(self) -> bool:
        return hasattr(self, "_files")
