"""One client of the emulated network on its socket: registration, commands, limits, answers."""

import asyncio
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from typing import cast

from irctokens.line import Line, build

from bridge.testing.platform import Fault
from connectors.irc import emulator_history, emulator_relay
from connectors.irc.emulator_answers import TAG_OF, VALUES, labelled, tags_written
from connectors.irc.emulator_network import Channel, Network, Refusal, Relay
from connectors.irc.wire import tokens

_NICK = re.compile(r"^[^\s\x00-\x1f#&@+%~:!*?,.$0-9-][^\s\x00-\x1f@!*?,.:]*$")
_CHANNEL = re.compile(r"^#[^\x00-\x20,\x07]*$")


class Client(asyncio.Protocol):
    """A client, from its first line to its last."""

    def __init__(self, network: Network, clients: "set[Client]") -> None:
        self._network = network
        self._clients = clients
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._unfinished = b""
        self._out: list[bytes] = []
        self._user = ""
        self._password = ""
        self._negotiating = False
        self._welcomed = False
        self._caps: set[str] = set()
        self._sasl: str | None = None
        self._label: str | None = None
        self._answers: list[Line] = []
        self._penalty = 0.0
        self._penalty_at = network.clock.monotonic()
        self.nick = ""
        self.account = ""
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._commands: dict[str, Callable[[Line], None]] = {
            "CAP": self._cap, "AUTHENTICATE": self._authenticate, "PASS": self._pass, "NICK": self._nick_wish,
            "USER": self._user_said, "PING": self._ping, "PONG": self._pong, "QUIT": self._quit,
        }  # fmt: skip
        self._registered: dict[str, Callable[[Line], None]] = {
            "JOIN": self._join, "PART": self._part, "PRIVMSG": self._speak, "NOTICE": self._speak,
            "TAGMSG": self._speak, "TOPIC": self._topic, "NAMES": self._names, "LIST": self._list,
            "MODE": self._mode, "KICK": self._kick, "RELAYMSG": self._relay,
            "CHATHISTORY": self._history,
        }  # fmt: skip

    # The socket.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.discard(self)
        self.gone.set_result(None)
        if self._welcomed:
            self._network.quit(self, "Connection closed" if exc is None else "Connection reset by peer")

    def data_received(self, data: bytes) -> None:
        if self._network.deaf:
            return
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        for raw in lines:
            if self._transport is None or self._transport.is_closing():
                return
            self._line(raw.rstrip(b"\r"))

    def ask(self, token: str) -> None:
        """PING the client."""
        self._put(build("PING", [token]))

    def cut(self) -> None:
        """End the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    def dismiss(self, why: str) -> None:
        """End the connection as a server does."""
        self._put(build("ERROR", [f"Closing Link: {self.nick or '*'}[127.0.0.1] ({why})"]))
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _put(self, answer: Line) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        body = build(answer.command, answer.params, answer.source).format().encode("utf-8", "replace")
        tags = f"@{tags_written(answer.tags)} ".encode() if answer.tags else b""
        self._out.append(tags + body[: self._network.limits.line_bytes - 2] + b"\r\n")

    def _flush(self) -> None:
        if self._out and self._transport is not None:
            whole, self._out = b"".join(self._out), []
            self._transport.write(whole)

    # Answers.

    @property
    def source(self) -> str:
        return f"{self.nick}!~{self._user[:10]}@cloak.example.test"

    def hear(self, relay: Relay) -> None:
        if relay.command != "TAGMSG" or "message-tags" in self._caps:
            self._put(self._for_me(relay))

    def _for_me(self, relay: Relay) -> Line:
        tags = {name: value for name, value in relay.tags.items() if TAG_OF.get(name, "message-tags") in self._caps}
        return Line(tags or None, relay.source, relay.command, list(relay.params))

    def _answer(self, command: str, *params: str, source: str = "") -> None:
        self._answers.append(Line(None, source or self._network.name, command, list(params)))

    def _number(self, numeric: str, *params: str) -> None:
        self._answer(numeric, self.nick or "*", *params)

    def _deliver_answers(self) -> None:
        """What one command answered: under its label where it had one."""
        answers, self._answers, label, self._label = self._answers, [], self._label, None
        if label is not None:
            answers = labelled(answers, label, self._network.name)
        for answer in answers:
            self._put(answer)

    # Lines.

    def _line(self, raw: bytes) -> None:
        limits = self._network.limits
        tags, space, rest = raw.partition(b" ") if raw.startswith(b"@") else (b"", b"", raw)
        if len(tags + space) > limits.tag_bytes + 2 or len(rest) > limits.line_bytes - 2:
            self._number("417", "Input line was too long")
        elif not self._floods():
            for line in tokens([raw], "latin-1"):
                self._handle(line)
        self._deliver_answers()

    def _floods(self) -> bool:
        flood, now = self._network.limits.flood, self._network.clock.monotonic()
        if flood is None:
            return False
        self._penalty = max(0.0, self._penalty - (now - self._penalty_at) * flood.per_second) + 1
        self._penalty_at = now
        if self._penalty > flood.threshold:
            self.dismiss("Excess Flood")
            return True
        return False

    def _handle(self, line: Line) -> None:
        if "labeled-response" in self._caps and line.tags:
            self._label = line.tags.get("label")
        act = self._commands.get(line.command) or (self._registered.get(line.command) if self._welcomed else None)
        try:
            if act is not None and (line.command != "CAP" or self._network.capabilities):
                act(line)
            elif line.command in self._registered:
                raise Refusal("451", "You have not registered")  # noqa: TRY301  # told with all others
            else:
                raise Refusal("421", line.command, "Unknown command")  # noqa: TRY301
        except Refusal as refusal:
            self._number(refusal.numeric, *refusal.about)
        except IndexError:
            self._number("461", line.command, "Not enough parameters")

    # Registration.

    def _cap(self, line: Line) -> None:
        offered = self._network.capabilities
        match line.params[0].upper():
            case "LS":
                self._negotiating = not self._welcomed
                words = " ".join(VALUES.get(name, name) for name in sorted(offered))
                self._answer("CAP", self.nick or "*", "LS", words)
            case "REQ":
                wanted = set(line.params[1].split())
                granted = {name.lstrip("-") for name in wanted} <= offered
                if granted:
                    self._caps |= {name for name in wanted if name[0] != "-"}
                    self._caps -= {name[1:] for name in wanted if name[0] == "-"}
                self._answer("CAP", self.nick or "*", "ACK" if granted else "NAK", line.params[1])
            case "END":
                self._negotiating = False
                self._welcome()

    def _authenticate(self, line: Line) -> None:
        if self._sasl is None:
            if line.params[0].upper() != "PLAIN":
                raise Refusal("904", "SASL authentication failed")
            self._sasl = ""
            self._answers.append(Line(None, None, "AUTHENTICATE", ["+"]))
            return
        self._sasl += line.params[0] if line.params[0] != "+" else ""
        if len(line.params[0]) < 400:
            answer, self._sasl = self._sasl, None
            self._identify(answer)

    def _identify(self, answer: str) -> None:
        try:
            _, user, password = b64decode(answer, validate=True).decode().split("\0")
        except (NotBase64, ValueError) as error:
            raise Refusal("904", "SASL authentication failed") from error
        if self._network.refusing or self._network.accounts.get(user) != password:
            raise Refusal("904", "SASL authentication failed")
        self.account = user
        self._number("900", self.source, user, f"You are now logged in as {user}")
        self._number("903", "SASL authentication successful")

    def _pass(self, line: Line) -> None:
        self._password = line.params[0]

    def _nick_wish(self, line: Line) -> None:
        nick = line.params[0]
        if not _NICK.match(nick) or emulator_relay.SEPARATORS in nick or len(nick) > self._network.limits.nick_length:
            raise Refusal("432", nick, "Erroneous nickname")
        holder = self._network.members.get(self._network.fold(nick))
        if holder is not None and holder is not self:
            raise Refusal("433", nick, "Nickname is already in use")
        if self._welcomed:
            self._network.rename(self, nick)
        else:
            self.nick = nick
            self._welcome()

    def _user_said(self, line: Line) -> None:
        self._user = line.params[0]
        self._welcome()

    def _welcome(self) -> None:
        if self._welcomed or self._negotiating or not self.nick or not self._user:
            return None
        if self._password != self._network.password:
            self._number("464", "Password incorrect")
            self._deliver_answers()
            return self.dismiss("Bad Password")
        if self._network.refusing:
            self._number("465", "You are banned from this server")
            self._deliver_answers()
            return self.dismiss("K-lined")
        self._welcomed = True
        self._network.members[self._network.fold(self.nick)] = self
        self._greet()
        return None

    def _greet(self) -> None:
        self._number("001", f"Welcome to the emulated IRC network, {self.nick}")
        self._number("004", self._network.name, "emulated-1.0", "i", "o")
        self._number("005", *emulator_history.support(self._network), "are supported by this server")
        self._number("422", "MOTD File is missing")

    # Commands.

    def _pong(self, line: Line) -> None:
        self._network.pongs.append(line.params[-1])

    def _ping(self, line: Line) -> None:
        self._network.pings += 1
        self._answer("PONG", self._network.name, line.params[0])

    def _quit(self, line: Line) -> None:
        self.dismiss(f"Quit: {line.params[0] if line.params else ''}")

    def _join(self, line: Line) -> None:
        keys = line.params[1].split(",") if len(line.params) > 1 else []
        for index, name in enumerate(line.params[0].split(",")):
            if not _CHANNEL.match(name) or len(name) > self._network.limits.channel_length:
                raise Refusal("403", name, "No such channel")
            known = self._network.fold(self.nick)
            if (
                sum(known in each.members for each in self._network.channels.values())
                >= self._network.limits.channels_each
            ):
                raise Refusal("405", name, "You have joined too many channels")
            self._show(self._network.join(self, name, keys[index] if index < len(keys) else ""))

    def _show(self, channel: Channel) -> None:
        if channel.topic:
            self._number("332", channel.name, channel.topic)
        signs = dict.fromkeys(channel.voiced, "+") | dict.fromkeys(channel.operators, "@")
        names = [signs.get(folded, "") + member.nick for folded, member in channel.members.items()]
        for start in range(0, len(names), 10):
            self._number("353", "=", channel.name, " ".join(names[start : start + 10]))
        self._number("366", channel.name, "End of NAMES list")

    def _part(self, line: Line) -> None:
        reason = line.params[1] if len(line.params) > 1 else ""
        for name in line.params[0].split(","):
            self._network.leave(self, self._mine(name), reason)

    def _mine(self, name: str) -> Channel:
        channel = self._network.find(name)
        if channel is None:
            raise Refusal("403", name, "No such channel")
        if self._network.fold(self.nick) not in channel.members:
            raise Refusal("442", channel.name, "You're not on that channel")
        return channel

    def _ruled(self, name: str) -> Channel:
        channel = self._mine(name)
        if self._network.fold(self.nick) not in channel.operators:
            raise Refusal("482", channel.name, "You're not a channel operator")
        return channel

    def _speak(self, line: Line) -> None:
        if not line.params:
            raise Refusal("411", f"No recipient given ({line.command})")
        words = line.params[1] if len(line.params) > 1 else ""
        if line.command != "TAGMSG" and not words:
            raise Refusal("412", "No text to send")
        if line.command == "TAGMSG" and "message-tags" not in self._caps:
            raise Refusal("421", "TAGMSG", "Unknown command")
        fault = self._network.faults.pop(0) if self._network.faults else None
        if fault is not None and self._failed(fault, line.params[0]):
            return
        carried = {name: value for name, value in (line.tags or {}).items() if "message-tags" in self._caps}
        for target in line.params[0].split(","):
            self._echo(self._network.speak(self, line.command, target, words, self._allowed(carried)), fault)

    def _relay(self, line: Line) -> None:
        """A client has to ask for the capability before it may."""
        if emulator_relay.CAP not in self._caps:
            raise Refusal("421", "RELAYMSG", "Unknown command")
        room, nick, words = line.params[0], line.params[1], line.params[2]
        allowed = self._mine(room).operators | self._network.relayers
        if why := emulator_relay.refusal(nick, words, allowed=allowed, by=self._network.fold(self.nick)):
            return self._answer("FAIL", "RELAYMSG", *why)
        fault = self._network.faults.pop(0) if self._network.faults else None
        if fault is None or not self._failed(fault, room):
            self._echo(self._network.relay(self, room, nick, words), fault)
        return None

    def _history(self, line: Line) -> None:
        if not self._caps >= emulator_history.NEEDS:
            raise Refusal("421", "CHATHISTORY", "Unknown command")
        said = self._mine(line.params[1]).said if len(line.params) > 1 else ()
        self._answers += emulator_history.answer(line.params, said, self._network.name)

    def _echo(self, echo: Relay, fault: Fault | None) -> None:
        if "echo-message" in self._caps:
            self._answers.append(self._for_me(echo))
        if fault is Fault.LOST_ANSWER:
            self.cut()

    def _allowed(self, tags: Mapping[str, str]) -> Mapping[str, str]:
        denied = self._network.denied_tags.split(",")
        return {name: value for name, value in tags.items() if name.lstrip("+") not in denied}

    def _failed(self, fault: Fault, target: str) -> bool:
        """Whether a fault ends the matter here, as the platform would end it."""
        match fault:
            case Fault.UNAVAILABLE:
                self.dismiss("Server shutdown")
            case Fault.RATE_LIMITED:
                raise Refusal("439", target, "Message target change too fast. Please wait 1 seconds")
            case Fault.REJECTED:
                raise Refusal("404", target, "Your message to this channel contained a banned phrase")
            case Fault.CLOSED:
                raise Refusal("404", target, "Cannot send to channel")
            case Fault.UNAUTHORIZED:
                self._network.refusing = True
                self.dismiss("K-lined")
            case Fault.LOST_ANSWER:
                return False
        return True

    def _topic(self, line: Line) -> None:
        channel = self._mine(line.params[0])
        if "t" in channel.modes:
            self._ruled(channel.name)
        self._network.set_topic(channel, self.source, line.params[1])

    def _names(self, line: Line) -> None:
        self._show(self._mine(line.params[0]))

    def _list(self, line: Line) -> None:  # noqa: ARG002  # all channels, whatever is asked for
        for channel in self._network.channels.values():
            if "s" not in channel.modes:
                self._number("322", channel.name, str(len(channel.members)), channel.topic)
        self._number("323", "End of LIST")

    def _mode(self, line: Line) -> None:
        if len(line.params) == 1:
            channel = self._mine(line.params[0])
            return self._number("324", channel.name, "+" + "".join(sorted(channel.modes)))
        channel, change = self._ruled(line.params[0]), line.params[1]
        for letter in change[1:]:
            (channel.modes.add if change[0] == "+" else channel.modes.discard)(letter)
        return self._network.tell(channel, Relay(source=self.source, command="MODE", params=(channel.name, change)))

    def _kick(self, line: Line) -> None:
        channel = self._ruled(line.params[0])
        if self._network.fold(line.params[1]) not in channel.members:
            raise Refusal("441", line.params[1], channel.name, "They aren't on that channel")
        self._network.kick(self.source, channel, line.params[1], (line.params[2:] or [self.nick])[0])
