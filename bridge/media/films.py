"""Sound and films are recoded beside the bridge: through files without a name, by the ffmpeg program with limits."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import msgspec
from msgspec import Struct

from bridge.config import Config
from bridge.errors import Rejected
from bridge.media import recoding
from bridge.media.disk import Disk
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
        if tools.program is None:
            raise Rejected("there is no ffmpeg program")
        with await self._disk.do(_nameless, tools.directory) as given:
            async for piece in data:
                await self._disk.do(given.write, piece)
            with await self._disk.do(_nameless, tools.directory) as result:
                made = await self._run(tools, (str(tools.program), job, mime), given, result)
                if not made.same and not made.refused:
                    while piece := await self._disk.do(result.read, _PIECE):
                        await put(piece)
                return made

    async def _run(self, tools: Tools, words: tuple[str, ...], given: IO[bytes], result: IO[bytes]) -> Made:
        files = (given.fileno(), result.fileno())
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", recoding.__file__, *words, *map(str, files), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=_LONGEST_LINE, pass_fds=files,
            start_new_session=True, env={"LANG": "C"},
        )  # fmt: skip
        try:
            async with asyncio.timeout(tools.seconds):
                answer, _ = await process.communicate()
                return msgspec.json.decode(answer, type=Made)
        except (TimeoutError, msgspec.MsgspecError) as error:
            raise Rejected("it cannot be opened") from error
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
