"""How long to wait. Pure: no I/O, no clock, no state."""

BASE_SECONDS = 1.0
CAP_SECONDS = 300.0
_LONGEST_ASKED = 3600.0
_MOST_DOUBLINGS = 16


def wait(failures: int, fraction: float, *, base: float = BASE_SECONDS, cap: float = CAP_SECONDS) -> float:
    """Seconds before try `failures` + 1: full jitter, `fraction` in [0, 1) is the draw."""
    longest: float = min(cap, base * 2.0 ** min(failures, _MOST_DOUBLINGS))
    return fraction * longest


def asked(retry_after: object) -> float | None:
    """The wait a platform asked for, made sane: none when absent, negative or no number, an hour at most."""
    if not isinstance(retry_after, (int, float)) or not retry_after >= 0:
        return None
    return min(float(retry_after), _LONGEST_ASKED)


def left(next_at: int, now: int) -> float:
    """Seconds of a stored wait that are left, both in ms of wall time: an hour at most, whatever the clock did."""
    return min(max(0.0, (next_at - now) / 1000), _LONGEST_ASKED)
