"""Draws of all kinds from one chance, so that one number decides everything."""

from collections.abc import Sequence
from math import log
from typing import TypeVar

from bridge.chance import SeededChance

T = TypeVar("T")


class Dice:
    """Draws for one part of the world; parts draw apart, so that one more draw here changes nothing there."""

    def __init__(self, seed: int, part: int) -> None:
        self.fraction = SeededChance(seed * 64 + part).fraction

    def happens(self, likely: float) -> bool:
        """True in `likely` of all cases."""
        return self.fraction() < likely

    def below(self, end: int) -> int:
        """A number from 0 to `end` - 1."""
        return int(self.fraction() * end)

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + self.fraction() * (high - low)

    def about(self, mean: float) -> float:
        """A waiting time: mostly short, sometimes long, at most eight times the mean."""
        return min(-mean * log(1.0 - self.fraction()), 8 * mean)

    def pick(self, among: Sequence[T]) -> T:
        """One of several."""
        return among[int(self.fraction() * len(among))]
