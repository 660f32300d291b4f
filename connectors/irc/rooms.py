"""The channels we are in, or want to be in, on one connection, and who else is there. No I/O."""

import asyncio
from collections.abc import Iterator

from bridge.errors import BridgeError
from connectors.irc.server import Server


class Channel:
    """One channel that a link names.

    `arrival` is set while we wait to be let in; `missed` says that we were out (or never in) and the bridge knows it.
    """

    def __init__(self, name: str, folded: str) -> None:
        self.name = name
        self.folded = folded
        self.members: set[str] = set()
        self.rulers: set[str] = set()
        """Those of them who had power when the list of members was last told."""
        self.listing: asyncio.Future[None] | None = None
        self.modes: asyncio.Future[str] | None = None
        """What we asked for: the letters of its modes."""
        self.here = False
        self.missed = False
        self.returning = False
        self.arrival: asyncio.Future[None] | None = None

    def arrived(self) -> None:
        """We are in, and know who else is."""
        self.here = True
        if self.arrival is not None and not self.arrival.done():
            self.arrival.set_result(None)

    def refused(self, error: BridgeError) -> None:
        """We are not let in."""
        if self.arrival is not None and not self.arrival.done():
            self.arrival.set_exception(error)
            self.arrival.exception()  # looked at here: perhaps nobody waits any more

    def waits(self) -> bool:
        """Whether somebody waits for us to be let in."""
        return self.arrival is not None and not self.arrival.done()

    def listed(self) -> None:
        """The list of members is complete."""
        if self.listing is not None and not self.listing.done():
            self.listing.set_result(None)

    def gone(self) -> None:
        """We are out."""
        self.listed()
        self.here = False
        self.missed = True
        self.members.clear()


class Rooms:
    """All channels of one connection, by their folded names."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._channels: dict[str, Channel] = {}

    def __iter__(self) -> Iterator[Channel]:
        return iter(tuple(self._channels.values()))

    def find(self, name: str) -> Channel | None:
        """The channel, under any spelling of its name."""
        return self._channels.get(self._server.fold(name))

    def want(self, name: str) -> Channel:
        """The channel, which a link names from now on."""
        folded = self._server.fold(name)
        return self._channels.setdefault(folded, Channel(name, folded))

    def forget(self, name: str) -> Channel | None:
        """No link names it any more."""
        return self._channels.pop(self._server.fold(name), None)

    def members(self, name: str) -> frozenset[str] | set[str]:
        """The folded nicks of who is in a channel, ourselves too."""
        channel = self.find(name)
        return frozenset() if channel is None else channel.members

    def add(self, name: str, nick: str) -> Channel | None:
        """Somebody came in; None when we do not care for this channel."""
        channel = self.find(name)
        if channel is not None:
            channel.members.add(self._server.fold(nick))
        return channel

    def named(self, name: str, words: str) -> None:
        """A line of RPL_NAMREPLY: nicks behind their signs, perhaps with addresses."""
        channel = self.find(name)
        if channel is not None:
            signs, ruling = self._server.prefixes, self._server.ruling
            for word in words.split():
                nick = word.lstrip(signs)
                folded = self._server.fold(nick.partition("!")[0])
                channel.members.add(folded)
                rules = not ruling.isdisjoint(word[: len(word) - len(nick)])
                (channel.rulers.add if rules else channel.rulers.discard)(folded)

    def remove(self, name: str, nick: str) -> Channel | None:
        """Somebody left one channel; None when they were in none that we care for."""
        channel, folded = self.find(name), self._server.fold(nick)
        if channel is None or folded not in channel.members:
            return None
        channel.members.discard(folded)
        return channel

    def everywhere(self, nick: str) -> list[Channel]:
        """The channels somebody is in."""
        folded = self._server.fold(nick)
        return [channel for channel in self._channels.values() if folded in channel.members]

    def rename(self, old: str, new: str) -> None:
        """Somebody has another nick."""
        before, after = self._server.fold(old), self._server.fold(new)
        for channel in self.everywhere(old):
            channel.members.discard(before)
            channel.members.add(after)
