"""Who may decide in a room, and who may read along, asked of its platform."""

from typing import Any

import structlog

from bridge.asked import Access, Power
from bridge.asking import answer
from bridge.connector import Connector
from bridge.errors import BridgeError, Unavailable
from bridge.ids import RoomId, UserId

logger = structlog.get_logger()


async def power_in(connector: Connector[Any], room: RoomId, user: UserId) -> Power:
    """What somebody may do in a room; a platform that cannot say gives nobody any.

    `Unavailable` with a sentence for them where it could not be asked now.
    """
    if not connector.can(Connector.power):
        return Power.NONE
    try:
        return await answer(connector, connector.power(room, user))
    except BridgeError as error:
        raise Unavailable("Who moderates this room could not be asked now: try again.") from error


async def access_to(connector: Connector[Any], room: RoomId) -> Access | None:
    """Whether anybody may read along in a room; None where the platform does not say: people are warned then."""
    if not connector.can(Connector.access):
        return None
    try:
        return await answer(connector, connector.access(room))
    except BridgeError as error:
        logger.info("access not told", account=connector.host.account, why=str(error))
    return None
