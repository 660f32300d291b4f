"""Coverage-guided fuzzing of every installed parser: `make fuzz SECONDS=60`; corpora are kept in .cache/fuzz.

`scripts/fuzz.py replay NAME FILE` feeds one input again; `scripts/fuzz.py run SECONDS [NAME ...]` fuzzes some only.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import atheris

WATCHED = ["bridge.text", "bridge.config", "bridge.people", "connectors", "markdown_it", "irctokens", "yaml"]
"""Whose branches guide the search."""
with atheris.instrument_imports(include=WATCHED if "child" in sys.argv else ["nothing"]):
    from bridge.testing.fuzz_target import Target
    from bridge.testing.fuzz_targets import mutated, targets

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "fuzz"
AT_ONCE = os.cpu_count() or 1
LIMITS = ("-timeout=20", "-rss_limit_mb=2048", "-max_len=65536", "-print_final_stats=1", "-verbosity=0")


def run(seconds: int, names: Sequence[str]) -> int:
    """Fuzz each target in a process of its own; 1 when one of them fell."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda name: _one(name, seconds), names))
    return 1 if any(results) else 0


def _one(name: str, seconds: int) -> int:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, __file__, "child", name, str(seconds)], capture_output=True, text=True, check=False
    )
    stats = {words[0]: words[-1] for line in done.stderr.splitlines() if (words := line.split()) and "stat::" in line}
    executed = stats.get("stat::number_of_executed_units:", "?")
    print(f"{name:<20}{time.monotonic() - began:6.0f} s {executed:>10} inputs   {'FELL' if done.returncode else 'ok'}")
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-3000:], sep="\n")
        for crash in sorted(CACHE.glob(f"crashes/{name}-*")):
            print(f"  again with: {sys.executable} scripts/fuzz.py replay {name} {crash}")
    return done.returncode


def child(name: str, seconds: int) -> None:
    """Fuzz one target in this process, until it falls or the time is over."""
    target, corpus = targets()[name], CACHE / name
    corpus.mkdir(parents=True, exist_ok=True)
    (CACHE / "crashes").mkdir(exist_ok=True)
    for index, seed in enumerate(target.seeds):
        (corpus / f"seed-{index}").write_bytes(seed)
    arguments = [f"-max_total_time={seconds}", f"-artifact_prefix={CACHE}/crashes/{name}-", *LIMITS, str(corpus)]
    atheris.Setup([sys.argv[0], *arguments], target.feed, custom_mutator=_mutator(target))
    atheris.Fuzz()


def _mutator(target: Target):  # noqa: ANN202 the library's own shape
    """One input in four is a seed broken as a platform would; the others are libFuzzer's."""

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        return mutated(target, seed)[:most] if seed % 4 == 0 else atheris.Mutate(data, most)

    return mutate


def replay(name: str, path: str) -> None:
    """One input again, with its traceback."""
    targets()[name].feed(Path(path).read_bytes())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run", seconds, *names]:
            sys.exit(run(int(seconds), names or list(targets())))
        case ["child", name, seconds]:
            child(name, int(seconds))
        case ["replay", name, path]:
            replay(name, path)
        case _:
            sys.exit(__doc__)
