"""Nothing under GPL or AGPL is in what others install, and the check would notice."""

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from scripts.licences import closure, licence, main, needed, refused, shipped

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "said",
    [
        "MIT",
        "Apache-2.0 OR BSD-3-Clause",
        "LGPL-3.0-only",
        "GNU Lesser General Public License v3 (LGPLv3)",
        "MIT OR GPL-2.0-only",
        "MPL-2.0",
    ],
)
def test_a_free_licence_is_allowed(said: str) -> None:
    assert refused(said) == ""


@pytest.mark.parametrize(
    "said",
    [
        "GPL-3.0-or-later",
        "AGPL-3.0-only",
        "GNU General Public License v2 (GPLv2)",
        "GNU Affero General Public License v3",
        "MIT AND GPL-2.0-only",
        "GPL-2.0-only AND (MIT OR BSD-3-Clause)",
        "GPLv3",
    ],
)
def test_a_strong_one_is_refused(said: str) -> None:
    assert refused(said) == "is under GPL or AGPL"


def test_no_licence_is_refused() -> None:
    assert refused("") == "says no licence"


def test_the_whole_install_is_read() -> None:
    found = shipped()
    assert found["aiohttp"] == found["yarl"] == "default"
    assert {"python-telegram-bot", "pycryptodome", "irctokens", "pytest", "pydantic-core"} <= set(found)
    assert "aiogram" not in found


def test_extras_are_followed() -> None:
    assert "irctokens" not in closure("qantara", [])
    assert "irctokens" in closure("qantara", ["all"])
    assert ("hypothesis", frozenset()) in set(needed("qantara", ["testing"]))


def test_a_package_says_its_licence_in_one_of_three_ways() -> None:
    assert licence(distribution("aiohttp")).startswith("Apache-2.0")
    assert licence(distribution("irctokens")) == "MIT License"
    assert licence(distribution("matrix-nio")) == "Internet Systems Consortium license"


def test_the_install_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    printed = capsys.readouterr()
    assert "python-telegram-bot" in printed.out
    assert printed.err == ""


def test_it_runs_as_make_check_runs_it() -> None:
    program = [sys.executable, str(ROOT / "scripts" / "licences.py")]
    assert subprocess.run(program, capture_output=True, check=False, timeout=50).returncode == 0
