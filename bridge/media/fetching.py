"""Fetching: the bytes of attachments, once each, from the moment they are accepted until they are there or given up."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Final, Protocol

import structlog
from msgspec import structs

from bridge.backoff import asked, wait
from bridge.chance import Chance
from bridge.clock import Clock
from bridge.errors import BridgeError, Rejected
from bridge.events import Attachment, File, Kind
from bridge.failpoints import Point, failpoint, pass_by
from bridge.ids import AccountName
from bridge.media.files import Files, Writing, Written
from bridge.media.made import CLEAN, PHOTO, Made
from bridge.media.names import safe
from bridge.media.types import STRIPPED, UNOPENED, fitting, told
from bridge.media.workshop import Put, Workshop
from bridge.store.attached import Fetch

logger = structlog.get_logger()
_AT_ONCE = 4
_TRIES = 12
_SILENCE_SECONDS = 60.0
"""How long a platform may take for the next piece of a file."""
_WHOLE_SECONDS = 1800.0
"""How long it may take for all of it."""
_STAYS: Final = "what it says of place and camera cannot be taken out"
_FACE: Final = Attachment(kind=Kind.IMAGE, name="face")
_FACE_MOST: Final = 8 << 20
_FACE_SIDE: Final = 640
_FACE_BYTES: Final = 100_000
"""Of a picture of somebody that is kept: as much as the strictest platform takes; facts/platform-apis.md 1."""
_CAME, _MADE = failpoint(Point.FETCH_DURING), failpoint(Point.MAKE_DURING)
Done = Callable[[Fetch, File | None, str], Awaitable[None]]


class Source(Protocol):
    """What can be asked for bytes: an account's connector, or the bridge itself."""

    def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """See `bridge.connector.Connector.fetch`."""
        ...


class TooMuch(Rejected):
    """The file is bigger than what is allowed, or than what is left of the space for files."""


class Fetching:
    """Asks connectors for files. `done` is told how each fetch ended; `room` how many bytes the next file may have.

    `done` returns once that is stored, however long the disk is full.
    """

    def __init__(  # noqa: PLR0913 - what fetching is made of
        self, files: Files, clock: Clock, chance: Chance, *, workshop: Workshop, metadata: Callable[[], str],
        room: Callable[[], int], done: Done,
    ) -> None:  # fmt: skip
        self._files, self._clock, self._chance, self._room, self._done = files, clock, chance, room, done
        self._workshop, self._metadata = workshop, metadata
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._sources: dict[AccountName, Source] = {}
        self._changed = asyncio.Event()
        self.making: set[str] = set()
        """Files that nothing points to yet."""

    def up(self, account: AccountName, connector: Source) -> None:
        """The account can be asked."""
        self._sources[account] = connector
        self._changed.set()
        self._changed = asyncio.Event()

    def down(self, account: AccountName) -> None:
        """It cannot be asked now."""
        self._sources.pop(account, None)

    async def fetch(self, what: Fetch) -> None:
        """Until it is there, or never will be; then `done` is called."""
        for failures in range(1, _TRIES + 1):
            error = await self._try(what)
            if error is None:
                return
            if isinstance(error, Rejected) or failures == _TRIES:
                logger.warning("file not fetched", account=what.account, why=str(error) or type(error).__name__)
                await self._done(what, None, str(error) if isinstance(error, Rejected) else "it cannot be fetched")
                return
            pause = asked(getattr(error, "retry_after", None)) or 0.0
            await self._clock.sleep(max(pause, wait(failures, self._chance.fraction())))

    async def _try(self, what: Fetch) -> Exception | None:
        """One try, when the account is up. Why it failed, None when it did not."""
        connector = await self._source(what.account)
        async with self._slots:
            writing = self._files.begin()
            self.making.add(writing.name)
            try:
                file = await self._whole(connector, what, writing)
                if isinstance(file, Exception):
                    return file
                await self._done(what, file, "")
            finally:
                writing.discard()
                self.making.discard(writing.name)
        return None

    async def _whole(self, connector: Source, what: Fetch, writing: Writing) -> File | Exception:
        """The file as it may be kept, or why there is none."""
        try:
            file = await self._cleaned(await self._received(connector, what.attachment, writing))
            return structs.replace(file, kind=fitting(what.attachment.kind, file.mime))
        except Exception as error:
            if not isinstance(error, (BridgeError, OSError, TimeoutError)):
                logger.exception("connector raised an undeclared error", account=what.account)
            return error

    async def face(self, given: AsyncIterator[bytes], stored: Callable[[File], Awaitable[None]]) -> None:
        """Have somebody's picture, small and clean, and give it to be stored. Raises as a connector's `fetch`."""
        async with self._slots:
            writing = self._files.begin()
            self.making.add(writing.name)
            try:
                await self._streamed(given, writing, min(_FACE_MOST, self._room()))
                file = await self._cleaned(described(_FACE, await writing.finish()))
                await stored(await self._small(file))
            finally:
                writing.discard()
                self.making.discard(writing.name)

    async def _small(self, file: File) -> File:
        """A picture of somebody that every platform takes."""
        if file.mime not in STRIPPED:
            raise Rejected("it is no picture")
        large = max(file.width or 0, file.height or 0) > _FACE_SIDE or file.size > _FACE_BYTES
        return await self.worked(f"image/jpeg {_FACE_SIDE} {_FACE_BYTES}", file) if large else file

    async def _source(self, account: AccountName) -> Source:
        while account not in self._sources:
            await self._changed.wait()
        return self._sources[account]

    async def _received(self, connector: Source, what: Attachment, writing: Writing) -> File:
        """All of it, streamed to disk. Raises `Rejected` when it is too much, or nothing."""
        most = self._room()
        if what.size is not None and what.size > most:
            raise TooMuch(f"{what.size} bytes are too many")
        await self._streamed(connector.fetch(what), writing, most)
        return described(what, await writing.finish())

    async def _streamed(self, given: AsyncIterator[bytes], writing: Writing, most: int) -> None:
        async with asyncio.timeout(_WHOLE_SECONDS), aclosing(_pieces(given)) as pieces:
            async for piece in pieces:
                if writing.size + len(piece) > most:
                    raise TooMuch(f"more than {most} bytes")
                await writing.write(piece)
                pass_by(_CAME)
        if not writing.size:
            raise Rejected("it is empty")

    async def _cleaned(self, file: File) -> File:
        """A file without what it says of place and camera. Raises `Rejected` where that cannot be taken out."""
        if self._metadata() == "keep":
            return file
        if file.mime.startswith(("video/", "audio/")):
            return await self._quieted(file)
        if file.mime in UNOPENED:
            return await self._photographed(file)
        return await self.worked(CLEAN, file) if file.mime in STRIPPED else file

    async def _photographed(self, file: File) -> File:
        """A photo of a picture that cannot be cleaned as it is."""
        try:
            return await self.worked(PHOTO, file)
        except Rejected as error:
            raise Rejected(_STAYS) from error

    async def _quieted(self, file: File) -> File:
        """Sound or film without what it says; sound and stickers that nobody can open go as they came, films do not."""
        try:
            return await self.worked(CLEAN, file)
        except Rejected as error:
            if file.mime.startswith("video/") and file.kind is not Kind.STICKER:
                raise Rejected(_STAYS) from error
            logger.info("sound not opened", mime=file.mime, why=str(error))
            return file

    async def worked(self, job: str, file: File) -> File:
        """A file after a job in the workshop: the same file where nothing was to be changed. Raises `Rejected`."""
        writing = self._files.begin()
        self.making.add(writing.name)
        try:
            made = await self._workshop.do(job, file.mime, self._files.read(file.id), _dying(writing.write))
            if made.refused:
                raise Rejected(made.refused)
            seen = _seen(file, made, file.mime if job == CLEAN else job)
            return seen if made.same else _replaced(seen, await writing.finish(), job)
        finally:
            writing.discard()
            self.making.discard(writing.name)


