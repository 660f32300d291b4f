"""A big file costs the disk, not the memory."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("key", ["", f"key: {'5a' * 32}, "], ids=["clear", "sealed"])
def test_a_video_of_50_mebibytes_crosses_and_is_converted_in_less_than_150(key: str) -> None:
    command = [sys.executable, "-m", "tests.bridge.media.crossing", key]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    size, mime, arrived, peak, started = done.stdout.splitlines()[-1].split()
    assert int(size) >= 50 << 20
    assert (mime, 0 < int(arrived) < int(size)) == ("video/mp4", True)
    assert int(peak) < 150, f"{peak} MiB"
    assert int(started) < 150, f"{started} MiB in the program that it started"
