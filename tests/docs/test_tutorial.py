"""The tutorial's code works: its blocks make a package that keeps the contract, and is caught when it does not."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from bridge import Connector
from bridge.scaffold import Names, files
from connectors.console import Console

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "write-a-connector.md").read_text("utf-8")
_FILE = re.compile(r"^`([\w./]+)`(, at the end)?\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FIRST = "qantara_parrot/connector.py"
_CHECKED = "    if not isinstance(answer, dict) or not all(name in answer for name in wanted):\n"
pytestmark = pytest.mark.timeout(180)


class Piece(NamedTuple):
    """What the page gives for a file: all of it, or what goes behind what is there."""

    path: str
    added: str
    text: str


def pieces() -> list[Piece]:
    """In the page's order."""
    return [Piece(*match.groups(default="")) for match in _FILE.finditer(PAGE)]


def generated(folder: Path) -> Path:
    """The package as `qantara new parrot` leaves it."""
    for path, text in files(Names("parrot")).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


def written(folder: Path, given: list[Piece]) -> Path:
    """The package as a reader has it after typing these pieces."""
    generated(folder)
    for piece in given:
        path = folder / piece.path
        before = path.read_text("utf-8").rstrip() + "\n\n" if piece.added else ""
        path.write_text(before + piece.text, encoding="utf-8")
    return folder


def finished(folder: Path) -> Path:
    return written(folder, pieces())


def changed(folder: Path, old: str, new: str) -> Path:
    (path,) = (one for one in folder.rglob("*.py") if old in one.read_text("utf-8"))
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def contract(folder: Path, *arguments: str) -> tuple[int, str]:
    """Status and report of the package's own contract."""
    program = [sys.executable, "-m", "pytest", "-q", "-rsf", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False, timeout=150)
    return done.returncode, done.stdout


def test_what_is_generated_is_red(tmp_path: Path) -> None:
    assert "The test is red." in PAGE
    status, report = contract(generated(tmp_path), "-k", "test_what_is_sent_is_shown")
    assert status == 1, report
    assert "NotImplementedError" in report


def test_the_page_has_every_file_of_a_connector() -> None:
    names = {Path(piece.path).name for piece in pieces()}
    assert names >= {"pyproject.toml", "config.py", "connector.py", "incoming.py", "emulator.py", "test_contract.py"}


def test_the_tutorials_connector_keeps_the_contract(tmp_path: Path) -> None:
    status, report = contract(finished(tmp_path))
    assert status == 0, report
    assert "no reactions: `react` is not overridden" in report
    assert "no edits: " not in report
    assert int(re.findall(r"(\d+) passed", report)[0]) >= 40


def test_before_the_last_step_edits_are_skipped(tmp_path: Path) -> None:
    *before, last = pieces()
    assert (last.path, bool(last.added)) == (_FIRST, True)
    status, report = contract(written(tmp_path, before), "-k", "edit")
    assert status == 0, report
    assert "`edit` is not overridden" in report


@pytest.mark.parametrize(
    ("old", "new", "caught"),
    [
        ('"key": message.key', '"key": "always"', "test_the_same_words_under_two_keys_are_shown_twice"),
        ("            return after\n", "            return latest\n", "test_a_full_store_is_given_the_event_again"),
        (_CHECKED, "    if False:\n", "test_an_answer_that_is_none_is_never_success"),
    ],
)
def test_a_mistake_is_caught_as_the_page_says(tmp_path: Path, old: str, new: str, caught: str) -> None:
    assert caught in PAGE
    status, report = contract(changed(finished(tmp_path), old, new), "-k", caught)
    assert status == 1, report
    assert f"FAILED tests/test_contract.py::TestParrot::{caught}" in report


def test_the_bridge_finds_it_by_its_entry_point(tmp_path: Path) -> None:
    finished(tmp_path)
    information = tmp_path / "qantara_parrot-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: qantara-parrot\nVersion: 1.0\n")
    points = re.findall(
        r'^\[project\.entry-points\."([\w.]+)"\]\n(parrot = )"(.*)"$',
        (tmp_path / "pyproject.toml").read_text("utf-8"),
        re.MULTILINE,
    )
    assert len(points) == 2
    lines = [f"[{group}]\n{name}{value}\n" for group, name, value in points]
    (information / "entry_points.txt").write_text("".join(lines))
    ask = (
        "from bridge.registry import emulators, installed; "
        "print(installed().get('parrot').__name__, emulators().get('parrot').__name__)"
    )
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=50
    )
    assert (done.stdout, done.stderr) == ("Parrot ParrotEmulator\n", "")


def test_the_blocks_are_formatted_as_the_repository_is(tmp_path: Path) -> None:
    finished(tmp_path)
    program = [sys.executable, "-m", "ruff", "format", "--check", "--config", str(ROOT / "pyproject.toml"), "."]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_console_on_the_page_is_the_real_one() -> None:
    shown = re.search(r"^```python\n(    async def send.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert shown[1] in (ROOT / "connectors" / "console.py").read_text("utf-8")
    assert "a whole connector in fifty lines" in PAGE
    assert len((ROOT / "connectors" / "console.py").read_text("utf-8").splitlines()) <= 55


def test_the_page_names_every_method_there_is() -> None:
    public = {name for name in vars(Connector) if not name.startswith("_")} - {"can", "Config", "features"}
    assert {name for name in public if f"`{name}`" not in PAGE} == set()
    assert Console.can(Connector.send)
