"""The names and topics of rooms, set as state (client-server API 1.19: `m.room.name`, `m.room.topic`)."""

from bridge.ids import RoomId
from connectors.matrix import asking, calls
from connectors.matrix.asking import Homeserver

KINDS = frozenset({"m.room.name", "m.room.topic"})
MAX_NAME_BYTES = 255
MAX_TOPIC_BYTES = 4096
"""Far from the 64 KiB of an event, and more than anybody reads."""


async def rename(homeserver: Homeserver, room: RoomId, name: str) -> None:
    """Setting what is there already changes nothing."""
    asking.event_id(await homeserver.call(calls.set_state(room, "m.room.name", {"name": name})))


async def describe(homeserver: Homeserver, room: RoomId, topic: str) -> None:
    """The same with the topic; "" takes it away."""
    asking.event_id(await homeserver.call(calls.set_state(room, "m.room.topic", {"topic": topic})))
