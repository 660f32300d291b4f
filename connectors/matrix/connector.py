"""A user of a Matrix homeserver as an account of the bridge."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, asynccontextmanager
from typing import Any

from msgspec.structs import replace

from bridge import (
    Access,
    Attachment,
    Capabilities,
    Closing,
    Connector,
    Deletion,
    Edit,
    Endpoint,
    Feature,
    Finding,
    Host,
    Key,
    Manner,
    MessageId,
    Outgoing,
    Person,
    Place,
    Power,
    Reaction,
    Rejected,
    Relation,
    RoomClosed,
    RoomId,
    RoomInfo,
    Scope,
    ThreadId,
    Unauthorized,
    Unavailable,
    Unit,
    Unsupported,
    User,
    UserId,
)
from bridge.text.nodes import ALL_NODES, Emoji, said
from connectors.matrix import asking, calls, checkup, outgoing, polls, titles
from connectors.matrix.batch import direct_rooms
from connectors.matrix.calls import Call
from connectors.matrix.client import Client, connected_to
from connectors.matrix.config import RECIPIENT, MatrixConfig
from connectors.matrix.content import part, words
from connectors.matrix.errors import Duplicate, NotFound
from connectors.matrix.faces import Faces, had
from connectors.matrix.files import kinds
from connectors.matrix.incoming import is_sealed
from connectors.matrix.media import Media
from connectors.matrix.members import named
from connectors.matrix.power import power
from connectors.matrix.rooms import EXTRA_MISSING, SWITCHED_OFF, Rooms
from connectors.matrix.sealing import handle_of
from connectors.matrix.secrecy import ENCRYPTED, Secrecy
from connectors.matrix.sync import Stream

_CLAIM = "org.qantara.claim."
"""What a claim is called among the account's data, which only the account itself can read."""


