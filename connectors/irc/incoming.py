"""Lines of the server as events of the bridge. No I/O; what has no id of its own gets one that is never given twice."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from irctokens.line import Line

from bridge.chance import Chance
from bridge.clock import Clock
from bridge.events import Joined, Left, Manner, Parting, Posted, Reacted, RoomChanged, RoomKind, Unreacted, User
from bridge.ids import EventId, MessageId, RoomId, UserId
from bridge.text.nodes import Rich
from connectors.irc.format import parse
from connectors.irc.mentions import may_mention, mentioning
from connectors.irc.server import Server
from connectors.irc.wire import ACTION

_OURS = "local:"
_NO_TAGS: Mapping[str, str] = {}


def _nobody(_: str) -> AbstractSet[str]:
    return frozenset()


def is_native(message: MessageId) -> bool:
    """Whether the server knows a message by this id (and not only we do)."""
    return not message.startswith(_OURS)


def nick_of(line: Line) -> str:
    """Who a line is from, without their address."""
    return (line.source or "").partition("!")[0]


class Incoming:
    """What the lines of one connection mean."""

    def __init__(self, server: Server, clock: Clock, chance: Chance) -> None:
        self._server = server
        self._clock = clock
        self._token = f"{_OURS}{chance.token(8)}-{int(clock.now().timestamp() * 1000):x}-"
        self._count = 0
        self.members: Callable[[str], AbstractSet[str]] = _nobody
        """Who is in a channel, by folded nick."""

    def posted(self, line: Line, nick: str) -> Posted | None:
        """A PRIVMSG or NOTICE of another person; None where it is not for the room's readers."""
        target, words = line.params[0], line.params[-1]
        manner = Manner.SAY if line.command == "PRIVMSG" else Manner.NOTICE
        if words.startswith("\x01"):
            if not words.startswith(ACTION) or manner is Manner.NOTICE:
                return None
            words, manner = words[len(ACTION) :].rstrip("\x01"), Manner.EMOTE
        tags = line.tags or _NO_TAGS
        name = self._name(tags)
        reply = tags.get("+draft/reply") or tags.get("+reply")
        channel = self._server.is_channel(target)
        return Posted(
            id=EventId(f"e:{name}"),
            room=RoomId(self._server.fold(target if channel else nick)),
            room_kind=RoomKind.GROUP if channel else RoomKind.DIRECT,
            at=self.at(tags),
            message=(MessageId(name),),
            author=self.user(nick),
            text=self._read(words, target) if channel and may_mention(words) else parse(words),
            manner=manner,
            in_reply_to=MessageId(reply) if reply else None,
        )

    def _read(self, words: str, channel: str) -> Rich:
        return mentioning(parse(words), self.members(channel), self._server.fold)

    def reacted(self, line: Line, nick: str) -> Reacted | Unreacted | None:
        """A TAGMSG that adds or takes back an emoji."""
        tags = line.tags or _NO_TAGS
        message = tags.get("+draft/reply") or tags.get("+reply")
        added, removed = tags.get("+draft/react"), tags.get("+draft/unreact")
        if not message or not (added or removed) or not self._server.is_channel(line.params[0]):
            return None
        name, room, by, at = EventId(self._name(tags)), self._room(line.params[0]), self.user(nick), self.at(tags)
        if added:
            return Reacted(id=name, room=room, at=at, message=MessageId(message), emoji=added, by=by)
        return Unreacted(id=name, room=room, at=at, message=MessageId(message), emoji=removed or "", by=by)

    def joined(self, room: str, user: User, line: Line) -> Joined:
        """Somebody, or we ourselves, came in."""
        return Joined(id=self._new(), room=self._room(room), at=self.at(line.tags or _NO_TAGS), user=user)

    def left(self, room: str, user: User, reason: str, line: Line, how: Parting = Parting.LEFT) -> Left:
        """Somebody, or we ourselves, are out; of who is thrown out the line says by whom."""
        at, by = self.at(line.tags or _NO_TAGS), None if how is Parting.LEFT else self.user(nick_of(line))
        return Left(id=self._new(), room=self._room(room), at=at, user=user, reason=reason, how=how, by=by)

    def topic(self, line: Line, by: User) -> RoomChanged:
        """The channel has another topic."""
        at, room = self.at(line.tags or _NO_TAGS), self._room(line.params[0])
        return RoomChanged(id=self._new(), room=room, at=at, topic=line.params[-1], by=by)

    def user(self, nick: str) -> User:
        """A person, known by the nick."""
        return User(id=UserId(self._server.fold(nick)), name=nick)

    def at(self, tags: Mapping[str, str]) -> datetime:
        """When it happened: the server's time where it says one, else now."""
        said = tags.get("time")
        if said is None:
            return self._clock.now()
        try:
            at = datetime.fromisoformat(said)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            return self._clock.now()

    def _room(self, name: str) -> RoomId:
        return RoomId(self._server.fold(name))

    def _new(self) -> EventId:
        self._count += 1
        return EventId(f"{self._token}{self._count}")

    def _name(self, tags: Mapping[str, str]) -> str:
        return tags.get("msgid") or self._new()
