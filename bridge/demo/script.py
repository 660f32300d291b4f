"""A conversation over all platforms, played in the terminal, with a `kill -9` in the middle."""

import re
from collections.abc import Callable, Sequence

from bridge.clock import Clock
from bridge.connector import Connector
from bridge.demo.daemon import Daemon
from bridge.demo.private import answered
from bridge.demo.stage import Ability, Cast, Seat
from bridge.ids import MessageId
from bridge.registry import installed
from bridge.testing.platform import Shown
from bridge.text.markdown import render
from bridge.text.nodes import Bold, Code, Inline, Italic, Paragraph, Rich, Text, said

PEOPLE = ("Ada", "Ben", "Cleo", "Dina", "Emil", "Farah")
_LINK = 0
_PATIENCE_SECONDS = 12.0
_LAST_PATIENCE_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.05
_EMOJI = "👍"
_ESCAPED = re.compile(r"\\([^\w\s])")

Tell = Callable[[str], None]
Fact = Callable[[Sequence[Shown]], bool]


class NotSeen(Exception):
    """Something did not arrive in time; the sentence says what and where."""


async def play(cast: Cast, daemon: Daemon, *, tell: Tell, clock: Clock) -> None:
    """Play every scene and show what the readers of each room see."""
    play = _Play(cast.seats, daemon, tell, clock)
    titles = ", ".join(seat.platform.title for seat in cast.everybody)
    tell(f"{titles}: emulated on this machine, with a real bridge between them (process {daemon.pid}).")
    await play.formatting()
    await play.reply()
    await play.edit()
    await play.reaction()
    await play.deletion()
    await play.desk(cast)
    await play.kill()
    await play.every_room()


