"""Rows of docs/promises.md that wait for a part: when the part appears, its row may not wait any longer."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WAITING = {
    "51": "connectors/xmpp",
}
"""Row → the file or folder with which it must be shown. Leave a row out once it is."""
PATTERNS = {"bridge/transforms"}
"""With these an operator can write patterns: they may not hang the bridge, and a row of their own must say so."""


def row(number: str) -> str:
    lines = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"| {number} |"))


@pytest.mark.parametrize(("number", "part"), WAITING.items())
def test_a_row_waits_only_while_its_part_is_not_there(number: str, part: str) -> None:
    assert not (ROOT / part).exists(), f"{part} is there: row {number} must be shown now, and leave this list"
    assert row(number).rstrip(" |").endswith("not yet"), f"row {number} is shown: it must leave this list"


def test_no_setting_is_a_pattern_that_could_hang_the_bridge() -> None:
    there = [part for part in PATTERNS if (ROOT / part).exists()]
    assert not there, f"{there}: show that no pattern of an operator hangs the bridge (row 55), then empty this list"
    settings = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bridge" / "config").glob("*.py"))
    assert "Pattern[" not in settings
    assert row("55").rstrip(" |").endswith("not yet")
