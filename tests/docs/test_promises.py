"""Every promise names tests that exist, or says "not yet"."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from scripts.stages import STAGES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text("utf-8")
_TEST = re.compile(r"`((?:tests|bridge)/[\w/]+\.py)::(test_\w+)`")
_NOT_YET = "not yet"
_FAULTS = 63
_PROMISES = 10


def rows(heading: str) -> list[list[str]]:
    """The cells of each row in the table below a heading."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


ROWS = [*rows("The ten promises"), *rows("What a connector promises"), *rows("Faults, one by one")]


@cache
def named_in(path: str) -> frozenset[str]:
    """The names of all test functions and methods of a file, without running it."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in found if node.name.startswith("test_"))


@pytest.mark.parametrize(("path", "name"), sorted(set(_TEST.findall(PAGE))))
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    assert (ROOT / path).exists(), f"there is no {path}"
    assert name in named_in(path)


@pytest.mark.parametrize("row", ROWS, ids=["-".join(row[:2])[:40] for row in ROWS])
def test_a_row_has_a_test_or_says_that_it_has_none(row: list[str]) -> None:
    shown = row[-1]
    assert bool(_TEST.search(shown)) != (shown == _NOT_YET)
    assert _TEST.sub("", shown).strip() in ("", _NOT_YET)


def test_no_row_is_missing() -> None:
    assert [row[0] for row in rows("Faults, one by one")] == [str(number) for number in range(1, _FAULTS + 1)]
    assert [row[0] for row in rows("The ten promises")] == [str(number) for number in range(1, _PROMISES + 1)]
    assert {row[0] for row in rows("What a connector promises")} == {"MUST", "SHOULD"}


def test_every_test_of_the_contract_stands_in_a_file_that_the_page_can_name() -> None:
    files = sorted((ROOT / "bridge" / "testing").glob("contract_*.py"))
    assert sum(len(named_in(str(path.relative_to(ROOT)))) for path in files) > 50


def test_the_command_on_the_page_runs_a_test_that_exists() -> None:
    found = re.findall(r"-m pytest (tests/\S+\.py) -k (test_\w+)", PAGE)
    assert found
    assert all(name in named_in(path) for path, name in found)


def test_make_test_runs_every_folder_of_tests() -> None:
    written = {path.relative_to(ROOT).parts[1] for path in (ROOT / "tests").rglob("test_*.py")}
    run = {Path(one).name for arguments in STAGES.values() for one in arguments if one.startswith("tests/")}
    assert written == run
