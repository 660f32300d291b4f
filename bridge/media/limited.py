"""Runs a program that opens what strangers sent, with limits that hold for what it starts as well.

    python -I limited.py 1073741824 30 worker.py image/jpeg

Bytes of memory, seconds of processor time, the program and its words. It knows no bridge, as the programs do not.
"""

import runpy
import sys
from typing import Protocol


class Program(Protocol):
    """A module that is run as a program, and what it may take."""

    __file__: str | None
    MEMORY_BYTES: int
    CPU_SECONDS: int


def command(program: Program) -> tuple[str, ...]:
    """What starts it; its own words follow."""
    return (sys.executable, "-I", __file__, str(program.MEMORY_BYTES), str(program.CPU_SECONDS), str(program.__file__))


def main(memory: str, seconds: str, program: str, *words: str) -> None:
    """Be that program from here on."""
    _limit(int(memory), int(seconds))
    sys.argv = [program, *words]
    runpy.run_path(program, run_name="__main__")


def _limit(memory: int, seconds: int) -> None:
    """Not every system can say so."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
