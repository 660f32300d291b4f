"""Named points of a message's life where a test lets the process die; where none is named, nothing is bound.

`QANTARA_DIE_AT="done.after:3 send.before:0.02@7"` dies the third time a delivery's end was committed, or, with a
chance of 2 % drawn from seed 7, before a send; `QANTARA_DEATHS` names the directory in which each death is counted.
"""

import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeAlias, TypeVar

from bridge.chance import SeededChance

WHERE = "QANTARA_DIE_AT"
DEATHS = "QANTARA_DEATHS"
Passage: TypeAlias = Callable[[], None]
P = ParamSpec("P")
T = TypeVar("T")


class Point(StrEnum):
    """Where a process may be told to die; `before` and `after` speak of the commit, the others say it themselves."""

    GIVEN = "intake.given"
    """A connector gave events, none is stored; what it gave before is acknowledged by now."""
    ACCEPT_BEFORE = "accept.before"
    ACCEPT_AFTER = "accept.after"
    """Events are stored, nobody was told: the connector acknowledges nothing."""
    POSITION_BEFORE = "position.before"
    POSITION_AFTER = "position.after"
    STORED = "intake.stored"
    """The connector is about to hear that its events are stored, their deliveries have begun."""
    SEAL_BEFORE = "seal.before"
    SEAL_AFTER = "seal.after"
    SEND_BEFORE = "send.before"
    """A connector is about to be asked to do something."""
    SEND_AFTER = "send.after"
    """The platform answered, and nothing is made of the answer yet."""
    PART_AFTER = "part.after"
    """Some parts of a message are stored as sent, others are not sent yet."""
    DONE_BEFORE = "done.before"
    DONE_AFTER = "done.after"
    MARK_AFTER = "mark.after"
    """A suspect is marked and about to be sent alone."""
    FETCH_DURING = "fetch.during"
    """A piece of a file came, others are still to come."""
    MAKE_DURING = "make.during"
    """The workshop gave a piece of what it makes of a file."""
    FILE_BEFORE = "file.before"
    """A file is whole on the disk, nothing points to it yet."""
    FILE_AFTER = "file.after"
    """The store knows the file, the delivery that waits for it does not."""
    START_AFTER = "start.after"
    STOP_AFTER = "stop.after"
    """A clean stop is stored, the file is not closed."""


def failpoint(point: Point, environment: Mapping[str, str] = os.environ) -> Passage | None:
    """What to call whenever the process passes this point: None, bound once at import, unless a test named it.

    Raises ValueError when the variable cannot be read: a misspelt point would never kill anybody.
    """
    when = _named(environment).get(point)
    if when is None:
        return None
    passes, _, seed = when.partition("@")
    counted = Path(environment[DEATHS]) / point
    return _by_chance(counted, float(passes), int(seed)) if seed else _by_count(counted, int(passes))


def around(
    before: Point, after: Point, environment: Mapping[str, str] = os.environ
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Put a coroutine function between two points; the function itself comes back when neither is named."""
    begins, ends = failpoint(before, environment), failpoint(after, environment)
    if begins is None and ends is None:
        return lambda function: function

    def mortal(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(function)
        async def performed(*args: P.args, **kwargs: P.kwargs) -> T:
            pass_by(begins)
            result = await function(*args, **kwargs)
            pass_by(ends)
            return result

        return performed

    return mortal


def pass_by(passage: Passage | None) -> None:
    """Pass a point, where it is one."""
    if passage is not None:
        passage()


def _named(environment: Mapping[str, str]) -> dict[Point, str]:
    pairs = (one.partition(":") for one in environment.get(WHERE, "").split())
    return {Point(name): when for name, _, when in pairs}


def _by_count(counted: Path, passages: int) -> Passage:
    left = passages

    def passed() -> None:
        nonlocal left
        left -= 1
        if not left:
            _die(counted)

    return passed


def _by_chance(counted: Path, chance: float, seed: int) -> Passage:
    """Each life draws numbers of its own: by how many died before it."""
    draws = SeededChance(seed + deaths(counted))

    def passed() -> None:
        if draws.fraction() < chance:
            _die(counted)

    return passed


def deaths(counted: Path) -> int:
    """How many died at the point that this file counts."""
    return counted.stat().st_size if counted.exists() else 0


def _die(counted: Path) -> None:
    """Count the death where it survives us; then nothing is flushed and nobody is told."""
    file = os.open(counted, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(file, b"+")
    os.fsync(file)
    os.kill(os.getpid(), signal.SIGKILL)
