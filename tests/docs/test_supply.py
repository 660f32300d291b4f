"""What we install is locked with hashes, free of known weaknesses, and written down."""

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cyclonedx.schema
import jsonschema
import pytest
from packaging.requirements import Requirement
from referencing import Registry, Resource

from scripts import audit, licences, locked, sbom

ROOT = Path(__file__).parents[2]
SUM = "0" * 64


def test_the_locks_agree_with_what_is_asked_for_and_what_is_installed() -> None:
    assert locked.main() == 0


@pytest.mark.parametrize("line", ["aiohttp==3.14.5", f"aiohttp>=3.14 --hash=sha256:{SUM}", "--index-url elsewhere"])
def test_a_line_without_a_version_or_a_hash_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"(?s)."):
        locked.read(line)


def test_a_lock_that_lags_behind_is_noticed() -> None:
    lock = locked.read(f"aiohttp==3.13.0 --hash=sha256:{SUM}\n")
    asked = [Requirement("aiohttp>=3.14.1"), Requirement("apsw>=3.51"), Requirement("ghost; python_version < '3'")]
    assert list(locked.stale(lock, asked)) == [
        "aiohttp>=3.14.1 is asked for, 3.13.0 is locked",
        "apsw is not locked",
    ]


def test_another_version_than_the_locked_one_is_noticed() -> None:
    here = licences.distribution("aiohttp"), licences.distribution("yarl"), licences.distribution("qantara")
    lock = locked.read(f"aiohttp==3.13.0 \\\n    --hash=sha256:{SUM}\n")
    assert list(locked.installed_otherwise(lock, here)) == [
        f"aiohttp {version('aiohttp')} is installed, 3.13.0 is locked",
        f"yarl {version('yarl')} is installed and not locked",
    ]


def test_every_install_of_the_makefile_checks_hashes_or_fetches_nothing() -> None:
    text = (ROOT / "Makefile").read_text()
    assert re.search(r"^INSTALL := \$\(PIP\) --require-hashes$", text, re.MULTILINE)
    installs = [line.strip() for line in text.splitlines() if re.match(r"\t\$\((PIP|INSTALL)\)", line)]
    assert len(installs) == 3
    assert all("$(INSTALL)" in line or "--no-deps --no-index" in line for line in installs)
    assert "pip install" not in text.replace("PIP := $(BIN)/python -m pip install", "")


def test_no_file_of_the_locks_names_where_packages_come_from() -> None:
    for path in (ROOT / "locks").iterdir():
        assert not re.search(r"https?:|--(extra-)?index-url|--find-links", path.read_text())


def test_nothing_installed_or_locked_has_a_known_weakness() -> None:
    assert audit.main() == 0


@pytest.mark.parametrize(
    ("name", "planted", "found"),
    [
        ("aiohttp", "3.13.2", "CVE-2025-69223"),
        ("aiohttp", "3.14.0", "CVE-2026-54278"),
        ("pillow", "12.1.0", "GHSA-whj4-6x5x-4v2j"),
        ("PIL.low", "12.1.0", None),
        ("aiohttp", "3.14.1", None),
        ("urllib3", "1.26.20", "CVE-2025-66471"),
        ("Urllib3", "2.6.3", None),
        ("h2", "4.3.0rc1", "CVE-2025-57804"),
    ],
)
def test_a_planted_old_version_is_found(name: str, planted: str, found: str | None) -> None:
    known = audit.advisories(audit.SNAPSHOT.read_text())
    told = [one.advisory.id for one in audit.weak({"planted": [(name, planted)]}, known)]
    assert told == [] if found is None else found in told


def test_the_audit_looks_at_what_is_installed_and_at_every_lock() -> None:
    looked = audit.packages()
    assert set(looked) == {"installed", *(f"locks/{name}.txt" for name in locked.LOCKS)}
    assert ("aiohttp", version("aiohttp")) in looked["installed"]
    assert all(looked.values())


def test_the_bill_of_materials_is_valid_and_holds_what_is_installed() -> None:
    text = sbom.document()
    assert text == sbom.document()
    bom = json.loads(text)
    _validator().validate(bom)
    parts = {one["name"]: one for one in bom["components"]}
    assert parts.keys() == sbom.contents()
    assert all(one["version"] == version(name) and one["hashes"] for name, one in parts.items())
    needs = {one["ref"]: set(one.get("dependsOn", ())) for one in bom["dependencies"]}
    ours = needs[bom["metadata"]["component"]["bom-ref"]]
    assert ours >= {parts[name]["bom-ref"] for name in ("aiohttp", "pycryptodome", "python-telegram-bot")}
    assert parts["yarl"]["bom-ref"] in needs[parts["aiohttp"]["bom-ref"]]


def _validator() -> jsonschema.Draft7Validator:
    folder = Path(cyclonedx.schema.__file__).parent / "_res"
    schemas: dict[str, Any] = {
        name: json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text())
        for name in ("bom-1.6", "spdx", "jsf-0.82")
    }
    registry = Registry[Any]().with_resources(
        [(schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()]
    )
    return jsonschema.Draft7Validator(schemas["bom-1.6"], registry=registry)
