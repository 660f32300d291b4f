"""How a connection is opened: capabilities, SASL, a nick, the welcome. No I/O: it says what to write next."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterator

from irctokens.line import Line

from bridge.chance import Chance
from bridge.errors import BridgeError, Scope, Unauthorized, Unavailable
from connectors.irc.config import IrcConfig
from connectors.irc.refusals import failure, refusal
from connectors.irc.server import Server
from connectors.irc.wire import line

_SASL_CHUNK = 400
"""Characters of an answer that fit in one AUTHENTICATE (IRCv3 SASL 3.1)."""
_RANDOM_NICKS = 5
NICK_REFUSED = frozenset({"432", "433", "436", "437"})


def nicks(config: IrcConfig, chance: Chance) -> Iterator[str]:
    """Names to try, the best first; the last ones nobody else will have."""
    yield config.nick
    yield from config.alternative_nicks
    yield f"{config.nick}_"
    yield f"{config.nick}__"
    for _ in range(_RANDOM_NICKS):
        yield f"{config.nick}{chance.token(3)}"


class Login:
    """The opening of one connection: `welcomed` is our nick once we are in, or why we are not."""

    def __init__(self, config: IrcConfig, chance: Chance, server: Server, write: Callable[[bytes], None]) -> None:
        self._config = config
        self._server = server
        self._write = write
        self._nicks = nicks(config, chance)
        self._nick = config.nick
        self._authenticated = False
        self._negotiating = True
        self.welcomed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def begin(self) -> None:
        """The first lines."""
        self._write(line("CAP", "LS", "302"))
        if self._config.password is not None:
            self._write(line("PASS", self._config.password.get_secret_value()))
        self._try_next_nick()
        self._write(line("USER", self._config.username, "0", "*", self._config.realname))

    def heard(self, heard: Line) -> None:
        """A line before the welcome."""
        match heard.command:
            case "001":
                self._nick = heard.params[0]
            case "376" | "422":
                self._end()
            case "903":
                self._authenticated = True
                self._negotiated()
            case "AUTHENTICATE":
                self._authenticate()
            case "FAIL":
                self.fail(failure(heard.params[1], heard.params[-1]))
            case numeric if numeric in NICK_REFUSED:
                self._try_next_nick()
            case numeric if numeric in REFUSED_AT_LOGIN:
                self.fail(refusal(numeric, heard.params[-1]))

    def capabilities(self, heard: Line) -> None:
        """A `CAP` line, also after the welcome."""
        words = heard.params[-1]
        match heard.params[1].upper():
            case "LS":
                self._server.offer(words)
                if heard.params[2] != "*":
                    self._request()
            case "NEW":
                self._server.offer(words)
                self._request()
            case "DEL":
                self._server.withdraw(words)
            case "ACK":
                self._server.acknowledge(words)
                self._go_on()
            case "NAK":
                self._refused(words)

    def fail(self, error: BridgeError) -> None:
        """We are not let in."""
        if not self.welcomed.done():
            self.welcomed.set_exception(error)
            self.welcomed.exception()  # looked at here: perhaps nobody waits any more

    def _end(self) -> None:
        if self._config.sasl_user is not None and not self._authenticated:
            self.fail(_no_sasl())
        elif not self.welcomed.done():
            self.welcomed.set_result(self._nick)

    def _try_next_nick(self) -> None:
        nick = next(self._nicks, None)
        if nick is None:
            self.fail(Unavailable("the server takes none of our nicks", scope=Scope.ACCOUNT))
        else:
            self._nick = nick
            self._write(line("NICK", nick))

    def _request(self) -> None:
        wanted = [name for name in self._server.missing() if name != "sasl" or self._config.sasl_user is not None]
        if wanted:
            self._write(line("CAP", "REQ", " ".join(wanted)))
        else:
            self._negotiated()

    def _refused(self, words: str) -> None:
        """Capabilities are taken or refused together: go on without these."""
        self._server.withdraw(words)
        self._go_on()

    def _go_on(self) -> None:
        if self._config.sasl_user is None or self._authenticated or not self._negotiating:
            self._negotiated()
        elif "sasl" in self._server.caps:
            self._start_sasl()
        else:
            self.fail(_no_sasl())

    def _start_sasl(self) -> None:
        mechanisms = self._server.offered.get("sasl", "")
        if mechanisms and "PLAIN" not in mechanisms.upper().split(","):
            self.fail(Unauthorized(f"the server wants another way of authentication than PLAIN: {mechanisms}"))
            return
        self._write(line("AUTHENTICATE", "PLAIN"))

    def _authenticate(self) -> None:
        user, password = self._config.sasl_user, self._config.sasl_password
        if user is None or password is None:
            return
        answer = b64encode(f"\0{user}\0{password.get_secret_value()}".encode()).decode("ascii")
        for start in range(0, len(answer) + 1, _SASL_CHUNK):
            self._write(line("AUTHENTICATE", answer[start : start + _SASL_CHUNK] or "+"))

    def _negotiated(self) -> None:
        if self._config.sasl_user is not None and not self._authenticated and self._negotiating:
            self.fail(_no_sasl())
        elif self._negotiating:
            self._negotiating = False
            self._write(line("CAP", "END"))


REFUSED_AT_LOGIN = frozenset({"451", "461", "464", "465", "902", "904", "905", "906", "908"})


def _no_sasl() -> BridgeError:
    return Unavailable("the server offers no SASL at the moment, and we do not enter without", scope=Scope.ACCOUNT)
