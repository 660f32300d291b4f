"""Viber as a connector: a bot in conversations with one person each, or a channel that only speaks."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import ClassVar, Final

import msgspec
import structlog

from bridge import (
    Attachment,
    Authorship,
    BridgeError,
    Capabilities,
    Connector,
    ConnectorConfig,
    Delivered,
    Endpoint,
    Finding,
    Host,
    MessageId,
    Outgoing,
    Person,
    Place,
    Rate,
    Rejected,
    Request,
    Response,
    RoomId,
    RoomInfo,
    Scope,
    Unauthorized,
    Unavailable,
    Uncertain,
    User,
    UserId,
)
from bridge.calls import Calls, until_taken
from bridge.download import Download
from bridge.events import AnyEvent
from bridge.outside import Bounds
from connectors.viber import asking, checkup, door, incoming, media, outgoing
from connectors.viber.client import Client, connected_to
from connectors.viber.config import MAX_TEXT, RECIPIENT, Account, ViberConfig
from connectors.viber.door import Callback, Refused
from connectors.viber.errors import Asked, Forgotten, meaning, status_of
from connectors.viber.format import FORMATTING
from connectors.viber.wire import Json, dumps, text

MAX_RECIPIENTS: Final = 300
EVENTS: Final = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started")
"""Named in full; `message` comes whatever is named."""
_REMEMBERED: Final = 4096
"""Messages of people whose confirmation, which is about nothing of ours, is passed over."""
_TOLD_AT: Final = frozenset({1, 10, 100, 1000, 10_000})


class Viber(Connector[ViberConfig]):
    """A bot's room is one person, by the id Viber gives them; a channel has one room, itself.

    Edits, deletions, reactions and replies do not exist on Viber.
    """

    Config: ClassVar[type[ConnectorConfig]] = ViberConfig
    recipient = RECIPIENT
    features: ClassVar[Capabilities] = Capabilities(
        authorship=Authorship.OVERRIDE,
        formatting=FORMATTING,
        max_text=MAX_TEXT,
        max_caption=512,
        uncaptioned=media.UNCAPTIONED,
        confirms_within=timedelta(days=1),
        max_recipients=MAX_RECIPIENTS,
    )

    def __init__(self, config: ViberConfig, host: Host) -> None:
        super().__init__(config, host)
        self.refused: Counter[Refused] = Counter()
        self._client: Client | None = None
        self._account: checkup.Known | None = None
        self._opening = False
        self._forgotten = asyncio.Event()
        self._calls = Calls()
        self._heard: deque[MessageId] = deque(maxlen=_REMEMBERED)
        self._features = self._able()
        self._download = Download(Bounds(hosts=frozenset(config.media_hosts), inside=frozenset(config.fetch_inside)))
        self._log = structlog.get_logger().bind(account=host.account)

    @property
    def is_running(self) -> bool:
        """Whether Viber may call: also while it tries our address out."""
        return self._opening or self._client is not None

    async def run(self) -> None:
        """Give Viber our address, answer its call meanwhile, then look every while whether it still knows us."""
        address = self.host.webhook_url
        if address is None:
            raise Unauthorized("Viber calls the bridge: set http.public_url to the address at which it can")
        self._calls = Calls()
        async with connected_to(self.config) as client:
            try:
                known = await self._known(client)
                await until_taken(self.host, partial(self._connected_as, client, known))
                await self._introduce(client, address)
                self._connected_as(client, known)
                await self._watch(client, address)
            finally:
                self._client = None
                self._calls.end()

    def _connected_as(self, client: Client, known: checkup.Known) -> None:
        self._client, self._account = client, known
        self.host.connected(User(id=UserId(known.id), name=known.name))

    async def _introduce(self, client: Client, address: str) -> None:
        """Tell Viber where we are; it calls there before it answers."""
        self._forgotten.clear()
        self._opening = True
        try:
            await client.call("set_webhook", self._webhook(address), Asked.ACCOUNT)
        finally:
            self._opening = False

    def _webhook(self, address: str) -> Json:
        match self.config.account:
            case Account.BOT:
                return {"url": address, "event_types": list(EVENTS), "send_name": True, "send_photo": True}
            case Account.CHANNEL:
                return {"url": address}

    async def _known(self, client: Client) -> checkup.Known:
        return checkup.known(await client.call("get_account_info", {}, Asked.ACCOUNT), self.config)

    async def _watch(self, client: Client, address: str) -> None:
        """Until Viber has forgotten our address, or was told another one: then it is told again."""
        while True:
            pause = asyncio.ensure_future(self.host.clock.sleep(self.config.check_seconds))
            lost = asyncio.ensure_future(self._forgotten.wait())
            try:
                await asyncio.wait({pause, lost}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                pause.cancel()
                lost.cancel()
            self._account = await self._known(client)
            if self._forgotten.is_set() or self._account.webhook not in {"", address}:
                raise Unavailable("Viber calls another address, or none; it is told ours again", scope=Scope.ACCOUNT)

    # What comes in.

    async def receive(self, request: Request) -> Response:
        """Answer Viber's call: 200 only when its event is stored, 503 when it cannot be."""
        if self._opening and door.is_greeting(request):
            return Response()
        call = door.callback(request, self.config.token.get_secret_value(), self.host.clock.now())
        if isinstance(call, Refused):
            return self._refuse(call)
        if self._client is None:
            return Response() if call.event == "webhook" else door.later()
        try:
            return await self._stored(call)
        except Unavailable:
            return door.later()

    async def _stored(self, call: Callback) -> Response:
        if call.event == "conversation_started":
            return self._welcome(call)
        told = incoming.told(call)
        if told.unreadable:
            self._log.warning("viber callback cannot be read", kind=told.unreadable)
            self.host.unreadable(told.unreadable)
        self._heard.extend(incoming.spoken(told.events))
        events = [one for one in told.events if not (isinstance(one, Delivered) and one.message in self._heard)]
        if (key := asking.asked(call.raw)) is not None and (about := await self.host.recall(asking.name(key))):
            events = [incoming.answering(one, MessageId(about)) for one in events]
        return await self._published(events) if events else Response()

    async def _published(self, events: Sequence[AnyEvent]) -> Response:
        """200 once they are stored; what is not when the run ends stays Viber's."""
        await self._calls.take(self.host.publish(*events))
        return Response()

    def _welcome(self, call: Callback) -> Response:
        """The one message that somebody may get who did not write yet; it is the answer itself."""
        if not self.config.welcome or call.raw.get("subscribed") is True:
            return Response()
        said = {"sender": outgoing.sender(None, self.config), "type": "text", "text": self.config.welcome}
        return Response(body=dumps({**said, "min_api_version": self.config.min_api_version}))

    def _refuse(self, why: Refused) -> Response:
        """Counted, and told now and then: whoever knocks cannot fill the log."""
        self.refused[why] += 1
        if self.refused[why] in _TOLD_AT:
            self._log.warning("call refused", why=why.value, since_start=self.refused[why])
        if why is Refused.MALFORMED:
            self.host.unreadable("a call")
        return door.answer(why)

    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """The bytes of what somebody sent, within the hour for which Viber keeps them."""
        async for piece in self._download.fetch(attachment.source):
            yield piece

    # Rooms.

    async def join(self, name: str) -> Place:
        """A person by their id; the channel by its id, by the name in its address, or as `channel`."""
        match self.config.account:
            case Account.BOT:
                if not name or name != name.strip() or len(dumps({"": name})) > 256:  # noqa: PLR2004  far beyond any id
                    raise Rejected("a room of a Viber bot is a person, by the id that Viber gives them")
                return Place(RoomId(name))
            case Account.CHANNEL:
                known = self._who()
                if name.casefold() not in known.names:
                    raise Rejected(f"this token belongs to the channel {known.name}; name it `channel`")
                return Place(RoomId(known.id))

    async def rooms(self) -> Sequence[RoomInfo]:
        """The channel; who writes to a bot is nobody's list."""
        if self.config.account is Account.BOT:
            raise NotImplementedError
        async with connected_to(self.config) as client:
            known = await self._known(client)
        return [RoomInfo(name=known.uri or "channel", title=known.name, kind="channel")]

    def capabilities(self, room: RoomId) -> Capabilities:
        del room  # what holds for one person holds for all
        return self._features

    def _able(self) -> Capabilities:
        rate = self.config.rate_per_second
        rates = (Rate(Scope.ACCOUNT, max(1, round(rate)), max(1.0, 1 / rate)),) if rate else ()
        able = msgspec.structs.replace(
            self.features, media=media.limits(self.config), max_caption=self.config.caption_characters, rates=rates
        )
        match self.config.account:
            case Account.BOT:
                return able
            case Account.CHANNEL:
                return msgspec.structs.replace(
                    able, authorship=Authorship.PREFIX, confirms_within=None, max_recipients=0
                )  # fmt: skip

    # What the bridge asks for.

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        """Send one message; Viber knows no key, so an unknown outcome may mean a double."""
        client, asked = self._connected(), outgoing.asked(message)
        content = outgoing.body(message, self.config, await self._links(message))
        match self.config.account:
            case Account.BOT:
                by = {"receiver": str(message.room), "sender": await self._sender(message.author)}
                answer = await self._call(client, "send_message", {**by, **content}, asked)
            case Account.CHANNEL:
                by = {"from": self._who().author}
                answer = await self._call(client, "post", {**by, **content}, asked)
        return await self._asked(message, outgoing.natives(answer))

    async def _asked(self, message: Outgoing, natives: Sequence[MessageId]) -> Sequence[MessageId]:
        """Remember which message a poll became: people's answers name it by its key."""
        if message.shared and message.shared[0].poll is not None and natives:
            await self.host.remember(asking.name(message.key), natives[0], asking.LIFE)
        return natives

    async def broadcast(
        self, message: Outgoing, recipients: Sequence[RoomId]
    ) -> Mapping[RoomId, MessageId | BridgeError]:
        """The same to at most 300 people; whom Viber could not reach stands in its answer."""
        if self.config.account is Account.CHANNEL:
            raise NotImplementedError
        if not 0 < len(recipients) <= MAX_RECIPIENTS:
            raise Rejected(f"Viber sends to at most {MAX_RECIPIENTS} people at once")
        client, asked = self._connected(), outgoing.asked(message)
        content = outgoing.body(message, self.config, await self._links(message))
        by = {"sender": await self._sender(message.author)}
        answer = await self._call(client, "broadcast_message", outgoing.broadcast({**by, **content}, recipients), asked)
        (token,) = await self._asked(message, outgoing.natives(answer)) or (MessageId(""),)
        return {**dict.fromkeys(recipients, token), **_failed(answer, recipients, asked)}

    async def _sender(self, author: Person | None) -> Json:
        """Who is shown as the author, with their picture where the bridge has it and Viber can fetch it."""
        face = await self.host.face(author) if author is not None and author.avatar is not None else None
        link = None if face is None else await self.host.link(face)
        return outgoing.sender(author, self.config, link or "")

    async def _call(self, client: Client, method: str, body: Json, asked: Asked) -> Json:
        try:
            return await client.call(method, body, asked)
        except Forgotten:
            self._forgotten.set()
            raise

    async def _links(self, message: Outgoing) -> outgoing.Links:
        if not message.files:
            return outgoing.Links()
        small = message.files[0].thumbnail
        link = await self.host.link(message.files[0])
        return outgoing.Links(link, None if small is None else await self.host.link(small))

    async def examine(self) -> Sequence[Finding]:
        """Whether Viber calls us, whether it can reach us, and who knocked in its name."""
        known = await self._known(self._connected())
        return [*checkup.account(known, self.host.webhook_url), *checkup.knocks(self.refused)]

    def endpoints(self) -> Sequence[Endpoint]:
        """Viber's API."""
        return [Endpoint(address=self.config.api_url)]

    def _connected(self) -> Client:
        if self._client is None:
            raise Unavailable("not connected to Viber", scope=Scope.ACCOUNT)
        return self._client

    def _who(self) -> checkup.Known:
        if self._account is None:
            raise Unavailable("not connected to Viber", scope=Scope.ACCOUNT)
        return self._account


def _failed(answer: Json, recipients: Sequence[RoomId], asked: Asked) -> Mapping[RoomId, BridgeError]:
    """Whom a broadcast did not reach, and why; entries that cannot be read say nothing."""
    listed = answer.get("failed_list")
    found: dict[RoomId, BridgeError] = {}
    for one in listed if isinstance(listed, list) else ():
        room, status = RoomId(text(one, "receiver")), status_of(one if isinstance(one, dict) else None)
        if room in recipients and status != 0:
            error = meaning(-1 if status is None else status, text(one, "status_message"), asked)
            found[room] = error if isinstance(error, BridgeError) else Uncertain(str(error))
    return found
