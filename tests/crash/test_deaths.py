"""The daemon is killed at random moments and at every named point of a message's life: nothing is lost."""

import pytest

from bridge.failpoints import Point
from tests.crash.test_files import MOMENTS
from tests.crash.trial import OF_FILES, OF_WORDS, Trial, told

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]
KILLS = 20
DEATHS = 3
PHASES = (
    (Point.GIVEN, Point.ACCEPT_BEFORE, Point.ACCEPT_AFTER, Point.STORED),
    (Point.POSITION_BEFORE, Point.POSITION_AFTER, Point.SEAL_BEFORE, Point.SEAL_AFTER),
    (Point.SEND_BEFORE, Point.SEND_AFTER, Point.PART_AFTER, Point.MARK_AFTER),
    (Point.DONE_BEFORE, Point.DONE_AFTER, Point.START_AFTER, Point.STOP_AFTER),
)
"""Points that one conversation passes, one after the other."""


async def test_killed_at_random_nothing_is_lost_and_all_stays_in_order(trial: Trial) -> None:
    await trial.killed(KILLS)
    verdict = await trial.ended()
    assert not verdict.faults, told(verdict)
    assert trial.under_way >= KILLS // 2, f"only {trial.under_way} of {KILLS} deaths came while something was under way"


@pytest.mark.parametrize("phase", PHASES, ids=[phase[0] for phase in PHASES])
async def test_a_death_at_each_named_point_loses_nothing(phase: tuple[Point, ...], trial: Trial) -> None:
    for point in phase:
        await trial.dies_at(point, DEATHS)
    verdict = await trial.ended()
    assert not verdict.faults, told(verdict)


def test_no_point_is_left_out() -> None:
    assert sorted(point for phase in PHASES for point in phase) == sorted(OF_WORDS)
    assert {point for point, _, _ in MOMENTS} >= OF_FILES