async def _pieces(source: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The bytes as they come; a platform that falls silent is given up."""
    async with aclosing(_generator(source)) as given:
        while True:
            try:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    piece = await anext(given)
            except StopAsyncIteration:
                return
            yield piece


async def _generator(given: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Whatever a connector wrote, as something that can be closed early."""
    try:
        async for piece in given:
            yield piece
    finally:
        if isinstance(given, AsyncGenerator):
            await given.aclose()


def _dying(put: Put) -> Put:
    """The same, past a point where a test lets the process die; the function itself where none does."""
    if _MADE is None:
        return put

    async def passed(piece: bytes) -> None:
        await put(piece)
        pass_by(_MADE)

    return passed


def _seen(file: File, made: Made, to: str) -> File:
    """The file as whoever opened it says that it is."""
    animated = made.animated or (file.animated and (made.same or to.startswith("video/")))
    sides = (made.width, made.height) if made.width and made.height else (file.width, file.height)
    return structs.replace(
        file, width=sides[0], height=sides[1], animated=animated, duration=made.duration or file.duration
    )


def _replaced(file: File, written: Written, job: str) -> File:
    """The file as it is after a job that changed it; a conversion makes another type of it."""
    mime = file.mime if job == CLEAN else job.partition(" ")[0]
    return structs.replace(
        file, id=written.id, size=written.size, sha256=written.sha256, mime=mime, name=safe(file.name, mime, file.kind)
    )


def described(what: Attachment, written: Written) -> File:
    """An attachment with its bytes: the type is told by them, and the kind and name follow the type."""
    mime = told(written.header, what.mime, what.kind)
    kind = fitting(what.kind, mime)
    return File(
        id=written.id, kind=kind, name=safe(what.name, mime, kind), mime=mime, size=written.size,
        sha256=written.sha256, duration=what.duration, width=what.width, height=what.height, waveform=what.waveform,
        animated=what.animated, alt=what.alt, emoji=what.emoji,
    )  # fmt: skip
