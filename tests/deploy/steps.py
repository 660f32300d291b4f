"""The Containerfile's build stage, line by line, without a container: `make image`."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.containerfile import PATH, ROOT, Instruction, stages

_STEPS_SECONDS = 600


@pytest.mark.timeout(_STEPS_SECONDS)
def test_its_steps_build_a_program_that_needs_nothing_but_the_lock(tmp_path: Path) -> None:
    """The build stage without a container: the same lines, at other places."""
    source = tmp_path / "src"
    source.mkdir()
    for one in stages(PATH.read_text())[0]:
        _step(one, tmp_path, source)
    program = tmp_path / "opt" / "qantara" / "bin" / "qantara"
    (tmp_path / "config.yaml").write_text("accounts: {a: {connector: console}, i: {connector: irc}}\n")
    listed = subprocess.run([program, "connectors"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert {"irc", "matrix", "telegram"} <= {line.split()[0] for line in listed.splitlines() if line}
    assert not list((tmp_path / "opt" / "qantara").rglob("site-packages/pip"))
    assert not list((tmp_path / "opt" / "qantara").rglob("site-packages/pytest"))


def _step(one: Instruction, root: Path, source: Path) -> None:
    match one.word:
        case "COPY":
            *names, target = shlex.split(one.rest)
            for name in names:
                _copied(ROOT / name, source / target, into=len(names) > 1)
        case "RUN":
            moved = re.sub(r"(?<![\w.])/(opt|wheels)\b", f"{root}/\\1", one.rest)
            line = re.sub(r"^python\b", shlex.quote(sys.executable), moved)
            done = subprocess.run(["sh", "-ec", line], cwd=source, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}\n{done.stderr[-2000:]}"


def _copied(path: Path, target: Path, *, into: bool) -> None:
    if path.is_dir():
        shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
        return
    target = target / path.name if into else target
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)
