"""A messenger in memory: people, rooms, and every fault at a word. No task, no wall clock."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import islice
from typing import Self, TypeVar

from msgspec.structs import replace

from bridge.asked import Power
from bridge.capabilities import Authorship, Capabilities
from bridge.events import Attachment, Kind, Manner, User
from bridge.ids import Key, MessageId, RoomId, ThreadId, UserId
from bridge.testing.holdings import Ballot, Card, Filed, Spot
from bridge.testing.memory_abilities import EVERYTHING, Repeats
from bridge.testing.memory_files import Unfit, found, unfit
from bridge.testing.memory_rooms import Post, Rooms, Update, room_id
from bridge.testing.memory_shared import attached, unshown
from bridge.testing.memory_titles import MemoryTitles
from bridge.testing.memory_trouble import Trouble
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Rich
from bridge.text.walk import keep, length, normal, plain

T = TypeVar("T")

PLATFORMS: dict[str, "MemoryPlatform"] = {}
"""The platforms that run in this process, by name: a `MemoryConfig` finds its own here."""

_BATCH = 100
_PIECE = 1 << 16


class MemoryPlatform:
    """A platform that lives as long as it is entered, found in `PLATFORMS` by its name.

    As strict as a real one: a text that is too long or formatted beyond `capabilities` is refused.
    `capabilities`, `repeats`, `closed` (rooms nobody of ours may write in), `refused_words`, `refused_files` (types
    that it does not take today), `refused_kinds` (each refused once) and `lost_files` (what can be fetched no more, by
    its bytes) may be changed at any time; `written` is what happened, `attempts` the key of every post that was tried,
    also of those that failed, and `fetched` the handle of every file that was asked for.
    """

    def __init__(
        self,
        name: str = "memory",
        *,
        rooms: Sequence[str] = ("town", "garden"),
        capabilities: Capabilities = EVERYTHING,
        repeats: Repeats = Repeats.DROPPED,
    ) -> None:
        self.name = name
        self.title = name.title()
        self.token = f"token-of-{name}-0123456789"
        self.rooms = tuple(rooms)
        self.capabilities = capabilities
        self.repeats = repeats
        self.closed: set[str] = set()
        self.refused_words: set[str] = set()
        self.refused_files: set[str] = set()
        self.refused_kinds: list[Kind] = []
        self.attempts: list[Key | None] = []
        self.lost_files: set[bytes] = set()
        self.fetched: list[str] = []
        self.going, self.giving = asyncio.Event(), asyncio.Event()
        self.giving.set()
        self.written = Rooms(self.rooms)
        self.titles = MemoryTitles(self.written)
        self.keys: dict[tuple[UserId, Key], MessageId] = {}
        self.confirmed: dict[UserId, int] = {}
        self.left: set[tuple[UserId, RoomId]] = set()
        self.ghosts: dict[int, User] = {}
        self.claims: dict[tuple[UserId, str], str] = {}
        self.moderators: set[tuple[RoomId, UserId]] = set()
        self.secluded: set[RoomId] = set()
        self.connection = 0
        self.faults: list[Fault] = []
        self.going.set()

    async def __aenter__(self) -> Self:
        PLATFORMS[self.name] = self
        return self

    async def __aexit__(self, *_: object) -> None:
        del PLATFORMS[self.name]
        self.drop_connections()

    def settings(self) -> Mapping[str, object]:
        return {"connector": "memory", "platform": self.name, "token": self.token}

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        post = Post(room=room_id(room), rich=text, in_reply_to=in_reply_to)
        return self.written.post(self.written.person(person), post)

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        return self.written.post(self.written.person(person), Post(room=room_id(room), rich=text, manner=Manner.EMOTE))

    async def send_files(self, room: str, person: str, files: Sequence[Filed], caption: Rich = ()) -> MessageId:
        if any(one.kind not in self.capabilities.media for one in files):
            raise NotImplementedError
        return self.written.post(
            self.written.person(person), Post(room=room_id(room), rich=caption, files=tuple(files))
        )

    async def share_spot(self, room: str, person: str, spot: Spot) -> MessageId:
        return self.share(room, person, attached(spot))

    async def share_card(self, room: str, person: str, card: Card) -> MessageId:
        return self.share(room, person, attached(card))

    async def open_poll(self, room: str, person: str, ballot: Ballot) -> MessageId:
        return self.share(room, person, attached(ballot))

    async def vote(self, room: str, person: str, message: MessageId, option: int) -> None:
        self.written.vote(self.written.person(person), room_id(room), message, option)

    async def promote(self, room: str, person: str) -> None:
        self.moderators.add((room_id(room), self.written.person(person).id))

    async def seclude(self, room: str) -> None:
        self.secluded.add(room_id(room))

    async def ban(self, room: str, moderator: str, person: str) -> None:
        by = self.written.person(moderator)
        if (room_id(room), by.id) not in self.moderators:
            raise ValueError(f"{moderator} has no power in {room}")
        self.written.ban(by, room_id(room), self.written.person(person))

    def close(self, room: str, person: str, message: MessageId) -> None:
        """End a poll."""
        self.written.close(self.written.person(person), room_id(room), message)

    def share(self, room: str, person: str, what: Attachment) -> MessageId:
        """Send anything as a person."""
        return self.written.post(self.written.person(person), Post(room=room_id(room), rich=(), shared=(what,)))

    def move(self, room: str, person: str, message: MessageId, to: Attachment) -> None:
        """A live place goes on."""
        self.written.edit(self.written.person(person), room_id(room), message, (), (to,))

    async def shown_in_thread(self, room: str, thread: ThreadId) -> Sequence[Shown]:
        return [one for one in await self.shown(room) if one.thread == MessageId(thread)]

    async def answer_in_thread(self, room: str, person: str, thread: ThreadId, text: Rich) -> MessageId:
        return self.written.post(self.written.person(person), Post(room=room_id(room), rich=text, thread=thread))

    async def remove_thread(self, room: str, thread: ThreadId) -> None:
        self.written.delete(self.written.person("Ada"), room_id(room), MessageId(thread))

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        self.written.edit(self.written.person(person), room_id(room), message, text)

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        self.written.delete(self.written.person(person), room_id(room), message)

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        self.written.react(self.written.person(person), room_id(room), message, emoji)

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        self.written.unreact(self.written.person(person), room_id(room), message, emoji)

    async def shown(self, room: str) -> Sequence[Shown]:
        return [message.shown() for message in self.written.messages[room_id(room)] if not message.deleted]

    def drop_connections(self) -> None:
        self.connection += 1
        self.written.tell()

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        self.faults += [fault] * count
        self.written.tell()

    def restore(self) -> None:
        self.faults.clear()
        self.closed.clear()
        self.refused_words.clear()
        self.refused_files.clear()
        self.lost_files.clear()
        self.going.set()
        self.giving.set()

    def hang(self) -> None:
        """From now on no call of the bridge is answered, until `restore`."""
        self.going.clear()

    def keep_files(self) -> None:
        """From now on files do not come, though everything else goes on, until `restore`."""
        self.giving.clear()

    async def connect(self, name: str, token: str) -> "Session":
        """Begin a session as the user `name`: what a connector calls first."""
        await self.going.wait()
        self.check(token)
        return Session(self, User(id=UserId(f"bot-{name}"), name=name), token)

    def check(self, token: str) -> None:
        """Refuse a wrong token, and every token after the fault UNAUTHORIZED."""
        if Fault.UNAUTHORIZED in self.faults or token != self.token:
            raise Trouble(Fault.UNAUTHORIZED, "the token is refused")


class Session:
    """A connection of one of the bridge's users; every call raises `Trouble` once it is dropped."""

    def __init__(self, platform: MemoryPlatform, me: User, token: str) -> None:
        self.platform = platform
        self.me = me
        self._token = token
        self._connection = platform.connection
        self._written = platform.written

    async def newest(self) -> int:
        """The offset of the last update there is."""
        await self._answered()
        return len(self._written.journal)

    async def updates(self, after: int) -> Sequence[Update]:
        """What happened after an offset and is not confirmed yet; waits until there is something."""
        while True:
            await self._answered()
            begin = max(after, self.platform.confirmed.get(self.me.id, 0))
            if fresh := self._heard(begin):
                return fresh
            await self._written.news()

    async def confirm(self, offset: int) -> None:
        """Updates up to this offset are never given again."""
        await self._answered()
        confirmed = self.platform.confirmed
        confirmed[self.me.id] = max(offset, confirmed.get(self.me.id, 0))

    async def claim(self, name: str, value: str) -> None:
        """Keep a value for this user, seen by nobody else."""
        await self._answered()
        self.platform.claims[self.me.id, name] = value

    async def claimed(self, name: str) -> str | None:
        """What is kept."""
        await self._answered()
        return self.platform.claims.get((self.me.id, name))

    async def power(self, room: RoomId, user: UserId) -> Power:
        """What somebody may do in a room."""
        await self._answered()
        return Power.MODERATOR if (room, user) in self.platform.moderators else Power.NONE

    async def enter(self, room: str) -> RoomId:
        """Join a room by its name, or by its id."""
        await self._answered()
        room = room.removeprefix("!")
        if room not in self.platform.rooms:
            raise Trouble(Fault.REJECTED, f"there is no room {room}")
        self.platform.left.discard((self.me.id, room_id(room)))
        return room_id(room)

    async def leave(self, room: RoomId) -> None:
        """Hear no more of a room until it is entered again."""
        await self._answered()
        self.platform.left.add((self.me.id, room))

    async def ghost(self, number: int, name: str) -> User:
        """The ghost of a person, made on first use, under its newest name; "" leaves the name as it is."""
        await self._answered()
        known = self.platform.ghosts.get(number)
        if self.platform.capabilities.authorship is not Authorship.GHOST or not (name or known):
            raise Trouble(Fault.REJECTED, "there is no such ghost")
        if known is None or name not in {"", known.name}:
            known = self.platform.ghosts[number] = User(id=UserId(f"ghost-{number}"), name=name)
        return known

    async def post(self, post: Post, by: User | None = None) -> MessageId:
        """Write; a key that was seen before gives the first message's id where the platform drops repeats."""
        self.platform.attempts.append(post.key)
        return await self.change(post.room, lambda: self._post(post, by or self.me))

    async def download(self, handle: str) -> AsyncIterator[bytes]:
        """The bytes of a file, by the handle under which an update told of it; `Gone` when it is not there."""
        self.platform.fetched.append(handle)
        await self._answered()
        faults = self.platform.faults
        if faults and faults[0] is Fault.UNAVAILABLE:
            raise Trouble(faults.pop(0), "asked to fail")
        await self.platform.giving.wait()
        data = found(self.platform, handle).data
        for start in range(0, len(data), _PIECE):
            yield data[start : start + _PIECE]

    async def edit(self, room: RoomId, message: MessageId, rich: Rich, by: User | None = None) -> None:
        """Give a message of words new content; `Gone` when it is not there."""
        self._refuse_unfit(rich)
        await self.change(room, lambda: self._edit(room, message, rich, by or self.me))

    async def caption(self, room: RoomId, message: MessageId, rich: Rich, by: User | None = None) -> None:
        """Give a message with files other words; `Gone` when it is not there."""
        if length(rich, self.platform.capabilities.unit) > self.platform.capabilities.max_caption:
            raise Trouble(Fault.REJECTED, "the words under a file are too long")
        self._refuse_foreign(room, message, by or self.me)
        await self.change(room, lambda: self._written.edit(by or self.me, room, message, rich))

    def _edit(self, room: RoomId, message: MessageId, rich: Rich, by: User) -> None:
        self._refuse_foreign(room, message, by)
        if self._written.find(room, message).files:
            raise Trouble(Fault.REJECTED, "this message has a caption, not words of its own")
        self._written.edit(by, room, message, rich)

    async def delete(self, room: RoomId, message: MessageId, by: User | None = None) -> None:
        """Take a message away; `Gone` when it is not there."""
        self._refuse_foreign(room, message, by or self.me)
        await self.change(room, lambda: self._written.delete(by or self.me, room, message))

    async def close(self, room: RoomId, message: MessageId, by: User | None = None) -> None:
        """End a poll."""
        await self.change(room, lambda: self._written.close(by or self.me, room, message))

    async def react(self, room: RoomId, message: MessageId, emoji: str, by: User | None = None) -> None:
        """Put an emoji on a message; a second time changes nothing."""
        await self.change(room, lambda: self._written.react(by or self.me, room, message, emoji))

    async def unreact(self, room: RoomId, message: MessageId, emoji: str, by: User | None = None) -> None:
        """Take our emoji back; what is not there is no error."""
        await self.change(room, lambda: self._written.unreact(by or self.me, room, message, emoji))

    def _heard(self, begin: int) -> Sequence[Update]:
        left, end = self.platform.left, None if self.platform.left else begin + _BATCH
        fresh = (one for one in self._written.journal[begin:end] if (self.me.id, one.room) not in left)
        return [self._as_told_to_us(update) for update in islice(fresh, _BATCH)]

    def _as_told_to_us(self, update: Update) -> Update:
        """A key is given back to its writer only, and to whoever keeps the writer as a ghost."""
        ours = update.person.id == self.me.id or update.person in self.platform.ghosts.values()
        return update if ours or update.key is None else replace(update, key=None)

    async def _answered(self) -> None:
        await self.platform.going.wait()
        self.platform.check(self._token)
        if self._connection != self.platform.connection:
            raise Trouble(Fault.UNAVAILABLE, "the connection is lost")

    async def change(self, room: RoomId, work: Callable[[], T]) -> T:
        """Do `work` unless a fault is due; nothing is awaited before it, so calls are carried out as they start."""
        await self._answered()
        faults = self.platform.faults
        match faults.pop(0) if faults else None:
            case None:
                return self._allowed(room, work)
            case Fault.LOST_ANSWER as fault:
                self._allowed(room, work)
                self.platform.drop_connections()
                raise Trouble(fault, "the connection was lost before the answer")
            case Fault.RATE_LIMITED as fault:
                raise Trouble(fault, "too many requests", retry_after=0.05)
            case fault:
                raise Trouble(fault, f"asked to fail: {fault}")

    def _allowed(self, room: RoomId, work: Callable[[], T]) -> T:
        if room not in self._written.messages:
            raise Trouble(Fault.REJECTED, "there is no such room")
        if room in map(room_id, self.platform.closed):
            raise Trouble(Fault.CLOSED, "we may not write here")
        return work()

    def _post(self, post: Post, by: User) -> MessageId:
        known = self.platform.keys.get((by.id, post.key)) if post.key else None
        if known and self.platform.repeats is Repeats.DROPPED:
            return known
        self._refuse_unfit(post.rich)
        if post.files and (why := self._unfit(post)):
            raise Unfit(why)
        if why := unshown(post.shared, self.platform.refused_kinds, self.platform.capabilities):
            raise Unfit(why)
        self._refuse_unknown(post.room, post.in_reply_to)
        if post.name and self.platform.capabilities.authorship is not Authorship.OVERRIDE:
            raise Trouble(Fault.REJECTED, "nobody writes under another name here")
        message = self._written.post(by, post)
        if post.key:
            self.platform.keys[by.id, post.key] = message
        return message

    def _refuse_unfit(self, rich: Rich) -> None:
        can, words = self.platform.capabilities, plain(rich)
        if any(refused in words for refused in self.platform.refused_words):
            raise Trouble(Fault.REJECTED, "these words are refused")
        if length(rich, can.unit) > can.max_text:
            raise Trouble(Fault.REJECTED, "the text is too long")
        if keep(rich, can.formatting) != normal(rich):
            raise Trouble(Fault.REJECTED, "the text is formatted beyond what the room can show")

    def _refuse_foreign(self, room: RoomId, message: MessageId, by: User) -> None:
        if self._written.find(room, message).writer != by.id:
            raise Trouble(Fault.REJECTED, "only who wrote a message may change it")

    def _unfit(self, post: Post) -> str:
        refused = next((one.mime for one in post.files if one.mime in self.platform.refused_files), "")
        return f"{refused} is refused today" if refused else unfit(post, self.platform.capabilities)

    def _refuse_unknown(self, room: RoomId, answered: MessageId | None) -> None:
        if answered and answered not in [message.id for message in self._written.messages[room]]:
            raise Trouble(Fault.REJECTED, "the answered message is unknown")
