"""Asks a connector for what is no delivery; whatever it raises becomes an error that says what happens next."""

import asyncio

import structlog

from bridge.config.settings import Sync
from bridge.connector import Connector
from bridge.delivery import Lane
from bridge.errors import Feature as Lacks
from bridge.errors import Rejected, RoomClosed, Unauthorized, Unavailable, Unsupported
from bridge.supervisor import Account, State

logger = structlog.get_logger()
_LONGEST_SECONDS = 60.0


async def set_title(account: Account, lane: Lane, what: Sync, words: str) -> None:
    """Give a room another name or topic. Raises `Rejected` and `RoomClosed` as the connector does, else `Unavailable`.

    Where the credentials are refused the account stops, as with a message.
    """
    connector, room = account.connector, lane.state.place.room
    if not connector.can(Connector.rename if what is Sync.NAME else Connector.describe):
        raise Unsupported(Lacks.TITLE, f"its platform lets nobody set the {what} of a room")
    if account.state is not State.UP or not lane.state.joined:
        raise Unavailable("the room is not entered")
    change = connector.rename if what is Sync.NAME else connector.describe
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await change(room, words)
    except (Rejected, RoomClosed, Unavailable):
        raise
    except Unauthorized as error:
        account.refused(str(error))
        raise Unavailable(f"the account is stopped: {error}") from error
    except Exception as error:
        logger.warning("a title was not set", room=str(lane.name), error=type(error).__name__)
        raise Unavailable(f"the connector fell: {type(error).__name__}") from error
