"""What opens the files of strangers takes no more memory and time than it may, nor does what it starts."""

import signal
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from bridge.media import boxes, making, recoding, worker
from bridge.media.limited import command

_MIB = 1 << 20
_TAKES = "import sys\nkept = bytearray(int(sys.argv[1]) << 20)\nprint(len(kept) >> 20)\n"
_STARTS = "import subprocess, sys\nsys.exit(subprocess.run([sys.executable, '-I', *sys.argv[1:]]).returncode)\n"


def program(path: Path, source: str, *, mib: int = 400, seconds: int = 20) -> ModuleType:
    path.write_text(source)
    made = ModuleType(path.stem)
    made.__file__ = str(path)
    vars(made).update(MEMORY_BYTES=mib * _MIB, CPU_SECONDS=seconds)
    return made


def run(one: ModuleType, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command(one), *words], capture_output=True, text=True, check=False, timeout=30)


def test_a_program_has_so_much_memory_and_no_more(tmp_path: Path) -> None:
    takes = program(tmp_path / "takes.py", _TAKES)
    assert run(takes, "100").stdout.strip() == "100"
    done = run(takes, "900")
    assert done.returncode == 1
    assert "MemoryError" in done.stderr


def test_what_it_starts_has_no_more_either(tmp_path: Path) -> None:
    takes = program(tmp_path / "takes.py", _TAKES)
    done = run(program(tmp_path / "starts.py", _STARTS), str(takes.__file__), "900")
    assert done.returncode == 1
    assert "MemoryError" in done.stderr


def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    done = run(program(tmp_path / "loops.py", "while True: pass\n", seconds=1))
    assert done.returncode in {-signal.SIGXCPU, -signal.SIGKILL}


@pytest.mark.parametrize("one", [boxes, making, recoding, worker])
def test_each_of_ours_is_started_so(one: ModuleType) -> None:
    assert command(one)[-3:] == (str(vars(one)["MEMORY_BYTES"]), str(vars(one)["CPU_SECONDS"]), one.__file__)
