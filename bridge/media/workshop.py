"""Work on files that strangers sent, each piece in a process of its own that ends with it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from io import BytesIO
from typing import Final, Protocol

import msgspec

from bridge.errors import Rejected
from bridge.media import boxes, making, worker
from bridge.media.films import Films, is_film
from bridge.media.limited import command
from bridge.media.made import CLEAN, Made

_SECONDS: Final = 60.0
_PIECE: Final = 1 << 16
_LONGEST_LINE: Final = 1 << 12
_AT_ONCE: Final = 2
Put = Callable[[bytes], Awaitable[None]]


class Workshop(Protocol):
    """Does a job on a file; the new one is given to `put`, piece by piece. Raises `Rejected`."""

    async def do(self, job: str, mime: str, data: AsyncIterator[bytes], put: Put) -> Made: ...


class Processes:
    """Each job in a process with little memory and time: what breaks it breaks nothing else."""

    def __init__(self, films: Films | None = None) -> None:
        self._slots, self._films = asyncio.Semaphore(_AT_ONCE), films

    async def do(self, job: str, mime: str, data: AsyncIterator[bytes], put: Put) -> Made:
        async with self._slots:
            if is_film(job, mime):
                if self._films is None:
                    raise Rejected("there is nothing that opens films")
                return await self._films.do(job, mime, data, put)
            process = await asyncio.create_subprocess_exec(
                *_program(job), mime, stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=_LONGEST_LINE,
            )  # fmt: skip
            try:
                async with asyncio.timeout(_SECONDS):
                    return await _done(process, data, put)
            except (TimeoutError, ValueError, msgspec.MsgspecError) as error:
                raise Rejected("it cannot be opened") from error
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def _program(job: str) -> tuple[str, ...]:
    """What does a job, and how it is told."""
    return command(worker) if job == CLEAN else (*command(making), job)


async def _done(process: asyncio.subprocess.Process, data: AsyncIterator[bytes], put: Put) -> Made:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process has no pipes")
    with suppress(BrokenPipeError, ConnectionResetError):  # it died early: its answer tells
        async for piece in data:
            process.stdin.write(piece)
            await process.stdin.drain()
    process.stdin.close()
    made = msgspec.json.decode(await process.stdout.readline(), type=Made)
    while piece := await process.stdout.read(_PIECE):
        await put(piece)
    if await process.wait():
        raise Rejected("it cannot be opened")
    return made


async def _blanked(job: str, mime: str, whole: bytes, put: Put) -> Made:
    """What can be done with a film without its program."""
    if job != CLEAN or mime not in boxes.TYPES:
        raise Rejected("films are not opened here")
    file = BytesIO(whole)
    made = msgspec.convert(boxes.blanked(file), Made)
    if not made.same and not made.refused:
        await put(file.getvalue())
    return made


class Here:
    """In this process: for tests that turn the clock."""

    async def do(self, job: str, mime: str, data: AsyncIterator[bytes], put: Put) -> Made:
        whole = b"".join([piece async for piece in data])
        if is_film(job, mime):
            return await _blanked(job, mime, whole, put)
        try:
            made = worker.cleaned(whole, mime) if job == CLEAN else making.made(whole, mime, job)
        except (worker.Refused, making.Refused) as error:
            return Made(refused=str(error))
        if made.data != whole:
            await put(made.data)
        return Made(made.width, made.height, made.animated, made.data == whole)
