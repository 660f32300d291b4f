"""A process dies where a test says so, the death is counted, and a point that nobody names is nothing at all."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.failpoints import DEATHS, WHERE, Point, around, deaths, failpoint
from bridge.store import dying

PROGRAM = """
from bridge.failpoints import Point, failpoint
passed = failpoint(Point.DONE_AFTER)
for number in range(1000):
    print(number, flush=True)
    passed()
"""


def died(where: str, folder: Path) -> int:
    """Let a program pass a point again and again; how often it came there."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={WHERE: where, DEATHS: str(folder)}, stdout=subprocess.PIPE, check=False
    )
    assert process.returncode == -signal.SIGKILL
    return len(process.stdout.splitlines())


def test_a_process_dies_at_the_passage_that_was_named_and_each_death_is_counted(tmp_path: Path) -> None:
    assert [died("done.after:3", tmp_path), died("send.before:1 done.after:5", tmp_path)] == [3, 5]
    assert deaths(tmp_path / Point.DONE_AFTER) == 2
    assert deaths(tmp_path / Point.SEND_BEFORE) == 0


def test_a_death_by_chance_comes_again_with_its_seed_and_each_life_has_a_length_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    lives = [died("done.after:0.05@7", tmp_path) for _ in range(3)]
    assert [died("done.after:0.05@7", tmp_path / "again") for _ in range(3)] == lives
    assert len(set(lives)) > 1


def test_a_point_that_nobody_names_is_nothing() -> None:
    async def nothing() -> None: ...

    assert failpoint(Point.GIVEN) is None
    assert around(Point.SEND_BEFORE, Point.SEND_AFTER)(nothing) is nothing
    assert dying.BEFORE_COMMIT is None
    assert dying.AFTER_COMMIT is None


@pytest.mark.parametrize("where", ["done.afterwards:1", "done.after", "done.after:often"])
def test_what_would_kill_nobody_is_refused(where: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"done\.after|invalid literal"):
        failpoint(Point.DONE_AFTER, {WHERE: where, DEATHS: str(tmp_path)})
