"""People on a real IRC server, and its rooms as one of them reads them: `bridge.testing.Platform` over sockets."""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self

from irctokens.line import Line, tokenise

from bridge.ids import MessageId
from bridge.testing.platform import Fault, Shown
from bridge.text.nodes import Rich
from bridge.text.walk import keep, plain
from connectors.irc.format import FORMATTING, parse
from connectors.irc.outgoing import texts
from connectors.irc.wire import ACTION, acted, line, spoken
from tests.live.irc_servers import OPERATOR, IrcServer

ROOMS = ("#lobby", "#garden")
REGULARS = frozenset({"reader", "Ada", "Grace"})
"""Who stays on the server between tests: InspIRCd lets people in once a second."""
_CAPS = "echo-message message-tags server-time"
_SECONDS = 10.0


class Client:
    """A person's client: writes lines, keeps what it hears."""

    def __init__(self, nick: str) -> None:
        self.nick = nick
        self.heard: list[Line] = []
        self.tags = False
        self._more = asyncio.Event()
        self._fences = 0
        self._reading: asyncio.Task[None] | None = None

    async def connect(self, server: IrcServer) -> None:
        """Take up the connection of an earlier test, or log in and enter the rooms."""
        known = server.connections.get(self.nick)
        sock = known or socket.create_connection(("127.0.0.1", server.port))
        server.connections[self.nick] = sock
        self._reader, self._writer = await asyncio.open_connection(sock=sock.dup(), limit=2**20)
        self._reading = asyncio.create_task(self._read())
        if known is None:
            await self._log_in()
        await self.fence()
        self.heard.clear()
        self.tags = server.kind == "inspircd"

    async def _log_in(self) -> None:
        # Capabilities only after the welcome: InspIRCd takes a second to go on after CAP END.
        self.write(line("NICK", self.nick), line("USER", "person", "0", "*", self.nick))
        await self.until(lambda each: each.command in ("376", "422"))
        self.write(line("CAP", "LS", "302"))
        offers = await self.until(lambda each: each.command == "CAP" and each.params[1] == "LS")
        wanted = [cap for cap in _CAPS.split() if cap in offers.params[-1].split()]
        if wanted:
            self.write(line("CAP", "REQ", " ".join(wanted)))
        for room in ROOMS:
            self.write(line("JOIN", room))
        await self.until(lambda each: each.command == "366" and each.params[1] == ROOMS[-1])

    def write(self, *lines: bytes) -> None:
        self._writer.write(b"".join(lines))

    async def until(self, fact: Callable[[Line], bool], start: int = 0) -> Line:
        """The first line from `start` on for which `fact` holds, as soon as it is heard."""
        async with asyncio.timeout(_SECONDS):
            while True:
                for each in self.heard[start:]:
                    if fact(each):
                        return each
                start = len(self.heard)
                self._more.clear()
                await self._more.wait()

    async def fence(self) -> None:
        """Wait until the server handled all we wrote."""
        self._fences += 1
        token = f"f{self._fences}"
        self.write(line("PING", token))
        await self.until(lambda each: each.command == "PONG" and each.params[-1] == token)

    async def close(self) -> None:
        """Let go of the connection; the server keeps it for the next test."""
        if self._reading is None:
            return
        if not self._reading.done():
            await self.fence()
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._writer.close()

    async def _read(self) -> None:
        with suppress(ConnectionError):
            await self._read_all()

    async def _read_all(self) -> None:
        while raw := await self._reader.readline():
            each = tokenise(raw.rstrip(b"\r\n"))
            if each.command == "PING":
                self.write(line("PONG", each.params[-1]))
            self.heard.append(each)
            self._more.set()


