"""Somebody at the terminal is asked, and what they do counts."""

import asyncio
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from bridge.certify.report import Verdict, read
from bridge.testing.companion import EmulatedCompanion
from connectors.irc.emulator import IrcEmulator

_WRITE = re.compile(r"please write: (.+?)  \(or type Enter")


async def sit(process: asyncio.subprocess.Process, companion: EmulatedCompanion, sees: str) -> str:
    """Write what is asked for, say `sees` to every question, and decline the rest; what the command said."""
    assert process.stdout is not None
    assert process.stdin is not None
    said = ""
    async for raw in process.stdout:
        line = raw.decode()
        said += line
        if wish := _WRITE.search(line):
            await companion.write(wish[1])
        elif "[y/n" in line:
            process.stdin.write(f"{sees}\n".encode())
        elif "please" in line:
            process.stdin.write(b"\n")
    return said


async def by_hand(folder: Path, sees: str) -> tuple[int | None, str, Mapping[str, Verdict]]:
    """The exit status, what was said, and the verdicts of a run with somebody who sees everything, or nothing."""
    async with IrcEmulator() as platform:
        config = folder / "config.yaml"
        config.write_text(yaml.safe_dump({"accounts": {"net": dict(platform.settings())}}), "utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bridge", "certify", "net", platform.rooms[0], "-c", str(config), "-o", "net.md",
            cwd=folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(50):
            said = await sit(process, EmulatedCompanion(platform), sees)
            status = await process.wait()
    found = read((folder / "net.json").read_bytes())
    assert found.where == "the real platform"
    assert found.counted in said
    return status, said, {line.trial: line.verdict for line in found.lines}


async def test_who_sees_everything_makes_a_good_report(tmp_path: Path) -> None:
    status, said, verdicts = await by_hand(tmp_path, "y")
    assert status == 0, said
    assert verdicts["what is sent is read"] is Verdict.KEPT
    assert verdicts["what a person says is heard once, with a name and a time"] is Verdict.KEPT
    assert verdicts["a person's answer is heard as one"] is Verdict.MISSING, "it was declined"
    assert "| what is sent is read | kept |" in (tmp_path / "net.md").read_text("utf-8")


async def test_who_sees_nothing_makes_a_bad_one(tmp_path: Path) -> None:
    status, said, verdicts = await by_hand(tmp_path, "n")
    assert status == 1, said
    assert verdicts["what is sent is read"] is Verdict.BROKEN
    assert verdicts["what a person says is heard once, with a name and a time"] is Verdict.KEPT
