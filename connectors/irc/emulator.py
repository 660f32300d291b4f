"""A small, strict IRC network with two channels and people in them: for tests, scenarios and the demo."""

import asyncio
import re
import ssl
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Self

from bridge.chance import Chance, SystemChance
from bridge.clock import Clock, SystemClock
from bridge.events import Manner
from bridge.ids import MessageId
from bridge.testing.closing import let_in
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Rich
from bridge.text.walk import keep, plain
from connectors.irc.emulator_client import Client
from connectors.irc.emulator_network import FULL, Channel, Entry, Limits, Network, Relay
from connectors.irc.format import FORMATTING, parse
from connectors.irc.outgoing import texts
from connectors.irc.wire import ACTION

ROOMS = ("#lobby", "#garden")
_LONGEST = 400
_NO_NICK = re.compile(r"[^\w\[\]\\`^{}|-]|^[\d-]")
_CLOSING_SECONDS = 2.0


class Person:
    """Somebody whom a test plays."""

    def __init__(self, nick: str) -> None:
        self.nick = nick
        self.account = ""

    @property
    def source(self) -> str:
        return f"{self.nick}!person@people.example.test"

    def hear(self, relay: Relay) -> None:
        """People of a test read through `shown`."""


class IrcEmulator:
    """Implements `bridge.testing.Platform` as an Ergo-class server does.

    `capabilities` are those it offers: see `FULL` and `ECHO_ONLY`; none at all makes it a server that knows no CAP.
    `accounts` are names and passwords for SASL; `denied_tags` is CLIENTTAGDENY.
    """

    title = "IRC"

    def __init__(  # noqa: PLR0913  # each is a switch, and most tests use none
        self,
        *,
        capabilities: AbstractSet[str] = FULL,
        casemapping: str = "rfc1459",
        limits: Limits | None = None,
        accounts: Mapping[str, str] | None = None,
        password: str = "",
        denied_tags: str = "",
        tls: ssl.SSLContext | None = None,
        ca_file: Path | None = None,
        clock: Clock | None = None,
        chance: Chance | None = None,
    ) -> None:
        self.network = Network(
            clock=clock or SystemClock(),
            chance=chance or SystemChance(),
            capabilities=capabilities,
            casemapping=casemapping,
            limits=limits or Limits(),
            accounts=accounts or {},
            password=password,
            denied_tags=denied_tags,
        )
        self._tls = tls
        self._ca_file = ca_file
        self._clients: set[Client] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        for name in ROOMS:
            self.network.make(name)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Client(self.network, self._clients), "127.0.0.1", self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut everybody and listen no more; channels and people stay."""
        if self._server is None:
            return
        await let_in()
        self._server.close()
        gone = [client.gone for client in self._clients]
        self.drop_connections()
        async with asyncio.timeout(_CLOSING_SECONDS):
            await asyncio.gather(*gone, self._server.wait_closed())

    @property
    def rooms(self) -> Sequence[str]:
        return ROOMS

    @property
    def address(self) -> str:
        """What stands behind `server` in the settings."""
        return f"irc://127.0.0.1:{self.port}" if self._tls is None else f"ircs://localhost:{self.port}"

    def settings(self) -> Mapping[str, object]:
        settings: dict[str, object] = {
            "connector": "irc",
            "server": self.address,
            "nick": "bridge",
            "rate_per_second": 0,
        }
        if self.network.accounts:
            user, password = next(iter(self.network.accounts.items()))
            settings |= {"sasl_user": user, "sasl_password": password}
        if self.network.password:
            settings["password"] = self.network.password
        return settings | ({"ca_file": str(self._ca_file)} if self._ca_file is not None else {})

    # What people do.

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        tags = {"+draft/reply": in_reply_to} if in_reply_to is not None else {}
        lines = texts(keep(text, FORMATTING), _LONGEST)
        said = [self._speak(room, person, "PRIVMSG", line, tags) for line in lines]
        return said[0]

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        (line,) = texts(keep(text, FORMATTING), _LONGEST)
        return self._speak(room, person, "PRIVMSG", f"{ACTION}{line}\x01", {})

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        raise NotImplementedError("nobody edits on IRC")

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        raise NotImplementedError("nobody deletes on IRC")

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        self._tag(room, person, {"+draft/react": emoji, "+draft/reply": message})

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        self._tag(room, person, {"+draft/unreact": emoji, "+draft/reply": message})

    async def shown(self, room: str) -> Sequence[Shown]:
        return [_shown(entry) for entry in self._channel(room).history]

    def person(self, name: str) -> Person:
        """Somebody by display name, made on first use."""
        nick = _NO_NICK.sub("_", name)
        found = self.network.members.setdefault(self.network.fold(nick), Person(nick))
        if not isinstance(found, Person):
            raise ValueError(f"{nick} is no person of the test")  # noqa: TRY004  # wrong name, not wrong type
        return found

    def enter(self, room: str, person: str) -> None:
        """Let a person join a channel."""
        self.network.join(self.person(person), room)

    async def promote(self, room: str, person: str) -> None:
        self.enter(room, person)
        self._channel(room).operators.add(self.network.fold(self.person(person).nick))

    async def seclude(self, room: str) -> None:
        self._channel(room).modes.add("i")

    async def ban(self, room: str, moderator: str, person: str) -> None:
        """As moderators' programs do it: the address is banned, and who has it thrown out."""
        by, who, channel = self.person(moderator), self.person(person), self._channel(room)
        mask = f"*!{who.source.partition('!')[2]}"
        self.network.tell(channel, Relay(source=by.source, command="MODE", params=(channel.name, "+b", mask)))
        self.network.kick(by.source, channel, who.nick, "out")

    def leave(self, room: str, person: str, reason: str = "") -> None:
        """Let a person part."""
        self.network.leave(self.person(person), self._channel(room), reason)

    def go(self, person: str, reason: str = "") -> None:
        """Let a person quit."""
        self.network.quit(self.person(person), reason)

    def rename(self, person: str, nick: str) -> None:
        """Let a person take another nick."""
        self.network.rename(self.person(person), nick)

    def kick(self, room: str, nick: str, reason: str = "out") -> None:
        """Let the services throw somebody out."""
        self.network.kick("ChanServ!services@services.example.test", self._channel(room), nick, reason)

    def invite(self, room: str, nick: str, person: str) -> None:
        """Let a person invite somebody."""
        relay = Relay(source=self.person(person).source, command="INVITE", params=(nick, self._channel(room).name))
        self.network.members[self.network.fold(nick)].hear(relay)

    def whisper(self, person: str, target: str, words: str, command: str = "PRIVMSG") -> None:
        """Let a person write to one other, or to a channel's operators."""
        self.network.speak(self.person(person), command, target, words, {})

    def topic(self, room: str, person: str, topic: str) -> None:
        """Let a person change the topic."""
        self.network.set_topic(self._channel(room), self.person(person).source, topic)

    @property
    def titles(self) -> "IrcTitles":
        return IrcTitles(self)

    # Faults.

    def ping(self, token: str) -> None:
        """Ask every client whether it is there; `network.pongs` holds the answers."""
        for client in self._clients:
            client.ask(token)

    def drop_connections(self) -> None:
        for client in tuple(self._clients):
            client.cut()

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        self.network.faults += [fault] * count

    def restore(self) -> None:
        self.network.faults.clear()
        self.network.refusing = False

    def _channel(self, room: str) -> Channel:
        channel = self.network.find(room)
        if channel is None:
            raise ValueError(f"there is no channel {room}")
        return channel

    def _speak(self, room: str, person: str, command: str, words: str, tags: Mapping[str, str]) -> MessageId:
        member = self.person(person)
        self.network.join(member, room)
        return MessageId(self.network.speak(member, command, room, words, tags).tags["msgid"])

    def _tag(self, room: str, person: str, tags: Mapping[str, str]) -> None:
        if "message-tags" not in self.network.capabilities:
            raise NotImplementedError("this server carries no tags")
        self._speak(room, person, "TAGMSG", "", tags)


