"""Randomness: the only module that draws it, so that a test can draw the same again."""

import random
import secrets
from typing import Protocol

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


class Chance(Protocol):
    """Numbers nobody can foresee, or, in a test, everybody."""

    def fraction(self) -> float:
        """A number in [0, 1): for jitter, never for secrets."""
        ...

    def token(self, length: int) -> str:
        """`length` characters of `a-z2-7`, five bits each, fit for an unguessable name."""
        ...

    def raw(self, length: int) -> bytes:
        """So many bytes, fit for a nonce or a key."""
        ...


class SystemChance:
    """The machine's own randomness."""

    def fraction(self) -> float:
        return random.random()

    def token(self, length: int) -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(length))

    def raw(self, length: int) -> bytes:
        return secrets.token_bytes(length)


class SeededChance:
    """The same draws again for the same seed: for tests and simulation only."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def fraction(self) -> float:
        return self._random.random()

    def token(self, length: int) -> str:
        return "".join(self._random.choice(_ALPHABET) for _ in range(length))

    def raw(self, length: int) -> bytes:
        return self._random.randbytes(length)
