"""What comes in, with what only memory knows: which emoji somebody had on a message, and what arrived already."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from bridge import Host, MessageId, Reacted, RoomId, SendFailed, Unreacted
from bridge.events import AnyEvent, Delivered
from bridge.ids import EventId
from connectors.whatsapp.incoming import Reacting, Told

_LIFE: Final = timedelta(days=30)
"""WhatsApp lets people react no later than so long after a message."""
_GIVEN_AGAIN: Final = timedelta(days=8)
"""Calls are given again for seven days; facts/platform-apis.md 2.2."""
_MOST: Final = 10_000


class Hearing:
    """Publishes what calls say, for one account."""

    def __init__(self) -> None:
        self._one_by_one = asyncio.Lock()
        self._arrived: OrderedDict[tuple[MessageId | None, RoomId | None], None] = OrderedDict()

    async def take(self, host: Host, whole: Told) -> None:
        """Store everything of one call together; returns once it is stored, raises `StoreFull` when nothing is."""
        told = fresh(whole, host.clock.now())
        if any(isinstance(event, Reacting) for event in told.events):
            async with self._one_by_one:  # which emoji is replaced hangs on the call before
                await self._publish(host, told)
        else:
            await self._publish(host, told)
        for what in told.unreadable:
            host.unreadable(what)

    async def _publish(self, host: Host, told: Told) -> None:
        now: dict[str, str] = {}
        events = [event async for event in self._known(host, told, now)]
        await host.publish(*events)
        await _remember(host, now)

    async def _known(self, host: Host, told: Told, now: dict[str, str]) -> AsyncIterator[AnyEvent]:
        for event in told.events:
            match event:
                case Reacting():
                    name = _name(event)
                    since, before = _kept(now[name] if name in now else await host.recall(name))
                    if event.at.timestamp() >= since:  # else it was given again, and another came meanwhile
                        now[name] = f"{event.at.timestamp():.0f} {event.emoji}"
                        for change in changed(event, before):
                            yield change
                case Delivered():
                    self._note(event)
                    yield event
                case SendFailed(message=message, recipient=recipient) if (message, recipient) in self._arrived:
                    continue  # on one of the person's devices, and it is on another
                case _:
                    yield event

    def _note(self, event: Delivered) -> None:
        self._arrived[event.message, event.recipient] = None
        if len(self._arrived) > _MOST:
            self._arrived.popitem(last=False)


def _kept(value: str | None) -> tuple[int, str]:
    """Since when somebody has which emoji on a message."""
    since, _, emoji = (value or "0 ").partition(" ")
    return int(since) if since.isdigit() else 0, emoji


async def _remember(host: Host, now: Mapping[str, str]) -> None:
    for name, emoji in now.items():
        await host.remember(name, emoji, _LIFE)


def fresh(told: Told, now: datetime) -> Told:
    """What may still come from WhatsApp itself: somebody who recorded a call and its signature can give it for ever."""
    kept = tuple(event for event in told.events if now - event.at <= _GIVEN_AGAIN)
    if len(kept) == len(told.events):
        return told
    return replace(told, events=kept, unreadable=(*told.unreadable, "a replayed call"))


def changed(event: Reacting, before: str) -> Iterator[AnyEvent]:
    """One emoji goes, another comes: people have at most one on a message."""
    here = {"room": event.room, "room_kind": event.room_kind, "at": event.at, "message": event.message, "by": event.by}
    if before and before != event.emoji:
        yield Unreacted(id=EventId(f"unreact:{event.id}"), emoji=before, **here)  # type: ignore[arg-type]
    if event.emoji and before != event.emoji:
        yield Reacted(id=EventId(f"react:{event.id}"), emoji=event.emoji, **here)  # type: ignore[arg-type]


def _name(event: Reacting) -> str:
    """Under which somebody's emoji is remembered; nobody can read there who it was."""
    return "reaction " + hashlib.sha256(f"{event.message} {event.by.id}".encode("utf-8", "replace")).hexdigest()[:32]
