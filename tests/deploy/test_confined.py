"""The daemon needs to write in its data directory and nowhere else, and needs no privilege at all."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from bridge.testing.waiting import eventually, shown
from bridge.text.nodes import said
from connectors.irc.emulator import IrcEmulator
from tests.bridge.cli.program import Daemon, environment, qantara

SCRIPT = Path(__file__).parent / "confined.sh"
NOBODY = 65534
_NO_GAIN = "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""PR_SET_MDWE with PR_MDWE_REFUSE_EXEC_GAIN (prctl(2)): what MemoryDenyWriteExecute= asks of newer kernels."""


def _who() -> str:
    """Root becomes nobody; whoever is nobody else already stays who they are."""
    return str(NOBODY) if os.geteuid() == 0 else "same"


def _seen() -> dict[str, str]:
    """What nobody has to see, where it lies below directories that only their owner may enter."""
    needed = {Path(one).resolve() for one in (sys.prefix, sys.base_prefix, SCRIPT.parents[2])}
    closed = {one: [up for up in one.parents if not up.stat().st_mode & 0o001] for one in needed}
    hidden = {one: ups[-1] for one, ups in closed.items() if ups and _who() != "same"}
    return {"KEEP": " ".join(map(str, hidden)), "COVER": " ".join(map(str, set(hidden.values())))}


def _apart() -> list[str]:
    """How to get a view of the file system of our own, as root and as anybody."""
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *rights, "--mount", "--propagation", "private"]


def _written(folder: Path, network: IrcEmulator) -> tuple[Path, Path]:
    """The configuration, which the daemon may read, and the directory where it may write."""
    data = folder / "state"
    data.mkdir(mode=0o700)
    accounts = {"a": dict(network.settings()), "b": {**network.settings(), "nick": "elsewhere"}}
    links = {"l": {"rooms": [f"a/{network.rooms[0]}", f"b/{network.rooms[1]}"]}}
    store = {"path": str(data / "qantara.db"), "min_free_mib": 0}
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"store": store, "accounts": accounts, "links": links}))
    if _who() == str(NOBODY):
        os.chown(data, NOBODY, NOBODY)
        os.chown(path, NOBODY, NOBODY)
        _entered_by_all(folder)
    path.chmod(0o400)
    return path, data


def _entered_by_all(folder: Path) -> None:
    """Let everybody pass through pytest's own directories, which are made for one user."""
    for one in (folder, *folder.parents):
        if "pytest-of-" in str(one):
            one.chmod(one.stat().st_mode | 0o011)


@asynccontextmanager
async def _confined(config: Path, data: Path) -> AsyncIterator[Daemon]:
    program = [sys.executable, "-m", "bridge", "run", "--config", str(config)]
    command = [*_apart(), str(SCRIPT), str(data), _who(), sys.executable, "-c", _NO_GAIN, *program]
    variables = environment(PYTHONDONTWRITEBYTECODE="1", HOME="/nonexistent", **_seen())
    process = await asyncio.create_subprocess_exec(
        *command, env=variables, cwd="/", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    one = Daemon(process)
    try:
        yield one
    finally:
        if process.returncode is None:
            process.kill()
            await one.ends()


async def test_it_writes_in_its_data_directory_alone_and_needs_no_privilege(tmp_path: Path) -> None:
    async with IrcEmulator() as network:
        config, data = _written(tmp_path, network)
        async with _confined(config, data) as one:
            await one.says("running")
            fields = _fields(one.process.pid)
            await eventually(lambda: _well(config))
            await network.say(network.rooms[0], "Ada", said("through the wall"))
            await shown(network, network.rooms[1], lambda seen: any("through the wall" in each.text for each in seen))
            status = await one.stop()
            assert status == 0, one.text
    assert int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    if _who() == str(NOBODY):
        assert fields["Uid"].split() == [str(NOBODY)] * 4
        assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert "Traceback" not in one.text
    _check(tmp_path)


def _fields(process: int) -> dict[str, str]:
    """What the kernel says of a process's rights."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def _check(folder: Path) -> None:
    """It wrote where it may, and nobody else can read that."""
    assert {path.name for path in folder.iterdir()} == {"config.yaml", "state"}
    assert (folder / "state" / "qantara.db").exists()
    for path in [folder / "state", *(folder / "state").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


async def _well(config: Path) -> bool:
    return (await qantara("status", "-c", config)).status == 0


def test_the_wall_is_there(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    if _who() == str(NOBODY):
        os.chown(tmp_path / "state", NOBODY, NOBODY)
        _entered_by_all(tmp_path)
    tries = f"touch {tmp_path}/state/in; touch {tmp_path}/out; touch /tmp/out; chown 0 {tmp_path}/state/in && id -u"
    command = [*_apart(), str(SCRIPT), str(tmp_path / "state"), _who(), "sh", "-c", tries]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [path.name for path in tmp_path.rglob("*")] == ["state", "in"], done.stderr
    assert done.stderr.count("Read-only file system") + done.stderr.count("Permission denied") >= 2
