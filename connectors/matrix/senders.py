"""Who wrote which message: only its writer may edit it, and homeservers do not check that (client-server API 11.5)."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from bridge.errors import RoomClosed
from bridge.ids import MessageId, RoomId
from connectors.matrix import calls, incoming
from connectors.matrix.client import Client
from connectors.matrix.content import words

_KEPT = 10_000


class Senders:
    """The writers of the last messages; the homeserver knows the others."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: OrderedDict[tuple[RoomId, str], str] = OrderedDict()

    def learn(self, room: RoomId, raw: Mapping[str, Any]) -> None:
        """Keep who wrote a message."""
        if raw.get("type") == "m.room.message":
            self._known[room, words(raw, "event_id")] = words(raw, "sender")
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)

    async def allow(self, room: RoomId, raw: Mapping[str, Any]) -> bool:
        """Whether `raw` may do what it does: true unless it edits a message of somebody else, or of another room."""
        target = incoming.replaced(raw)
        return target is None or await self._wrote(room, target) == words(raw, "sender")

    async def writer(self, room: RoomId, message: MessageId) -> str:
        """Who wrote a message; "" where it is not there, or not to be seen."""
        return await self._wrote(room, message)

    async def _wrote(self, room: RoomId, message: MessageId) -> str:
        known = self._known.get((room, message))
        if known is not None:
            return known
        try:
            return words(await self._client.call(calls.event(room, message)), "sender")
        except RoomClosed:  # there is no such message in this room, or none that we may see
            return ""
