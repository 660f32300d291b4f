"""The demonstration as somebody starts it: a process, its address, its end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_SECONDS = 30.0


class Demo:
    """A demonstration that serves its page at `address`."""

    def __init__(self, process: subprocess.Popen[str], address: str, folder: Path) -> None:
        self.process, self.address, self.folder = process, address, folder

    @property
    def children(self) -> set[int]:
        """The processes it started, such as the bridge."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return {int(pid) for pid in listed.split()}

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(_PATIENCE_SECONDS)


def command(*options: str) -> list[str]:
    """`qantara demo`, as one line of a program."""
    return [sys.executable, "-m", "bridge", "demo", *options]


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    """Start it, wait for its address, end it in order; `folder` takes what it keeps while it runs."""
    with subprocess.Popen(
        command("--port", "0"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"TMPDIR": str(folder)},
    ) as process:  # fmt: skip
        try:
            yield Demo(process, _address(process), folder)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(_PATIENCE_SECONDS)


def _address(process: subprocess.Popen[str]) -> str:
    """What it tells people to open; pytest's timeout stands around the wait."""
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if "http://" in line:
            return next(word for word in line.split() if word.startswith("http://"))
    raise AssertionError("".join(told))


def alive(pid: int) -> bool:
    """Whether there is still such a process (one that ended and waits to be buried is none)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
