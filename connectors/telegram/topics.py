"""What forum topics are called: said when one is made or renamed, and beside most of its messages."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from msgspec import structs
from telegram import Message

from bridge.connector import Host
from bridge.events import AnyEvent, Posted
from connectors.telegram.incoming import Read
from connectors.telegram.rooms import topic_of

_KEPT: Final = timedelta(days=3650)
_MOST: Final = 10_000


class Topics:
    """The names of one account's topics, kept over restarts."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._names: dict[str, str] = {}

    async def named(self, updates: Sequence[Read], events: Sequence[AnyEvent]) -> Sequence[AnyEvent]:
        """The events, each post of a topic with its name, after taking in what the updates say of names."""
        for one in updates:
            if one.post is not None and one.post.is_topic_message:
                await self._learn(one.post)
        return [await self._with_name(event) for event in events]

    async def _learn(self, post: Message) -> None:
        told = post.forum_topic_edited or post.forum_topic_created
        name = getattr(told, "name", None)
        if isinstance(name, str) and name:
            await self._keep(_key(post), name)
            return
        opened = getattr(post.reply_to_message, "forum_topic_created", None)
        first = getattr(opened, "name", None)
        if isinstance(first, str) and first and not await self._known(_key(post)):
            await self._keep(_key(post), first)

    async def _keep(self, key: str, name: str) -> None:
        if self._names.get(key) == name:
            return
        if len(self._names) >= _MOST:
            self._names.clear()
        self._names[key] = name
        await self._host.remember(key, name, _KEPT)

    async def _known(self, key: str) -> str:
        if key not in self._names:
            self._names[key] = await self._host.recall(key) or ""
        return self._names[key]

    async def _with_name(self, event: AnyEvent) -> AnyEvent:
        if not isinstance(event, Posted) or event.thread is None:
            return event
        name = await self._known(f"topic:{event.room}:{event.thread}")
        return structs.replace(event, thread_name=name) if name else event


def _key(post: Message) -> str:
    return f"topic:{post.chat.id}:{topic_of(post)}"
