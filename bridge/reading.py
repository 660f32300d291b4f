"""Who was answered sees that their words were read: an agent's answer is the proof that somebody read them."""

import asyncio
from typing import Any, Final

import structlog

from bridge.asked import Target
from bridge.connector import Connector
from bridge.errors import BridgeError
from bridge.ids import MessageId
from bridge.store.conversations import LastHeard, Private
from bridge.store.writer import Writer

logger = structlog.get_logger()
_SECONDS: Final = 30.0


async def mark_read(connector: Connector[Any], private: Private, writer: Writer) -> None:
    """Mark what the person wrote last, and with it all before; tried once: a mark that fails is missed by nobody."""
    last: MessageId | None = await writer.ask(LastHeard(private.room))
    if last is None:
        return
    try:
        async with asyncio.timeout(_SECONDS):
            await connector.mark_read(Target(room=private.native, parts=(last,)))
    except (BridgeError, TimeoutError) as error:
        logger.debug("not marked as read", account=connector.host.account, why=type(error).__name__)
    except Exception:  # a connector's bug must not end the bridge
        logger.exception("not marked as read", account=connector.host.account)
