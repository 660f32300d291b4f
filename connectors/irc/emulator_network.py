"""The emulated network's state: channels, who is in them, what was said, who may speak. No I/O."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol

from msgspec import Struct, field

from bridge.chance import Chance
from bridge.clock import Clock
from bridge.testing.platform import Fault
from connectors.irc import emulator_relay
from connectors.irc.server import fold

FULL: frozenset[str] = frozenset(
    {
        "account-tag",
        "batch",
        "cap-notify",
        "echo-message",
        "labeled-response",
        "message-tags",
        "multi-prefix",
        "sasl",
        "server-time",
    }
)
"""What an Ergo-class server offers of what the connector can use; replies and reactions are client tags there."""
ECHO_ONLY: frozenset[str] = frozenset({"cap-notify", "echo-message", "multi-prefix", "sasl"})
"""What a Solanum-class server offers."""


REMEMBERING: frozenset[str] = FULL | {"draft/chathistory"}
"""The same where the server keeps what was said."""
RELAYING: frozenset[str] = FULL | {emulator_relay.CAP}
"""The same where bots may speak under other nicks."""


class Flood(Struct, frozen=True):
    """InspIRCd without fake lag: a line costs one, `per_second` are forgiven, above `threshold` you are cut."""

    threshold: float = 10
    per_second: float = 1


class Limits(Struct, frozen=True, kw_only=True):
    """The sizes a server keeps: RFC 2812 2.3 for lines, IRCv3 message-tags for what stands before them."""

    line_bytes: int = 512
    tag_bytes: int = 4094
    nick_length: int = 30
    channel_length: int = 64
    channels_each: int = 100
    topic_bytes: int = 307
    flood: Flood | None = None
    """None forgives everything, as an operator sets it for a bridge."""


class Relay(Struct, frozen=True, kw_only=True):
    """A line for several readers; each gets the tags it negotiated."""

    source: str
    command: str
    params: tuple[str, ...]
    tags: Mapping[str, str] = {}


class Member(Protocol):
    """Somebody on the network: a client on a socket, or a person of the test."""

    nick: str
    account: str

    @property
    def source(self) -> str:
        """`nick!user@host`, as others see it."""
        ...

    def hear(self, relay: Relay) -> None:
        """Give it a line."""
        ...


class Entry(Struct, kw_only=True):
    """One message as the channel's readers have it."""

    id: str
    nick: str
    words: str
    reply: str = ""
    reactions: dict[str, set[str]] = field(default_factory=dict)


class Channel(Struct, kw_only=True):
    """A channel: `modes` are letters; `bans` are folded nicks."""

    name: str
    topic: str = ""
    modes: set[str] = field(default_factory=set)
    key: str = ""
    room_for: int = 0
    members: dict[str, Member] = field(default_factory=dict)
    operators: set[str] = field(default_factory=set)
    voiced: set[str] = field(default_factory=set)
    bans: set[str] = field(default_factory=set)
    history: list[Entry] = field(default_factory=list)
    said: list[Relay] = field(default_factory=list)


class Refusal(Exception):  # a numeric, named after what it does
    """A numeric with what it is about and its words."""

    def __init__(self, numeric: str, *about: str) -> None:
        super().__init__(numeric, *about)
        self.numeric = numeric
        self.about = about


