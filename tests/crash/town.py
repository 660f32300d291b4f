"""Linked rooms on three platforms, people who talk in them, and the daemon between them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol

from bridge.chance import Chance
from bridge.ids import MessageId
from bridge.testing.platform import Platform
from bridge.text.nodes import said
from connectors.irc.connector import Irc
from connectors.irc.emulator import IrcEmulator
from connectors.matrix.connector import Matrix
from connectors.matrix.emulator import MatrixEmulator
from connectors.matrix.emulator_sync import position
from connectors.telegram.connector import Telegram
from connectors.telegram.emulator import TOWN, TelegramEmulator
from connectors.telegram.emulator_rules import UNLIMITED
from tests.crash.record import Post, Traits, Who
from tests.live.daemon import Daemon

TRAITS: Mapping[str, Traits] = {
    "matrix": Traits(keyed=True, native=True, history=True, in_flight=Matrix.features.in_flight),
    "telegram": Traits(keyed=False, native=True, history=True, in_flight=Telegram.features.in_flight),
    "irc": Traits(keyed=False, native=False, history=False, in_flight=Irc.features.in_flight),
}
EMOJI = "👍"
_LONG = 120
"""Words of a long message: several lines on IRC."""


class Queue(Protocol):
    """What a platform will not give a second time, as far as it can be known."""

    def passed(self, position: str) -> frozenset[str]:
        """Ids of people's messages that are confirmed, or stand before this position."""
        ...


class TelegramQueue:
    """Sees every update before the bot does."""

    def __init__(self, emulator: TelegramEmulator) -> None:
        self._emulator = emulator
        self._updates: list[tuple[int, str]] = []
        emulator.world.on_update = self._update

    def _update(self, update: Mapping[str, object]) -> None:
        message = update.get("message")
        if isinstance(message, dict) and message["chat"]["id"] == TOWN:
            self._updates.append((int(str(update["update_id"])), str(message["message_id"])))

    def passed(self, position: str) -> frozenset[str]:
        waiting = {one.body["update_id"] for one in self._emulator.world.pending}
        return frozenset(
            native for number, native in self._updates if number < int(position or 0) or number not in waiting
        )


class MatrixQueue:
    """A position is a place in the homeserver's log."""

    def __init__(self, emulator: MatrixEmulator) -> None:
        self._emulator = emulator

    def passed(self, token: str) -> frozenset[str]:
        room = self._emulator._rooms.room(self._emulator.rooms[0])
        people = [one for one in room.events if one.event["sender"] != self._emulator._bridge.id]
        return frozenset(
            one.event["event_id"]
            for one in people
            if token and one.position < position(token) and _is_new(one.event)
        )  # fmt: skip


def _is_new(event: Mapping[str, object]) -> bool:
    """A message that somebody wrote anew and nobody took back."""
    content = event["content"]
    assert isinstance(content, dict)
    edits = content.get("m.relates_to", {}).get("rel_type") == "m.replace"
    return event["type"] == "m.room.message" and bool(content) and not edits


class Town:
    """Platforms by account name, and all that was said on them."""

    def __init__(self, platforms: Mapping[str, Platform], daemon: Daemon, queues: Mapping[str, Queue]) -> None:
        self.platforms, self.daemon, self.queues = platforms, daemon, queues
        self.traits = {name: TRAITS[name] for name in platforms}
        self.said: dict[str, list[Post]] = {name: [] for name in platforms}

    @property
    def posts(self) -> list[Post]:
        return [post for posts in self.said.values() for post in posts]

    def room(self, name: str) -> str:
        return self.platforms[name].rooms[0]

    async def act(self, name: str, chance: Chance) -> None:
        """Somebody does something there: mostly says a few words; every tenth act is an edit."""
        recent = [post for post in self.said[name][-20:] if post.native and not post.deleted]
        drawn, post = chance.fraction(), _one(recent, chance) if recent else None
        if post is None or drawn < 0.70 or (drawn >= 0.80 and not self.traits[name].native):
            await self.say(name, words=_LONG if drawn < 0.03 else 0)
        elif drawn < 0.80:
            await self.say(name, answers=post.who, id_there=post.native)
        elif drawn < 0.90:
            await self.edit(post)
        elif drawn < 0.97:
            await self.react(name, post, post.native)
        else:
            await self.delete(post)

    async def say(self, name: str, *, words: int = 0, answers: Who | None = None, id_there: str = "") -> Post:
        """Somebody says something, perhaps at length, perhaps as an answer to a message that has this id there."""
        number = len(self.said[name])
        mine = tuple(f"{name[0]}{number}w{index}" for index in range(words))
        post = Post(who=(name, number), words=mine, answers=answers)
        self.said[name].append(post)
        reply = MessageId(id_there) if id_there else None
        post.native = await self.platforms[name].say(self.room(name), "Ada", said(post.text), in_reply_to=reply)
        return post

    async def edit(self, post: Post) -> None:
        post.version += 1
        name = post.who[0]
        await self.platforms[name].edit(self.room(name), "Ada", MessageId(post.native), said(post.text))

    async def react(self, name: str, post: Post, id_there: str) -> None:
        """Somebody reacts, to the message or to its copy; each message gets one reaction at most."""
        if not post.emoji:
            post.emoji = EMOJI
            await self.platforms[name].react(self.room(name), "Ada", MessageId(id_there), EMOJI)

    async def delete(self, post: Post) -> None:
        """Only where the bridge is told of it."""
        if post.who[0] == "matrix":
            post.deleted = True
            await self.platforms["matrix"].delete(self.room("matrix"), "Ada", MessageId(post.native))


def _one(posts: Sequence[Post], chance: Chance) -> Post:
    return posts[int(chance.fraction() * len(posts))]


@asynccontextmanager
async def emulated(folder: Path) -> AsyncIterator[Town]:
    """Three emulators, and a daemon between them that is not started."""
    async with AsyncExitStack() as stack:
        matrix = await stack.enter_async_context(MatrixEmulator())
        telegram = await stack.enter_async_context(TelegramEmulator(limits=UNLIMITED))
        irc = await stack.enter_async_context(IrcEmulator())
        queues: dict[str, Queue] = {"matrix": MatrixQueue(matrix), "telegram": TelegramQueue(telegram)}
        platforms: dict[str, Platform] = {"matrix": matrix, "telegram": telegram, "irc": irc}
        yield Town(platforms, daemon_between(folder, platforms, stack), queues)


def daemon_between(folder: Path, platforms: Mapping[str, Platform], stack: AsyncExitStack) -> Daemon:
    """A daemon, not started, that links the first rooms; it is gone when the stack is left."""
    rooms = [f"{name}/{platform.rooms[0]}" for name, platform in platforms.items()]
    accounts = {name: platform.settings() for name, platform in platforms.items()}
    daemon = Daemon(folder / "daemon", accounts, {"lobby": {"rooms": rooms}})
    stack.callback(daemon.kill)
    return daemon
