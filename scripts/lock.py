"""Writes the lock files, every version with the hashes of all its files: `make lock`.

Needs nothing but Python and the network: the tool that resolves lives in an environment of its own under `.cache/`.
What stands in `constraints.txt` is taken as it is; of the rest a lock keeps what it has, so that nothing moves unasked.
"""

import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "locks"
TOOL = ROOT / ".cache" / "lock"
RESOLVER = "uv==0.13.9"
LOWEST = "3.11"
BUILDING = ("pip", "setuptools", "wheel", "editables")
"""What builds a package that comes as source, and ours: installed first, so that no build fetches anything unlocked."""
EXTRAS = {"runtime": "all", "dev": "dev"}
HEADER = "# Written by `make lock` from pyproject.toml and constraints.txt: change those.\n"


def main() -> int:
    """Write every lock; 1 when there is no answer to what pyproject.toml and constraints.txt ask."""
    resolver = _resolver()
    LOCKS.mkdir(exist_ok=True)
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    statuses = [_locked(resolver, "build", "\n".join([*required, *BUILDING]), "-")]
    statuses += [_locked(resolver, name, "", "pyproject.toml", "--extra", extra) for name, extra in EXTRAS.items()]
    return max(statuses)


def _resolver() -> Path:
    if not (TOOL / "bin" / "uv").exists():
        venv.create(TOOL, with_pip=True)
    subprocess.run(
        [TOOL / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", RESOLVER],
        check=True,
    )
    return TOOL / "bin" / "uv"


def _locked(resolver: Path, name: str, wanted: str, *source: str) -> int:
    """One lock for all systems and all Pythons that we run on."""
    path = LOCKS / f"{name}.txt"
    options = ["--universal", "--generate-hashes", "--python-version", LOWEST, "--constraint", "constraints.txt"]
    quietly = ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--quiet"]
    command = [resolver, "pip", "compile", *source, *options, *quietly, "--allow-unsafe", "--output-file", path]
    status = subprocess.run(command, cwd=ROOT, check=False, text=True, input=wanted).returncode
    if status == 0:
        path.write_text(HEADER + path.read_text().removeprefix(HEADER))
    return int(status != 0)


if __name__ == "__main__":
    sys.exit(main())
