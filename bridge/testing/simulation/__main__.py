"""`python -m bridge.testing.simulation`: many seeds over all cores, or one again with everything it did."""

import argparse
import sys

from bridge.testing.simulation.cores import Total, Wish, alone, failure, simulate
from bridge.testing.simulation.seed import Report

_TELL_EVERY = 1000


def main(arguments: list[str]) -> int:
    """0 when every promise held in every seed, and every mishap happened at least once."""
    parser = argparse.ArgumentParser(prog="python -m bridge.testing.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first one")
    parser.add_argument("--seconds", type=float, default=0.0, help="go on with further ones until so long has passed")
    parser.add_argument("--seed", type=int, help="this one only, line by line")
    wanted = parser.parse_args(arguments)
    if wanted.seed is not None:
        return _again(wanted.seed)
    total = simulate(Wish(seeds=wanted.seeds, first=wanted.first, seconds=wanted.seconds), _tell)
    sys.stdout.write(f"{total}\n")
    return 1 if total.failed or total.never else 0


def _tell(total: Total, report: Report) -> None:
    """What fails at once, and how far it is now and then: an interrupted run has still said something."""
    if report.violations:
        sys.stdout.write(f"{failure(report.seed, report.violations)}\n")
    if total.seeds % _TELL_EVERY == 0:
        sys.stdout.write(f"{total.so_far}\n")
    sys.stdout.flush()


def _again(seed: int) -> int:
    report = alone(seed)
    for moment, *what in report.trace:
        sys.stdout.write(f"{moment:12.6f}  {' '.join(map(str, what))}\n")
    sys.stdout.write("\n".join(report.violations or ["every promise held"]) + "\n")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
