"""Which of two copies goes on: a table, and that two of them always come to rest with one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.claims import Stamp, left_behind, next_claim, read

OURS, NEWER, OLDER = Stamp(5, "ours"), Stamp(6, "other"), Stamp(4, "other")


@pytest.mark.parametrize(
    ("there", "last", "behind", "count"),
    [
        (None, None, False, 1),
        (None, OURS, False, 6),
        (OURS, OURS, False, 6),
        (OLDER, OURS, False, 6),
        (NEWER, OURS, True, 7),
        (NEWER, None, False, 7),
        (Stamp(5, "zzzz"), OURS, True, 6),
        (Stamp(5, "aaaa"), OURS, False, 6),
    ],
)
def test_who_was_left_behind_and_what_is_newer_than_all_claims(
    there: Stamp | None,
    last: Stamp | None,
    behind: bool,  # noqa: FBT001 - a column of the table
    count: int,
) -> None:
    assert left_behind(there, last) is behind
    assert next_claim(there, last, "new") == Stamp(count, "new")


@pytest.mark.parametrize("text", ["", "5", "5.", ".a", "x.a", "-1.a", "9" * 16 + ".a", "\u0665\u00b2.a"])
def test_what_is_no_claim_is_none(text: str) -> None:
    assert read(text) is None
    assert read(None) is None


@given(st.integers(0, 10**9), st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=1, max_size=8))
def test_a_claim_can_be_read_again(count: int, name: str) -> None:
    assert read(str(Stamp(count, name))) == Stamp(count, name)


@given(st.lists(st.sampled_from(["start a", "start b"]), min_size=2, max_size=12))
def test_a_copy_that_was_left_behind_stays_so_whoever_is_started_again(starts: list[str]) -> None:
    """Two copies of one store that had claimed once before the copy was made."""
    there, lasts = Stamp(1, "shared"), {"a": Stamp(1, "shared"), "b": Stamp(1, "shared")}
    owner = ""
    for number, start in enumerate(starts):
        who = start[-1]
        behind = left_behind(there, lasts[who])
        assert behind == (owner not in {"", who})
        if not behind:
            there = lasts[who] = next_claim(there, lasts[who], f"{who}{number}")
            owner = who
