"""Reads the licences of all we install for others: `make check`.

GPL and AGPL are refused in the default install and in every extra but `dev`; LGPL, which is only imported, is allowed.
A package that names no licence is refused too: somebody has to look.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT = "qantara"
_NOT_SHIPPED = {"dev"}
_STRONG = re.compile(r"\bA?GPL|\bGNU (Affero )?General Public", re.IGNORECASE)
_READ = {"vodozemac": "MIT"}
"""Packages that say no licence, whose text somebody read."""
_NOTHING = {"", "unknown", "dual license", "other/proprietary license"}


class Found(NamedTuple):
    """One installed package."""

    name: str
    version: str
    licence: str
    through: str
    """What needs it: `default`, or the first extra that does."""


def licence(package: Distribution) -> str:
    """What a package says its licence is; "" when it does not say."""
    expression = package.metadata.get("License-Expression", "")
    classifiers = [line for line in package.metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    named = [line.rpartition("::")[2].strip() for line in classifiers]
    text = package.metadata.get("License", "").strip().partition("\n")[0]
    known = _READ.get(canonicalize_name(package.metadata["Name"]), "")
    said_somewhere = (expression, " AND ".join(named), text, known)
    return next((said for said in said_somewhere if said.casefold() not in _NOTHING), "")


def refused(said: str) -> str:
    """Why a licence may not be in what we install; "" when it may."""
    if not said:
        return "says no licence"
    choices = [said] if "(" in said else re.split(r"\s+OR\s+", said)
    return "" if any(not _STRONG.search(choice) for choice in choices) else "is under GPL or AGPL"


def needed(name: str, extras: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """What an installed package needs directly, each with the extras it asks of it."""
    for line in distribution(name).requires or []:
        requirement = Requirement(line)
        environments = [{"extra": extra} for extra in (*extras, "")]
        if requirement.marker is None or any(requirement.marker.evaluate(one) for one in environments):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


def closure(root: str, extras: Iterable[str]) -> set[str]:
    """Every package that an install of `root[extras]` brings; one that is not installed raises."""
    todo, done = [(canonicalize_name(root), frozenset(extras))], set[tuple[str, frozenset[str]]]()
    while todo:
        one = todo.pop()
        if one not in done:
            done.add(one)
            todo.extend(needed(*one))
    return {name for name, _ in done}


def shipped(root: str = _ROOT) -> Mapping[str, str]:
    """Every package anybody installs with us, and what brings it."""
    extras = distribution(root).metadata.get_all("Provides-Extra") or []
    found: dict[str, str] = {}
    for extra in ("", *sorted(set(extras) - _NOT_SHIPPED)):
        for name in closure(root, [extra] if extra else []):
            found.setdefault(name, extra or "default")
    return found


def read(names: Mapping[str, str]) -> list[Found]:
    """The licences of these packages, by name."""
    packages = {name: distribution(name) for name in names}
    return [
        Found(name, packages[name].version, licence(packages[name]), through)
        for name, through in sorted(names.items())
    ]  # fmt: skip


def main() -> int:
    """Print the table; 1 when something may not be in it."""
    try:
        found = read(shipped())
    except PackageNotFoundError as error:
        print(f"{error.name} is not installed: its licence cannot be read", file=sys.stderr)
        return 1
    for one in found:
        print(f"{one.name:<24}{one.version:<16}{one.through:<12}{one.licence}")
    faults = [f"{one.name} {why}" for one in found if (why := refused(one.licence))]
    print("\n".join(faults), file=sys.stderr, end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
