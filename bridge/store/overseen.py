"""Announcements as operators see them: those that are not over, and those that need somebody. No words, no people."""

from typing import TypeAlias

from msgspec import Struct

from bridge.store.announced import Progress, Stage, What


class Oversee(Struct, frozen=True):
    """Announcements that are not over, or were stopped, of unknown outcome or unheard of, the newest first.

    `at` is now. Answer: a tuple of `Overseen`, at most 20.
    """

    at: int


class Overseen(Struct, frozen=True, kw_only=True):
    """One of them; times in milliseconds. `begun` is when it began to go."""

    number: int
    name: str
    what: What
    about: int | None
    stage: Stage
    at: int
    due: int | None = None
    begun: int | None = None
    progress: Progress


Question: TypeAlias = Oversee
