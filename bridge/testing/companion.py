"""A companion for `qantara certify` who is no human: acts as a person on an emulated platform, and reads there."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bridge.certify.companion import Declined
from bridge.clock import Clock, SystemClock
from bridge.events import Kind
from bridge.ids import MessageId
from bridge.testing.acts import Private, SendsFiles
from bridge.testing.platform import Platform, Shown
from bridge.testing.samples import upload
from bridge.text.nodes import Bold, said

_PAUSE_SECONDS = 0.02


class EmulatedCompanion:
    """`Companion` over a `Platform`, in its first room. So many seconds of `patience` it looks before it says no."""

    def __init__(self, platform: Platform, patience: float = 5.0, clock: Clock | None = None) -> None:
        self._platform, self._patience, self._clock = platform, patience, clock or SystemClock()
        self._room = platform.rooms[0]
        self._name = platform.person_in(self._room) if isinstance(platform, Private) else "Ada"

    async def write(self, words: str) -> None:
        await self._platform.say(self._room, self._name, said(words))

    async def answer(self, words: str, to: str) -> None:
        await self._platform.say(self._room, self._name, said(words), in_reply_to=await self._id(to))

    async def change(self, words: str, into: str) -> None:
        await _done(self._platform.edit(self._room, self._name, await self._id(words), said(into)), "edits")

    async def take_back(self, words: str) -> None:
        if "delete" in getattr(self._platform, "untold", ()):
            raise Declined("no bot is told of deletions here")
        await _done(self._platform.delete(self._room, self._name, await self._id(words)), "deletions")

    async def react(self, words: str, emoji: str) -> None:
        await _done(self._platform.react(self._room, self._name, await self._id(words), emoji), "reactions")

    async def send_picture(self, words: str) -> None:
        if not isinstance(self._platform, SendsFiles):
            raise Declined("people here send no files")
        picture = upload(Kind.IMAGE, words)
        await _done(self._platform.send_files(self._room, self._name, (picture,), said(words)), "pictures")

    async def reads(self, words: str) -> bool:
        return await self._comes(lambda shown: [one.text for one in shown].count(words) == 1)

    async def reads_in_order(self, lines: list[str]) -> bool:
        return await self._comes(lambda shown: [one.text for one in shown if one.text in lines] == lines)

    async def misses(self, words: str) -> bool:
        return await self._comes(lambda shown: words not in [one.text for one in shown])

    async def sees(self, words: str, look: str) -> bool:
        return await self._comes(lambda shown: any(one.text == words and _looks(one, look, shown) for one in shown))

    async def gives_up(self) -> None:
        await asyncio.Event().wait()

    async def _id(self, words: str) -> MessageId:
        return next(one.id for one in await self._platform.shown(self._room) if one.text == words)

    async def _comes(self, fact: Callable[[Sequence[Shown]], bool]) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                while not fact(await self._platform.shown(self._room)):
                    await self._clock.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            return False
        return True


async def _done(act: Awaitable[object], what: str) -> None:
    try:
        await act
    except NotImplementedError:
        raise Declined(f"no {what}: people on this platform cannot") from None


def _looks(one: Shown, look: str, shown: Sequence[Shown]) -> bool:
    """Whether a message looks as the trial says; see `Companion.sees`."""
    kind, _, what = look.partition(" ")
    match kind:
        case "bold":
            return Bold.__name__ in repr(one.rich) or not any(other.rich for other in shown)
        case "with":
            return what in one.reactions
        case "without":
            return not one.reactions
        case "under":
            return any(file.kind is Kind.IMAGE for file in one.files)
        case _:
            answered = next((other.text for other in shown if other.id == one.in_reply_to), None)
            return answered is not None and f"“{answered}”" in look
