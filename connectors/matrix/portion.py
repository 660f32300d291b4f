"""How many events are asked for at once: fewer after an answer that is too large to read, then more again."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from msgspec.structs import replace

from connectors.matrix.batch import PAGE
from connectors.matrix.calls import Call
from connectors.matrix.client import LARGEST_ANSWER, TooLargeError

_SMALLER = 4
_log = structlog.get_logger()
T = TypeVar("T")


class Portion:
    """One account's: an answer that cannot be read must not be asked for in the same size for ever."""

    def __init__(self) -> None:
        self.size = PAGE

    async def asked(self, ask: Callable[[int], Awaitable[T]]) -> T:
        """Ask for ever fewer until the answer can be read. Raises `TooLargeError` when one event is too much."""
        while True:
            try:
                answer = await ask(self.size)
            except TooLargeError as error:
                if self.size == 1:
                    raise
                self.size = max(1, self.size // _SMALLER)
                _log.warning("fewer events are asked for at once", size=self.size, why=str(error))
            else:
                self.size = min(PAGE, self.size * 2)
                return answer


def careful(call: Call, size: int) -> Call:
    """Of the smallest size everything is read, however long that takes: there is nothing smaller to ask for."""
    return replace(call, careful=LARGEST_ANSWER) if size == 1 else call
