"""Writes what a release contains, as CycloneDX JSON: `make sbom`. The same input gives the same bytes.

Every package that an install with all connectors brings, with its licence, the hashes of its files and what it needs.
"""

import argparse
import sys
import tomllib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts import licences, locked  # noqa: E402 - the path above has to be set first

_OURS = "qantara"
_EXTRA = "all"
_NO_TIME = datetime.fromtimestamp(0, UTC)
"""A document that names its moment is never the same twice."""


def contents() -> set[str]:
    """Every package that an install with all connectors brings, ours left out."""
    return licences.closure(_OURS, [_EXTRA]) - {_OURS}


def asked() -> set[str]:
    """What our own pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {canonicalize_name(one.name) for one in locked.wanted(project, _EXTRA)}


def component(name: str, lock: Mapping[str, locked.Locked]) -> Component:
    """One installed package as the document has it."""
    found = distribution(name)
    purl = PackageURL(type="pypi", name=canonicalize_name(name), version=found.version)
    known = lock.get(canonicalize_name(name))
    sums = [HashType(alg=HashAlgorithm.SHA_256, content=one) for one in sorted(known.hashes)] if known else []
    licence = [DisjunctiveLicense(name=licences.licence(found))]
    return Component(
        name=name, version=found.version, purl=purl, bom_ref=str(purl), hashes=sums, licenses=licence,
        type=ComponentType.APPLICATION if name == _OURS else ComponentType.LIBRARY,
    )  # fmt: skip


def document() -> str:
    """The bill of materials of this checkout, as its environment holds it."""
    lock = locked.lock("runtime")
    parts = {name: component(name, lock) for name in sorted(contents() | {_OURS})}
    ours = parts[_OURS]
    number = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(str(one.purl) for one in parts.values()))
    metadata = BomMetaData(component=ours, timestamp=_NO_TIME)
    bom = Bom(components=[one for one in parts.values() if one is not ours], metadata=metadata, serial_number=number)
    for name, one in parts.items():
        needs = asked() if one is ours else {other for other, _ in licences.needed(name, [])}
        bom.register_dependency(one, [parts[other] for other in sorted(needs & parts.keys())])
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=ROOT / "dist" / "sbom.cdx.json")
    path: Path = parser.parse_args(arguments).path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document())
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
