"""What goes wrong in one seed, and how often: each seed knows only some of the mishaps, so that none hides another."""

from collections import Counter
from enum import StrEnum

from bridge.testing.simulation.dice import Dice


class Mishap(StrEnum):
    """Everything that the simulation makes happen, as its report counts it."""

    LOST_ANSWER = "lost answer"
    LOST_REQUEST = "lost request"
    TOLD_TO_WAIT = "429 with a wait"
    TOO_MANY = "429 without a wait"
    SERVER_ERROR = "5xx"
    HANG = "hanging call"
    UNDECLARED = "undeclared error"
    REJECTED = "rejected message"
    DELAY = "delayed answer"
    OVERTAKEN = "answers out of order"
    REPEATED = "event given again"
    ECHO = "own message came home"
    CUT = "connection lost"
    UNREACHABLE = "platform out of reach"
    REFUSED = "credentials refused"
    MENDED = "credentials mended"
    KICKED = "removed from a room"
    READMITTED = "readmitted to a room"
    CRASH = "crash"
    CRASH_AT_COMMIT = "crash at a commit"
    POWER_CUT = "power cut"
    STOP = "graceful stop"
    RELOAD = "reload"
    CLOCK_FORWARD = "clock set forwards"
    CLOCK_BACK = "clock set back"
    DISK_FULL = "disk full"
    SYNC_ERROR = "sync error"
    FLOOD = "flood"
    BURST = "burst"


AT_CALLS = (
    Mishap.LOST_ANSWER,
    Mishap.LOST_REQUEST,
    Mishap.TOLD_TO_WAIT,
    Mishap.TOO_MANY,
    Mishap.SERVER_ERROR,
    Mishap.HANG,
    Mishap.UNDECLARED,
    Mishap.REJECTED,
    Mishap.DELAY,
)
EPISODES = (
    Mishap.CUT,
    Mishap.UNREACHABLE,
    Mishap.REFUSED,
    Mishap.KICKED,
    Mishap.CRASH,
    Mishap.CRASH_AT_COMMIT,
    Mishap.STOP,
    Mishap.RELOAD,
    Mishap.CLOCK_FORWARD,
    Mishap.CLOCK_BACK,
    Mishap.DISK_FULL,
    Mishap.SYNC_ERROR,
)
_RATES = {Mishap.HANG: 0.2, Mishap.REJECTED: 0.5}
"""What costs long waits or much talk happens less often."""


class Weather:
    """The mishaps of one seed. `counts` is what really happened."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.counts: Counter[Mishap] = Counter()
        self.latency = dice.pick((0.002, 0.01, 0.05))
        self.repeats = dice.pick((0.0, 0.0, 0.05, 0.3))
        rate = dice.pick((0.01, 0.03, 0.08))
        self._rates = tuple((one, rate * _RATES.get(one, 1.0)) for one in AT_CALLS if dice.happens(0.4))
        self.episodes = tuple(one for one in EPISODES if dice.happens(0.35))
        self.fair = False
        """At the end nothing goes wrong any more: what waits must arrive."""

    def at_call(self) -> Mishap | None:
        """What happens to one call, mostly nothing."""
        draw = self._dice.fraction()
        if self.fair:
            return None
        for mishap, rate in self._rates:
            draw -= rate
            if draw < 0:
                return mishap
        return None

    def wait(self) -> float:
        """How long one way over the network takes."""
        return self._dice.about(self.latency)

    def happened(self, mishap: Mishap) -> None:
        self.counts[mishap] += 1
