"""Telegram as a connector: one bot, its groups, topics and channels."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import ClassVar, Final

import msgspec
import structlog
from telegram import Bot
from telegram import User as BotUser
from telegram.constants import ChatType

from bridge import (
    Access,
    Attachment,
    Capabilities,
    Closing,
    Connector,
    ConnectorConfig,
    Deletion,
    Edit,
    Endpoint,
    Finding,
    Host,
    Key,
    Kind,
    MediaLimit,
    MessageId,
    Outgoing,
    Place,
    Power,
    Reaction,
    Relation,
    Request,
    Response,
    RoomId,
    RoomInfo,
    Scope,
    StoreFull,
    ThreadId,
    Unauthorized,
    Unavailable,
    Unit,
    User,
    UserId,
)
from bridge.calls import until_taken
from bridge.events import AnyEvent, Confirmation
from connectors.telegram import checkup, files, media, outgoing, polls, titles, webhook
from connectors.telegram.config import RECIPIENT, Mode, TelegramConfig
from connectors.telegram.content import user_name
from connectors.telegram.customs import Customs
from connectors.telegram.errors import Migrated, Uncommon, translated
from connectors.telegram.format import FORMATTING, render, unpinged
from connectors.telegram.incoming import ALLOWED_UPDATES, Read, happened
from connectors.telegram.membership import check_member, check_topic, note, split_name
from connectors.telegram.polling import Queue
from connectors.telegram.power import access_of, power_of
from connectors.telegram.rates import rates
from connectors.telegram.reactions import ALLOWED, allowed_in, others
from connectors.telegram.rooms import Claim, claims, moved
from connectors.telegram.seen import Seen
from connectors.telegram.topics import Topics
from connectors.telegram.uploads import Sending, Uploads
from connectors.telegram.wire import Wire, quieten

_YEARS: Final = timedelta(days=3650)
_MIGRATION_SPAN: Final = timedelta(days=30)
_FULL_SECONDS: Final = 1.0
_MOST_TITLE: Final = 128
"""Characters of a topic's name: facts/platform-apis.md 4."""


