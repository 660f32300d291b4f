"""Gets the real servers that the tests talk to; run by `make servers`.

The IRC servers come from Debian: with apt as root, otherwise the wrapper that starts one unpacks it on first use.
systemd comes the same way, for its own tool reads the service file, and ffmpeg, which opens sound and films.
The homeserver stands in an environment of its own, the browser comes by `scripts/browser.py`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts import browser  # noqa: E402 - the path above has to be set first
from tests.live import synapse  # noqa: E402 - the same

PROGRAMS = {"inspircd": "inspircd", "ngircd": "ngircd", "systemd-analyze": "systemd", "ffmpeg": "ffmpeg"}
"""What has to be there, and the package that holds it."""


def main() -> int:
    """Install what is missing; 1 with the line to type when that is not possible (0 with ALLOW_SKIP=1)."""
    failures = [way.__name__ for way in (_packages, _homeserver, _browser) if not way()]
    return 1 if failures and os.environ.get("ALLOW_SKIP") != "1" else 0


def _packages() -> bool:
    missing = [
        package
        for name, package in PROGRAMS.items()
        if not shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    ]
    if not missing or (os.getuid() and shutil.which("apt-get")):
        return True
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    return _tried("apt-get update -qq", line) and _tried(line + " -qq", line)


def _tried(command: str, line: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command.split(), env=environment, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"servers: {error}; type: {line}", file=sys.stderr)
        return False
    return True


def _homeserver() -> bool:
    try:
        synapse.installed()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"servers: no homeserver: {error}", file=sys.stderr)
        return False
    return True


def _browser() -> bool:
    return browser.main() == 0


if __name__ == "__main__":
    sys.exit(main())
