"""What connectors are given of files: their bytes, piece by piece, and public addresses."""

from collections.abc import AsyncIterator

from bridge.errors import Rejected
from bridge.events import File


class Giving:
    """The host's side of files, the same for all accounts."""

    async def read(self, file: File) -> AsyncIterator[bytes]:
        """See `bridge.connector.Host.read`."""
        raise Rejected(f"{file.name} is gone")
        yield b""  # an asynchronous generator, though there is nothing to give

    async def link(self, file: File) -> str | None:
        """See `bridge.connector.Host.link`."""
        del file
        return None
