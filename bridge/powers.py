"""Who may decide in a room, and who may read along, asked of its platform."""

import asyncio
from typing import Any

import structlog

from bridge.asked import Access, Power
from bridge.connector import Connector
from bridge.errors import BridgeError, Unavailable
from bridge.ids import RoomId, UserId

logger = structlog.get_logger()
_ASK_SECONDS = 30.0


async def power_in(connector: Connector[Any], room: RoomId, user: UserId) -> Power:
    """What somebody may do in a room; a platform that cannot say gives nobody any.

    `Unavailable` with a sentence for them where it could not be asked now.
    """
    if not connector.can(Connector.power):
        return Power.NONE
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            return await connector.power(room, user)
    except (BridgeError, TimeoutError) as error:
        raise Unavailable("Who moderates this room could not be asked now: try again.") from error
    except Exception:  # a connector's bug must neither end the bridge nor give anybody power
        logger.exception("power not told", account=connector.host.account)
        return Power.NONE


async def access_to(connector: Connector[Any], room: RoomId) -> Access | None:
    """Whether anybody may read along in a room; None where the platform does not say."""
    if not connector.can(Connector.access):
        return None
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            return await connector.access(room)
    except (BridgeError, TimeoutError) as error:
        logger.info("access not told", account=connector.host.account, why=str(error))
    except Exception:  # a connector's bug must not end the bridge: people are warned as if nobody knew
        logger.exception("access not told", account=connector.host.account)
    return None
