"""Looks for known weaknesses in what is installed and what is locked, without a network: `make audit`.

The snapshot is `locks/advisories.json`. Where the network is open, `pip-audit` knows more.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts import locked  # noqa: E402 - the path above has to be set first

SNAPSHOT = ROOT / "locks" / "advisories.json"


class Advisory(NamedTuple):
    """A weakness of the versions from `introduced` (inclusive) up to `fixed` (exclusive)."""

    id: str
    package: str
    introduced: str
    fixed: str
    summary: str

    def concerns(self, name: str, version: str) -> bool:
        """Whether this version of that package has it."""
        same = canonicalize_name(name) == canonicalize_name(self.package)
        return same and Version(self.introduced) <= Version(version) < Version(self.fixed)


class Found(NamedTuple):
    """A package with a weakness, and where it is."""

    where: str
    name: str
    version: str
    advisory: Advisory

    def __str__(self) -> str:
        told = self.advisory
        return f"{self.where}: {self.name} {self.version}  {told.id}  {told.summary}; mended in {told.fixed}"


def advisories(text: str) -> tuple[Advisory, ...]:
    """The snapshot's content."""
    return tuple(Advisory(**one) for one in json.loads(text)["advisories"])


def weak(packages: Mapping[str, Iterable[tuple[str, str]]], known: Iterable[Advisory]) -> Iterator[Found]:
    """Every weakness of the packages, by where they are."""
    known = tuple(known)
    for where, found in packages.items():
        for name, version in found:
            yield from (Found(where, name, version, one) for one in known if one.concerns(name, version))


def packages() -> dict[str, list[tuple[str, str]]]:
    """What is installed here, and what each lock would install."""
    installed = [(one.name, one.version) for one in distributions()]
    locks = {
        f"locks/{name}.txt": [(one.name, one.version) for one in locked.lock(name).values()] for name in locked.LOCKS
    }
    return {"installed": installed, **locks}


def main() -> int:
    """Print every weakness; 1 when there is one."""
    known, here = advisories(SNAPSHOT.read_text()), packages()
    found = list(weak(here, known))
    for one in found:
        print(one, file=sys.stderr)
    print(f"{sum(map(len, here.values()))} packages, {len(known)} advisories, {len(found)} found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
