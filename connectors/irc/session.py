"""One connection's life: reached, entered, served, lost. Each line of the server goes to the part it concerns."""

import asyncio
from collections.abc import Callable, Sequence

from irctokens.line import Line
from structlog import get_logger

from bridge.connector import Host, RoomInfo
from bridge.errors import BridgeError, Scope, Unavailable
from bridge.ids import MessageId
from connectors.irc.config import IrcConfig, Verify
from connectors.irc.connection import Connection, connect
from connectors.irc.feed import Feed
from connectors.irc.history import History, marks
from connectors.irc.incoming import Incoming
from connectors.irc.login import Login
from connectors.irc.presence import Me, Presence
from connectors.irc.receipts import Sending
from connectors.irc.refusals import closing
from connectors.irc.server import Server
from connectors.irc.speech import Maker, Speech
from connectors.irc.topics import Topics
from connectors.irc.wire import line

_GOODBYE_SECONDS = 2.0
_REGAIN_SECONDS = 60.0
_MAX_ROOMS_LISTED = 1000

log = get_logger()

Act = Callable[[Line], None]


class Session:
    """One connection to the server."""

    def __init__(self, config: IrcConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._loop = asyncio.get_running_loop()
        self.server = Server()
        self.me = Me(config)
        self._connection = Connection(self, config.encoding_fallback)
        self.history = History(self.server, self._connection.write)
        self._feed = Feed(host, self._connection, self.history.after)
        self._login = Login(config, host.chance, self.server, self._connection.write)
        incoming = Incoming(self.server, host.clock, host.chance)
        self.topics = Topics(self.server, self._connection.write)
        self.presence = Presence(
            config, host, self.server, self.me, incoming, write=self._connection.write, tell=self._feed.add
        )
        self._incoming = incoming
        self._speech: Speech | None = None
        self._acts: dict[str, Act] = {}
        self.unrelayed: set[str] = set()
        """Channels, folded, that do not let us speak under other nicks."""
        self._listing: list[RoomInfo] = []
        self._listed: asyncio.Future[list[RoomInfo]] | None = None
        self._heard_at = 0.0
        self._regained_at = 0.0
        self._reason: BridgeError | None = None

    # From the beginning to the end.

    async def open(self) -> None:
        """Reach the server and log in. Raises `Unauthorized` or `Unavailable` with the server's reason."""
        config = self._config
        self.history.begin(marks(await self._host.position()))
        if config.verify is Verify.NONE:
            log.warning("the server's certificate is not checked", account=self._host.account)
        await connect(self._connection, config.address, config.tls(), config.timeout_seconds)
        self._acts = {
            "PING": self._pinged,
            "ERROR": self._ended,
            "CAP": self._login.capabilities,
            "004": self.server.introduced,
            "005": self._supports,
        }
        self._login.begin()
        self.me.nick = await self._welcome()
        self._settle_in()

    async def _welcome(self) -> str:
        connection, welcomed = self._connection, self._login.welcomed
        try:
            async with asyncio.timeout(self._config.timeout_seconds):
                await asyncio.wait((welcomed, connection.lost), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise Unavailable("the server does not let us in: it does not answer", scope=Scope.ACCOUNT) from error
        if not welcomed.done():
            raise self._loss()
        return welcomed.result()

    def _settle_in(self) -> None:
        """From here on all parts hear the server."""
        write, tell = self._connection.write, self._feed.add
        speech = Speech(
            self.server, self.presence, self._incoming, self._host.clock, self.history, write=write, tell=tell
        )  # fmt: skip
        self.presence.on_arrival = self.history.entered
        self._acts |= speech.acts | self.presence.acts | {"322": self._lists, "323": self._all_listed}
        self._acts |= {"331": self.topics.told, "332": self.topics.told, "TOPIC": self._topic, "482": self._unallowed}
        self._speech = speech
        self._heard_at = self._regained_at = self._host.clock.monotonic()
        if self.me.nick != self.me.wanted:
            log.warning("our nick is taken", account=self._host.account, nick=self.me.nick)

    async def serve(self) -> None:
        """Publish what people say until the connection is lost, which raises why."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self.presence.owned_by(tasks)
                published = tasks.create_task(self._feed.run())
                tasks.create_task(self._watch())
                await asyncio.shield(self._connection.lost)
                self._feed.end()
                await asyncio.wait((published,), timeout=_GOODBYE_SECONDS)
                if not published.done():
                    self.give_up()
                await published
                raise self._loss()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group

    async def close(self) -> None:
        """Say goodbye and end, whatever state we are in."""
        self._connection.write(line("QUIT", "the bridge is stopped"))
        await self._connection.close(_GOODBYE_SECONDS)

    def give_up(self) -> None:
        """Nobody waits any longer for what cannot come: the last thing that happens."""
        error = self._loss()
        self.presence.end(error)
        self.topics.lost(error)
        if self._speech is not None:
            self._speech.receipts.lost(error)
        if self._listed is not None and not self._listed.done():
            self._listed.set_exception(error)
            self._listed.exception()  # looked at here: perhaps nobody waits any more

    def _loss(self) -> BridgeError:
        return self._reason or Unavailable("the connection to the server is lost", scope=Scope.ACCOUNT)

    async def _watch(self) -> None:
        """One timer: late receipts, a silent server, a nick to get back."""
        clock, config = self._host.clock, self._config
        tick = min(config.timeout_seconds, config.keepalive_seconds) / 4
        asked = -1
        while True:
            await clock.sleep(tick)
            now = clock.monotonic()
            if self._connection.hears_nothing():
                self._heard_at = now
                continue
            asked = self._ask_if_silent(now, asked)
            if self._speech is not None:
                self._speech.receipts.overdue(now)
            if now - self._regained_at >= _REGAIN_SECONDS:
                self._regained_at = now
                self.presence.regain()

    def _ask_if_silent(self, now: float, asked: int) -> int:
        """PING a silent server, once a silence; cut the connection when it does not answer."""
        silence = now - self._heard_at
        if silence >= self._config.keepalive_seconds + self._config.timeout_seconds:
            self._reason = Unavailable("the server is silent", scope=Scope.ACCOUNT)
            self._connection.abort()
        elif silence >= self._config.keepalive_seconds and asked != self._connection.arrivals:
            self._connection.write(line("PING", "still-there"))
            return self._connection.arrivals
        return asked

    # What the connection tells.

    def heard(self, lines: Sequence[Line]) -> None:
        """All lines of one buffer, in order."""
        self._heard_at = self._host.clock.monotonic()
        for each in lines:
            act = self._acts.get(each.command) or (None if self._login.welcomed.done() else self._login.heard)
            if act is not None:
                self._do(act, each)
        self._feed.flush()

    def _do(self, act: Act, heard: Line) -> None:
        """Act on one line; one that breaks the protocol's own rules is left out, and the next one heard."""
        try:
            act(heard)
        except (IndexError, ValueError):
            self._host.unreadable(f"a line {heard.command}")

    def flushing(self) -> bytes:
        """The fence behind what is about to be written."""
        return b"" if self._speech is None else self._speech.fence()

    def flushed(self) -> None:
        """What was said is with the operating system."""
        if self._speech is not None:
            self._speech.receipts.written()

    def _topic(self, heard: Line) -> None:
        self.topics.changed(heard)
        self.presence.acts["TOPIC"](heard)

    def _unallowed(self, heard: Line) -> None:
        if not self.topics.refused(heard) and self._speech is not None:
            self._speech.acts["482"](heard)

    def _pinged(self, heard: Line) -> None:
        self._connection.write(line("PONG", *heard.params[-1:]))

    def _supports(self, heard: Line) -> None:
        self.server.supports(heard)

    def _ended(self, heard: Line) -> None:
        self._reason = closing(heard.params[-1])
        self._login.fail(self._reason)

    def _lists(self, heard: Line) -> None:
        if len(self._listing) < _MAX_ROOMS_LISTED:
            _, name, people, *topic = heard.params
            self._listing.append(RoomInfo(name=name, title=topic[-1] if topic else "", note=f"{people} people"))

    def _all_listed(self, _: Line) -> None:
        if self._listed is not None and not self._listed.done():
            self._listed.set_result(self._listing)

    # What the bridge asks for.

    async def say(self, room: str, lines: Sequence[tuple[str, Maker]]) -> tuple[MessageId, ...]:
        """Write lines now and wait until the server has them all; the ids it gave them."""
        speech = self._speech
        if speech is None or self._connection.lost.done():
            raise Unavailable("the account is not connected", scope=Scope.ACCOUNT)
        done: asyncio.Future[tuple[MessageId, ...]] = self._loop.create_future()
        deadline = self._host.clock.monotonic() + self._config.timeout_seconds
        speech.say(Sending(len(lines), done), room, lines, deadline)
        return await done

    async def describe(self, room: str, topic: str) -> None:
        """Set a channel's topic."""
        if self._connection.lost.done():
            raise Unavailable("the account is not connected", scope=Scope.ACCOUNT)
        await self.topics.set(room, topic, self._config.timeout_seconds)

    async def list_rooms(self) -> Sequence[RoomInfo]:
        """The channels the server shows, at most a thousand."""
        if self._listed is None or self._listed.done():
            self._listing, self._listed = [], asyncio.get_running_loop().create_future()
            self._connection.write(line("LIST"))
        try:
            async with asyncio.timeout(self._config.timeout_seconds):
                return await asyncio.shield(self._listed)
        except TimeoutError as error:
            raise Unavailable("the server does not list its channels", scope=Scope.ACCOUNT) from error