def _shown(entry: Entry) -> Shown:
    done = entry.words.startswith(ACTION)
    words = entry.words.removeprefix(ACTION).rstrip("\x01") if done else entry.words
    rich = parse(words)
    return Shown(
        id=MessageId(entry.id),
        author=entry.nick,
        text=plain(rich),
        rich=rich,
        in_reply_to=MessageId(entry.reply) if entry.reply else None,
        reactions={emoji: len(nicks) for emoji, nicks in entry.reactions.items() if nicks},
        manner=Manner.EMOTE if done else Manner.SAY,
    )


class IrcTitles:
    """Topics; the name of a channel is its address."""

    def __init__(self, emulator: IrcEmulator) -> None:
        self._emulator = emulator

    async def trust(self, room: str) -> None:
        """Nothing to do: whoever is in a channel without +t sets its topic."""

    async def rename(self, room: str, person: str, name: str) -> None:
        raise NotImplementedError("a channel keeps its name")

    async def describe(self, room: str, person: str, topic: str) -> None:
        self._emulator.enter(room, person)
        self._emulator.topic(room, person, topic)

    async def name_of(self, room: str) -> str:
        return room

    async def topic_of(self, room: str) -> str:
        found = self._emulator.network.find(room)
        return "" if found is None else found.topic
