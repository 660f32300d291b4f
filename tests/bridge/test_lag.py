"""Which messages are too late, and what is said of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from bridge.lag import Lag
from bridge.patience import Patience
from bridge.steps import late
from bridge.store.rows import Row, RowKind
from tests.bridge.test_blocks import NOON, row, view

HOUR = Patience(3600)


def written(hours: float, **more: object) -> Row:
    made = row(1)
    return replace(made, event=replace(made.event, at=NOON - timedelta(hours=hours)), **more)


@pytest.mark.parametrize(
    ("one", "seconds"),
    [
        (written(2), 7200),
        (written(0.5), None),
        (written(0, at=int((NOON - timedelta(hours=3)).timestamp() * 1000)), 10_800),
        (written(2, kind=RowKind.EDIT), None),
        (written(2, person=None), None),
        (written(2, plan=b"sealed"), None),
        (written(2, doubtful=True), None),
        (written(2, generation=1), None),
    ],
)
def test_only_words_of_people_that_were_never_tried_are_too_late(one: Row, seconds: float | None) -> None:
    assert Lag().over(one, HOUR, NOON) == seconds


def test_the_operator_hears_once_that_a_room_lags_and_once_that_it_does_not() -> None:
    lag = Lag()
    assert lag.change(None, HOUR, 5) == ""
    assert lag.change(7200, HOUR, 7200) == "lags: messages come 2 h late"
    assert lag.change(7000, HOUR, 7000) == ""
    assert lag.change(None, HOUR, 3000) == ""
    assert lag.change(None, HOUR, 60) == "has caught up"
    assert lag.change(None, HOUR, 60) == ""


def test_readers_hear_how_many_messages_of_which_time_were_kept() -> None:
    lag = Lag()
    assert lag.summary() == ""
    lag.aside = [NOON, NOON - timedelta(hours=2)]
    assert lag.summary() == "[2 messages of Jan 1, 10:00 to 12:00 UTC came too late and are kept by the operator]"
    assert lag.summary() == ""
    lag.aside = [NOON - timedelta(days=1), NOON]
    assert "of Dec 31 12:00 to Jan 1 12:00 UTC" in lag.summary()


def test_a_late_message_has_the_time_of_its_writing_and_the_day_where_it_was_another() -> None:
    there = replace(view(), late=600.0)
    assert late(written(0.1), there, NOON) == ""
    assert late(written(2), there, NOON) == "10:00"
    assert late(written(20), there, NOON) == "Dec 31, 16:00"
    assert late(written(2), view(), NOON) == ""
    assert late(written(2, person=None), there, NOON) == ""
    assert late(written(-5), there, datetime(2026, 1, 1, 12, tzinfo=UTC)) == ""


KYIV = ZoneInfo("Europe/Kyiv")


def test_times_are_those_of_the_zone_of_the_link() -> None:
    there = replace(view(), late=600.0, zone=KYIV)
    assert late(written(2), there, NOON) == "12:00"
    assert late(written(2), there, NOON + timedelta(hours=11)) == "Jan 1, 12:00"
    lag = Lag()
    lag.aside = [NOON, NOON + timedelta(minutes=5)]
    assert "of Jan 1, 14:00 to 14:05 EET came" in lag.summary(KYIV)
