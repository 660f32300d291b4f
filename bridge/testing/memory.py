"""The connector to a messenger in memory: the smallest one that keeps every promise of the contract."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import ClassVar, Literal

from msgspec.structs import replace
from pydantic import SecretStr

from bridge.asked import Access, Closing, Deletion, Edit, Outgoing, Person, Power, Reaction
from bridge.capabilities import Authorship, Capabilities
from bridge.connector import Connector, ConnectorConfig, RoomInfo
from bridge.errors import (
    BridgeError,
    Feature,
    Rejected,
    RoomClosed,
    StoreFull,
    Unauthorized,
    Unavailable,
    Uncertain,
    Unsupported,
)
from bridge.events import (
    AnyEvent,
    Attachment,
    Deleted,
    Delivered,
    Edited,
    File,
    Joined,
    Left,
    Parting,
    Posted,
    Reacted,
    RoomChanged,
    Tallied,
    Unreacted,
    User,
)
from bridge.findings import Endpoint, Finding, Grade
from bridge.ids import EventId, Key, MessageId, Place, RoomId, ThreadId, UserId
from bridge.testing.holdings import Ballot, Filed
from bridge.testing.memory_abilities import EVERYTHING, WITH_FILES, Repeats
from bridge.testing.memory_files import Unfit
from bridge.testing.memory_platform import PLATFORMS, MemoryPlatform, Session
from bridge.testing.memory_rooms import Gone, Happening, Post, Update, room_id
from bridge.testing.memory_trouble import Trouble
from bridge.testing.platform import Fault
from bridge.text.nodes import said

__all__ = [
    "EVERYTHING",
    "PLATFORMS",
    "WITH_FILES",
    "BareMemoryConnector",
    "MemoryConfig",
    "MemoryConnector",
    "MemoryPlatform",
    "Repeats",
]

_FIRST_WAIT = 0.02
_LONGEST_WAIT = 5.0


class MemoryConfig(ConnectorConfig):
    """Settings of an account on a platform in memory."""

    connector: str = "memory"
    """Name of the connector that serves this account."""
    platform: str
    """Name under which the platform runs in this process."""
    token: SecretStr
    """What the platform asks for at each call."""
    user: str = "bridge"
    """Name of the bridge's user there."""
    echoes: Literal["dropped", "published"] = "dropped"
    """Whether our own messages come home as events that carry their key, or not at all."""


