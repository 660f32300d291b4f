"""Asks a connector for what is no delivery: whatever becomes of it, nobody waits for ever and the bridge goes on."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import structlog

from bridge.connector import Connector
from bridge.errors import BridgeError, Unavailable

logger = structlog.get_logger()
_LONGEST_SECONDS = 30.0
T = TypeVar("T")


async def answer(connector: Connector[Any], asked: Awaitable[T]) -> T:
    """What it answers. Raises the errors that a connector declares.

    `Unavailable` for no answer in time, and for anything undeclared, which is logged with its trace: a connector's bug
    must not end the bridge.
    """
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            return await asked
    except BridgeError:
        raise
    except TimeoutError as error:
        raise Unavailable("no answer in time") from error
    except Exception as error:
        logger.exception("connector raised an undeclared error", account=connector.host.account)
        raise Unavailable(f"the connector fell: {type(error).__name__}") from error