class RealIrc:
    """Implements `bridge.testing.Platform` on a real server, with one client a person."""

    def __init__(self, server: IrcServer) -> None:
        self.server = server
        self.title = f"IRC ({server.kind})"
        self._people: dict[str, Client] = {}

    async def __aenter__(self) -> Self:
        self.reader = await self.person("reader")
        self.reader.write(line("OPER", *OPERATOR))
        await self.reader.until(lambda each: each.command == "381")
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._people.values():
            await client.close()
            if client.nick not in REGULARS:
                self.server.connections.pop(client.nick).close()

    @property
    def rooms(self) -> Sequence[str]:
        return ROOMS

    def settings(self) -> Mapping[str, object]:
        return {"connector": "irc", "server": self.server.address, "nick": "bridge", "rate_per_second": 0}

    async def person(self, name: str) -> Client:
        """Somebody's client, connected on first use."""
        if name not in self._people:
            client = self._people[name] = Client(name)
            await client.connect(self.server)
        return self._people[name]

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        tags = {"+draft/reply": in_reply_to} if in_reply_to is not None else {}
        lines = [spoken("PRIVMSG", room, each, tags) for each in texts(keep(text, FORMATTING), 400)]
        return await self._speak(person, lines)

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        return await self._speak(person, [acted(room, each) for each in texts(keep(text, FORMATTING), 400)])

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        raise NotImplementedError("nobody edits on IRC")

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        raise NotImplementedError("nobody deletes on IRC")

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        await self._tag(room, person, {"+draft/react": emoji, "+draft/reply": message})

    async def unreact(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        await self._tag(room, person, {"+draft/unreact": emoji, "+draft/reply": message})

    async def shown(self, room: str) -> Sequence[Shown]:
        await self.reader.fence()
        shown: dict[str, Shown] = {}
        reactions: dict[str, dict[str, set[str]]] = {}
        for number, each in enumerate(self.reader.heard):
            if each.command == "PRIVMSG" and each.params[0] == room:
                one = _shown(number, each)
                shown[one.id] = one
            elif each.command == "TAGMSG" and each.params[0] == room:
                _count(each, reactions)
        return [_with(one, reactions.get(one.id, {})) for one in shown.values()]

    def drop_connections(self) -> None:
        self.reader.write(line("KILL", "bridge", "cut by the test"))

    def fail_next(self, fault: Fault, count: int = 1) -> None:
        raise NotImplementedError("a real server does not fail on request")

    def restore(self) -> None:
        """Nothing was broken."""

    async def _speak(self, person: str, lines: Sequence[bytes]) -> MessageId:
        client = await self.person(person)
        start = len(self.reader.heard)
        client.write(*lines)
        heard = await self.reader.until(lambda each: _is_by(each, client.nick), start)
        await client.fence()
        await self.reader.fence()
        return _shown(self.reader.heard.index(heard, start), heard).id

    async def _tag(self, room: str, person: str, tags: dict[str, str]) -> None:
        client = await self.person(person)
        if not client.tags:
            raise NotImplementedError("this server carries no tags")
        client.write(line("TAGMSG", room, tags=tags))
        await client.fence()


def _is_by(each: Line, nick: str) -> bool:
    return each.command == "PRIVMSG" and (each.source or "").partition("!")[0] == nick


def _shown(number: int, each: Line) -> Shown:
    tags, words = each.tags or {}, each.params[1]
    words = words.removeprefix(ACTION).rstrip("\x01") if words.startswith(ACTION) else words
    rich, reply = parse(words), tags.get("+draft/reply")
    return Shown(
        id=MessageId(tags.get("msgid") or f"line-{number}"),
        author=(each.source or "").partition("!")[0],
        text=plain(rich),
        rich=rich,
        in_reply_to=MessageId(reply) if reply else None,
    )


def _count(each: Line, reactions: dict[str, dict[str, set[str]]]) -> None:
    tags, nick = each.tags or {}, (each.source or "").partition("!")[0]
    by_emoji = reactions.setdefault(tags.get("+draft/reply", ""), {})
    if added := tags.get("+draft/react"):
        by_emoji.setdefault(added, set()).add(nick)
    elif removed := tags.get("+draft/unreact"):
        by_emoji.get(removed, set()).discard(nick)


def _with(one: Shown, by_emoji: Mapping[str, set[str]]) -> Shown:
    counts = {emoji: len(nicks) for emoji, nicks in by_emoji.items() if nicks}
    return Shown(
        id=one.id, author=one.author, text=one.text, rich=one.rich, in_reply_to=one.in_reply_to, reactions=counts
    )
