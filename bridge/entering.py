"""Where a room is entered: by its name, or where the operator said it is."""

from typing import Any

from bridge.connector import Connector
from bridge.delivery import Lane
from bridge.errors import Rejected, RoomClosed
from bridge.ids import Place


async def place_of(connector: Connector[Any], lane: Lane) -> Place:
    """Enter a room by its name; where the operator said where it is, there."""
    followed = lane.state.followed
    if followed is None:
        return await connector.join(lane.name.name)
    try:
        return await connector.join(str(followed))
    except (RoomClosed, Rejected):  # a platform may need the name to find the way in
        if (place := await connector.join(lane.name.name)) == followed:
            return place
        raise
