"""The bridge as a process of its own, which anybody may kill and start again."""

import asyncio
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path

import aiohttp
import yaml

from bridge.clock import Clock

_LOOK_AGAIN_SECONDS = 0.05
_ANSWER_SECONDS = 5.0
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_LAST_LINES = 12


class State(StrEnum):
    """What the bridge is doing, as far as one can see from outside."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"


class NotStarted(Exception):
    """The bridge ended, or said nothing, before it was ready; the words are the end of its log."""


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Daemon:
    """`qantara run` with the configuration in `folder`; its tasks live in `group`."""

    def __init__(self, folder: Path, port: int, *, clock: Clock, group: asyncio.TaskGroup) -> None:
        self.state = State.STOPPED
        self.log = folder / "bridge.log"
        self._config = folder / "config.yaml"
        self._ready_url = f"http://127.0.0.1:{port}/ready"
        self._clock, self._group = clock, group
        self._changed = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._following: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def configure(self, settings: Mapping[str, object]) -> None:
        """Write the configuration file, readable by its owner only."""
        self._config.touch(mode=0o600)
        self._config.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")

    async def start(self) -> None:
        """Start it, unless it runs; returns as soon as there is a process."""
        if self.state is not State.STOPPED:
            return
        self.state = State.STARTING
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bridge", "run", "--config", str(self._config),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal reaches us only, and we end it in order
            )  # fmt: skip
        self._following = self._group.create_task(self._follow(self._process), name="bridge followed")

    async def ready(self) -> None:
        """Wait until messages cross; `NotStarted` when that fails."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS), self._changed:
                await self._changed.wait_for(lambda: self.state is not State.STARTING)
        if self.state is not State.RUNNING:
            raise NotStarted(self.last_words())

    async def kill(self) -> None:
        """`kill -9`: it cannot tidy up anything."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Let it end in order, within limits."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._end(signal.SIGTERM)
        finally:
            if self.pid is not None:
                await self.kill()

    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-_LAST_LINES:])

    async def _end(self, number: signal.Signals) -> None:
        if self._process is None or self._following is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        await asyncio.wait([self._following])

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        """Until it is ready, then until it ends."""
        asking = self._group.create_task(self._ask(), name="bridge asked whether it is ready")
        try:
            await process.wait()
        finally:
            asking.cancel()
            await self._become(State.STOPPED)

    async def _ask(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS)) as session:
            while not await self._is_ready(session):
                await self._clock.sleep(_LOOK_AGAIN_SECONDS)
        await self._become(State.RUNNING)

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(self._ready_url) as answer:
                return answer.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _become(self, state: State) -> None:
        async with self._changed:
            self.state = state
            self._changed.notify_all()
