"""Runs the tests stage by stage and says how long each took: `make test`.

A stage that fails does not keep the others from running.
A test that needs a server it cannot have fails by itself with the line to type; only ALLOW_SKIP=1 makes it a skip.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Two workers, as many as there are cores; three where most of a test is waiting for a process or a server.
STAGES: dict[str, list[str]] = {
    "unit, property, contract": ["-n", "3", "tests/bridge", "tests/connectors", "tests/docs", "tests/deploy"],
    "fuzzed": ["-n", "2", "tests/fuzz"],
    "scenarios": ["-n", "2", "tests/scenarios"],
    "interop": ["-n", "2", "tests/interop", "tests/certify"],
    "simulation": ["-n", "2", "tests/simulation"],  # 2,000 seeds among them
    "live servers": ["-n", "3", "tests/live", "-m", "not crash"],
    "killed under load": ["-n", "2", "tests/live", "-m", "crash"],
    "crash": ["-n", "3", "tests/crash"],
    "benchmarks, small": ["tests/benchmarks"],
    "demo and browser": ["-n", "2", "tests/demo", "tests/operator"],
}

# Hundreds of tests start a process of the bridge: each would compile all of it again where no bytecode is kept.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def main() -> int:
    """0 when every stage passed."""
    rows, failed = [], 0
    for name, arguments in STAGES.items():
        print(f"\n=== {name}", flush=True)
        started = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", *arguments]
        status = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=False).returncode
        failed += status != 0
        rows.append(f"{name:<28}{time.monotonic() - started:7.0f} s   {'ok' if status == 0 else 'FAILED'}")
    print("\n".join(["", *rows]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
