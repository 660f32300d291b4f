"""Somebody else in the room: does there what only a person can, and says what is read."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

_YES = {"y", "yes"}


class Declined(Exception):
    """The companion cannot do it, or would rather not; the text says which."""


class Companion(Protocol):
    """A person in the room. Messages are named by their words, which are never the same twice.

    What cannot be done raises `Declined`. `gives_up` returns when the person wants to wait no longer.
    """

    async def write(self, words: str) -> None: ...

    async def answer(self, words: str, to: str) -> None: ...

    async def change(self, words: str, into: str) -> None:
        """Edit one's own message."""
        ...

    async def take_back(self, words: str) -> None:
        """Delete one's own message."""
        ...

    async def react(self, words: str, emoji: str) -> None: ...

    async def send_picture(self, words: str) -> None:
        """With these words under it."""
        ...

    async def reads(self, words: str) -> bool:
        """Whether exactly these words stand in the room, once."""
        ...

    async def reads_in_order(self, lines: list[str]) -> bool: ...

    async def misses(self, words: str) -> bool:
        """Whether what was read before is not there any more."""
        ...

    async def sees(self, words: str, look: str) -> bool:
        """Whether the message with these words looks so: "bold", "an answer to …", "with 👍", "under a picture"."""
        ...

    async def gives_up(self) -> None: ...


class Human:
    """A companion who is asked on the terminal."""

    def __init__(self, room: str, tell: Callable[[str], None]) -> None:
        self._room, self._tell = room, tell
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._reading = False

    def listen(self) -> None:
        """Read what is typed, without holding up anything else."""
        if not self._reading:
            with suppress(PermissionError):  # no terminal and no pipe: nobody is there, and every wait ends by itself
                asyncio.get_running_loop().add_reader(sys.stdin, self._typed)
                self._reading = True

    def leave(self) -> None:
        """Let the terminal go."""
        if self._reading:
            asyncio.get_running_loop().remove_reader(sys.stdin)
            self._reading = False

    def _typed(self) -> None:
        line = sys.stdin.readline()
        if not line:
            self.leave()
        self._lines.put_nowait(line.strip())

    async def write(self, words: str) -> None:
        self._wish(f"write: {words}")

    async def answer(self, words: str, to: str) -> None:
        self._wish(f"reply to “{to}” with: {words}")

    async def change(self, words: str, into: str) -> None:
        self._wish(f"edit your message “{words}” into: {into}")

    async def take_back(self, words: str) -> None:
        self._wish(f"delete your message “{words}” for everybody")

    async def react(self, words: str, emoji: str) -> None:
        self._wish(f"put {emoji} on “{words}”")

    async def send_picture(self, words: str) -> None:
        self._wish(f"send any picture, and under it: {words}")

    async def reads(self, words: str) -> bool:
        return await self._said_yes(f"do these words stand there, once? {words}")

    async def reads_in_order(self, lines: list[str]) -> bool:
        return await self._said_yes(f"do “{lines[0]}” to “{lines[-1]}” stand there, all {len(lines)}, in order?")

    async def misses(self, words: str) -> bool:
        return await self._said_yes(f"is “{words}” gone?")

    async def sees(self, words: str, look: str) -> bool:
        return await self._said_yes(f"is “{words}” shown {look}?")

    async def gives_up(self) -> None:
        await self._lines.get()

    def _wish(self, what: str) -> None:
        self._forget_typed()
        self._tell(f"  In {self._room}, please {what}  (or type Enter, if you cannot)")

    async def _said_yes(self, question: str) -> bool:
        self._forget_typed()
        self._tell(f"  In {self._room}: {question}  [y/n, or Enter, if you cannot tell]")
        said = (await self._lines.get()).casefold()
        if not said:
            raise Declined("nobody could tell")
        return said in _YES

    def _forget_typed(self) -> None:
        while not self._lines.empty():
            self._lines.get_nowait()
