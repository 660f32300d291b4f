"""What the author of a generated connector writes: `$package/connector.py`, for the messenger in memory."""

from collections.abc import Sequence

from pydantic import SecretStr

from bridge import (
    Capabilities,
    Connector,
    ConnectorConfig,
    MessageId,
    Outgoing,
    Place,
    Relation,
    StoreFull,
    Unavailable,
)
from bridge.events import AnyEvent
from bridge.testing.memory import EVERYTHING, PLATFORMS, event_of, translated
from bridge.testing.memory_platform import Session
from bridge.testing.memory_rooms import Post


class ZulipConfig(ConnectorConfig):
    """An account on Zulip."""

    server: str
    """Address of the server."""
    token: SecretStr
    """Access token of the bridge's user."""


class Zulip(Connector[ZulipConfig]):
    """Zulip."""

    Config = ZulipConfig
    features = Capabilities(formatting=EVERYTHING.formatting, relations=frozenset({Relation.REPLY}), max_text=4000)
    _session: Session | None = None

    async def run(self) -> None:
        with translated():
            session = await PLATFORMS[self.config.server].connect("bridge", self.config.token.get_secret_value())
            after = int(await self.host.position() or await session.newest())
        await self._store(str(after))
        self._session = session
        self.host.connected(session.me)
        try:
            while True:
                with translated():
                    updates = await session.updates(after)
                    heard = [event_of(update) for update in updates if update.person.id != session.me.id]
                    after = updates[-1].offset
                    await self._store(str(after), *heard)
                    await session.confirm(after)
        finally:
            self._session = None

    async def _store(self, position: str, *events: AnyEvent) -> None:
        while True:
            try:
                return await self.host.publish(*events, position=position)
            except StoreFull:
                await self.host.clock.sleep(0.02)

    async def join(self, name: str) -> Place:
        with translated():
            return Place(await self._live().enter(name))

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        answered = message.in_reply_to.parts[0] if message.in_reply_to else None
        post = Post(room=message.room, rich=message.text, manner=message.manner, key=message.key, in_reply_to=answered)
        with translated():
            return (await self._live().post(post),)

    def _live(self) -> Session:
        if self._session is None:
            raise Unavailable("not connected")
        return self._session
