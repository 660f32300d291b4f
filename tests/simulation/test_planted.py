"""The simulation finds what was built in wrong on purpose, and says what is wrong."""

from pathlib import Path

import pytest

from bridge.testing.simulation.seed import run
from tests.simulation.planted import BUGS, planted

SEEDS = 1000


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found_within_a_thousand_seeds(name: str, tmp_path: Path) -> None:
    bug = BUGS[name]
    with planted(bug):
        for seed in range(SEEDS):
            if any(bug.found in violation for violation in run(seed, tmp_path).violations):
                print(f"{name}: seed {seed}")
                return
    pytest.fail(f"{name}: not found")
