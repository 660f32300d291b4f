"""Sound and films are recoded beside the bridge: through files without a name, by the ffmpeg program with limits."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import msgspec
from msgspec import Struct

from bridge.config import Config
from bridge.errors import Rejected
from bridge.media import boxes, recoding
from bridge.media.disk import Disk
from bridge.media.limited import command
from bridge.media.made import CLEAN, Made

_PIECE: Final = 1 << 18
_LONGEST_LINE: Final = 1 << 12
Put = Callable[[bytes], Awaitable[None]]


class Tools(Struct, frozen=True):
    """The program, how long, in seconds, it may take, and where files without a name lie: None for in memory only."""

    program: Path | None
    seconds: float
    directory: Path | None


def tools(config: Config, directory: Path) -> Tools:
    """What the configuration says of them; under a key nothing lies on the disk in clear."""
    told = config.media.ffmpeg
    found = shutil.which("ffmpeg" if told is None else str(told))
    where = directory if config.store.key is None else None
    return Tools(None if found is None else Path(found), config.media.convert_seconds, where)


def is_film(job: str, mime: str) -> bool:
    """Whether a job is one of these: what comes or what is made is no picture."""
    made_of = mime if job == CLEAN else job.partition(" ")[0]
    return mime in recoding.READ and not (mime.startswith("image/") and made_of.startswith("image/"))


class Films:
    """Does jobs on sound and films. `asked` says with which tools, each time anew."""

    def __init__(self, asked: Callable[[], Tools], disk: Disk) -> None:
        self._asked, self._disk = asked, disk

    async def do(self, job: str, mime: str, data: AsyncIterator[bytes], put: Put) -> Made:
        """As `Workshop.do`."""
        tools = self._asked()
        boxed = job == CLEAN and mime in boxes.TYPES
        if tools.program is None and not boxed:
            raise Rejected("there is no ffmpeg program")
        with await self._disk.do(_nameless, tools.directory) as given:
            async for piece in data:
                await self._disk.do(given.write, piece)
            made = await self._recoded(tools, job, mime, given, put)
            return await self._blanked(tools, given, put) if boxed and made.refused else made

    async def _recoded(self, tools: Tools, job: str, mime: str, given: IO[bytes], put: Put) -> Made:
        """By the program, where there is one."""
        if tools.program is None:
            return Made(refused="there is no ffmpeg program")
        with await self._disk.do(_nameless, tools.directory) as result:
            words = (*command(recoding), str(tools.program), job, mime)
            made = await self._run(tools, words, (given.fileno(), result.fileno()))
            await self._given(made, result, put)
            return made

    async def _blanked(self, tools: Tools, given: IO[bytes], put: Put) -> Made:
        """Without it: what the film says becomes free space."""
        made = await self._run(tools, command(boxes), (given.fileno(),))
        await self._disk.do(given.seek, 0)
        await self._given(made, given, put)
        return made

    async def _given(self, made: Made, file: IO[bytes], put: Put) -> None:
        while not made.same and not made.refused and (piece := await self._disk.do(file.read, _PIECE)):
            await put(piece)

    async def _run(self, tools: Tools, words: tuple[str, ...], files: tuple[int, ...]) -> Made:
        """What a program of ours says of its job; it `refused` what it did not end in time."""
        process = await asyncio.create_subprocess_exec(
            *words, *map(str, files), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=_LONGEST_LINE, pass_fds=files,
            start_new_session=True, env={"LANG": "C"},
        )  # fmt: skip
        try:
            async with asyncio.timeout(tools.seconds):
                answer, _ = await process.communicate()
                return msgspec.json.decode(answer, type=Made)
        except (TimeoutError, msgspec.MsgspecError):
            return Made(refused="it cannot be opened")
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # with what it started
            await process.wait()


def _nameless(directory: Path | None) -> IO[bytes]:
    """A file that is gone when it is closed, whatever happens to us."""
    if directory is None:
        return os.fdopen(os.memfd_create("film"), "w+b", buffering=0)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return tempfile.TemporaryFile(dir=directory, buffering=0)
