"""Who is where: our nick, the channels we enter, leave, lose and come back to, and the people in them."""

import asyncio
from collections.abc import Callable
from itertools import count

from irctokens.line import Line
from structlog import get_logger

from bridge.asked import Access, Power
from bridge.connector import Host
from bridge.errors import BridgeError, Rejected, RoomClosed, Unavailable
from bridge.events import AnyEvent, Parting, User
from bridge.ids import UserId
from connectors.irc.bans import Bans
from connectors.irc.config import IrcConfig
from connectors.irc.incoming import Incoming, nick_of
from connectors.irc.rooms import Channel, Rooms
from connectors.irc.server import Server
from connectors.irc.wire import is_name, line

_LONGEST_WAIT = 300.0
_CHANNEL_NAME = 64
"""Bytes a channel's name may have where the server does not say (`CHANNELLEN`)."""
_CLOSED = frozenset("ikps")
"""Modes of channels that strangers do not enter, or do not find: facts/platform-apis.md 5."""

log = get_logger()


def _nothing(_: str) -> None:
    return


class Me:
    """Who we are on this connection. The bridge knows us by a name that no nick can be, whatever our nick is now."""

    def __init__(self, config: IrcConfig) -> None:
        self.wanted = config.nick
        self.nick = config.nick
        self.address = ""
        """`user@host` as others see it; empty until the server showed it."""

    @property
    def user(self) -> User:
        """We, as the bridge knows us."""
        return User(id=UserId(f"self:{self.wanted}"), name=self.nick)


