"""What survives which crossing, tried on every emulator that is installed, is what the expected table says."""

from pathlib import Path

from bridge.registry import emulators
from bridge.testing.acts import HasAudience, Private
from bridge.testing.interop import Table, crossed
from bridge.testing.interop.features import FEATURES
from bridge.testing.interop.looks import LOST
from bridge.testing.interop.table import page, read

ROOT = Path(__file__).parents[2]
EXPECTED = read((Path(__file__).parent / "expected.json").read_bytes())


async def test_what_crosses_is_what_the_table_says_and_nothing_is_lost_in_silence() -> None:
    assert (await crossed()).faults(EXPECTED) == []


def test_the_table_has_every_feature_and_every_pair_of_installed_emulators() -> None:
    made = {name: emulators().get(name)() for name in emulators().names()}
    names = [name for name, one in made.items() if not isinstance(one, Private)]
    readers = [f"{name}-channel" for name, one in made.items() if isinstance(one, HasAudience)]
    wanted = [
        (one.name, source, target)
        for one in FEATURES
        for source in names
        for target in (*names, *readers)
        if source != target
    ]
    assert [one[:3] for one in EXPECTED.walk()] == wanted


def test_the_page_is_made_of_the_table() -> None:
    written = (ROOT / "docs" / "reference" / "interop.md").read_text(encoding="utf-8")
    assert written == page(EXPECTED), "make interop"


def test_a_cell_that_falls_is_a_fault() -> None:
    before = Table({"bold": {"a": {"b": "native", "c": "native"}}})
    after = Table({"bold": {"a": {"b": "shown as “words”", "c": LOST}}})
    assert after.faults(before) == [
        "bold, a → b: shown as “words”, expected: native",
        "bold, a → c: lost in silence",
        "bold, a → c: lost, expected: native",
    ]


def test_a_cell_that_nobody_expected_or_nobody_tried_is_a_fault() -> None:
    one, other = Table({"bold": {"a": {"b": "native"}}}), Table({"italic": {"a": {"b": "native"}}})
    assert one.faults(other) == [
        "bold, a → b: native, and nothing was expected: `make interop` writes the table anew",
        "italic, a → b: native was expected, and was not tried",
    ]
