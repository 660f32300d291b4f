"""What was written on a messenger in memory: messages, people, and a journal of all that happened. No faults here."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from bridge.clock import Clock
from bridge.events import Attachment, Manner, User
from bridge.ids import Key, MessageId, RoomId, ThreadId, UserId
from bridge.testing.holdings import Ballot, Filed
from bridge.testing.memory_shared import held
from bridge.testing.platform import Shown
from bridge.text.nodes import Rich
from bridge.text.walk import plain

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_NO_MESSAGE = MessageId("")


class Happening(StrEnum):
    """What an update tells of."""

    POSTED = "posted"
    EDITED = "edited"
    DELETED = "deleted"
    REACTED = "reacted"
    UNREACTED = "unreacted"
    VOTED = "voted"
    BANNED = "banned"
    JOINED = "joined"
    LEFT = "left"
    DELIVERED = "delivered"
    RENAMED = "renamed"
    DESCRIBED = "described"


class Update(Struct, frozen=True, kw_only=True):
    """One line of the journal, as a connector gets it; `message` is unique in its room only."""

    offset: int
    what: Happening
    room: RoomId
    message: MessageId
    person: User
    at: datetime
    rich: Rich = ()
    manner: Manner = Manner.SAY
    in_reply_to: MessageId | None = None
    thread: ThreadId | None = None
    thread_name: str = ""
    quoted: str = ""
    emoji: str = ""
    key: Key | None = None
    files: tuple[Filed, ...] = ()
    shared: tuple[Attachment, ...] = ()
    ballot: Ballot | None = None
    banned: User | None = None
    title: str = ""


class Post(Struct, frozen=True, kw_only=True):
    """What a writer asks for; `name` is shown instead of the writer's own where it is set."""

    room: RoomId
    rich: Rich
    manner: Manner = Manner.SAY
    in_reply_to: MessageId | None = None
    thread: ThreadId | None = None
    thread_name: str = ""
    quoted: str = ""
    key: Key | None = None
    name: str = ""
    files: tuple[Filed, ...] = ()
    shared: tuple[Attachment, ...] = ()


class Gone(Exception):
    """There is no such message (any more)."""


class Message(Struct, kw_only=True):
    """A message as the platform holds it; `reactions` says who put which emoji there."""

    id: MessageId
    writer: UserId
    name: str
    rich: Rich
    in_reply_to: MessageId | None
    thread: ThreadId | None = None
    files: tuple[Filed, ...] = ()
    shared: tuple[Attachment, ...] = ()
    edited: bool = False
    deleted: bool = False
    closed: bool = False
    votes: dict[UserId, int] = field(default_factory=dict)
    reactions: dict[str, set[UserId]] = field(default_factory=dict)

    def shown(self) -> Shown:
        """The message as a reader sees it."""
        return Shown(
            id=self.id,
            author=self.name,
            text=plain(self.rich),
            rich=self.rich,
            edited=self.edited,
            in_reply_to=self.in_reply_to,
            thread=None if self.thread is None else MessageId(self.thread),
            reactions={emoji: len(people) for emoji, people in self.reactions.items() if people},
            holds=(*self.files, *(held(one, list(self.votes.values()), closed=self.closed) for one in self.shared)),
        )


