"""The command line as people run it: a program of its own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 30.0


class Done(NamedTuple):
    status: int
    out: str
    err: str


def environment(*paths: Path, **variables: str) -> dict[str, str]:
    """Ours, and where else Python looks for packages."""
    return {
        **os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*paths, ROOT))), "NO_COLOR": "1", "COLUMNS": "200",
        "TERMINAL_WIDTH": "200", **variables,
    }  # fmt: skip


async def qantara(*arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Done:
    """Run a command to its end, while the loop turns."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge", *map(str, arguments), cwd=cwd, env=env or environment(),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await process.communicate()
    return Done(process.returncode or 0, out.decode(), err.decode())


class Daemon:
    """`qantara run`, whose log is read as it comes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self.text = ""

    async def says(self, event: str) -> dict[str, Any]:
        """The next line of that event."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while raw := await self.process.stderr.readline():
                self.text += raw.decode()
                self.lines.append(json.loads(raw))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]
        raise AssertionError(f"it ended without {event!r}; it said:\n{self.text}")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ends(self) -> int:
        """Its exit status, once everything it said is read."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            self.text += (await self.process.stderr.read()).decode()
            return await self.process.wait()

    async def stop(self) -> int:
        self.send(signal.SIGTERM)
        return await self.ends()


@asynccontextmanager
async def daemon(config: Path, env: Mapping[str, str] | None = None) -> AsyncIterator[Daemon]:
    """A daemon that has started; killed at the end where it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge", "run", "--config", str(config), env=env or environment(),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    one = Daemon(process)
    try:
        yield one
    finally:
        if process.returncode is None:
            process.kill()
            await one.ends()
