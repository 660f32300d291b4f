"""Gets the real servers that the tests talk to; run by `make servers`.

As root with apt; otherwise the wrapper that starts a server unpacks it into `.cache/` on first use.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PROGRAMS = {"inspircd": "inspircd", "ngircd": "ngircd", "chromium": "chromium", "chromedriver": "chromium-driver"}
"""Program and the Debian package that holds it."""


def main() -> int:
    """Install what is missing; 1 with the line to type when that is not possible (0 with ALLOW_SKIP=1)."""
    missing = {name: package for name, package in PROGRAMS.items() if not _found(name)}
    if missing and os.getuid() == 0 and shutil.which("apt-get"):
        _install(sorted(missing.values()))
    _synapse()
    left = [package for name, package in PROGRAMS.items() if not _found(name)]
    if left and not shutil.which("apt-get"):
        print(f"these servers are missing; type: apt-get install {' '.join(left)}", file=sys.stderr)
        return 0 if os.environ.get("ALLOW_SKIP") == "1" else 1
    return 0


def _found(name: str) -> bool:
    return bool(shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin"))


def _install(packages: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", *command], env=environment, check=True, stdout=subprocess.DEVNULL)


def _synapse() -> None:
    """The homeserver stands in an environment of its own, made by the wrapper that starts it."""
    from tests.live.synapse import installed  # noqa: PLC0415 - the path above has to be set first

    try:
        installed()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"no homeserver: {error}", file=sys.stderr)
        if os.environ.get("ALLOW_SKIP") != "1":
            raise


if __name__ == "__main__":
    sys.exit(main())