class Rooms:
    """The rooms of one platform; `journal` holds every update since the beginning."""

    def __init__(self, names: Sequence[str]) -> None:
        self.journal: list[Update] = []
        self.clock: Clock | None = None
        """What gives updates their times; without one, each is a second after the one before."""
        self.messages: dict[RoomId, list[Message]] = {room_id(name): [] for name in names}
        self._people: dict[str, User] = {}
        self._news = asyncio.Event()

    def person(self, name: str) -> User:
        """The person of that name, made on first use."""
        number = len(self._people) + 1
        return self._people.setdefault(name, User(id=UserId(f"person-{number}"), name=name))

    def know(self, person: User) -> None:
        """Somebody whose id is decided elsewhere."""
        self._people[person.name] = person

    def tell_of(self, what: Happening, room: RoomId, person: User, message: MessageId = _NO_MESSAGE) -> None:
        """Note what changes no message."""
        self._note(self._update(what, room, message, person))

    def tell_of_title(self, what: Happening, room: RoomId, person: User, title: str) -> None:
        """Note another name or topic of a room."""
        self._note(replace(self._update(what, room, _NO_MESSAGE, person), title=title))

    def find(self, room: RoomId, message: MessageId) -> Message:
        """A message that is still there; `Gone` otherwise."""
        for one in self.messages[room]:
            if one.id == message and not one.deleted:
                return one
        raise Gone

    def post(self, writer: User, post: Post) -> MessageId:
        """Write a message; its id is unique in its room."""
        room = self.messages[post.room]
        message = MessageId(f"m{len(room) + 1}")
        name, answered = post.name or writer.name, post.in_reply_to
        room.append(
            Message(
                id=message, writer=writer.id, name=name, rich=post.rich, in_reply_to=answered, files=post.files,
                shared=post.shared, thread=post.thread,
            )
        )  # fmt: skip
        update = replace(
            self._update(Happening.POSTED, post.room, message, writer), shared=post.shared, thread=post.thread,
            thread_name=post.thread_name, quoted=post.quoted,
        )  # fmt: skip
        told = replace(update, rich=post.rich, manner=post.manner, in_reply_to=answered, key=post.key, files=post.files)
        self._note(told)
        return message

    def edit(
        self, writer: User, room: RoomId, message: MessageId, rich: Rich, carried: tuple[Attachment, ...] = ()
    ) -> None:
        """Give a message new content."""
        found = self.find(room, message)
        found.rich, found.shared, found.edited = rich, carried or found.shared, True
        update = self._update(Happening.EDITED, room, message, writer)
        self._note(replace(update, rich=rich, files=found.files, shared=found.shared))

    def delete(self, person: User, room: RoomId, message: MessageId) -> None:
        """Take a message away."""
        self.find(room, message).deleted = True
        self._note(self._update(Happening.DELETED, room, message, person))

    def react(self, person: User, room: RoomId, message: MessageId, emoji: str) -> None:
        """Put an emoji on a message; a second time changes nothing."""
        people = self.find(room, message).reactions.setdefault(emoji, set())
        if person.id not in people:
            people.add(person.id)
            self._note(replace(self._update(Happening.REACTED, room, message, person), emoji=emoji))

    def unreact(self, person: User, room: RoomId, message: MessageId, emoji: str) -> None:
        """Take an emoji back; what is not there is no error."""
        people = self.find(room, message).reactions.get(emoji, set())
        if person.id in people:
            people.remove(person.id)
            self._note(replace(self._update(Happening.UNREACTED, room, message, person), emoji=emoji))

    def ban(self, by: User, room: RoomId, person: User) -> None:
        """Throw somebody out for good."""
        self._note(replace(self._update(Happening.BANNED, room, MessageId(""), by), banned=person))

    def vote(self, person: User, room: RoomId, message: MessageId, option: int) -> None:
        """Choose an answer of a poll."""
        found = self.find(room, message)
        found.votes[person.id] = option
        self._count(person, room, found)

    def close(self, person: User, room: RoomId, message: MessageId) -> None:
        """End a poll; one that is over stays so."""
        found = self.find(room, message)
        if not found.closed:
            found.closed = True
            self._count(person, room, found)

    def _count(self, person: User, room: RoomId, found: Message) -> None:
        (ballot,) = (one for one in found.shown().holds if isinstance(one, Ballot))
        self._note(replace(self._update(Happening.VOTED, room, found.id, person), ballot=ballot))

    async def news(self) -> None:
        """Wait until something happens."""
        await self._news.wait()

    def tell(self) -> None:
        """Wake whoever waits for news."""
        self._news.set()
        self._news = asyncio.Event()

    def _update(self, what: Happening, room: RoomId, message: MessageId, person: User) -> Update:
        offset = len(self.journal) + 1
        at = self.clock.now() if self.clock else _BEGIN + timedelta(seconds=offset)
        return Update(offset=offset, what=what, room=room, message=message, person=person, at=at)

    def _note(self, update: Update) -> None:
        self.journal.append(update)
        self.tell()


def room_id(name: str) -> RoomId:
    """The canonical id of a room by its name."""
    return RoomId(f"!{name}")
