"""How fast this disk keeps its promise."""

import os
import time
from pathlib import Path


def fdatasync_p50(folder: Path, rounds: int = 200) -> float:
    """Seconds that one synced 4 KiB write takes here, at the median."""
    path = folder / "fdatasync.probe"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        os.pwrite(descriptor, b"x" * 4096, 0)
        os.fdatasync(descriptor)
        times.append(time.perf_counter() - started)
    os.close(descriptor)
    path.unlink()
    return sorted(times)[rounds // 2]