class Matrix(Connector[MatrixConfig]):
    """Matrix, as an ordinary user: the transaction id makes sending the same part twice harmless."""

    Config = MatrixConfig
    recipient = RECIPIENT
    features = Capabilities(
        formatting=ALL_NODES - {Emoji},
        relations=frozenset({Relation.REPLY, Relation.THREAD, Relation.ROOT}),
        max_text=outgoing.MAX_TEXT_BYTES,
        unit=Unit.BYTES,
        max_caption=outgoing.MAX_TEXT_BYTES,
        max_name=titles.MAX_NAME_BYTES,
        max_topic=titles.MAX_TOPIC_BYTES,
        media=kinds(None),
    )

    def __init__(self, config: MatrixConfig, host: Host) -> None:
        super().__init__(config, host)
        self._client: Client | None = None
        self._secrecy: Secrecy | None = None
        self._rooms = Rooms()
        self._features = self.features
        self._faces: Faces | None = None
        self._names: dict[RoomId, str] = {}

    async def run(self) -> None:
        async with connected_to(self.config) as client:
            me, device = await self._identified(client)
            self._rooms = await _known_rooms(client, self.config.user)
            self._features = replace(self.features, media=kinds(await Media(client, self.host).most_bytes()))
            async with self._reading_secrets(client, device):
                await self._follow(client, me)

    async def _follow(self, client: Client, me: User) -> None:
        self._client, self._faces = client, Faces(Media(client, self.host), self.host)
        try:
            self.host.connected(me)
            stream = Stream(
                client=client,
                config=self.config,
                host=self.host,
                me=me,
                rooms=self._rooms,
                enter=self._enter,
                secrecy=self._secrecy,
            )
            await stream.follow()
        finally:
            self._client = self._faces = None

    @asynccontextmanager
    async def _reading_secrets(self, client: Client, device: str) -> AsyncIterator[None]:
        """Encrypted rooms are read and written while the block lasts, where the account has that and can."""
        opened = _end_to_end() if self.config.e2ee else None
        self._rooms.refusal = "" if opened else EXTRA_MISSING if self.config.e2ee else SWITCHED_OFF
        if opened is None:
            yield
            return
        with opened(client, self.config, self.host, device) as secrecy:
            await secrecy.ready()
            if await self.host.position() is None:
                secrecy.begin_anew()
            self._secrecy = secrecy
            try:
                yield
            finally:
                self._secrecy = None

    async def join(self, name: str) -> Place:
        room, servers = await asking.resolved(self._connected(), name)
        self._rooms.wanted.add(room)
        self._names[room] = name
        await self._enter(room, servers)
        return Place(room)

    async def leave(self, place: Place) -> None:
        self._rooms.wanted.discard(place.room)
        self._names.pop(place.room, None)
        try:
            await self._call(calls.leave(place.room))
        except RoomClosed:  # we are not in it, or it is not there
            return
        self._rooms.joined.discard(place.room)

    def capabilities(self, room: RoomId) -> Capabilities:
        del room  # the homeserver's limits hold for all of them
        return self._features

    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        async with aclosing(Media(self._connected(), self.host).fetched(attachment)) as pieces:
            async for piece in pieces:
                yield piece

    def face(self, avatar: str) -> AsyncIterator[bytes]:
        return had(Media(self._connected(), self.host), avatar)

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        room, placed = message.room, None
        if message.files:
            self._rooms.check(room)
            sealed = room in self._rooms.encrypted
            placed = await Media(self._connected(), self.host).placed(message.files[0], sealed=sealed)
        content = outgoing.message(message, self.host.account, self._largest(room), placed)
        content = await self._faced(room, content, message.author)
        return (await self._put(room, outgoing.kind(message), content, message.key),)

    async def edit(self, edit: Edit) -> None:
        room, account = edit.target.room, self.host.account
        if edit.caption:
            old = await self._file_message(room, edit.target.parts[0])
            content = outgoing.recaptioned(edit, account, old, self._largest(room))
        else:
            content = outgoing.edited(edit, account, self._largest(room))
        content = await self._faced(room, content, edit.content.author)
        await self._put(room, "m.room.message", content, edit.content.key)

    async def delete(self, deletion: Deletion) -> None:
        for index, message in enumerate(deletion.target.parts):
            await self._redact(deletion.target.room, message, outgoing.part_key(deletion.key, index))

    async def close(self, closing: Closing) -> None:
        poll = closing.target.parts[-1]
        await self._put(closing.target.room, polls.END, polls.end(poll), closing.key)

    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        """A thread hangs on a message: the title is one."""
        words = Outgoing(room=room, key=key, text=said(title), manner=Manner.NOTICE)
        return ThreadId((await self.send(words))[0])

    async def react(self, reaction: Reaction) -> MessageId | None:
        if reaction.emoji in reaction.wanted:
            return await self._add(reaction)
        native = reaction.native or await self._own_reaction(reaction)
        if native is not None:
            await self._redact(reaction.target.room, native, reaction.key)
        return None

    async def rooms(self) -> Sequence[RoomInfo]:
        async with self._any_client() as client:
            known = await _known_rooms(client, self.config.user)
            known.refusal = self._rooms.refusal
            return [await _described(client, room, known) for room in sorted(known.joined)]

    async def rename(self, room: RoomId, name: str) -> None:
        await titles.rename(self._connected(), room, name)

    async def describe(self, room: RoomId, topic: str) -> None:
        await titles.describe(self._connected(), room, topic)

    async def power(self, room: RoomId, user: UserId) -> Power:
        client = self._connected()
        levels = await asking.answer(client, calls.state(room, "m.room.power_levels"))
        return power(user, levels, await asking.answer(client, calls.creation(room)))

    async def access(self, room: RoomId) -> Access:
        return await asking.access_to(self._connected(), room)

    async def claim(self, name: str, value: str) -> None:
        await self._call(calls.keep(self.config.user, _CLAIM + name, {"claim": value}))

    async def claimed(self, name: str) -> str | None:
        try:
            answer = await self._call(calls.kept(self.config.user, _CLAIM + name))
        except NotFound:
            return None
        return words(answer, "claim") or None

    async def examine(self) -> Sequence[Finding]:
        async with self._any_client() as client:
            versions, software = (
                await asking.answer(client, calls.versions()),
                await asking.told(client, calls.software()),
            )
            found = [*checkup.server(versions, software)]
            if self.config.e2ee:
                found += await self._secrecy.examine() if self._secrecy else checkup.no_encryption(self._rooms.refusal)
            for room in sorted(self._rooms.wanted & self._rooms.joined):
                levels = await asking.answer(client, calls.state(room, "m.room.power_levels"))
                creation = await asking.answer(client, calls.creation(room))
                found += checkup.room(self._names.get(room, room), self.config.user, levels, creation)
            return found

    def endpoints(self) -> Sequence[Endpoint]:
        return [Endpoint(address=self.config.homeserver)]

    async def _identified(self, client: Client) -> tuple[User, str]:
        """Who we are and on which device, after checking that the token is who the settings say it is."""
        answer = await client.call(calls.whoami())
        if not words(answer, "user_id"):
            raise Unavailable("the homeserver answered 200 without saying who we are", scope=Scope.ACCOUNT)
        if answer.get("user_id") != self.config.user:
            raise Unauthorized("the token belongs to another user than the setting `user` names")
        if self.config.device_id is not None and answer.get("device_id") != self.config.device_id:
            raise Unauthorized("the token belongs to another device than the setting `device_id` names")
        me = named(self.config.user, await asking.answer(client, calls.profile(self.config.user)))
        return me, words(answer, "device_id")

    async def _enter(self, room: RoomId, servers: Sequence[str] = ()) -> None:
        """Be in a room, and sure that it can be read."""
        if room not in self._rooms.joined:
            await asking.entered(self._connected(), room, servers)
            self._rooms.joined.add(room)
        try:
            state = await self._call(calls.state(room, "m.room.encryption"))
        except NotFound:
            return
        if not state:
            raise Unavailable("the homeserver answered 200 without the room's state", scope=Scope.ACCOUNT)
        self._rooms.encrypted[room] = state
        self._rooms.check(room)

    async def _faced(self, room: RoomId, content: dict[str, Any], author: Person | None) -> dict[str, Any]:
        """With the author's picture; not in an encrypted room, where it would lie on the homeserver in clear."""
        if author is None or author.avatar is None or room in self._rooms.encrypted or self._faces is None:
            return content
        return await self._faces.shown(content, author)

    async def _add(self, reaction: Reaction) -> MessageId | None:
        content = outgoing.reaction(reaction.target.parts[0], reaction.emoji)
        try:
            return await self._put(reaction.target.room, "m.reaction", content, reaction.key)
        except Duplicate:
            return await self._own_reaction(reaction)
        except NotFound:
            raise
        except Rejected as error:  # this one: what else people react with may go
            raise Unsupported(Feature.EMOJI, str(error)) from error
        except RoomClosed as error:  # a room may let us talk and not react; one that is closed says so again
            raise Unsupported(Feature.REACT, str(error)) from error

    async def _own_reaction(self, reaction: Reaction) -> MessageId | None:
        """The id of our emoji on a message, None when it is not there (any more)."""
        target = reaction.target
        return await asking.reaction_of(
            self._connected(), target.room, target.parts[0], self.config.user, reaction.emoji
        )

    def _largest(self, room: RoomId) -> int:
        return outgoing.LARGEST_SEALED if room in self._rooms.encrypted else outgoing.LARGEST_CONTENT

    async def _put(self, room: RoomId, kind: str, content: dict[str, Any], key: str) -> MessageId:
        self._rooms.check(room)
        if room in self._rooms.encrypted and self._secrecy is not None and kind != "m.reaction":
            content = await self._secrecy.seal(room, kind, content, self._rooms.encrypted[room])
            kind = ENCRYPTED
        return asking.event_id(await self._call(calls.send(room, kind, content, key)))

    async def _redact(self, room: RoomId, message: MessageId, key: str) -> None:
        try:
            asking.event_id(await self._call(calls.redact(room, message, key)))
        except NotFound:  # it is gone already
            return

    async def _file_message(self, room: RoomId, message: MessageId) -> dict[str, Any]:
        """What a message of ours that carries a file says."""
        raw: Mapping[str, Any] | None = await self._call(calls.event(room, message))
        if self._secrecy is not None and raw is not None and is_sealed(raw):
            raw = self._secrecy.read(room, raw, {})
        content = part(raw or {}, "content")
        if handle_of(content) is None:
            raise Unsupported(Feature.EDIT, "the message with the file cannot be read any more")
        return dict(content)

    async def _call(self, call: Call) -> dict[str, Any]:
        return await self._connected().call(call)

    def _connected(self) -> Client:
        if self._client is None:
            raise Unavailable("not connected to the homeserver", scope=Scope.ACCOUNT)
        return self._client

    @asynccontextmanager
    async def _any_client(self) -> AsyncIterator[Client]:
        if self._client is not None:
            yield self._client
            return
        async with connected_to(self.config) as client:
            yield client


async def _known_rooms(client: Client, user: str) -> Rooms:
    direct = direct_rooms(await asking.answer(client, calls.direct_rooms(user)))
    return Rooms(joined=await asking.rooms_of_ours(client), direct=direct)


async def _described(client: Client, room: RoomId, known: Rooms) -> RoomInfo:
    name, title = await asking.called(client, room)
    encryption = await asking.answer(client, calls.state(room, "m.room.encryption"))
    note = known.why_not(encryption) if encryption else ""
    return RoomInfo(name=name, title=title, kind=known.kind(room), note=note)


def _end_to_end() -> Callable[[Client, MatrixConfig, Host, str], AbstractContextManager[Secrecy]] | None:
    """What opens a device's keys; None where the extra is missing."""
    try:
        from connectors.matrix.e2ee.end_to_end import device_of  # noqa: PLC0415  it needs an extra
    except ImportError:
        return None
    return device_of
