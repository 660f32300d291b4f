"""Rows of docs/promises.md that wait for a part: when the part appears, its row may not wait any longer."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WAITING = {
    "51": "connectors/xmpp",
}
"""Row → the file or folder with which it must be shown. Leave a row out once it is."""


def row(number: str) -> str:
    lines = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"| {number} |"))


@pytest.mark.parametrize(("number", "part"), WAITING.items())
def test_a_row_waits_only_while_its_part_is_not_there(number: str, part: str) -> None:
    assert not (ROOT / part).exists(), f"{part} is there: row {number} must be shown now, and leave this list"
    assert row(number).rstrip(" |").endswith("not yet"), f"row {number} is shown: it must leave this list"


def test_patterns_of_an_operator_are_those_that_cannot_hang_the_bridge() -> None:
    settings = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bridge" / "config").glob("*.py"))
    assert "Pattern[" not in settings
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bridge" / "transforms").glob("*.py"))
    assert "import re2" in rules
    assert "import re\n" not in rules
    assert not row("55").rstrip(" |").endswith("not yet")
