"""Messenger as a connector: the inbox of one page, a private room for each person."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, Final

import structlog
from msgspec import Struct
from msgspec.structs import replace

from bridge import (
    Attachment,
    Authorship,
    Capabilities,
    Connector,
    ConnectorConfig,
    Endpoint,
    Finding,
    Host,
    Kind,
    MessageId,
    Outgoing,
    Place,
    Rate,
    Reaction,
    Rejected,
    Relation,
    Request,
    Response,
    RoomId,
    Scope,
    StoreFull,
    Target,
    Unauthorized,
    Unavailable,
    Unit,
)
from bridge.download import Download
from bridge.errors import Feature, Unsupported
from bridge.outside import Bounds
from connectors.graph import door
from connectors.graph.client import connected_to
from connectors.graph.wire import loads
from connectors.messenger import checkup, outgoing, registering
from connectors.messenger.apart import Apart
from connectors.messenger.config import RECIPIENT, AfterWindow, MessengerConfig, Names, Webhook
from connectors.messenger.errors import NoPersona, NotOurs, OutsideWindow, meaning
from connectors.messenger.format import FORMATTING, MAX_TEXT
from connectors.messenger.hearing import POLLS, Hearing
from connectors.messenger.incoming import polled
from connectors.messenger.outgoing import LIMITS, Speech
from connectors.messenger.page import Page
from connectors.messenger.people import People
from connectors.messenger.personas import Personas
from connectors.messenger.uploads import Uploads

_PERSON: Final = re.compile(r"\d{3,40}")
_DAY: Final = timedelta(hours=24)
_WEEK: Final = timedelta(days=7)
_LATER_SECONDS: Final = 2


class _Up(Struct, frozen=True):
    """What one run works with."""

    page: Page
    personas: Personas
    uploads: Uploads


class Messenger(Connector[MessengerConfig]):
    """The inbox of a Facebook page.

    `edit`, `delete` and `close` are not written: the Send API has none of them. `rooms` neither: a person is a room,
    and nobody has to see a list of their numbers.
    """

    Config: ClassVar[type[ConnectorConfig]] = MessengerConfig
    recipient = RECIPIENT
    features: ClassVar[Capabilities] = Capabilities(
        authorship=Authorship.OVERRIDE,
        formatting=FORMATTING,
        relations=frozenset({Relation.REPLY}),
        max_text=MAX_TEXT,
        unit=Unit.CHARACTERS,
        media=LIMITS,
        max_album=outgoing.MAX_ALBUM,
        albums=(frozenset({Kind.IMAGE}),),
        max_reactions=1,
        rates=(Rate(Scope.ACCOUNT, 300, 1),),
        window=_DAY,
    )

    def __init__(self, config: MessengerConfig, host: Host) -> None:
        super().__init__(config, host)
        self._up: _Up | None = None
        self._hearing: Hearing | None = None
        self._apart = Apart()
        self._log = structlog.get_logger().bind(account=host.account)

    @property
    def is_running(self) -> bool:
        """Whether `run` is under way."""
        return self._up is not None

    async def run(self) -> None:
        """Log in, see that Meta tells us of the page, and look again every so often until cancelled."""
        async with connected_to(self.config, meaning) as client:
            page = Page(self.config, client)
            me = await page.me()
            personas = Personas(self.host, page, self.config.persona_picture or "")
            self._hear(Hearing(me, self.config.app_id, People(self.host, page)))
            self._up = _Up(page, personas, Uploads(self.host, page, self.config.files))
            try:
                await self._register()
                await self._subscribe(page)
                self.host.connected(me)
                await self._watch(page)
            except Unavailable:  # Meta may reach us all the same: what it tells is taken meanwhile
                raise
            except BaseException:
                self._hear(None)
                raise
            finally:
                self._up = None

    def _hear(self, hearing: Hearing | None) -> None:
        """Take Meta's calls like this from now on, or none; what is not stored yet is given again."""
        before, self._hearing = self._hearing, hearing
        if before is not None:
            before.end()

    async def _register(self) -> None:
        if self.config.webhook is Webhook.MANUAL:
            return
        if (address := self.host.webhook_url) is None:
            self._log.warning("messenger hears nothing, there is no http.public_url")
        elif why := await registering.registered(self.config, address):
            self._log.warning("messenger webhook not registered", why=why)

    async def _watch(self, page: Page) -> None:
        while True:
            await self.host.clock.sleep(self.config.check_seconds)
            await self._look(page)

    async def _look(self, page: Page) -> None:
        """After an hour of failures Meta tells us nothing more of a page: then we ask again."""
        if self.config.webhook is Webhook.MANUAL:
            await page.me()
            with suppress(Rejected, Unauthorized):  # said once, when we connected
                await page.subscribe()
        elif not await page.subscribed():
            self._log.warning("messenger page was unsubscribed, what was written meanwhile may be missing")
            await page.subscribe()

    async def _subscribe(self, page: Page) -> None:
        """Ask Meta to tell us of the page; who does that by hand may have given us no right to."""
        try:
            await page.subscribe()
        except (Rejected, Unauthorized) as error:
            if self.config.webhook is Webhook.REGISTER:
                raise
            self._log.info("messenger page not subscribed by the bridge", why=str(error))

    # Meta calls.

    async def receive(self, request: Request) -> Response:
        """Answer Meta: 200 only when its call is stored, 503 when it cannot be."""
        if (answer := door.answered(request, self.config)) is not None:
            if answer.status in {401, 403}:
                self.host.unreadable("a call that Meta did not sign")
            return answer
        if (body := loads(request.body)) is None:
            self.host.unreadable("a call that is no JSON")
            return Response(status=400)
        if body.get("object") != "page":
            self.host.unreadable("a call about something else than pages")
            return Response()
        if self._hearing is None:
            return _later(None)
        try:
            await self._hearing.take(body, self.host)
        except StoreFull as full:
            return _later(full.retry_after)
        except Unavailable:
            return _later(None)
        return Response(body=b"EVENT_RECEIVED", content_type="text/plain")

    def largest_call(self, head: Request) -> int:
        """A whole batch, where something looks like a signature."""
        return door.largest_call(head, super().largest_call(head))

    # Rooms.

    async def join(self, name: str) -> Place:
        """A person's number on this page is the room; whether they can be written to shows when somebody writes."""
        _check(RoomId(name))
        return Place(RoomId(name))

    def capabilities(self, room: RoomId) -> Capabilities:
        """The class's, as the settings have them."""
        del room  # all are alike
        config = self.config
        rates = (Rate(Scope.ACCOUNT, max(1, int(config.rate_per_second)), 1),) if config.rate_per_second else ()
        authorship = Authorship.OVERRIDE if config.names is Names.PERSONAS else Authorship.PREFIX
        window = _WEEK if config.after_window is AfterWindow.HUMAN_AGENT else _DAY
        return replace(self.features, rates=rates, authorship=authorship, window=window)

    async def examine(self) -> Sequence[Finding]:
        """Whether Meta tells us everything of the page, and calls us."""
        found = [*checkup.fields(await self._live().page.subscribed())]
        calls = await registering.called(self.config)
        return [*found, *checkup.webhook(calls, self.host.webhook_url)]

    def endpoints(self) -> Sequence[Endpoint]:
        """The Graph API."""
        return [Endpoint(address=self.config.api_url)]

    # What the bridge asks for.

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        """One message; Messenger knows no key, but gives it back in an echo, which settles an unknown outcome.

        After 24 hours of silence `RoomClosed`; with `after_window: human_agent` answers of people go on for 7 days.
        """
        _check(message.room)
        up = self._live()
        persona = await self._persona(up, message)
        try:
            return await self._told(message, partial(self._whole, up, persona))
        except NoPersona as error:
            raise await up.personas.lost(persona) from error

    async def _told(self, message: Outgoing, one: Callable[[Outgoing], Awaitable[MessageId]]) -> Sequence[MessageId]:
        """An album as one message, or picture by picture where Meta refuses it as one."""
        if len(message.files) > 1:
            return await self._album(message, one)
        ident = await one(message)
        if message.shared:
            await self.host.remember(polled(message.key), ident, POLLS)
        return (ident,)

    async def _album(self, message: Outgoing, one: Callable[[Outgoing], Awaitable[MessageId]]) -> Sequence[MessageId]:
        if not self._apart.needed:
            try:
                return (await one(message),)
            except NoPersona:
                raise
            except Rejected as refusal:
                self._log.info("messenger refused an album, its pictures go one by one", why=str(refusal))
        return await self._apart.send(message, one)

    async def _whole(self, up: _Up, persona: str, message: Outgoing) -> MessageId:
        """One message with all its files, which go once more where Meta has forgotten them."""
        try:
            payloads = [await up.uploads.payload(file) for file in message.files]
            return await self._sent(up, message, Speech(persona, payloads))
        except NotOurs:
            payloads = [await up.uploads.again(file) for file in message.files]
        return await self._sent(up, message, Speech(persona, payloads))

    async def _persona(self, up: _Up, message: Outgoing) -> str:
        if self.config.names is Names.PREFIX or message.author is None or message.label:
            return ""
        return await up.personas.of(message.author)

    async def _sent(self, up: _Up, message: Outgoing, speech: Speech) -> MessageId:
        """Inside of the window, or else as an agent's answer: the refusal says surely that nothing went."""
        body = outgoing.body(message, speech)
        try:
            return await up.page.send(body)
        except OutsideWindow:
            if self.config.after_window is AfterWindow.HOLD or message.author is None:
                raise
        return await up.page.send(outgoing.tagged(body))

    async def react(self, reaction: Reaction) -> None:
        """Set, change or take away the page's one reaction on a message."""
        _check(reaction.target.room)
        await self._act(outgoing.reaction(reaction), Feature.REACT)

    async def mark_read(self, target: Target) -> None:
        """Show the person that what they wrote was seen."""
        _check(target.room)
        await self._act(outgoing.action(target.room, "mark_seen"), None)

    async def _act(self, body: Mapping[str, Any], feature: Feature | None) -> None:
        try:
            await self._live().page.act(body)
        except Unsupported:
            raise
        except Rejected as error:
            if feature is None:
                raise
            raise Unsupported(feature, str(error)) from error

    async def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """What somebody attached, from Meta's file servers alone; their addresses end after some days."""
        async with aclosing(self._download().fetch(attachment.source)) as pieces:
            async for piece in pieces:
                yield piece

    def _download(self) -> Download:
        inside = frozenset(one for one in self.config.media_hosts if ":" in one)
        return Download(Bounds(hosts=self.config.media_hosts - inside, inside=inside))

    def _live(self) -> _Up:
        if self._up is None:
            raise Unavailable("not connected to the Graph API", scope=Scope.ACCOUNT)
        return self._up


def _check(room: RoomId) -> None:
    if not _PERSON.fullmatch(room) or not room.isascii():
        raise Rejected("a room of Messenger is a person's number on the page, digits only")


def _later(seconds: float | None) -> Response:
    return Response(status=503, headers={"Retry-After": str(max(1, int(seconds or _LATER_SECONDS)))})
