"""Announcements that are through, of which platforms have still to speak: until when, and when people are told."""

from collections.abc import Awaitable, Callable, Sequence

from bridge.backoff import left
from bridge.ids import AccountName
from bridge.shared import Shared
from bridge.store.confirmed import Pending, Unsettled

TELL_SECONDS = 60.0
"""So long what platforms say is gathered before people are told of it."""
Begin = Callable[[Callable[[], Awaitable[None]]], None]


class Waiting:
    """`tell` says what became of an announcement; `begin` does something beside everything else."""

    def __init__(self, shared: Shared, begin: Begin, tell: Callable[[int], Awaitable[None]]) -> None:
        self._shared, self._begin, self._tell = shared, begin, tell
        self._gathering: set[int] = set()
        self.accounts: set[AccountName] = set()
        """Whose platforms have still to speak of something."""

    async def start(self) -> None:
        """Go on waiting; what was said and not told when the process ended is told."""
        for one in await self._pending():
            if one.account:
                self.accounts.add(one.account)
            if one.until is not None:
                self._wait(one) if one.account else self.heard(one.number)

    async def follow(self, number: int) -> None:
        """It is through: people are told in a while, and when the time is over in which platforms speak."""
        found = [one for one in await self._pending() if one.number == number]
        for one in found[:1]:
            self._wait(one)
            self.heard(number)

    def heard(self, number: int) -> None:
        """A platform said something that people want to know: they are told, not each time."""
        if number not in self._gathering:
            self._gathering.add(number)
            self._begin(lambda: self._soon(number))

    async def narrow(self, carrying: Callable[[AccountName], bool]) -> None:
        """Nobody listens any longer to accounts of which nothing is awaited, and on which nothing goes."""
        awaited = {one.account for one in await self._pending()}
        self.accounts -= {name for name in self.accounts if name not in awaited and not carrying(name)}

    async def _pending(self) -> Sequence[Pending]:
        found: Sequence[Pending] = await self._shared.writer.ask(Unsettled())
        return found

    def _wait(self, one: Pending) -> None:
        self._begin(lambda: self._at_last(one))

    async def _at_last(self, one: Pending) -> None:
        await self._shared.clock.sleep(left(one.until or 0, self._shared.now_ms()))
        if one.number in {other.number for other in await self._pending()}:
            await self._tell(one.number)

    async def _soon(self, number: int) -> None:
        await self._shared.clock.sleep(TELL_SECONDS)
        self._gathering.discard(number)
        await self._tell(number)
