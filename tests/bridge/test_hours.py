"""When somebody is there."""

from datetime import UTC, datetime

import pytest

from bridge.hours import Hours, span

_MONDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "opens"),
    [
        (["mon-fri 09:00-17:00"], True),
        (["mon-fri 13:00-17:00"], False),
        (["tue-fri 09:00-17:00"], False),
        (["sun-tue 11:00-13:00"], True),
        (["sat 00:00-24:00", "mon 12:00-12:01"], True),
        (["mon 11:00-12:00"], False),
        (["Mon 12:00-24:00"], True),
        ([], True),
    ],
)
def test_spans_of_a_week(written: list[str], opens: bool) -> None:  # noqa: FBT001 - what is expected
    spans = [span(one) for one in written]
    assert Hours(tuple(one for one in spans if one is not None)).open(_MONDAY_NOON) is opens


def test_a_zone_moves_the_hours() -> None:
    evening = span("mon 14:00-15:00")
    assert evening is not None
    assert Hours((evening,), "Europe/Kyiv").open(_MONDAY_NOON)
    assert not Hours((evening,), "UTC").open(_MONDAY_NOON)


@pytest.mark.parametrize(
    "written",
    ["", "monday 09:00-17:00", "mon 9:00-17:00", "mon 17:00-09:00", "mon 25:00-26:00", "mon 24:00-24:00", "mon"],
)
def test_what_is_no_span(written: str) -> None:
    assert span(written) is None