class BareMemoryConnector(Connector[MemoryConfig]):
    """A platform that can only be written to and listened to: no edits, deletions or reactions."""

    Config: ClassVar[type[ConnectorConfig]] = MemoryConfig
    features: ClassVar[Capabilities] = EVERYTHING
    _session: Session | None = None

    async def run(self) -> None:
        session = await self._connect()
        after = await self._begin(session)
        self._session = session
        self.host.connected(session.me)
        try:
            while True:
                after = await self._relay(session, after)
        finally:
            self._session = None

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        session = self._connected()
        files = tuple([await self._upload(one) for one in message.files])
        with translated():
            return (await session.post(self._post(message, files), await self._ghost(message.author)),)

    def capabilities(self, room: RoomId) -> Capabilities:
        del room
        return self._platform().capabilities

    async def join(self, name: str) -> Place:
        session = self._connected()
        with translated():
            return Place(await session.enter(name))

    async def rooms(self) -> Sequence[RoomInfo]:
        return [RoomInfo(name=name) for name in self._platform().rooms]

    async def examine(self) -> Sequence[Finding]:
        platform = self._connected().platform
        return [Finding(grade=Grade.NOTE, where="the platform", what=f"it has {len(platform.rooms)} rooms")]

    def endpoints(self) -> Sequence[Endpoint]:
        return [Endpoint(address=f"memory://{self.config.platform.replace(' ', '-')}:1")]

    def _platform(self) -> MemoryPlatform:
        try:
            return PLATFORMS[self.config.platform]
        except KeyError:
            raise Unavailable(f"no platform {self.config.platform} runs here") from None

    async def _connect(self) -> Session:
        with translated():
            return await self._platform().connect(self.config.user, self.config.token.get_secret_value())

    def _connected(self) -> Session:
        if self._session is None:
            raise Unavailable("not connected")
        return self._session

    async def _begin(self, session: Session) -> int:
        if position := await self.host.position():
            return int(position)
        with translated():
            newest = await session.newest()
        await self._store((), newest)
        return newest

    async def _relay(self, session: Session, after: int) -> int:
        """Fetch, store, and only then confirm."""
        with translated():
            updates = await session.updates(after)
        after = updates[-1].offset
        await self._store(self._events(session, updates), after)
        with translated():
            await session.confirm(after)
        return after

    async def _store(self, events: Sequence[AnyEvent], position: int) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                return await self.host.publish(*events, position=str(position))
            except StoreFull:
                await self.host.clock.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)

    def _events(self, session: Session, updates: Sequence[Update]) -> Sequence[AnyEvent]:
        return [self._event(update) for update in updates if self._tells(session, update)]

    def _tells(self, session: Session, update: Update) -> bool:
        if update.what in {Happening.RENAMED, Happening.DESCRIBED}:
            return True
        if update.person.id != session.me.id and update.person.id not in {one.id for one in self._ghosts()}:
            return True
        return self.config.echoes == "published" and update.key is not None

    def _event(self, update: Update) -> AnyEvent:
        return event_of(update)

    def _ghosts(self) -> Sequence[User]:
        return list(self._platform().ghosts.values())

    async def _ghost(self, person: Person | None) -> User | None:
        """Who does it: the person's ghost where the platform has them."""
        if person is None or self._platform().capabilities.authorship is not Authorship.GHOST:
            return None
        return await self._connected().ghost(person.number, person.name)

    async def _upload(self, file: File) -> Filed:
        """A file as this platform keeps it: in memory, all of it."""
        small = b"" if file.thumbnail is None else await self._bytes(file.thumbnail)
        return Filed(
            kind=file.kind, data=await self._bytes(file), name=file.name, mime=file.mime, duration=file.duration,
            width=file.width, height=file.height, alt=file.alt, emoji=file.emoji, thumbnail=small,
        )  # fmt: skip

    async def _bytes(self, file: File) -> bytes:
        return b"".join([piece async for piece in self.host.read(file)])

    def _post(self, message: Outgoing, files: tuple[Filed, ...]) -> Post:
        answered, author = message.in_reply_to, message.author
        own_name = self._platform().capabilities.authorship is not Authorship.OVERRIDE or author is None
        return Post(
            room=message.room,
            rich=message.text,
            manner=message.manner,
            in_reply_to=answered.parts[0] if answered else None,
            thread=message.thread,
            key=message.key,
            shared=message.shared,
            name="" if own_name or author is None else author.name,
            files=files,
        )


class MemoryConnector(BareMemoryConnector):
    """A platform with edits, deletions, reactions and files as well, whose rooms can be left."""

    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        session = self._connected()
        with translated():
            async for piece in session.download(attachment.source):
                yield piece

    async def rename(self, room: RoomId, name: str) -> None:
        await self._entitle(room, Happening.RENAMED, name)

    async def describe(self, room: RoomId, topic: str) -> None:
        await self._entitle(room, Happening.DESCRIBED, topic)

    async def _entitle(self, room: RoomId, what: Happening, words: str) -> None:
        session, titles = self._connected(), self._platform().titles
        with translated():
            if any(room_id(locked) == room for locked in titles.locked):
                raise Trouble(Fault.REJECTED, "bots may not change that here")
            await session.change(room, partial(titles.put, session.me, room, what, words))
        titles.made.append(words)

    async def power(self, room: RoomId, user: UserId) -> Power:
        session = self._connected()
        with translated():
            return await session.power(room, user)

    async def access(self, room: RoomId) -> Access:
        return Access.PRIVATE if room in self._platform().secluded else Access.PUBLIC

    async def claim(self, name: str, value: str) -> None:
        session = self._connected()
        with translated():
            await session.claim(name, value)

    async def claimed(self, name: str) -> str | None:
        session = self._connected()
        with translated():
            return await session.claimed(name)

    async def leave(self, place: Place) -> None:
        session = self._connected()
        with translated():
            await session.leave(place.room)

    async def edit(self, edit: Edit) -> None:
        session = self._connected()
        change = session.caption if edit.caption else session.edit
        with translated():
            by = await self._ghost(edit.content.author)
            await change(edit.target.room, edit.target.parts[0], edit.content.text, by)

    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        session = self._connected()
        with translated():
            return ThreadId(await session.post(Post(room=room, rich=said(title), key=key)))

    async def delete(self, deletion: Deletion) -> None:
        session = self._connected()
        for part in deletion.target.parts:
            with translated(), suppress(Gone):  # what is gone already need not be taken away
                await session.delete(deletion.target.room, part, await self._ghost(deletion.by))

    async def close(self, closing: Closing) -> None:
        session = self._connected()
        with translated():
            await session.close(closing.target.room, closing.target.parts[-1], await self._ghost(closing.by))

    async def react(self, reaction: Reaction) -> MessageId | None:
        session, target = self._connected(), reaction.target
        change = session.react if reaction.emoji in reaction.wanted else session.unreact
        with translated():
            await change(target.room, target.parts[0], reaction.emoji, await self._ghost(reaction.by))
        return None


