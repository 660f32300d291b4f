"""The topics of channels: what each is, as the server told, and the one that we wait to have set."""

import asyncio
from collections.abc import Callable

from irctokens.line import Line

from bridge.errors import BridgeError, Uncertain
from connectors.irc.refusals import refusal
from connectors.irc.server import Server
from connectors.irc.wire import line

WITHOUT_LIMIT = 300
"""Bytes of a topic where the server names no most: it fits into a line with everything in front of it."""
_SHOWN_PARAMS = 3


class Topics:
    """One connection's. Servers answer nothing to a topic that is there already, so that is never asked for."""

    def __init__(self, server: Server, write: Callable[[bytes], None]) -> None:
        self._server, self._write = server, write
        self._known: dict[str, str] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}

    async def set(self, room: str, words: str, timeout_seconds: float) -> None:
        """Change a topic, and wait until the server has. Raises `RoomClosed` where we may not."""
        folded = self._server.fold(room)
        if self._known.get(folded) == words:
            return
        waiting = self._waiting.setdefault(folded, asyncio.get_running_loop().create_future())
        self._write(line("TOPIC", room, words))
        try:
            async with asyncio.timeout(timeout_seconds):
                await asyncio.shield(waiting)
        except TimeoutError as error:
            raise Uncertain("the server does not say whether it set the topic") from error
        finally:
            self._waiting.pop(folded, None)

    def told(self, heard: Line) -> None:
        """RPL_TOPIC (332) and RPL_NOTOPIC (331): we, the channel, what its topic is."""
        if len(heard.params) >= _SHOWN_PARAMS:
            self._known[self._server.fold(heard.params[1])] = heard.params[-1] if heard.command == "332" else ""

    def changed(self, heard: Line) -> None:
        """Somebody set a topic: what we wait for is done or overtaken."""
        folded = self._server.fold(heard.params[0])
        self._known[folded] = heard.params[-1]
        if (waiting := self._waiting.get(folded)) is not None and not waiting.done():
            waiting.set_result(None)

    def refused(self, heard: Line) -> bool:
        """ERR_CHANOPRIVSNEEDED (482): whether it is the answer to a topic of ours."""
        waiting = self._waiting.get(self._server.fold(heard.params[1])) if len(heard.params) > 1 else None
        if waiting is None or waiting.done():
            return False
        waiting.set_exception(refusal(heard.command, heard.params[-1]))
        return True

    def lost(self, why: BridgeError) -> None:
        """The connection is gone."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Uncertain(str(why)))
        self._known.clear()
