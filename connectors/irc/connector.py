"""IRC as an account of the bridge: one client on one network, in as many channels as links name."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from bridge.asked import Access, Outgoing, Power, Reaction, Target
from bridge.capabilities import Authorship, Capabilities, Rate, Relation
from bridge.connector import Connector, ConnectorConfig, RoomInfo
from bridge.errors import Feature, Rejected, RoomClosed, Scope, Unavailable, Unsupported
from bridge.events import Manner
from bridge.findings import Endpoint, Finding
from bridge.ids import MessageId, Place, RoomId, UserId
from bridge.text.nodes import Mention
from bridge.text.walk import Unit
from connectors.irc import relay
from connectors.irc.checkup import bracketed, examined
from connectors.irc.config import RECIPIENT, IrcConfig
from connectors.irc.format import FORMATTING
from connectors.irc.incoming import is_native
from connectors.irc.outgoing import HEADROOM, texts, unpinged
from connectors.irc.session import Session
from connectors.irc.speech import Maker
from connectors.irc.topics import WITHOUT_LIMIT
from connectors.irc.wire import ACTION, acted, is_name, line, spoken

IN_FLIGHT = 64
"""Sends of one channel under way at once: the stream keeps their order."""
_SHOWN = FORMATTING | {Mention}
_UNKNOWN_ADDRESS = 64 + 12
"""Bytes of `user@host` to expect before the server showed ours."""
_AROUND = len(": PRIVMSG  :\r\n") + len("!")
_ACTION = len(ACTION) + 1
_TEXT_AT_LEAST = 64


class Irc(Connector[IrcConfig]):
    """An account on an IRC network."""

    Config: ClassVar[type[ConnectorConfig]] = IrcConfig
    features: ClassVar[Capabilities] = Capabilities(
        formatting=_SHOWN, unit=Unit.BYTES, max_text=350, max_lines=8, in_flight=IN_FLIGHT
    )
    recipient = RECIPIENT
    _session: Session | None = None

    async def run(self) -> None:
        session = Session(self.config, self.host)
        try:
            await session.open()
            self._session = session
            self.host.connected(session.me.user)
            await session.serve()
        finally:
            self._session = None
            await session.close()
            session.give_up()

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        session = self._live()
        if not is_name(message.room):
            raise Rejected(f"{message.room!r} is no name that IRC knows")
        words = self._words(session, message)
        tags = _reply_tags(session, message.in_reply_to)
        if relay.is_relayed(message) and self._relays(message.room):
            return await self._relay(session, message, words, tags)
        make = acted if message.manner is Manner.EMOTE else partial(spoken, _command(message.manner))
        lines = [(each, _maker(make, message.room, each, tags)) for each in words]
        return await session.say(session.server.fold(message.room), lines)

    async def _relay(
        self, session: Session, message: Outgoing, words: Sequence[str], tags: Mapping[str, str]
    ) -> Sequence[MessageId]:
        """The same under the nick of whoever is behind it. Where that is refused the name stands in front again."""
        name = message.author.name if message.author is not None else ""
        by = relay.nick(name, self.config.relay_tag, session.server.separators, session.server.nick_length)
        make = relay.relayed_act if message.manner is Manner.EMOTE else relay.relayed
        lines = [(each, _relayer(make, message.room, by, each, tags)) for each in words]
        room = session.server.fold(message.room)
        try:
            return await session.say(room, lines)
        except Unsupported:
            session.unrelayed.add(room)
            raise
        except RoomClosed as error:
            if not relay.without_right(error):
                raise
            session.unrelayed.add(room)
            raise Unsupported(Feature.AUTHORSHIP, str(error)) from error

    def capabilities(self, room: RoomId) -> Capabilities:
        session, config = self._session, self.config
        carries = session.server.carries if session is not None else _nothing
        return Capabilities(
            authorship=Authorship.OVERRIDE if self._relays(room) else Authorship.PREFIX,
            formatting=_SHOWN,
            relations=frozenset({Relation.REPLY}) if self._tagged and carries("draft/reply") else frozenset(),
            max_text=max(_TEXT_AT_LEAST, self._budget(room) - _ACTION - HEADROOM),
            unit=Unit.BYTES,
            max_lines=config.max_lines,
            max_topic=(session.server.topic_length if session is not None else None) or WITHOUT_LIMIT,
            rates=_rates(config),
            in_flight=IN_FLIGHT,
        )

    async def join(self, name: str) -> Place:
        return Place(RoomId(await self._live().presence.enter(name)))

    async def leave(self, place: Place) -> None:
        await self._live().presence.leave(place.room)

    async def describe(self, room: RoomId, topic: str) -> None:
        await self._live().describe(room, topic)

    async def power(self, room: RoomId, user: UserId) -> Power:
        return await self._live().presence.power(room, user)

    async def access(self, room: RoomId) -> Access:
        return await self._live().presence.access(room)

    async def react(self, reaction: Reaction) -> MessageId | None:
        session, message = self._live(), reaction.target.parts[0]
        carries = session.server.carries
        if not (self._tagged and carries("draft/react") and carries("draft/reply") and is_native(message)):
            raise Unsupported(Feature.REACT)
        name = "+draft/react" if reaction.emoji in reaction.wanted else "+draft/unreact"
        tags = {name: reaction.emoji, "+draft/reply": message}
        room = reaction.target.room
        await session.say(session.server.fold(room), [("", lambda label: line("TAGMSG", room, tags={**tags, **label}))])
        return None

    async def rooms(self) -> Sequence[RoomInfo]:
        return await self._live().list_rooms()

    async def examine(self) -> Sequence[Finding]:
        session = self._live()
        return examined(self.config, session.server, session.me.nick)

    def endpoints(self) -> Sequence[Endpoint]:
        host, port = self.config.address
        scheme = self.config.server.partition(":")[0]
        return [Endpoint(address=f"{scheme}://{bracketed(host)}:{port}", tls=self.config.tls())]

    @property
    def _tagged(self) -> bool:
        """Whether relations go as tags: most clients do not show them, so words are the rule."""
        return self.config.relations == "tags"

    def _relays(self, room: str) -> bool:
        """Whether words to a room may go under other nicks than ours."""
        session = self._session
        if session is None or self.config.relays == "off" or not session.server.separators:
            return False
        return session.server.fold(room) not in session.unrelayed

    def _live(self) -> Session:
        if self._session is None:
            raise Unavailable("the account is not connected", scope=Scope.ACCOUNT)
        return self._session

    def _words(self, session: Session, message: Outgoing) -> list[str]:
        """What each line says; raises `Rejected` when nothing of the message can be seen."""
        nicks = session.presence.rooms.members(message.room)
        text = unpinged(message.text, message.label, nicks, session.server.fold)
        budget = self._budget(message.room) - (_ACTION if message.manner is Manner.EMOTE else 0)
        words = texts(text, max(_TEXT_AT_LEAST, budget))
        if not words:
            raise Rejected("there is nothing in this message that a line of IRC can show")
        return words

    def _budget(self, room: str) -> int:
        """Bytes of text in one line to `room`, as other people's clients receive it: with our address in front."""
        session = self._session
        nick, address, length = self.config.nick, 0, 512
        if session is not None:
            nick = max(session.me.nick, nick, key=len)
            address, length = len(session.me.address.encode()), session.server.line_length
        if session is not None and self._relays(room):  # the server's own address stands in front, and may be longer
            nick, address = "n" * max(len(nick.encode()), session.server.nick_length), max(address, _UNKNOWN_ADDRESS)
        return length - _AROUND - len(nick.encode()) - (address or _UNKNOWN_ADDRESS) - len(room.encode())


def _command(manner: Manner) -> str:
    return "NOTICE" if manner is Manner.NOTICE else "PRIVMSG"


def _maker(make: Callable[..., bytes], room: str, words: str, tags: Mapping[str, str]) -> Maker:
    if not tags:
        return lambda label: make(room, words, label)
    return lambda label: make(room, words, {**tags, **label})


def _relayer(make: Callable[..., bytes], room: str, by: str, words: str, tags: Mapping[str, str]) -> Maker:
    return lambda label: make(room, by, words, {**tags, **label})


def _reply_tags(session: Session, target: Target | None) -> Mapping[str, str]:
    """The tag that hangs a message on another, where the server carries it and gave that one an id."""
    if target is None or not is_native(target.parts[0]) or not session.server.carries("draft/reply"):
        return {}
    return {"+draft/reply": target.parts[0]}


def _rates(config: IrcConfig) -> tuple[Rate, ...]:
    if not config.rate_per_second:
        return ()
    return (Rate(Scope.ACCOUNT, config.burst, config.burst / config.rate_per_second),)


def _nothing(_: str) -> bool:
    return False
