"""What waits for a moderator: listed, told of, and let go."""

from collections.abc import Callable, Iterable

from bridge.ids import MessageNumber, RoomNumber
from bridge.moderation.asked import MOST_LISTED, Asked, Watch
from bridge.moderation.finding import answered_to, whom
from bridge.people import label
from bridge.routing import Heard
from bridge.rulings import PAUSED, stopped
from bridge.shared import Shared
from bridge.store.care import HeldRow, HeldRows, Ruling
from bridge.store.ops import Unpark

Reread = Callable[[Iterable[RoomNumber]], None]


class Holding:
    """The rows that wait. `reread` lets lanes look again at what waits in their rooms."""

    def __init__(self, shared: Shared, reread: Reread) -> None:
        self._shared, self._reread = shared, reread

    async def approve(self, asked: Asked) -> int:
        """Let go what a command means; how many deliveries."""
        rows = await self._of(asked, await self._which(asked))
        await self._let_go(rows)
        return len(rows)

    async def listed(self, asked: Asked) -> str:
        """What waits, a message a line."""
        found = {one.message: one for one in await self._of(asked, HeldRows(
            rooms=tuple(asked.link.rooms), reasons=asked.link.reasons))}  # fmt: skip
        lines = [f"{one.message} {label(one.author)}: {one.excerpt}" for one in found.values()]
        more = [f"… and {len(lines) - MOST_LISTED} more"] if len(lines) > MOST_LISTED else []
        return "\n".join([*lines[:MOST_LISTED], *more]) or "Nothing is held."

    async def go_on(self, link: Watch, pauses: Iterable[Ruling]) -> None:
        """What waited only for a pause goes, in its order; `pauses` are those that are left."""
        question, left = HeldRows(rooms=tuple(link.rooms), reasons=(PAUSED,)), tuple(pauses)
        rows: tuple[HeldRow, ...] = await self._shared.writer.ask(question)
        await self._let_go([
            one for one in rows
            if one.source is None or not stopped(left, one.source, (Heard(one.room, link.name),))
        ])  # fmt: skip

    async def _which(self, asked: Asked) -> HeldRows:
        rooms, reasons, argument = tuple(asked.link.rooms), asked.link.reasons, asked.command.argument
        if argument.lower() == "all":
            return HeldRows(rooms=rooms, reasons=reasons)
        if argument.isdecimal():
            return HeldRows(rooms=rooms, reasons=reasons, message=MessageNumber(int(argument)))
        if argument:
            return HeldRows(rooms=rooms, reasons=reasons, person=(await whom(self._shared, asked)).person)
        message = (await answered_to(self._shared, asked)).message
        return HeldRows(rooms=rooms, reasons=reasons, message=message)

    async def _of(self, asked: Asked, question: HeldRows) -> list[HeldRow]:
        """What waits, of the rooms that the moderator has a say about: what is from here, and what is for here."""
        rows: tuple[HeldRow, ...] = await self._shared.writer.ask(question)
        return [one for one in rows if asked.scope in {None, one.source, one.room}]

    async def _let_go(self, rows: Iterable[HeldRow]) -> None:
        numbers = tuple(one.row for one in rows)
        if numbers:
            self._reread(await self._shared.writer.ask(Unpark(numbers)))
