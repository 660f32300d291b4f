"""WhatsApp as a connector: one business number, the people who write to it, and the groups it made."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, suppress
from datetime import timedelta
from functools import partial
from typing import ClassVar, Final

import structlog
from msgspec.structs import replace

from bridge import (
    Attachment,
    Capabilities,
    Connector,
    ConnectorConfig,
    Endpoint,
    Feature,
    Finding,
    Host,
    Kind,
    MediaLimit,
    MessageId,
    Outgoing,
    Place,
    Rate,
    Reaction,
    Rejected,
    Relation,
    Request,
    Response,
    RoomClosed,
    RoomId,
    RoomInfo,
    RoomKind,
    Scope,
    StoreFull,
    Target,
    Unauthorized,
    Unavailable,
    Unsupported,
    User,
    UserId,
)
from bridge.calls import until_taken
from connectors.graph import door
from connectors.graph.client import Call, Client, connected_to
from connectors.graph.wire import Json, an_object, loads, objects, text
from connectors.whatsapp import checkup, media, outgoing
from connectors.whatsapp.addresses import kind_of, room_of
from connectors.whatsapp.config import RECIPIENT, WhatsAppConfig
from connectors.whatsapp.errors import PAIR_SECONDS, meaning
from connectors.whatsapp.format import FORMATTING
from connectors.whatsapp.hearing import Hearing
from connectors.whatsapp.incoming import told
from connectors.whatsapp.sending import Sending
from connectors.whatsapp.uploads import fetched, name_of, uploaded

WINDOW: Final = timedelta(hours=24)
_ANSWER_SECONDS: Final = 4.5
"""Meta waits five."""
_FULL_SECONDS: Final = 1.0
_NUMBER: Final = "id,verified_name,display_phone_number,quality_rating"
_GROUP: Final = "id,subject,suspended,total_participant_count,join_approval_mode"
_ASKED_FIRST: Final = "approval_required"
_PAGES: Final = 20
_SHARED: Final = {Kind.LOCATION: MediaLimit(), Kind.CONTACT: MediaLimit(), Kind.POLL: MediaLimit()}


class WhatsApp(Connector[WhatsAppConfig]):
    """A business number on the Cloud API: private rooms, and groups of at most eight people.

    `edit` and `delete` are not written: WhatsApp lets businesses take nothing back.
    """

    Config: ClassVar[type[ConnectorConfig]] = WhatsAppConfig
    recipient = RECIPIENT
    features: ClassVar[Capabilities] = Capabilities(
        formatting=FORMATTING,
        relations=frozenset({Relation.REPLY}),
        max_text=4000,  # of 4096: marks and the hairs beside them count as well
        media={**media.LIMITS, **_SHARED},
        max_caption=1000,
        uncaptioned=media.UNCAPTIONED,
        max_reactions=1,
        window=WINDOW,
        confirms_within=timedelta(hours=1),
    )

    def __init__(self, config: WhatsAppConfig, host: Host) -> None:
        super().__init__(config, host)
        self._client: Client | None = None
        self._number: Json = {}
        self._hearing = Hearing()
        self._sending = Sending(config.phone_number_id)
        self._guarded: set[RoomId] = set()
        """Linked groups in which somebody has to let people in."""
        self._log = structlog.get_logger().bind(account=host.account)

    @property
    def is_running(self) -> bool:
        """Whether Meta's calls are taken."""
        return self._client is not None

    async def run(self) -> None:
        """Ask who we are, let Meta call us, and see every minute that it still knows us.

        `Unauthorized` when the token or one of the ids is refused, `Unavailable` when Meta cannot be reached or does
        not reach us.
        """
        async with connected_to(self.config, meaning) as client:
            try:
                await self._look(client)
                await until_taken(self.host, partial(self._connected, client))
                await self._subscribe(client)
                self._connected(client)
                while True:
                    await self.host.clock.sleep(self.config.check_seconds)
                    await self._look(client)
            finally:
                self._client = None

    def _connected(self, client: Client) -> None:
        self._client = client
        name = text(self._number.get("verified_name")) or "WhatsApp"
        self.host.connected(User(id=UserId(self.config.phone_number_id), name=name))

    async def _look(self, client: Client) -> None:
        """How our number stands; an error here is one of the account."""
        path = self.config.phone_number_id
        found = await client.call(Call(method="GET", path=path, query={"fields": _NUMBER}, scope=Scope.ACCOUNT))
        if text(found.get("id")) != path:
            raise Unavailable("the Graph API describes another thing than our number", scope=Scope.ACCOUNT)
        self._number = found

    async def _subscribe(self, client: Client) -> None:
        """Let Meta call us at our address; it tries the address at once."""
        if self.config.business_account is None:
            return
        body: Json = {}
        if self.host.webhook_url is not None:
            word = self.config.verify_token.get_secret_value()
            body = {"override_callback_uri": self.host.webhook_url, "verify_token": word}
        path = f"{self.config.business_account}/subscribed_apps"
        try:
            await client.call(Call(path=path, body=body))
        except Rejected as error:
            why = f"Meta does not reach the bridge at `http.public_url`, or refuses to call it: {error}"
            raise Unavailable(why, scope=Scope.ACCOUNT) from error

    # Meta calls.

    async def receive(self, request: Request) -> Response:
        """Answer Meta: 200 only when everything in a call is stored; forged and malformed ones are counted."""
        if (answer := door.answered(request, self.config)) is not None:
            if request.method == "POST":
                self.host.unreadable("a forged call")
            return answer
        if not self.is_running:
            return _later(None)
        body = loads(request.body)
        found = None if body is None else told(body, self.config.phone_number_id)
        if found is None:
            self.host.unreadable("a call")
            return Response(status=400)
        for person, phone in found.phones.items():
            self._sending.knows(person, phone)
        if found.asking:
            self._log.warning("people wait to be let into whatsapp groups, qantara doctor says which", new=found.asking)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._hearing.take(self.host, self._sending.placed(found))
        except StoreFull as full:
            return _later(full.retry_after)
        except TimeoutError:  # it may be stored all the same; what is given again is known by its id
            return _later(None)
        return Response()

    def largest_call(self, head: Request) -> int:
        return door.largest_call(head, super().largest_call(head))

    # Rooms.

    async def join(self, name: str) -> Place:
        """A person needs no joining; a group is looked up, and `RoomClosed` where it is suspended."""
        room = room_of(name)
        if kind_of(room) is RoomKind.GROUP:
            found = await self._group(room)
            if found.get("suspended") is True:
                raise RoomClosed("WhatsApp suspended the group")
            self._guarded.discard(room)
            if found.get("join_approval_mode") == _ASKED_FIRST:
                self._guarded.add(room)
        return Place(room)

    async def _group(self, room: RoomId) -> Json:
        return await self._connection().call(Call(method="GET", path=str(room), query={"fields": _GROUP}))

    async def rooms(self) -> Sequence[RoomInfo]:
        """The groups of the number; none where it may not have any. People are never listed."""
        found: list[RoomInfo] = []
        after = ""
        for _ in range(_PAGES):
            try:
                page = await self._page(after)
            except (Rejected, RoomClosed, Unauthorized):
                break
            groups = objects(an_object(page.get("data")).get("groups"))
            found += (RoomInfo(name=text(one.get("id")), title=text(one.get("subject"))) for one in groups)
            after = text(an_object(an_object(page.get("paging")).get("cursors")).get("after"))
            if not after:
                break
        return found

    async def _page(self, after: str) -> Json:
        query = {"limit": "100", **({"after": after} if after else {})}
        return await self._connection().call(
            Call(method="GET", path=f"{self.config.phone_number_id}/groups", query=query)
        )

    def capabilities(self, room: RoomId) -> Capabilities:
        """The class's with the configured rates; groups take words and files only."""
        can = replace(self.features, rates=tuple(self._rates()))
        return can if kind_of(room) is RoomKind.DIRECT else replace(can, media=media.LIMITS)

    def _rates(self) -> Iterator[Rate]:
        if count := self.config.rate_per_second:
            yield Rate(Scope.ACCOUNT, max(1, round(count)), max(1, round(count)) / count)
        if burst := self.config.person_burst:
            yield Rate(Scope.ROOM, burst, burst * PAIR_SECONDS)

    async def examine(self) -> Sequence[Finding]:
        """How the number stands, whether Meta calls us, and who waits to be let into which linked group."""
        client, account = self._connection(), self.config.business_account
        await self._look(client)
        subscribed = await client.call(Call(method="GET", path=f"{account}/subscribed_apps")) if account else None
        found = [*checkup.standing(self._number), *checkup.calling(subscribed, self.host.webhook_url)]
        for room in sorted(self._guarded):
            with suppress(Rejected, RoomClosed):  # the group has changed since
                asked = await client.call(Call(method="GET", path=f"{room}/join_requests", query={"limit": "100"}))
                found += checkup.waiting(room, len(objects(asked.get("data"))))
        return found

    def endpoints(self) -> Sequence[Endpoint]:
        """The Graph API."""
        return [Endpoint(address=self.config.api_url)]

    # What the bridge asks for.

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        """Send one message; WhatsApp knows no key, but gives ours back in the message's statuses."""
        if message.template is not None:
            return [await self._post(message, outgoing.template(message, message.template))]
        if message.files:
            return [await self._send_file(message)]
        if message.shared:
            return [await self._post(message, outgoing.shared(message, message.shared[0]))]
        return [await self._post(message, outgoing.text(message, self.config.link_previews))]

    async def _send_file(self, message: Outgoing) -> MessageId:
        """By the id of an earlier upload; once more by a new one where that has died."""
        (one,) = message.files
        client, known = self._connection(), await self.host.recall(name_of(one))
        ident = await uploaded(client, self.host, self.config, one, known)
        try:
            return await self._post(message, outgoing.file(message, one, ident))
        except Rejected:
            if not known:
                raise
        ident = await uploaded(client, self.host, self.config, one, None)
        return await self._post(message, outgoing.file(message, one, ident))

    async def _post(self, message: Outgoing, body: Json) -> MessageId:
        return await self._sending.post(self._connection(), message.room, message.key, body)

    async def react(self, reaction: Reaction) -> MessageId | None:
        """Put our one emoji on a message, or take it away; `Unsupported` in groups."""
        if kind_of(reaction.target.room) is RoomKind.GROUP:
            raise Unsupported(Feature.REACT, "WhatsApp gives businesses no reactions in groups")
        body = outgoing.reaction(reaction)
        await self._sending.post(self._connection(), reaction.target.room, reaction.key, body)
        return None

    async def mark_read(self, target: Target) -> None:
        """Blue ticks on a message and those before it; nothing in groups, which have none."""
        if kind_of(target.room) is RoomKind.DIRECT:
            await self._connection().call(Call(path=self._sending.path, body=outgoing.read_mark(target.parts[-1])))

    async def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes, None]:
        """A file that somebody sent; WhatsApp keeps it seven days."""
        async with aclosing(fetched(self._connection(), self.config, attachment)) as pieces:
            async for piece in pieces:
                yield piece

    def _connection(self) -> Client:
        if self._client is None:
            raise Unavailable("not connected to the Graph API", scope=Scope.ACCOUNT)
        return self._client


def _later(seconds: float | None) -> Response:
    return Response(status=503, headers={"Retry-After": str(max(1, int(seconds or _FULL_SECONDS)))})