class Network:
    """All of one emulated network."""

    def __init__(  # noqa: PLR0913  # each is a switch of the emulator
        self,
        *,
        clock: Clock,
        chance: Chance,
        capabilities: AbstractSet[str],
        casemapping: str,
        limits: Limits,
        accounts: Mapping[str, str],
        password: str,
        denied_tags: str,
    ) -> None:
        self.clock = clock
        self.capabilities = frozenset(capabilities)
        self.casemapping = casemapping
        self.limits = limits
        self.accounts = accounts
        self.password = password
        self.denied_tags = denied_tags
        self.name = "irc.test"
        self.channels: dict[str, Channel] = {}
        self.members: dict[str, Member] = {}
        self.faults: list[Fault] = []
        self.refusing = False
        self.deaf = False
        """While it is, whatever clients write is lost."""
        self.relayers: set[str] = {"bridge"}
        """Folded nicks that may relay without being operators of the channel."""
        self.pings = 0
        self.pongs: list[str] = []
        self._epoch = chance.token(6)
        self._count = 0

    def fold(self, name: str) -> str:
        """The one form of a name here."""
        return fold(name, self.casemapping)

    def find(self, name: str) -> Channel | None:
        """A channel under any spelling."""
        return self.channels.get(self.fold(name))

    def make(self, name: str) -> Channel:
        """A channel, new if need be."""
        return self.channels.setdefault(self.fold(name), Channel(name=name))

    def stamp(self, member: Member) -> dict[str, str]:
        """The tags the server itself puts before what somebody does."""
        self._count += 1
        at = self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        tags = {"time": at, "msgid": f"{self._epoch}-{self._count}"}
        return tags | ({"account": member.account} if member.account else {})

    def join(self, member: Member, name: str, key: str = "") -> Channel:
        """Let somebody in, or refuse as RFC 2812 3.2.1 does."""
        channel = self.make(name)
        folded = self.fold(member.nick)
        if folded in channel.members:
            return channel
        self._admit(channel, folded, key)
        channel.members[folded] = member
        self.tell(channel, Relay(source=member.source, command="JOIN", params=(channel.name,), tags=self.stamp(member)))
        return channel

    def _admit(self, channel: Channel, folded: str, key: str) -> None:
        if folded in channel.bans:
            raise Refusal("474", channel.name, "Cannot join channel (+b)")
        if "i" in channel.modes:
            raise Refusal("473", channel.name, "Cannot join channel (+i)")
        if channel.key and key != channel.key:
            raise Refusal("475", channel.name, "Cannot join channel (+k)")
        if channel.room_for and len(channel.members) >= channel.room_for:
            raise Refusal("471", channel.name, "Cannot join channel (+l)")

    def leave(self, member: Member, channel: Channel, reason: str) -> None:
        """Somebody parts; whoever is in no other common channel hears it too."""
        relay = Relay(source=member.source, command="PART", params=(channel.name, reason), tags=self.stamp(member))
        self.tell(channel, relay)
        channel.members.pop(self.fold(member.nick), None)

    def kick(self, by: str, channel: Channel, nick: str, reason: str) -> None:
        """Throw somebody out."""
        member = channel.members[self.fold(nick)]
        params = (channel.name, member.nick, reason)
        self.tell(channel, Relay(source=by, command="KICK", params=params, tags={}))
        channel.members.pop(self.fold(nick))

    def quit(self, member: Member, reason: str) -> None:
        """Somebody leaves the network."""
        folded = self.fold(member.nick)
        self.members.pop(folded, None)
        relay = Relay(source=member.source, command="QUIT", params=(reason,), tags=self.stamp(member))
        for channel in self.channels.values():
            if channel.members.pop(folded, None) is not None:
                self.tell(channel, relay)

    def rename(self, member: Member, nick: str) -> None:
        """Somebody takes another nick."""
        before, after = self.fold(member.nick), self.fold(nick)
        relay = Relay(source=member.source, command="NICK", params=(nick,), tags=self.stamp(member))
        listeners = {id(member): member}
        for channel in self.channels.values():
            if before in channel.members:
                listeners |= {id(each): each for each in channel.members.values()}
                channel.members[after] = channel.members.pop(before)
        del self.members[before]
        self.members[after] = member
        for each in listeners.values():
            each.hear(relay)
        member.nick = nick

    def tell(self, channel: Channel, relay: Relay, but: Member | None = None) -> None:
        """Give a line to everybody in a channel."""
        for member in tuple(channel.members.values()):
            if member is not but:
                member.hear(relay)

    def speak(self, member: Member, command: str, target: str, words: str, tags: Mapping[str, str]) -> Relay:
        """Somebody says (or tags) something; what the speaker gets back where echoes are on."""
        relay = Relay(
            source=member.source,
            command=command,
            params=(target, words) if command != "TAGMSG" else (target,),
            tags={**self.stamp(member), **{name: each for name, each in tags.items() if name.startswith("+")}},
        )
        if target[:1] in "@+" and target[1:2] == "#":
            self._to_operators(member, target[1:], relay)
        elif target.startswith("#"):
            self._to_channel(member, self._open(member, target), relay)
        else:
            self._to_person(target, relay)
        return relay

    def relay(self, member: Member, name: str, nick: str, words: str) -> Relay:
        """A bot says something under another nick: a PRIVMSG for everybody, marked with who did it."""
        channel = self._open(member, name)
        tags = self.stamp(member) | {emulator_relay.CAP: member.nick}
        tags.pop("account", None)
        relay = Relay(source=f"{nick}!relay@{self.name}", command="PRIVMSG", params=(name, words), tags=tags)
        self.tell(channel, relay, but=member)
        channel.history.append(Entry(id=tags["msgid"], nick=nick, words=words))
        channel.said.append(relay)
        return relay

    def _open(self, member: Member, name: str) -> Channel:
        """The channel, if somebody may speak there: RFC 2812 3.3.1."""
        channel = self.find(name)
        if channel is None:
            raise Refusal("403", name, "No such channel")
        folded = self.fold(member.nick)
        moderated = "m" in channel.modes and folded not in channel.operators | channel.voiced
        if folded not in channel.members or moderated or folded in channel.bans:
            raise Refusal("404", channel.name, "Cannot send to channel")
        return channel

    def _to_channel(self, member: Member, channel: Channel, relay: Relay) -> None:
        self.tell(channel, relay, but=member)
        if relay.command == "TAGMSG":
            self._reaction(channel, member.nick, relay.tags)
            return
        entry = Entry(
            id=relay.tags["msgid"], nick=member.nick, words=relay.params[1], reply=relay.tags.get("+draft/reply", "")
        )
        channel.history.append(entry)
        channel.said.append(relay)

    def _reaction(self, channel: Channel, nick: str, tags: Mapping[str, str]) -> None:
        found = next((entry for entry in channel.history if entry.id == tags.get("+draft/reply")), None)
        if found is None:
            return
        if added := tags.get("+draft/react"):
            found.reactions.setdefault(added, set()).add(nick)
        elif removed := tags.get("+draft/unreact"):
            found.reactions.get(removed, set()).discard(nick)

    def set_topic(self, channel: Channel, source: str, topic: str) -> None:
        """Cut to what is allowed; one that is there already is not told again."""
        topic = topic.encode()[: self.limits.topic_bytes].decode(errors="ignore")
        if topic != channel.topic:
            channel.topic = topic
            self.tell(channel, Relay(source=source, command="TOPIC", params=(channel.name, topic)))

    def _to_operators(self, member: Member, name: str, relay: Relay) -> None:
        channel = self._open(member, name)
        for folded in channel.operators & channel.members.keys():
            if channel.members[folded] is not member:
                channel.members[folded].hear(relay)

    def _to_person(self, nick: str, relay: Relay) -> None:
        member = self.members.get(self.fold(nick))
        if member is None:
            raise Refusal("401", nick, "No such nick")
        member.hear(relay)
