"""A bug is built into the daemon on purpose: the checker notices, and names the promise that is broken."""

import sys
from pathlib import Path

import pytest

from bridge.chance import SeededChance
from bridge.failpoints import Point
from tests.crash.checker import Broken
from tests.crash.town import Town
from tests.crash.trial import Trial, told

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]
LAUNCHER = Path(__file__).with_name("broken.py")


@pytest.fixture
def trial(town: Town, tmp_path: Path) -> Trial:
    """People who take their time: a slow disk takes in less than they can say."""
    return Trial(town, SeededChance(7), tmp_path / "deaths", pace=0.25)


@pytest.mark.parametrize(
    ("bug", "point", "deaths", "promise"),
    [
        ("acknowledge_early", Point.ACCEPT_BEFORE, 2, Broken.LOST),
        ("split_transaction", Point.ACCEPT_BEFORE, 2, Broken.POSITION),
        ("no_order", Point.DONE_AFTER, 1, Broken.ORDER),
        ("sent_is_assumed", Point.SEND_BEFORE, 2, Broken.LOST),
        ("new_keys", Point.DONE_BEFORE, 3, Broken.DOUBLE),
        ("no_window", Point.DONE_BEFORE, 2, Broken.DOUBLE),
        ("forgotten_twins", Point.DONE_AFTER, 1, Broken.RELATION),
        ("miscounted", Point.DONE_AFTER, 1, Broken.LEDGER),
    ],
)
async def test_a_bug_that_is_built_in_is_noticed(
    bug: str, point: Point, deaths: int, promise: Broken, trial: Trial
) -> None:
    trial.town.daemon.program = [sys.executable, str(LAUNCHER), bug]
    await trial.dies_at(point, deaths)
    verdict = await trial.ended()
    assert promise in verdict.broken, told(verdict)


async def test_a_slow_disk_alone_breaks_no_promise(trial: Trial) -> None:
    """Some of the bugs need a slow disk to be seen: without them it does no harm."""
    trial.town.daemon.program = [sys.executable, str(LAUNCHER), "slow_disk"]
    await trial.dies_at(Point.ACCEPT_BEFORE, 2)
    verdict = await trial.ended()
    assert not verdict.faults, told(verdict)