class Presence:
    """Our nick and our channels on one connection."""

    def __init__(  # noqa: PLR0913  # the parts of one connection, each once
        self,
        config: IrcConfig,
        host: Host,
        server: Server,
        me: Me,
        incoming: Incoming,
        *,
        write: Callable[[bytes], None],
        tell: Callable[[AnyEvent], None],
    ) -> None:
        self._config = config
        self._host = host
        self._server = server
        self._me = me
        self._incoming = incoming
        self._write = write
        self._tell = tell
        self.on_arrival: Callable[[str], None] = _nothing
        """Called with each channel, folded, that we are in from now on."""
        self._tasks: asyncio.TaskGroup | None = None
        self._departures: dict[str, asyncio.Future[None]] = {}
        self.rooms = Rooms(server)
        self._bans = Bans(server.fold)
        incoming.members = self.rooms.members
        self.acts: dict[str, Callable[[Line], None]] = {
            "JOIN": self._joined,
            "PART": self._parted,
            "KICK": self._kicked,
            "MODE": self._changed,
            "QUIT": self._quit,
            "NICK": self._renamed,
            "TOPIC": self._topic,
            "INVITE": self._invited,
            "324": self._moded,
            "353": self._named,
            "366": self._all_named,
            "396": self._hidden,
        }

    def owned_by(self, tasks: asyncio.TaskGroup) -> None:
        """Whoever comes back to a channel does so in this group."""
        self._tasks = tasks

    def end(self, error: BridgeError) -> None:
        """The connection is gone: nobody is let in any more, nobody comes back."""
        self._tasks = None
        for channel in self.rooms:
            channel.refused(error)
        for folded in tuple(self._departures):
            self._departed(folded)

    # What the bridge asks for.

    async def enter(self, name: str) -> str:
        """Come into a channel; its one name. Raises what the server says against it."""
        self._check(name)
        channel = self.rooms.want(name)
        try:
            await self._enter(channel)
        except Rejected:
            self.rooms.forget(name)
            raise
        except BridgeError:
            self._lost(channel)
            raise
        return channel.folded

    async def leave(self, name: str) -> None:
        """Go out of a channel that no link names any more; returns once we are out."""
        channel = self.rooms.forget(name)
        if channel is None or not channel.here:
            return
        self._departures[channel.folded] = out = asyncio.get_running_loop().create_future()
        self._write(line("PART", channel.name))
        try:
            async with asyncio.timeout(self._config.timeout_seconds):
                await out
        except TimeoutError as error:
            raise Unavailable(f"the server does not answer our wish to leave {channel.name}") from error
        finally:
            self._departures.pop(channel.folded, None)

    async def power(self, name: str, nick: str) -> Power:
        """What somebody may do in a channel, by the list of members as it is now."""
        channel = self.rooms.find(name)
        if channel is None or not channel.here:
            raise RoomClosed(f"we are not in {name}")
        if channel.listing is None or channel.listing.done():
            channel.listing = asyncio.get_running_loop().create_future()
            channel.rulers.clear()
            self._write(line("NAMES", channel.name))
        try:
            async with asyncio.timeout(self._config.timeout_seconds):
                await asyncio.shield(channel.listing)
        except TimeoutError as error:
            raise Unavailable(f"the server does not list who is in {channel.name}") from error
        return Power.MODERATOR if nick in channel.rulers & channel.members else Power.NONE

    async def access(self, name: str) -> Access:
        """Whether anybody may come in, or learn of the channel: by its modes (+i, +k, +s, +p) as they are now."""
        channel = self.rooms.find(name)
        if channel is None or not channel.here:
            raise RoomClosed(f"we are not in {name}")
        if channel.modes is None or channel.modes.done():
            channel.modes = asyncio.get_running_loop().create_future()
            self._write(line("MODE", channel.name))
        try:
            async with asyncio.timeout(self._config.timeout_seconds):
                modes = await asyncio.shield(channel.modes)
        except TimeoutError as error:
            raise Unavailable(f"the server does not tell the modes of {channel.name}") from error
        return Access.PRIVATE if _CLOSED & set(modes) else Access.PUBLIC

    def refused(self, name: str, error: BridgeError) -> bool:
        """A refusal that speaks of a channel: whether it was our wish to enter that was refused."""
        channel = self.rooms.find(name)
        if channel is None or not channel.waits():
            return False
        channel.refused(error)
        return True

    def regain(self) -> None:
        """Ask for the nick we would like to have, if we have another."""
        if self._server.fold(self._me.nick) != self._server.fold(self._me.wanted):
            self._write(line("NICK", self._me.wanted))

    def is_me(self, nick: str) -> bool:
        """Whether a nick is ours."""
        return nick == self._me.nick or self._server.fold(nick) == self._server.fold(self._me.nick)

    def _check(self, name: str) -> None:
        if not self._server.is_channel(name):
            raise Rejected(f"{name!r} is no channel: on this server their names begin with one of {self._types()}")
        if not is_name(name) or len(name.encode()) > self._longest():
            raise Rejected(f"{name!r} is no name a channel can have")

    def _types(self) -> str:
        return " ".join(self._server.support.get("CHANTYPES") or "#&")

    def _longest(self) -> int:
        said = self._server.support.get("CHANNELLEN", "")
        return int(said) if said.isdecimal() else _CHANNEL_NAME

    async def _enter(self, channel: Channel) -> None:
        if channel.here:
            return
        if channel.arrival is None or channel.arrival.done():
            channel.arrival = asyncio.get_running_loop().create_future()
            self._ask_in(channel)
        try:
            async with asyncio.timeout(self._config.timeout_seconds):
                await asyncio.shield(channel.arrival)
        except TimeoutError as error:
            raise Unavailable(f"the server does not answer our wish to enter {channel.name}") from error

    def _ask_in(self, channel: Channel) -> None:
        keys = {self._server.fold(name): key for name, key in self._config.channel_keys.items()}
        key = keys.get(channel.folded)
        self._write(line("JOIN", channel.name, *([key.get_secret_value()] if key is not None else [])))

    # Coming back.

    def _lost(self, channel: Channel) -> None:
        """We are out of a channel that we want: come back, again and again."""
        channel.gone()
        if not channel.returning and self._tasks is not None:
            channel.returning = True
            self._tasks.create_task(self._return(channel))

    async def _return(self, channel: Channel) -> None:
        for attempt in count():
            await self._host.clock.sleep(self._wait(attempt))
            if channel.here or self.rooms.find(channel.name) is not channel:
                break
            try:
                await self._enter(channel)
            except BridgeError as error:
                log.info("channel stays closed", account=self._host.account, room=channel.name, why=str(error))
            else:
                break
        channel.returning = False

    def _wait(self, attempt: int) -> float:
        longest = min(_LONGEST_WAIT, self._config.rejoin_seconds * 2.0 ** min(attempt, 16))
        return longest * (0.75 + self._host.chance.fraction() / 4)

    # What the server says.

    def _joined(self, heard: Line) -> None:
        nick = nick_of(heard)
        channel = self.rooms.add(heard.params[0], nick)
        if self.is_me(nick):
            self._me.address = (heard.source or "").partition("!")[2] or self._me.address
        elif channel is not None:
            self._bans.met(nick, (heard.source or "").partition("!")[2])
            self._tell(self._incoming.joined(channel.name, self._incoming.user(nick), heard))

    def _named(self, heard: Line) -> None:
        self.rooms.named(heard.params[-2], heard.params[-1])

    def _all_named(self, heard: Line) -> None:
        """The list of members is complete: now we are in."""
        channel = self.rooms.find(heard.params[1])
        if channel is None or self._server.fold(self._me.nick) not in channel.members:
            return
        channel.listed()
        channel.arrived()
        self.on_arrival(channel.folded)
        if channel.missed:
            channel.missed = False
            self._tell(self._incoming.joined(channel.name, self._me.user, heard))

    def _parted(self, heard: Line) -> None:
        if self.is_me(nick_of(heard)):
            self._departed(self._server.fold(heard.params[0]))
        self._out(heard.params[0], nick_of(heard), heard, heard.params[1] if len(heard.params) > 1 else "")

    def _departed(self, folded: str) -> None:
        """We are out of a channel, as we wished."""
        out = self._departures.get(folded)
        if out is not None and not out.done():
            out.set_result(None)

    def _kicked(self, heard: Line) -> None:
        reason = heard.params[2] if len(heard.params) > 2 else ""  # noqa: PLR2004  # channel, nick, reason
        nick, by = heard.params[1], nick_of(heard)
        folded, now = self._server.fold(heard.params[0]), self._host.clock.monotonic()
        banned = not self.is_me(nick) and self._bans.means(folded, by, nick, now)
        how = Parting.BANNED if banned else Parting.REMOVED
        self._out(heard.params[0], nick, heard, f"kicked by {by}: {reason}", how)

    def _changed(self, heard: Line) -> None:
        """Modes, of a channel or of ourselves."""
        channel = self.rooms.find(heard.params[0])
        if channel is not None:
            by, now = nick_of(heard), self._host.clock.monotonic()
            self._bans.heard(channel.folded, by, heard.params[1:], self._server.support, now)

    def _moded(self, heard: Line) -> None:
        """RPL_CHANNELMODEIS: us, channel, modes."""
        channel = self.rooms.find(heard.params[1])
        if channel is not None and channel.modes is not None and not channel.modes.done():
            channel.modes.set_result(heard.params[2])

    def _out(self, name: str, nick: str, heard: Line, reason: str, how: Parting = Parting.LEFT) -> None:
        channel = self.rooms.remove(name, nick)
        if channel is None:
            return
        ours = self.is_me(nick)
        user = self._me.user if ours else self._incoming.user(nick)
        self._tell(self._incoming.left(channel.name, user, reason, heard, how))
        if ours:
            self._lost(channel)

    def _quit(self, heard: Line) -> None:
        nick, reason = nick_of(heard), heard.params[0] if heard.params else ""
        for channel in self.rooms.everywhere(nick):
            self._out(channel.name, nick, heard, reason)
        self._bans.gone(nick)
        if self._server.fold(nick) == self._server.fold(self._me.wanted):
            self.regain()

    def _renamed(self, heard: Line) -> None:
        old, new = nick_of(heard), heard.params[0]
        ours = self.is_me(old)
        self.rooms.rename(old, new)
        self._bans.renamed(old, new)
        if ours:
            self._me.nick = new
        elif self._server.fold(old) == self._server.fold(self._me.wanted):
            self.regain()

    def _topic(self, heard: Line) -> None:
        if self.rooms.find(heard.params[0]) is not None:
            nick = nick_of(heard)
            self._tell(self._incoming.topic(heard, self._me.user if self.is_me(nick) else self._incoming.user(nick)))

    def _invited(self, heard: Line) -> None:
        channel = self.rooms.find(heard.params[-1])
        if channel is not None and not channel.here and self.is_me(heard.params[0]):
            self._ask_in(channel)

    def _hidden(self, heard: Line) -> None:
        """The server hides our address behind another (RPL_HOSTHIDDEN)."""
        user = self._me.address.partition("@")[0]
        shown = heard.params[1]
        self._me.address = shown if "@" in shown else f"{user}@{shown}"
