"""The terminal as a chat room: the smallest whole connector, and the example of the tutorial."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bridge import Connector, ConnectorConfig, EventId, Manner, MessageId, Outgoing, Place, Posted, RoomId, User, UserId
from bridge.recipient import Recipient
from bridge.text.nodes import said
from bridge.text.walk import plain

TERMINAL = RoomId("terminal")


class ConsoleConfig(ConnectorConfig):
    """A terminal that people read and one person types in."""

    name: str = "console"
    """Name shown for whoever types."""
    keyboard: Path = Path("/dev/stdin")
    """Where the typed lines come from."""


class Console(Connector[ConsoleConfig]):
    """Your terminal as a chat room."""

    Config = ConsoleConfig
    recipient = Recipient(keeps="It keeps nothing.", reads="Whoever sees the terminal reads it.")

    async def run(self) -> None:
        lines = asyncio.StreamReader()
        keyboard, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), self.config.keyboard.open("rb", buffering=0)
        )
        with closing(keyboard):
            self.host.connected(User(id=UserId("bridge"), name="bridge"))
            while line := await lines.readline():
                await self.host.publish(self._posted(line.decode(errors="replace").rstrip("\r\n")))
            await asyncio.Event().wait()  # nobody types any more, and still people may read

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        print("*" if message.manner is Manner.EMOTE else ">", plain(message.text), flush=True)
        return (MessageId(self.host.chance.token(12)),)

    async def join(self, name: str) -> Place:  # noqa: ARG002  # whatever it is called, there is only one
        return Place(TERMINAL)

    def _posted(self, line: str) -> Posted:
        name = self.host.chance.token(12)
        author = User(id=UserId("typist"), name=self.config.name)
        at, message = self.host.clock.now(), (MessageId(name),)
        return Posted(id=EventId(f"e:{name}"), room=TERMINAL, at=at, message=message, author=author, text=said(line))
