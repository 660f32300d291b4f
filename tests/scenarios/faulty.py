"""A memory connector that fails, waits and refuses as a scenario asks it to."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bridge.asked import Outgoing
from bridge.capabilities import Capabilities
from bridge.errors import BridgeError, Feature, RoomClosed, Unsupported
from bridge.ids import Key, MessageId, Place, RoomId
from bridge.testing.memory import MemoryConnector, MemoryPlatform
from bridge.text.nodes import Bold, Paragraph
from bridge.text.walk import plain
from tests.scenarios.bridge_under_test import Bridge, configured


class FaultyConnector(MemoryConnector):
    """`fails`: raised by the next sends, `loses`: after them; `connects`: by connections; `slow`: seconds by room.

    `enters`: the same of entering it; `shut`: the room that lets nobody in; `leads`: to which room names lead.
    """

    def __init__(self, config: Any, host: Any) -> None:  # noqa: ANN401 - handed on as they are
        super().__init__(config, host)
        self.fails: list[Exception] = []
        self.loses: list[Exception] = []
        self.cannot_tell: Exception | None = None
        self.connects: BridgeError | None = None
        self.connections = 0
        self.poison = ""
        self.slow: dict[str, float] = {}
        self.enters: dict[str, float] = {}
        self.entering: list[str] = []
        self.shut = ""
        self.leads: dict[str, str] = {}
        self.refuses_bold = False
        self.refuses_formatting_of = ""
        self.times: list[float] = []
        self.keys: list[Key] = []
        self.words: list[str] = []

    async def run(self) -> None:
        self.connections += 1
        if self.connects is not None:
            raise self.connects
        await super().run()

    async def join(self, name: str) -> Place:
        self.entering.append(name)
        await asyncio.sleep(self.enters.get(name, 0))
        if name == self.shut:
            raise RoomClosed("the door is shut")
        return await super().join(self.leads.get(name, name))

    def tries(self, words: str) -> int:
        return sum(words in tried for tried in self.words)

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        words = plain(message.text)
        self.times.append(asyncio.get_running_loop().time())
        self.keys.append(message.key)
        self.words.append(words)
        if self.fails:
            raise self.fails.pop(0)
        if self.poison and self.poison in words:
            raise ValueError(words)
        if self.refuses_bold and _bold(message):
            raise Unsupported(Feature.FORMATTING)
        if self.refuses_formatting_of and self.refuses_formatting_of in words:
            raise Unsupported(Feature.FORMATTING)
        sent = await super().send(message)
        await asyncio.sleep(self.slow.get(message.room, 0))
        if self.loses:
            raise self.loses.pop(0)
        return sent

    def capabilities(self, room: RoomId) -> Capabilities:
        if self.cannot_tell is not None:
            raise self.cannot_tell
        return super().capabilities(room)


def _bold(message: Outgoing) -> bool:
    return any(
        isinstance(node, Bold) for block in message.text if isinstance(block, Paragraph) for node in block.inside
    )


class FaultyBridge(Bridge):
    """A bridge all of whose connectors are faulty ones."""

    def connector(self, account: str) -> FaultyConnector:
        connector = self.account(account).connector
        assert isinstance(connector, FaultyConnector)
        return connector


async def faulty(
    folder: Path,
    *platforms: MemoryPlatform,
    rooms: Sequence[str] = ("town",),
    lifetime_hours: float = 24,
    more: str = "",
    connector: type[FaultyConnector] = FaultyConnector,
) -> FaultyBridge:
    """A running bridge between the platforms' rooms."""
    yaml = configured(*platforms, rooms=rooms, connector="faulty", lifetime_hours=lifetime_hours, more=more)
    bridge = FaultyBridge(folder, yaml, connectors={"faulty": connector})
    await bridge.start()
    return bridge
