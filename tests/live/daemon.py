"""The daemon as an operator runs it: a process with a configuration file; started, watched, killed, started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp
import yaml

from bridge.testing.waiting import eventually

TOKEN = "token-of-a-test-of-at-least-32-bytes"
_START_SECONDS = 60.0


class Daemon:
    """`python -m bridge run`; a context manager that ends it in order, or by force when that does not work."""

    def __init__(
        self, folder: Path, accounts: Mapping[str, object], links: Mapping[str, object], listen: str = "127.0.0.1:0",
        *, desks: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        self._folder = folder
        self.program = [sys.executable, "-m", "bridge"]
        self.listen = listen
        self._desks = desks
        self.environment: Mapping[str, str] = {}
        """What the next process finds in its environment besides ours."""
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "config.yaml"
        self.store = folder / "data" / "qantara.db"
        self.write(accounts, links)
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, accounts: Mapping[str, object], links: Mapping[str, object]) -> None:
        """The configuration file, readable by its owner alone."""
        whole = {
            "store": {"path": str(self.store), "min_free_mib": 0, "ballast_mib": 0},
            "http": {"listen": self.listen, "token": TOKEN},
            "accounts": {name: dict(settings) for name, settings in accounts.items()},  # type: ignore[call-overload]
            "links": dict(links),
            **({"desks": dict(self._desks)} if self._desks else {}),
        }
        self.config.touch(mode=0o600)
        self.config.write_text(yaml.safe_dump(whole))

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await eventually(lambda: self._process is None or self._process.poll() is not None, seconds=30)
            finally:
                self.kill()

    async def start(self) -> None:
        """Start and wait until every account was tried."""
        self.launch()
        await eventually(self.ready, what=self.log, seconds=_START_SECONDS)

    def launch(self) -> None:
        """Start, and do not wait."""
        with (self._folder / "daemon.log").open("ab") as log:
            command = [*self.program, "run", "--config", str(self.config)]
            environment = {**os.environ, **self.environment}
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(10)

    @property
    def ended(self) -> int | None:
        """How the process ended by itself, None while it runs."""
        return None if self._process is None else self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def log(self) -> str:
        return (self._folder / "daemon.log").read_text()[-4000:]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def ask(self, path: str) -> tuple[int, str]:
        """A GET over the socket beside the store."""
        connector = aiohttp.UnixConnector(str(self.store.parent / "qantara.sock"))
        async with aiohttp.ClientSession(connector=connector) as session, session.get(f"http://bridge{path}") as answer:
            return answer.status, await answer.text()

    async def ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            status, _ = await self.ask("/ready")
        except (aiohttp.ClientError, OSError):
            return False
        return status == 200

    async def status(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads((await self.ask("/status"))[1])
        return found

    async def waiting(self) -> int:
        """How many deliveries wait."""
        counts: Mapping[str, int] = (await self.status())["counts"]
        return counts["waiting"] + counts["held"]

    def resident_mb(self) -> float:
        """Resident memory now, in MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
