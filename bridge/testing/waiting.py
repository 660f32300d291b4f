"""Waiting for a fact, never for a duration."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import Any

from bridge.testing.platform import Platform, Shown

PATIENCE_SECONDS = 15.0
_LOOK_AGAIN_SECONDS = 0.005
_LOOK_AGAIN_PART = 0.02
"""Who waited long already looks less often: again after this part of the time so far."""


async def eventually(
    fact: Callable[[], Any | Awaitable[Any]],
    *,
    what: Callable[[], object] = lambda: "",
    seconds: float = PATIENCE_SECONDS,
) -> Any:  # noqa: ANN401 - whatever the fact is
    """Look until `fact` is true and return it. `what` says in the failure what was there instead."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        found = fact()
        found = await found if isawaitable(found) else found
        if found:
            return found
        waited = loop.time() - began
        if waited > seconds:
            raise AssertionError(f"not within {seconds} s; there was: {what()}")
        await asyncio.sleep(max(_LOOK_AGAIN_SECONDS, waited * _LOOK_AGAIN_PART))


async def shown(
    platform: Platform, room: str, fact: Callable[[Sequence[Shown]], object], *, seconds: float = PATIENCE_SECONDS
) -> Sequence[Shown]:
    """Wait until what a reader of the room sees fulfils a fact."""
    found: Sequence[Shown] = ()

    async def holds() -> bool:
        nonlocal found
        found = await platform.shown(room)
        return bool(fact(found))

    await eventually(holds, what=lambda: [(one.author, one.text) for one in found[-20:]], seconds=seconds)
    return found


async def shows(platform: Platform, room: str, expected: Sequence[str], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a reader of the room sees exactly these words, oldest first."""
    await shown(platform, room, lambda there: [one.text for one in there] == list(expected), seconds=seconds)
