"""What people do: they write, answer, correct themselves, take back, react; alone, in bursts and in floods."""

import asyncio
from collections.abc import Mapping

from bridge.ids import RoomId
from bridge.testing.memory_rooms import Message, Post, room_id
from bridge.testing.simulation.dice import Dice
from bridge.testing.simulation.platform import SimulatedPlatform
from bridge.testing.simulation.weather import Mishap, Weather
from bridge.testing.simulation.world import ROOMS
from bridge.text.nodes import said
from bridge.text.walk import plain

_PEOPLE = ("Ada", "Bea", "Cem", "Dua")
_EMOJIS = ("👍", "🎉", "😢")
_RECENT = 12
_FILLER = "and so on and so forth "


class People:
    """Everybody on all platforms of one seed."""

    def __init__(self, platforms: Mapping[str, SimulatedPlatform], dice: Dice, weather: Weather, acts: int) -> None:
        self._platforms, self._dice, self._weather = tuple(platforms.values()), dice, weather
        self._left, self._acts = acts, acts
        self._said = 0
        self._edits: dict[tuple[str, str, str], int] = {}
        self.pace = dice.pick((0.02, 0.1, 0.4))

    @property
    def done(self) -> int:
        """How much they did so far."""
        return self._acts - self._left

    async def act(self) -> None:
        """Until everything is said."""
        while self._left > 0:
            await asyncio.sleep(self._dice.about(self.pace))
            draw = self._dice.fraction()
            if draw < 0.01:
                self._flood()
            elif draw < 0.05:
                self._burst()
            else:
                self._one(self._dice.pick(self._platforms), self._dice.pick(ROOMS))

    def _flood(self) -> None:
        """One person in one room says very much at once."""
        self._weather.happened(Mishap.FLOOD)
        platform, room, person = self._dice.pick(self._platforms), self._dice.pick(ROOMS), self._dice.pick(_PEOPLE)
        for _ in range(20 + self._dice.below(20)):
            self._post(platform, room_id(room), person)

    def _burst(self) -> None:
        """Everybody at once."""
        self._weather.happened(Mishap.BURST)
        for _ in range(4 + self._dice.below(8)):
            self._one(self._dice.pick(self._platforms), self._dice.pick(ROOMS))

    def _one(self, platform: SimulatedPlatform, name: str) -> None:
        room, person = room_id(name), self._dice.pick(_PEOPLE)
        recent = [one for one in platform.written.messages[room][-_RECENT:] if not one.deleted]
        draw = self._dice.fraction()
        if not recent or draw < 0.55:
            self._post(platform, room, person)
        elif draw < 0.67:
            self._post(platform, room, person, self._dice.pick(recent))
        elif draw < 0.78:
            self._edit(platform, room, recent)
        elif draw < 0.83:
            self._delete(platform, room, recent)
        else:
            self._react(platform, room, person, self._dice.pick(recent))

    def _post(self, platform: SimulatedPlatform, room: RoomId, person: str, answered: Message | None = None) -> None:
        self._left -= 1
        self._said += 1
        words = f"w{self._said}z"
        draw = self._dice.fraction()
        if draw < 0.08:
            words = f"{words} {_FILLER * (2 + self._dice.below(8))}"
        elif draw < 0.12:
            words = f"{words}\nsecond line\nthird line"
        post = Post(room=room, rich=said(words.strip()), in_reply_to=answered.id if answered else None)
        platform.written.post(platform.written.person(person), post)

    def _edit(self, platform: SimulatedPlatform, room: RoomId, recent: list[Message]) -> None:
        theirs = [one for one in recent if one.writer != platform.me.id]
        if not theirs:
            return
        self._left -= 1
        message = self._dice.pick(theirs)
        word = plain_token(message)
        count = self._edits[platform.name, room, message.id] = self._edits.get((platform.name, room, message.id), 0) + 1
        words = f"{word}v{count}y" if self._dice.happens(0.9) else f"{word}v{count}y {_FILLER * 6}".strip()
        writer = next(user for user in map(platform.written.person, _PEOPLE) if user.id == message.writer)
        platform.written.edit(writer, room, message.id, said(words))

    def _delete(self, platform: SimulatedPlatform, room: RoomId, recent: list[Message]) -> None:
        """People take back what is theirs; a moderator may take back a copy."""
        theirs = [one for one in recent if one.writer != platform.me.id or self._dice.happens(0.1)]
        if not theirs:
            return
        self._left -= 1
        message = self._dice.pick(theirs)
        if message.writer == platform.me.id:
            platform.taken.add((room, message.id))
        platform.written.delete(platform.written.person("Moderator"), room, message.id)

    def _react(self, platform: SimulatedPlatform, room: RoomId, person: str, message: Message) -> None:
        self._left -= 1
        emoji, user = self._dice.pick(_EMOJIS), platform.written.person(person)
        if user.id in message.reactions.get(emoji, ()):
            platform.written.unreact(user, room, message.id, emoji)
        else:
            platform.written.react(user, room, message.id, emoji)


def plain_token(message: Message) -> str:
    """The word that names a message, whatever was edited."""
    word = plain(message.rich).split("z", 1)[0]
    return f"{word}z"
