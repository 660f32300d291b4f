"""Makes Chromium and its driver available to the browser tests: installed as root, else unpacked into .cache/."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = ("chromium", "chromium-driver")
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "browser"
PROGRAMS = {"chromium": "usr/lib/chromium/chromium", "chromedriver": "usr/bin/chromedriver"}
BY_HAND = "apt-get install -y --no-install-recommends chromium chromium-driver"


def main() -> int:
    """Exit status 0 when both programs run."""
    for way in (_nothing, _install, _unpack):
        try:
            way()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"browser: {way.__name__.strip('_')}: {error}", file=sys.stderr)
        if all(map(_runs, PROGRAMS)):
            return 0
    print(f"browser: not available here; as root, type\n  {BY_HAND}", file=sys.stderr)
    return 0 if os.environ.get("ALLOW_SKIP") == "1" else 1


def _nothing() -> None:
    """They may be there already."""


def _install() -> None:
    """As root, Debian's way."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        _run("apt-get", "update", "-qq", env=quiet)
        _run(*BY_HAND.split(), "-qq", env=quiet)


def _unpack() -> None:
    """As anybody else: what is missing, unpacked side by side, and wrappers that find its libraries."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return
    root, downloads = CACHE / "root", CACHE / "downloads"
    for folder in (root, downloads, CACHE / "lists" / "partial", CACHE / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    own = ("-o", f"Dir::State::lists={CACHE / 'lists'}", "-o", f"Dir::Cache={CACHE / 'archives'}")
    _run("apt-get", *own, "update", "-qq")
    plan = _run("apt-get", *own, "--simulate", "--no-install-recommends", "install", *PACKAGES)
    missing = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    _run("apt-get", *own, "download", *(missing or PACKAGES), cwd=downloads)
    for package in downloads.glob("*.deb"):
        _run("dpkg", "-x", str(package), str(root))
    for name, program in PROGRAMS.items():
        _wrap(name, root / program, root)


def _wrap(name: str, program: Path, root: Path) -> None:
    libraries = {str(found.parent) for pattern in ("lib/**/*.so*", "usr/lib/**/*.so*") for found in root.glob(pattern)}
    wrapper = CACHE / "bin" / name
    wrapper.parent.mkdir(exist_ok=True)
    wrapper.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{":".join(sorted(libraries))}" exec "{program}" "$@"\n')
    wrapper.chmod(0o755)


def _runs(name: str) -> bool:
    wrapped = CACHE / "bin" / name
    program = str(wrapped) if wrapped.exists() else shutil.which(name)
    if program is None:
        return False
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0


def _run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
