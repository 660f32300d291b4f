"""The power is cut at any moment: nothing acknowledged is lost, nothing is half there, nothing is damaged.

`make powercuts N=300` runs more trials than the gate.
"""

import os
from collections import Counter

import pytest

from tests.bridge.store.powercuts import Trial

TRIALS = int(os.environ.get("POWERCUTS", "40"))


@pytest.mark.parametrize("seed", range(TRIALS))
def test_no_power_cut_loses_what_was_acknowledged(seed: int) -> None:
    trial = Trial(seed)
    trial.run()
    assert not trial.lost
    assert trial.disk.tally["cuts"] >= 5


def test_without_a_sync_at_every_commit_the_same_trials_lose() -> None:
    """The control: were nothing lost here, the trials above would show nothing."""
    lost = 0
    trials = max(20, TRIALS // 4)
    for seed in range(trials):
        trial = Trial(seed, synchronous="NORMAL")
        trial.run()
        lost += bool(trial.lost)
    print(f"synchronous=NORMAL lost acknowledged rows in {lost} of {trials} trials")
    assert lost > trials / 3


def _tally(seed: int) -> Counter[str]:
    trial = Trial(seed)
    trial.run()
    return trial.disk.tally


def test_the_cuts_are_of_every_kind() -> None:
    tally = sum((_tally(seed) for seed in range(10)), start=_tally(10))
    assert all(tally[kind] for kind in ("kept", "lost", "torn", "cut: all", "cut: last", "cut: any", "cut: none")), (
        tally
    )
