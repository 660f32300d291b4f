"""`python -m bridge.certify REPORTS PAGE`: certifies every connector on its emulator, and writes the page anew."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from bridge.certify.command import emulated
from bridge.certify.report import Certificate, Line, Verdict, read
from bridge.certify.table import table
from bridge.registry import emulators


async def everything() -> Mapping[str, tuple[Line, ...]]:
    """What every installed connector shows on its emulator, all at once."""
    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(emulated(name)) for name in emulators().names()}
    return {name: task.result() for name, task in tasks.items()}


def reports(folder: Path) -> Mapping[str, Certificate]:
    """The newest report of each connector that people sent from the real platforms."""
    found = sorted((read(path.read_bytes()) for path in folder.glob("*.json")), key=lambda one: one.day)
    return {one.connector: one for one in found}


def main(arguments: list[str]) -> int:
    """1 where a promise was broken."""
    folder, path = map(Path, arguments)
    lines = asyncio.run(everything())
    path.write_text(table(lines, reports(folder)), "utf-8")
    return int(any(line.verdict is Verdict.BROKEN for one in lines.values() for line in one))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
