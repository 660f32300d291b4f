"""Who was answered sees that their words were read: an agent's answer is the proof that somebody read them."""

from typing import Any

import structlog

from bridge.asked import Target
from bridge.asking import answer
from bridge.connector import Connector
from bridge.errors import BridgeError
from bridge.ids import MessageId
from bridge.store.conversations import LastHeard, Private
from bridge.store.writer import Writer

logger = structlog.get_logger()


async def mark_read(connector: Connector[Any], private: Private, writer: Writer) -> None:
    """Mark what the person wrote last, and with it all before; tried once: a mark that fails is missed by nobody."""
    last: MessageId | None = await writer.ask(LastHeard(private.room))
    if last is None:
        return
    try:
        await answer(connector, connector.mark_read(Target(room=private.native, parts=(last,))))
    except BridgeError as error:
        logger.debug("not marked as read", account=connector.host.account, why=type(error).__name__)
