"""`systemd-analyze`: found, or unpacked from Debian's packages into the cache, which needs no rights."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_CACHE = ROOT / ".cache" / "systemd"
_PACKAGES = ("systemd", "libsystemd-shared")


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end; fails with the line to type where it cannot be had, or skips when ALLOW_SKIP=1."""
    program = shutil.which("systemd-analyze") or _unpacked()
    if program is None:
        line = "systemd-analyze is missing; type: apt-get install --no-install-recommends systemd"
        pytest.skip(line) if os.environ.get("ALLOW_SKIP") == "1" else pytest.fail(line)
    libraries = ":".join(str(path.parent) for path in _CACHE.rglob("libsystemd-shared*.so"))
    environment = os.environ | ({"LD_LIBRARY_PATH": libraries} if libraries else {}) | {"SYSTEMD_COLORS": "0"}
    command = [program, "--no-pager", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _unpacked() -> str | None:
    program = _CACHE / "usr" / "bin" / "systemd-analyze"
    if not program.exists() and shutil.which("apt-get"):
        _CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", *_PACKAGES], cwd=_CACHE, capture_output=True, check=False)
        for package in _CACHE.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, _CACHE], capture_output=True, check=False)
    return str(program) if program.exists() else None
