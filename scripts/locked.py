"""Reads the lock files and says where they disagree with pyproject.toml, constraints.txt or what is installed."""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("build", "runtime", "dev")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_OURS = "qantara"


class Locked(NamedTuple):
    """One package of a lock: its files may have one of these SHA-256 sums and no other."""

    name: str
    version: str
    hashes: frozenset[str]
    here: bool
    """Whether it is wanted on this system and this Python."""


def read(text: str) -> dict[str, Locked]:
    """A lock by canonical names. Raises `ValueError` for a line that is not `name==version --hash=…`."""
    whole = re.sub(r"\s*\\\n\s*", " ", text)
    lines = [line for line in whole.splitlines() if line.strip() and not line.startswith("#")]
    return {one.name: one for one in map(_package, lines)}


def _package(line: str) -> Locked:
    requirement = Requirement(line.partition(" --hash")[0])
    pins = [one.version for one in requirement.specifier if one.operator == "=="]
    hashes = frozenset(_HASH.findall(line))
    if len(pins) != 1 or not hashes:
        raise ValueError(f"{line[:60]}: neither a version alone nor a hash")
    here = requirement.marker is None or requirement.marker.evaluate()
    return Locked(canonicalize_name(requirement.name), pins[0], hashes, here)


def lock(name: str) -> dict[str, Locked]:
    """The lock `locks/NAME.txt`."""
    return read((ROOT / "locks" / f"{name}.txt").read_text())


def wanted(project: Mapping[str, object], extra: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for, with an extra and the extras that it names."""
    table = project["project"]
    assert isinstance(table, dict)  # noqa: S101 - for the type checker; every pyproject.toml has it
    for line in [*table["dependencies"], *table["optional-dependencies"][extra]]:
        requirement = Requirement(line)
        if requirement.name != _OURS:
            yield requirement
        for inner in sorted(requirement.extras) if requirement.name == _OURS else ():
            yield from wanted(project, inner)


def stale(locked: Mapping[str, Locked], asked: Sequence[Requirement]) -> Iterator[str]:
    """What is asked for and not locked, or locked in a version that will not do."""
    for requirement in asked:
        if requirement.marker is not None and not requirement.marker.evaluate({**default_environment(), "extra": ""}):
            continue
        found = locked.get(canonicalize_name(requirement.name))
        if found is None:
            yield f"{requirement.name} is not locked"
        elif not requirement.specifier.contains(found.version, prereleases=True):
            yield f"{requirement} is asked for, {found.version} is locked"


def installed_otherwise(locked: Mapping[str, Locked], installed: Sequence[Distribution]) -> Iterator[str]:
    """Packages that are here and not in the lock, or in another version."""
    for one in installed:
        found = locked.get(canonicalize_name(one.name))
        if found is None and canonicalize_name(one.name) != _OURS:
            yield f"{one.name} {one.version} is installed and not locked"
        elif found is not None and found.version != one.version:
            yield f"{one.name} {one.version} is installed, {found.version} is locked"


def constraints() -> list[Requirement]:
    """The versions that we chose."""
    return [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if line.strip()]


def main() -> int:
    """Print every disagreement; 1 when there is one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    build, runtime, dev = map(lock, LOCKS)
    faults = [
        *stale(build, [Requirement(line) for line in project["build-system"]["requires"]]),
        *stale(runtime, list(wanted(project, "all"))),
        *stale(dev, list(wanted(project, "dev"))),
        *stale(dev, [one for one in constraints() if canonicalize_name(one.name) in dev]),
        *(f"{name} differs between the locks" for name in runtime if runtime[name] != dev.get(name)),
        *installed_otherwise({**build, **dev}, list(distributions())),
    ]
    print("\n".join(dict.fromkeys([*faults, *(["run `make lock`, then `make check`"] if faults else [])])) or "locked")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
