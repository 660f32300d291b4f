"""The measurements of `make bench`, small enough for every change; the aims are wide, for the machine is shared."""

from pathlib import Path

from benchmarks.load import child


def test_a_hundredth_of_an_hours_backlog_takes_bounded_memory_and_drains_in_order(tmp_path: Path) -> None:
    found = child("backlog", tmp_path, 3600)
    assert found["order"]
    assert found["full"] - found["idle"] < 30


def test_accepting_stays_fast_while_the_loop_is_busy(tmp_path: Path) -> None:
    found = child("accepting", tmp_path, 2500)
    assert found["p50"] < 0.1
    assert found["rate"] > 1000


def test_a_thousand_rooms_are_ready_in_seconds_without_a_task_each(tmp_path: Path) -> None:
    found = child("rooms", tmp_path, 1000)
    assert found["seconds"] < 5
    assert found["tasks"] < 50