class Telegram(Connector[TelegramConfig]):
    """A Telegram bot in groups, forum topics and channels.

    `leave` is not written: a bot that left cannot come back by itself.
    """

    Config: ClassVar[type[ConnectorConfig]] = TelegramConfig
    recipient = RECIPIENT
    features: ClassVar[Capabilities] = Capabilities(
        formatting=FORMATTING,
        relations=frozenset({Relation.REPLY, Relation.THREAD}),
        max_text=4096,
        unit=Unit.UTF16,
        media={**media.limits(50), Kind.LOCATION: MediaLimit(), Kind.CONTACT: MediaLimit(), Kind.POLL: MediaLimit()},
        max_caption=media.MAX_CAPTION,
        max_name=titles.MAX_TITLE,
        max_topic=titles.MAX_DESCRIPTION,
        max_album=media.MAX_ALBUM,
        albums=media.ALBUMS,
        delete_within=timedelta(hours=48),
        reactions=ALLOWED,
        max_reactions=1,
    )

    def __init__(self, config: TelegramConfig, host: Host) -> None:
        super().__init__(config, host)
        self._bot: Bot | None = None
        self._wire: Wire | None = None
        self._me: BotUser | None = None
        self._secret: str | None = None
        self._replaced = ""
        self._seen, self._topics, self._customs = Seen(host), Topics(host), Customs(host)
        self._allowed: dict[RoomId, frozenset[str]] = {}
        self._without_topics: set[RoomId] = set()
        self._log = structlog.get_logger().bind(account=host.account)

    async def run(self) -> None:
        """Log in, then follow Telegram's updates until cancelled.

        Raises `Unavailable` with a long wait when another program polls with the same token: it is told, not fought.
        """
        quieten()
        token, api = self.config.token.get_secret_value(), self.config.api_url
        async with Wire(self.config.timeout_seconds, self.config.ca_file) as wire:
            bot = Bot(
                token, base_url=f"{api}/bot", base_file_url=f"{api}/file/bot", request=wire, get_updates_request=wire
            )
            self._wire = wire
            try:
                await self._login(bot)
                match self.config.mode:
                    case Mode.POLLING:
                        await self._poll(bot, wire)
                    case Mode.WEBHOOK:
                        await self._await_calls(bot)
            finally:
                self._bot = self._wire = self._secret = None
                self._seen.entered.clear()

    async def _login(self, bot: Bot) -> None:
        with translated():
            self._me = await bot.get_me()
        await self._seen.recall()

    def _connected(self, bot: Bot, me: BotUser) -> None:
        self._bot = bot
        self.host.connected(User(id=UserId(str(me.id)), name=user_name(me)))

    # Updates come in.

    async def _poll(self, bot: Bot, wire: Wire) -> None:
        with translated():
            self._replaced = checkup.foreign((await bot.get_webhook_info()).url, self.host.webhook_url)
        await until_taken(self.host, lambda: self._connected(bot, self._known_me()))
        with translated():
            await bot.delete_webhook()
        queue = Queue(wire, bot.base_url, poll_seconds=self.config.poll_seconds, clock=self.host.clock)
        position = await self.host.position()
        if position is not None:
            self._connected(bot, self._known_me())
        else:
            waited, position = await queue.skip()
            self._connected(bot, self._known_me())
            await self._seen.learn(one.chat for one in waited if one.chat is not None)
            await self._publish((), position)
        await queue.follow(int(position), self._publish)

    async def _await_calls(self, bot: Bot) -> None:
        if self.host.webhook_url is None:
            raise Unauthorized("mode: webhook needs http.public_url, or set mode: polling")
        secret = await self.host.recall("webhook_secret")
        if secret is None:
            secret = self.host.chance.token(webhook.SECRET_LENGTH)
            await self.host.remember("webhook_secret", secret, _YEARS)
        position = await self.host.position()
        await until_taken(self.host, lambda: self._connected(bot, self._known_me()))
        self._secret = secret
        with translated():
            await bot.set_webhook(
                self.host.webhook_url,
                allowed_updates=list(ALLOWED_UPDATES),
                secret_token=secret,
                drop_pending_updates=position is None,
            )
        self._connected(bot, self._known_me())
        if position is None:
            await self._publish((), "0")
        await asyncio.Event().wait()

    async def receive(self, request: Request) -> Response:
        """Answer Telegram's call: 200 only when its update is stored, 503 when it cannot be."""
        if (answer := webhook.refused(request, self._secret)) is not None:
            return answer
        if (one := webhook.update(request.body)) is None:
            return Response(status=400)
        try:
            await self._store([one], None)
        except StoreFull as full:
            wait = max(1, int(full.retry_after or _FULL_SECONDS))
            return Response(status=503, headers={"Retry-After": str(wait)})
        return Response()

    async def _publish(self, updates: Sequence[Read], position: str) -> None:
        """Store updates with the position after them; while the store is full they stay Telegram's."""
        while True:
            try:
                return await self._store(updates, position)
            except StoreFull as full:
                wait = full.retry_after
            await self.host.clock.sleep(_FULL_SECONDS if wait is None else wait)

    async def _store(self, updates: Sequence[Read], position: str | None) -> None:
        await self._seen.learn(one.chat for one in updates if one.chat is not None)
        customs = await self._customs.named(self._bot, updates)
        told = happened(updates, UserId(str(self._known_me().id)), customs)
        for number in told.unreadable:
            self._log.warning("telegram update cannot be read", update=number)
            self.host.unreadable("an update")
        agreed = [await self._confirmed(claim) for claim in claims([one.post for one in updates if one.post])]
        followed = [moved(claim.old, claim.new, claim.at, Confirmation.BOTH) for claim in agreed if claim]
        events = await self._topics.named(updates, told.events)
        await self.host.publish(*events, *followed, *await self._counted(updates), position=position)

    async def _counted(self, updates: Sequence[Read]) -> Sequence[AnyEvent]:
        """How the polls of some updates stand, where their messages are known."""
        for poll, place in polls.places(updates):
            await self.host.remember(polls.name(poll), place, polls.LIFE)
        told: list[AnyEvent] = []
        for number, asked in polls.asked(updates):
            place_of = await self.host.recall(polls.name(str(asked.id)))
            event = polls.tallied(number, asked, place_of, self.host.clock.now()) if place_of else None
            if event is not None:
                told.append(event)
            elif place_of:
                self.host.unreadable("a poll")
        return told

    async def _confirmed(self, claim: Claim) -> Claim | None:
        """Note what one end of a migration says; the claim comes back when the other end said the same."""
        other = "new" if claim.end == "old" else "old"
        await self.host.remember(f"migration:{claim.end}:{claim.old}", str(claim.new), _MIGRATION_SPAN)
        return claim if await self.host.recall(f"migration:{other}:{claim.old}") == str(claim.new) else None

    # Rooms.

    async def join(self, name: str) -> Place:
        """Look a room up and see that we may write there; `@name` is resolved to its number.

        Raises `RoomClosed` where the bot is no member or may not write, `Rejected` where `name` is no room.
        """
        number, topic = split_name(name)
        bot, me = self._connection(), self._known_me()
        async with self._following(number):
            with translated():
                chat = await bot.get_chat(number)
                member = None if chat.type == ChatType.PRIVATE else await bot.get_chat_member(chat.id, me.id)
        check_topic(chat, topic)
        if member is not None:
            check_member(chat, member)
        await self._seen.enter(chat, note(chat, me, member))
        self._allowed[RoomId(str(chat.id))] = allowed_in(chat)
        (self._without_topics.discard if chat.is_forum else self._without_topics.add)(RoomId(str(chat.id)))
        return Place(RoomId(str(chat.id)), None if topic is None else ThreadId(str(topic)))

    async def rooms(self) -> Sequence[RoomInfo]:
        """The rooms the bot was seen in: Telegram gives bots no list, so write something in a room to see it here."""
        return self._seen.rooms

    async def examine(self) -> Sequence[Finding]:
        """Rooms the bot does not hear in, and whether somebody else uses its token."""
        found = [*checkup.rooms(self._seen.entered.values())]
        match self.config.mode:
            case Mode.POLLING:
                return [*found, *checkup.polling(self._replaced)]
            case Mode.WEBHOOK:
                with translated():
                    known = await self._connection().get_webhook_info()
                begun = known.url or self._secret is not None
                return [*found, *checkup.webhook(known, self.host.webhook_url)] if begun else found

    def endpoints(self) -> Sequence[Endpoint]:
        """The Bot API."""
        return [Endpoint(address=self.config.api_url)]

    def capabilities(self, room: RoomId) -> Capabilities:
        """The class's, with the configured rates and sizes; a group has one rate more than a private chat."""
        kinds = {**self.features.media, **media.limits(self.config.upload_mib)}
        allowed = self._allowed.get(room, ALLOWED)
        hangs = frozenset({Relation.REPLY}) if room in self._without_topics else self.features.relations
        often = tuple(rates(self.config, room))
        return msgspec.structs.replace(self.features, rates=often, media=kinds, reactions=allowed, relations=hangs)

    # What the bridge asks for.

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        """Send one message or album; Telegram knows no key, so an unknown outcome may mean a double."""
        async with self._following(message.room):
            if message.files:
                return await self._uploads().send(Sending(message, render(unpinged(message.text))))
            sent = await outgoing.post(self._connection(), message, self.config.link_previews)
            if message.shared and sent.poll is not None:
                await self.host.remember(polls.name(sent.poll.id), polls.place(sent), polls.LIFE)
            return (MessageId(str(sent.message_id)),)

    async def edit(self, edit: Edit) -> None:
        """Change one of our messages, or the words under its files, of any age."""
        async with self._following(edit.target.room):
            if edit.caption:
                await outgoing.change_caption(self._connection(), edit)
            else:
                await outgoing.change(self._connection(), edit, self.config.link_previews)

    async def delete(self, deletion: Deletion) -> None:
        """Take a message back; `Unsupported` once it is older than 48 hours."""
        async with self._following(deletion.target.room):
            await outgoing.take_back(self._connection(), deletion)

    async def open_thread(self, room: RoomId, title: str, key: Key) -> ThreadId:
        """Make a topic; Telegram knows no key, so an unknown outcome may mean two of them."""
        del key
        async with self._following(room):
            with translated():
                topic = await self._connection().create_forum_topic(int(room), title[:_MOST_TITLE])
            return ThreadId(str(topic.message_thread_id))

    async def rename(self, room: RoomId, name: str) -> None:
        async with self._following(room):
            await titles.rename(self._connection(), room, name)

    async def describe(self, room: RoomId, topic: str) -> None:
        async with self._following(room):
            await titles.describe(self._connection(), room, topic)

    async def power(self, room: RoomId, user: UserId) -> Power:
        async with self._following(room):
            return await power_of(self._connection(), room, user)

    async def access(self, room: RoomId) -> Access:
        async with self._following(room):
            return await access_of(self._connection(), room)

    def fetch(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """What somebody attached; Telegram's own server gives bots nothing above 20 MB."""
        return files.fetched(*self._line(), attachment, self.config.download_mib)

    def face(self, avatar: str) -> AsyncIterator[bytes]:
        """The newest picture of a person, by their id."""
        return files.face(*self._line(), avatar, self.config.download_mib)

    def _line(self) -> tuple[Bot, Wire]:
        if self._wire is None:
            raise Unavailable("not connected to Telegram", scope=Scope.ACCOUNT)
        return self._connection(), self._wire

    async def close(self, closing: Closing) -> None:
        """End a poll of ours."""
        async with self._following(closing.target.room):
            await outgoing.close_poll(self._connection(), closing)

    async def react(self, reaction: Reaction) -> None:
        """Set the one reaction a bot may have on a message; Telegram gives it no id."""
        room = reaction.target.room
        async with self._following(room):
            try:
                await outgoing.put_reaction(self._connection(), reaction)
            except Uncommon:
                self._allowed[room] = others(self._allowed.get(room, ALLOWED), reaction.emoji)
                raise

    @asynccontextmanager
    async def _following(self, room: RoomId | int | str) -> AsyncIterator[None]:
        """Where a call is told that its group became a supergroup, say so before the room is held."""
        try:
            yield
        except Migrated as news:
            claim = Claim(int(room), news.to, "old", self.host.clock.now())
            confirmed = Confirmation.BOTH if await self._confirmed(claim) else Confirmation.OLD_END
            await self.host.publish(moved(claim.old, claim.new, claim.at, confirmed))
            raise

    def _uploads(self) -> Uploads:
        bot, wire = self._line()
        return Uploads(self.host, wire, bot.base_url)

    def _connection(self) -> Bot:
        if self._bot is None:
            raise Unavailable("not connected to Telegram", scope=Scope.ACCOUNT)
        return self._bot

    def _known_me(self) -> BotUser:
        if self._me is None:
            raise Unavailable("not connected to Telegram", scope=Scope.ACCOUNT)
        return self._me