class _Play:
    """The scenes. Each does something as a person, waits until the others see it, and shows what is new."""

    def __init__(self, seats: Sequence[Seat], daemon: Daemon, tell: Tell, clock: Clock) -> None:
        self._seats, self._daemon, self._tell, self._clock = seats, daemon, tell, clock
        self._printed: dict[str, dict[MessageId, str]] = {seat.account: {} for seat in seats}
        self._scene = 0

    # --- scenes ---

    async def formatting(self) -> None:
        seat = self._seats[0]
        self._title(f"{self._who(seat)} writes on {seat.platform.title}, with formatting")
        inside: tuple[Inline, ...] = (
            Text("Good "), Bold((Text("morning"),)), Text(", "), Italic((Text("everybody"),)), Text("! Try "),
            Code("make demo"), Text("."),
        )  # fmt: skip
        await self._say(seat, (Paragraph(inside),))
        await self._seen(self._but(seat), _contains("everybody"))

    async def reply(self) -> None:
        seat, other = self._seats[1], self._seats[0]
        self._title(f"{self._who(seat)} answers on {seat.platform.title}, to the copy there")
        copy = await self._find(seat, "everybody")
        await self._say(seat, said(f"Hello {self._who(other)}, I read you well."), copy)
        await self._seen(self._but(seat), _contains("read you well"))

    async def edit(self) -> None:
        seat = self._first(Ability.EDIT)
        if seat is None:
            return
        self._title(f"{self._who(seat)} writes on {seat.platform.title}, with a mistake, and corrects it")
        new = await self._say(seat, said("The meeting is at 9."))
        await self._seen(self._but(seat), _contains("at 9"))
        await seat.platform.edit(seat.room(_LINK), self._who(seat), new, said("The meeting is at 10."))
        await self._seen(self._but(seat), _contains("at 10"))

    async def reaction(self) -> None:
        seat = next((seat for seat in reversed(self._seats) if Ability.REACT in seat.can), None)
        if seat is None:
            return
        self._title(f"{self._who(seat)} reacts on {seat.platform.title}")
        copy = await self._find(seat, "everybody")
        await seat.platform.react(seat.room(_LINK), self._who(seat), copy, _EMOJI)
        await self._seen(self._but(seat), _reacted)

    async def deletion(self) -> None:
        seat = self._first(Ability.DELETE)
        if seat is None:
            return
        self._title(f"{self._who(seat)} writes on {seat.platform.title} and takes it back")
        new = await self._say(seat, said("Oops, wrong room."))
        await self._seen(self._but(seat), _contains("wrong room"))
        await seat.platform.delete(seat.room(_LINK), self._who(seat), new)
        kinds = installed()  # people may take back their own words where nobody can take back ours
        others = [other for other in self._but(seat) if kinds.get(other.account).can(Connector.delete)]
        await self._seen(others, _lacks("wrong room"))

    async def desk(self, cast: Cast) -> None:
        if cast.office is None:
            return
        office = cast.office[0].platform.title
        self._title(f"People write in private, and are answered from one room on {office}")
        for line in await answered(cast, self._clock):
            self._tell(f"     {line}".replace("\n", " / "))

    async def kill(self) -> None:
        self._title("Everybody writes, and the bridge is killed in the middle (kill -9)")
        for seat in self._seats:
            await self._say(seat, said(f"Before, from {seat.platform.title}."))
            await self._accepted(seat, f"Before, from {seat.platform.title}")
        await self._daemon.kill()
        self._tell(f"     the bridge is {self._daemon.state}")
        for seat in self._seats:
            await self._say(seat, said(f"Meanwhile, from {seat.platform.title}."))
        await self._show_news()
        self._title("The bridge is started again: what waited arrives, in order")
        await self._daemon.start()
        await self._daemon.ready()
        for seat in self._seats:
            await self._seen(self._but(seat), _contains(f"Before, from {seat.platform.title}"))
        await self._kept_for_who_was_away()

    async def every_room(self) -> None:
        self._title("Every room, as its readers see it now")
        for seat in self._seats:
            self._tell(f"\n  ── {seat.platform.title} · {seat.room(_LINK)}")
            for line in (await self._lines(seat)).values():
                self._tell(f"     {line}")

    # --- what scenes are made of ---

    async def _kept_for_who_was_away(self) -> None:
        """Some networks give nothing later to who was not there: that is beyond any bridge, and said."""
        for seat in self._seats:
            words = f"Meanwhile, from {seat.platform.title}"
            if await self._accepted(seat, words, _LAST_PATIENCE_SECONDS):
                await self._seen(self._but(seat), _contains(words))
            else:
                self._tell(f"     {seat.platform.title:<10} gives nothing later to who was away: “{words}.” stays here")

    async def _say(self, seat: Seat, text: Rich, in_reply_to: MessageId | None = None) -> MessageId:
        return await seat.platform.say(seat.room(_LINK), self._who(seat), text, in_reply_to=in_reply_to)

    async def _seen(self, seats: Sequence[Seat], fact: Fact) -> None:
        if not await self._holds(seats, fact, _PATIENCE_SECONDS):
            await self._show_news()
            missing = [seat.platform.title for seat in seats if not fact(await self._shown(seat))]
            raise NotSeen(f"scene {self._scene}: something did not arrive on {', '.join(missing)}")
        await self._show_news()

    async def _accepted(self, seat: Seat, words: str, patience: float = _PATIENCE_SECONDS) -> bool:
        """Whether somebody else sees it in time: then it is on the bridge's disk for all the others, too."""
        return await self._holds(self._but(seat), _contains(words), patience, any)

    async def _holds(
        self, seats: Sequence[Seat], fact: Fact, patience: float, enough: Callable[[list[bool]], bool] = all
    ) -> bool:
        """Whether something becomes true in enough of these rooms in time."""
        deadline = self._clock.monotonic() + patience
        while not enough([fact(await self._shown(seat)) for seat in seats]):
            if self._clock.monotonic() > deadline:
                return False
            await self._clock.sleep(_LOOK_AGAIN_SECONDS)
        return True

    async def _show_news(self) -> None:
        """What changed in each room since it was shown last."""
        for seat in self._seats:
            before, now = self._printed[seat.account], await self._lines(seat)
            gone = [f"- {line}" for message, line in before.items() if message not in now]
            new = [f"  {line}" for message, line in now.items() if before.get(message) != line]
            self._printed[seat.account] = now
            for line in (*gone, *new):
                self._tell(f"     {seat.platform.title:<10} {line}")

    async def _lines(self, seat: Seat) -> dict[MessageId, str]:
        there = await self._shown(seat)
        words = {message.id: message.text for message in there}
        return {message.id: _line(message, words) for message in there}

    async def _find(self, seat: Seat, words: str) -> MessageId:
        return next(message.id for message in await self._shown(seat) if words in message.text)

    async def _shown(self, seat: Seat) -> Sequence[Shown]:
        return await seat.platform.shown(seat.room(_LINK))

    def _title(self, sentence: str) -> None:
        self._scene += 1
        self._tell(f"\n {self._scene}. {sentence}")

    def _who(self, seat: Seat) -> str:
        return PEOPLE[self._seats.index(seat) % len(PEOPLE)]

    def _but(self, seat: Seat) -> Sequence[Seat]:
        return [other for other in self._seats if other is not seat]

    def _first(self, ability: Ability) -> Seat | None:
        return next((seat for seat in self._seats if ability in seat.can), None)


def _contains(words: str) -> Fact:
    return lambda there: any(words in message.text for message in there)


def _lacks(words: str) -> Fact:
    return lambda there: all(words not in message.text for message in there)


def _reacted(there: Sequence[Shown]) -> bool:
    return any(message.reactions or _EMOJI in message.text for message in there)


def _marked(rich: Rich) -> str:
    """The words with their formatting as Markdown; for eyes only, so that nothing needs a backslash."""
    return _ESCAPED.sub(r"\1", render(rich))


def _line(message: Shown, words: dict[MessageId, str]) -> str:
    answered = words.get(message.in_reply_to) if message.in_reply_to is not None else None
    reply = f"↪ “{answered[:24]}…” " if answered else ""
    edited = " (edited)" if message.edited else ""
    reactions = "".join(f" [{emoji} {count}]" for emoji, count in message.reactions.items())
    said = f"{message.author}: {reply}{_marked(message.rich)}{edited}{reactions}"
    return said.replace("\\\n", " / ").replace("\n", " / ")