@contextmanager
def translated() -> Iterator[None]:
    """The platform's one error, in the bridge's words."""
    try:
        yield
    except Trouble as trouble:
        raise error_of(trouble) from trouble
    except Gone as error:
        raise Rejected("no such message") from error
    except Unfit as error:
        raise Unsupported(Feature.ATTACHMENT, str(error)) from error


def error_of(trouble: Trouble) -> BridgeError:
    """Which error of the bridge a trouble is."""
    why = str(trouble)
    match trouble.fault:
        case Fault.UNAVAILABLE | Fault.RATE_LIMITED:
            return Unavailable(why, retry_after=trouble.retry_after)
        case Fault.LOST_ANSWER:
            return Uncertain(why)
        case Fault.REJECTED:
            return Rejected(why)
        case Fault.CLOSED:
            return RoomClosed(why)
        case Fault.UNAUTHORIZED:
            return Unauthorized(why)


def event_of(update: Update) -> AnyEvent:
    """An update of the platform as the event it tells of; the journal's offset names it."""
    event, room, at = EventId(f"e{update.offset}"), update.room, update.at
    message, person, text, carried = update.message, update.person, update.rich, (*_attachments(update), *update.shared)
    match update.what:
        case Happening.POSTED:
            return Posted(
                id=event,
                room=room,
                at=at,
                message=(message,),
                author=person,
                text=text,
                manner=update.manner,
                attachments=carried,
                in_reply_to=update.in_reply_to,
                thread=update.thread,
                thread_name=update.thread_name,
                quoted=update.quoted,
                echo_of=update.key,
            )
        case Happening.EDITED:
            return Edited(id=event, room=room, at=at, replaces=message, author=person, text=text, attachments=carried)
        case Happening.DELETED:
            return Deleted(id=event, room=room, at=at, message=message, by=person)
        case Happening.REACTED:
            return Reacted(id=event, room=room, at=at, message=message, emoji=update.emoji, by=person)
        case Happening.UNREACTED:
            return Unreacted(id=event, room=room, at=at, message=message, emoji=update.emoji, by=person)
        case Happening.VOTED:
            return _tallied(update, event)
        case Happening.JOINED | Happening.LEFT | Happening.BANNED:
            return _membership(update, event)
        case Happening.DELIVERED:
            return Delivered(id=event, room=room, at=at, message=message)
        case Happening.RENAMED | Happening.DESCRIBED:
            return _entitled(update, event)


def _entitled(update: Update, event: EventId) -> RoomChanged:
    changed = RoomChanged(id=event, room=update.room, at=update.at, by=update.person)
    is_name = update.what is Happening.RENAMED
    return replace(changed, name=update.title) if is_name else replace(changed, topic=update.title)


def _membership(update: Update, event: EventId) -> Joined | Left:
    if update.what is Happening.JOINED:
        return Joined(id=event, room=update.room, at=update.at, user=update.person)
    if update.banned is None:
        return Left(id=event, room=update.room, at=update.at, user=update.person)
    user, by = update.banned, update.person
    return Left(id=event, room=update.room, at=update.at, user=user, how=Parting.BANNED, by=by)


def _tallied(update: Update, event: EventId) -> Tallied:
    ballot = update.ballot or Ballot(question="", options=())
    return Tallied(
        id=event, room=update.room, at=update.at, message=update.message, by=update.person,
        answers=ballot.options, counts=ballot.votes, closed=ballot.closed,
    )  # fmt: skip


def _attachments(update: Update) -> tuple[Attachment, ...]:
    """The files of a message; the handle says where it stands."""
    return tuple(
        Attachment(
            kind=one.kind, name=one.name, mime=one.mime, size=len(one.data), duration=one.duration, width=one.width,
            height=one.height, alt=one.alt, emoji=one.emoji, source=f"{update.room}/{update.message}/{index}",
        )
        for index, one in enumerate(update.files)
    )  # fmt: skip
