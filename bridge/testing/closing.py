"""The end of a server in a test: who has knocked is let in before it closes."""

import asyncio
from typing import Final, Protocol

_TURNS: Final = 3
"""Of the event loop: it sees a caller in one, begins to let them in in the next, and they are in at the third."""


class Cleaned(Protocol):
    """A web server, such as aiohttp's `AppRunner`."""

    async def cleanup(self) -> None: ...


async def let_in() -> None:
    """Wait until whoever has knocked is in.

    Before Python 3.12 a connection that is taken in while its server closes belongs to nobody, and is never closed.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)


async def closed(server: Cleaned | None) -> None:
    """Close a server, if there is one, with all its connections."""
    if server is not None:
        await let_in()
        await server.cleanup()
