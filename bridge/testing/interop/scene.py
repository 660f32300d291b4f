"""One feature, done by people of one platform: what they do, and what it may be known by afterwards."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct

from bridge.ids import MessageId
from bridge.testing.holdings import Filed, Holding
from bridge.testing.interop.pieces import alike, number_of
from bridge.testing.platform import Platform, Shown
from bridge.text.nodes import Rich

PATIENCE_SECONDS = 20.0
_OUR_ADDRESS = re.compile(r"https?://(?:127\.0\.0\.1|localhost)[^\s)\]]*")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class NotSeen(Exception):
    """Something that the rest of a scene hangs on did not arrive: its cells say so."""


class Seat(Struct, frozen=True):
    """One platform of the run, under the name that its emulator is installed by."""

    name: str
    platform: Platform

    @property
    def room(self) -> str:
        """The room in which everything happens."""
        return self.platform.rooms[0]

    def named(self, name: str) -> str:
        """Somebody of this platform."""
        return f"{name} {surname(self.name)}"


class Room:
    """What readers saw in each room when somebody last looked; `look` is called by one who goes round.

    `seats` are those whose people talk; in the rooms of `readers` nobody but the bridge writes.
    """

    def __init__(self, seats: Sequence[Seat], readers: Sequence[Seat] = ()) -> None:
        self.seats = tuple(seats)
        self._read = (*seats, *readers)
        self.shown: Mapping[str, Sequence[Shown]] = {seat.name: () for seat in self._read}
        self.changed = asyncio.Condition()

    async def look(self) -> bool:
        """Read every room once; whether anything changed."""
        now = {seat.name: tuple(await seat.platform.shown(seat.room)) for seat in self._read}
        if now == self.shown:
            return False
        async with self.changed:
            self.shown = now
            self.changed.notify_all()
        return True

    async def until(self, fact: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait until something is seen; False when it is not in time."""
        try:
            async with asyncio.timeout(seconds), self.changed:
                await self.changed.wait_for(fact)
        except TimeoutError:
            return False
        return True


class Scene:
    """A feature on one platform. `token` stands in what is done, `other` in what that hangs on.

    `called` is the name of who does it; `planted` what is sent beside words; `before` holds, by platform, the messages
    that it is about; `had` names the platforms that showed a thing before it was taken back.
    """

    def __init__(self, feature: str, seat: Seat, room: Room) -> None:
        self.feature, self.seat, self.room = feature, seat, room
        self.platform = seat.platform
        self.token, self.other = _token(f"{feature} {seat.name}"), _token(f"{feature} {seat.name} other")
        self.ada, self.ben = self.named("Ada"), self.named("Ben")
        self.called = self.ada
        self.planted: tuple[Holding, ...] = ()
        self.before: Mapping[str, Sequence[MessageId]] = {}
        self.had: frozenset[str] = frozenset()

    @property
    def places(self) -> Sequence[str]:
        """All platforms of the run, by name."""
        return tuple(self.room.shown)

    def named(self, name: str) -> str:
        """Somebody of this platform; the platform's name is left out when cells are written."""
        return self.seat.named(name)

    async def say(self, text: Rich, *, by: str = "", to: MessageId | None = None) -> MessageId:
        return await self.platform.say(self.seat.room, by or self.ada, text, in_reply_to=to)

    async def crossed(self, token: str = "") -> None:
        """Wait until every room shows the token, and note where: with `before`, later looks know the copies."""
        wanted = token or self.token
        await self.until(lambda place: self.found(place, wanted))
        self.before = {name: tuple(one.id for one in self.found(name, wanted)) for name in self.places}

    async def until(self, fact: Callable[[str], object]) -> None:
        """Wait until something is true in every room, or patience ends."""
        await self.room.until(lambda: all(fact(place) for place in self.places))

    def found(self, place: str, token: str = "") -> Sequence[Shown]:
        """The messages of a room that belong to this scene."""
        wanted = token or self.token
        return [one for one in self.room.shown[place] if self._is_ours(one, wanted)]

    def _is_ours(self, one: Shown, token: str) -> bool:
        return token in one.text or token in one.author or any(self._is_planted(held, token) for held in one.holds)

    def _is_planted(self, held: Holding, token: str) -> bool:
        if not isinstance(held, Filed):
            return held in self.planted or token in str(held)
        same = any(isinstance(one, Filed) and one.kind is held.kind and alike(one, held) for one in self.planted)
        return same or token in held.name or token in held.alt

    def plain(self, words: str) -> str:
        """What a reader sees, without what stands there for us only."""
        platforms = "|".join(surname(place) for place in self.places)
        words = re.sub(rf"[ _]?(?:{self.token}|{self.other})", "", words)
        words = re.sub(rf"\b(\w+)[ _](?:{platforms})\b", r"\1", words)
        return " / ".join(_OUR_ADDRESS.sub("‹link›", words).split("\n"))


Act = Callable[[Scene], Awaitable[None]]
Look = Callable[[Scene, str], str | None]
"""What a room shows of a scene: a cell of the table; None while there is nothing."""


class Feature(Struct, frozen=True):
    """One row of the table. `if_absent` is the cell where nothing is seen and the readers' platform lacks it, too."""

    name: str
    act: Act
    look: Look
    if_absent: str = "lost"


def surname(place: str) -> str:
    """What people of a platform are called, besides their names."""
    return "".join(part.title() for part in place.split("-"))


def _token(words: str) -> str:
    number, letters = number_of(words), "q"
    for _ in range(6):
        number, index = divmod(number, len(_LETTERS))
        letters += _LETTERS[index]
    return letters
