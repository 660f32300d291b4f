"""An application service of a Matrix homeserver as an account of the bridge: everybody from elsewhere has a ghost."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from bridge import (
    Access,
    Attachment,
    Authorship,
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
    Registration,
    Rejected,
    Request,
    Response,
    RoomClosed,
    RoomId,
    RoomInfo,
    Scope,
    ThreadId,
    Unauthorized,
    Unavailable,
    Unsupported,
    User,
    UserId,
)
from bridge.errors import BridgeError
from bridge.ids import AccountName
from bridge.text.nodes import said
from connectors.matrix import asking, calls, checkup, outgoing, polls, titles
from connectors.matrix.calls import Call
from connectors.matrix.client import Client, connected_to
from connectors.matrix.connector import Matrix
from connectors.matrix.content import part, words
from connectors.matrix.errors import Barred, Duplicate, InUse, NotFound
from connectors.matrix.faces import had
from connectors.matrix.files import kinds
from connectors.matrix.media import Media
from connectors.matrix.members import named
from connectors.matrix.power import power
from connectors.matrix_appservice import calls as service
from connectors.matrix_appservice import door, names
from connectors.matrix_appservice.config import MatrixAppserviceConfig
from connectors.matrix_appservice.ghosts import Ghosts
from connectors.matrix_appservice.hearing import Hearing
from connectors.matrix_appservice.portraits import Portraits
from connectors.matrix_appservice.registration import registration, registration_id
from connectors.matrix_appservice.rooms import Rooms

_CLAIM = "org.qantara.claim."
_MARK = "ghosts"
_EVER = timedelta(days=36_500)
_BUSY = "M_BAD_STATUS: HTTP 503"
_UNREACHED = ("M_CONNECTION_FAILED", "M_CONNECTION_TIMEOUT", "M_BAD_STATUS", "M_URL_NOT_SET")
_NOT_REACHED = (
    "the homeserver does not reach the bridge at the `url` of its registration, so nothing would be heard: {why}."
    " See whether `http.listen` or the setting `address` is right, then write the registration anew"
)


class MatrixAppservice(Connector[MatrixAppserviceConfig]):
    """Matrix, as an application service: the homeserver hands us every event once we have stored it."""

    Config = MatrixAppserviceConfig
    recipient = Matrix.recipient
    features = replace(Matrix.features, authorship=Authorship.GHOST)

    def __init__(self, config: MatrixAppserviceConfig, host: Host) -> None:
        super().__init__(config, host)
        self._hearing: Hearing | None = None
        self._pings = 0
        self._features = self.features

    @property
    def is_running(self) -> bool:
        """Whether the homeserver's calls are taken."""
        return self._hearing is not None

    async def run(self) -> None:
        async with connected_to(self.config) as client:
            me = await self._identified(client)
            hearing = Hearing(
                client=client, host=self.host, me=me, done=await self.host.position(),
                ghosts=Ghosts(client, self.config.user, await self._mark(), Portraits(client, self.host)),
                rooms=Rooms(client, self.config.user),
            )  # fmt: skip
            await hearing.rooms.look()
            self._features = replace(self.features, media=kinds(await Media(client, self.host).most_bytes()))
            await self._ping(client)
            self._hearing = hearing
            try:
                self.host.connected(me)
                while True:
                    await self.host.clock.sleep(self.config.ping_seconds)
                    await self._ping(client)
            finally:
                self._hearing = None
                hearing.end()

    # What the homeserver asks.

    async def receive(self, request: Request) -> Response:
        """Answer the homeserver; a transaction only once its events are stored."""
        asked = door.question(request, self.config.homeserver_token.get_secret_value())
        if isinstance(asked, Response):
            return asked
        if asked.asked is door.Asked.PING:
            return Response(body=b"{}")
        if (hearing := self._hearing) is None:
            return door.later()
        match asked.asked:
            case door.Asked.TRANSACTION:
                return await _stored(hearing.take(asked.about, request.body))
            case door.Asked.USER if await self._exists(asked.about):
                return Response(body=b"{}")
            case _:  # ghosts are made when somebody speaks, and rooms never
                return door.told(404, "M_NOT_FOUND", "there is nobody of this name")

    def largest_call(self, head: Request) -> int:
        trusted = door.is_trusted(head, self.config.homeserver_token.get_secret_value())
        return door.LARGEST_TRANSACTION if trusted else super().largest_call(head)

    @staticmethod
    def registration(config: MatrixAppserviceConfig, account: AccountName, address: str) -> Registration:
        return registration(config, account, address)

    # What the bridge asks.

    async def join(self, name: str) -> Place:
        return Place(await self._heard().rooms.join(name))

    async def leave(self, place: Place) -> None:
        """The ghosts leave first: once the bridge's own user is gone nobody could make them."""
        hearing = self._heard()
        try:
            await hearing.ghosts.leave(place.room)
        except RoomClosed:  # we are not in it, or it is not there
            return
        await hearing.rooms.leave(place.room)

    def capabilities(self, room: RoomId) -> Capabilities:
        del room  # the homeserver's limits hold for all of them
        return self._features

    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        async with aclosing(Media(self._heard().client, self.host).fetched(attachment)) as pieces:
            async for piece in pieces:
                yield piece

    def face(self, avatar: str) -> AsyncIterator[bytes]:
        return had(Media(self._heard().client, self.host), avatar)

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        self._heard().rooms.check(message.room)
        placed = None
        if message.files:
            placed = await Media(self._heard().client, self.host).placed(message.files[0], sealed=False)
        content = outgoing.message(message, self.host.account, placed=placed)
        by = None if message.label else message.author
        call = calls.send(message.room, outgoing.kind(message), content, message.key)
        return (asking.event_id(await self._as(by, message.room, call, self._time(message.at))),)

    async def edit(self, edit: Edit) -> None:
        room, message, account = edit.target.room, edit.target.parts[0], self.host.account
        if edit.caption:
            old = part(await self._call(calls.event(room, message)), "content")
            content = outgoing.recaptioned(edit, account, dict(old))
        else:
            content = outgoing.edited(edit, account)
        call = calls.send(room, "m.room.message", content, edit.content.key)
        asking.event_id(await self._as_writer(room, message, edit.content.author, call))

    async def delete(self, deletion: Deletion) -> None:
        for index, message in enumerate(deletion.target.parts):
            call = calls.redact(deletion.target.room, message, outgoing.part_key(deletion.key, index))
            await self._redact(deletion.target.room, message, deletion.by, call)

    async def close(self, closing: Closing) -> None:
        room, poll = closing.target.room, closing.target.parts[-1]
        asking.event_id(
            await self._as_writer(room, poll, closing.by, calls.send(room, polls.END, polls.end(poll), closing.key))
        )

    async def react(self, reaction: Reaction) -> MessageId | None:
        room, target = reaction.target.room, reaction.target.parts[0]
        if reaction.emoji in reaction.wanted:
            content = outgoing.reaction(target, reaction.emoji)
            return await self._add(reaction, calls.send(room, "m.reaction", content, reaction.key))
        native = reaction.native or await self._own_reaction(reaction)
        if native is not None:
            await self._redact(room, native, reaction.by, calls.redact(room, native, reaction.key))
        return None

    async def rooms(self) -> Sequence[RoomInfo]:
        async with connected_to(self.config) as client:
            rooms, ghosts = Rooms(client, self.config.user), Ghosts(client, self.config.user, await self._mark())
            await rooms.look()
            return [await rooms.described(room, len(await ghosts.inside(room))) for room in sorted(rooms.joined)]

    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        """A thread hangs on a message: the title is one."""
        words = Outgoing(room=room, key=key, text=said(title), manner=Manner.NOTICE)
        return ThreadId((await self.send(words))[0])

    async def rename(self, room: RoomId, name: str) -> None:
        await titles.rename(self._heard().client, room, name)

    async def describe(self, room: RoomId, topic: str) -> None:
        await titles.describe(self._heard().client, room, topic)

    async def power(self, room: RoomId, user: UserId) -> Power:
        client = self._heard().client
        levels = await asking.answer(client, calls.state(room, "m.room.power_levels"))
        return power(user, levels, await asking.answer(client, calls.creation(room)))

    async def access(self, room: RoomId) -> Access:
        return await asking.access_to(self._heard().client, room)

    async def claim(self, name: str, value: str) -> None:
        await self._call(calls.keep(self.config.user, _CLAIM + name, {"claim": value}))

    async def claimed(self, name: str) -> str | None:
        try:
            return words(await self._call(calls.kept(self.config.user, _CLAIM + name)), "claim") or None
        except NotFound:
            return None

    async def examine(self) -> Sequence[Finding]:
        hearing = self._heard()
        found = [
            *checkup.server(await self._call(calls.versions()), await asking.told(hearing.client, calls.software()))
        ]
        for room in sorted(hearing.rooms.wanted & hearing.rooms.joined):
            levels = await asking.answer(hearing.client, calls.state(room, "m.room.power_levels"))
            creation = await asking.answer(hearing.client, calls.creation(room))
            found += checkup.room(room, self.config.user, levels, creation)
        return found

    def endpoints(self) -> Sequence[Endpoint]:
        return [Endpoint(address=self.config.homeserver)]

    async def _identified(self, client: Client) -> User:
        """Who we are; the homeserver makes our own user when it is asked to, once."""
        try:
            answer = await client.call(calls.whoami())
        except Unauthorized as error:
            why = f"{error}; has the homeserver read the file of `qantara registration`, and been restarted?"
            raise Unauthorized(why) from error
        if not words(answer, "user_id"):
            raise Unavailable("the homeserver answered 200 without saying who we are", scope=Scope.ACCOUNT)
        if answer.get("user_id") != self.config.user:
            raise Unauthorized("the registration is of another user than the setting `user` names")
        with suppress(InUse):
            await client.call(service.register(names.parted(self.config.user)[0]))
        return named(self.config.user, await asking.answer(client, calls.profile(self.config.user)))

    async def _mark(self) -> str:
        """What this store's ghosts have in their names, drawn once."""
        mark = await self.host.recall(_MARK)
        if mark is None or not names.is_mark(mark):
            mark = "".join(one for one in self.host.chance.token(64).lower() if one.isalnum())[: names.MARK_LENGTH]
            await self.host.remember(_MARK, mark, _EVER)
        return mark

    async def _ping(self, client: Client) -> None:
        """Be sure that the homeserver reaches us; it then gives us at once what it kept for us."""
        self._pings += 1
        try:
            await client.call(service.ping(registration_id(self.host.account), f"ping{self._pings}"))
        except NotFound:  # older than 1.7
            return
        except (Rejected, RoomClosed) as error:
            raise Unauthorized(f"the homeserver knows this account by another registration: {error}") from error
        except Unavailable as error:
            if _BUSY in str(error):  # it does reach us: while we can store nothing, what waits can still be sent
                return
            if any(code in str(error) for code in _UNREACHED):
                raise Unavailable(_NOT_REACHED.format(why=error), scope=Scope.ACCOUNT) from error
            raise

    def _time(self, at: datetime | None) -> datetime | None:
        """When something was written: never later than now."""
        return None if at is None else min(at, self.host.clock.now())

    async def _as(self, by: Person | None, room: RoomId, call: Call, at: datetime | None = None) -> dict[str, Any]:
        """One request in the name of somebody's ghost, or in our own."""
        if by is None:
            return await self._call(call)
        ghosts = self._heard().ghosts
        user = await ghosts.present(by, room)
        try:
            answer = await self._call(service.acting(call, user, at))
        except NotFound:
            raise
        except RoomClosed as error:
            ghosts.refused(user, room, error)
            raise
        ghosts.spoke(user, room)
        return answer

    async def _as_writer(self, room: RoomId, message: MessageId, by: Person | None, call: Call) -> dict[str, Any]:
        """One request in the name of whoever of ours wrote a message: only they may change it."""
        hearing = self._heard()
        writer = await hearing.senders.writer(room, message)
        if not writer:
            return await self._as(by, room, call)
        if not hearing.ghosts.is_ours(writer):
            raise Rejected("only who wrote a message may change it, and that is nobody of this account")
        if writer == self.config.user:
            return await self._call(call)
        return await self._again_inside(writer, room, service.acting(call, writer))

    async def _again_inside(self, user: str, room: RoomId, call: Call) -> dict[str, Any]:
        """One request of a ghost, which enters the room again where it was removed from it."""
        try:
            return await self._call(call)
        except NotFound:
            raise
        except RoomClosed:
            await self._heard().ghosts.enter(user, room)
        try:
            return await self._call(call)
        except RoomClosed as error:
            raise Barred(str(error)) from error

    async def _redact(self, room: RoomId, message: MessageId, by: Person | None, call: Call) -> None:
        """Take a message back as its writer, or else in our own name where we may; what is gone is no error."""
        try:
            asking.event_id(await self._as_writer(room, message, by, call))
        except NotFound:
            return
        except Rejected as error:
            try:
                asking.event_id(await self._call(call))
            except RoomClosed:
                raise error from None

    async def _add(self, reaction: Reaction, call: Call) -> MessageId | None:
        room, by = reaction.target.room, reaction.by
        try:
            if by is None:
                return asking.event_id(await self._call(call))
            user = await self._heard().ghosts.present(by, room)
            return asking.event_id(await self._again_inside(user, room, service.acting(call, user)))
        except Duplicate:
            return await self._own_reaction(reaction)
        except (NotFound, Unsupported):
            raise
        except (Barred, RoomClosed) as error:  # a room may let people talk and not react
            raise Unsupported(Feature.REACT, str(error)) from error
        except Rejected as error:  # this one: what else people react with may go
            raise Unsupported(Feature.EMOJI, str(error)) from error

    async def _own_reaction(self, reaction: Reaction) -> MessageId | None:
        hearing = self._heard()
        user = self.config.user if reaction.by is None else hearing.ghosts.id_of(reaction.by)
        target = reaction.target
        return await asking.reaction_of(hearing.client, target.room, target.parts[0], user, reaction.emoji)

    async def _exists(self, user: str) -> bool:
        hearing = self._heard()
        return hearing.ghosts.is_ours(user) and bool(await asking.answer(hearing.client, calls.profile(user)))

    async def _call(self, call: Call) -> dict[str, Any]:
        return await self._heard().client.call(call)

    def _heard(self) -> Hearing:
        if self._hearing is None:
            raise Unavailable("not connected to the homeserver", scope=Scope.ACCOUNT)
        return self._hearing


async def _stored(taking: Awaitable[None]) -> Response:
    """200 once it is stored; whatever cannot be done now is given again."""
    try:
        await taking
    except (BridgeError, door.NotJsonError) as error:
        return door.refusal(error)
    return Response(body=b"{}")
