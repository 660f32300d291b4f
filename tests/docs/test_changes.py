"""The fragments in `changes/` are what towncrier reads, and nothing there is lost."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"]
KINDS = {kind["directory"]: kind["showcontent"] for kind in SETTINGS["type"]}
FRAGMENTS = [path for path in (ROOT / "changes").iterdir() if path.name != "README.md"]


def test_every_fragment_has_a_kind_that_there_is() -> None:
    assert FRAGMENTS
    assert {
        path.name for path in FRAGMENTS if path.suffixes[-2:] not in [[f".{kind}", ".md"] for kind in KINDS]
    } == set()


def test_a_fragment_that_is_shown_says_something() -> None:
    shown = [path for path in FRAGMENTS if KINDS[path.suffixes[-2].removeprefix(".")]]
    assert all(path.read_text("utf-8").strip().endswith(".") for path in shown)


def test_contributors_are_told_the_kinds() -> None:
    for page in (ROOT / "CONTRIBUTING.md", ROOT / "changes" / "README.md"):
        text = page.read_text("utf-8")
        assert all(f"`{kind}`" in text for kind in KINDS)


def test_the_changelog_is_written_from_them() -> None:
    program = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9.9", "--date", "2030-01-01"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr
    assert "## 9.9.9 (2030-01-01)" in done.stdout
    for path in FRAGMENTS:
        first = path.read_text("utf-8").strip().partition("\n")[0]
        assert first in done.stdout
    assert SETTINGS["start_string"].strip() in (ROOT / "CHANGELOG.md").read_text("utf-8")
