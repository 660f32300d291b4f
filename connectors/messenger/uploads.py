"""Files on their way to Meta: uploaded once and used again, or fetched by Meta from a link of ours."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from bridge import Host
from bridge.errors import Feature, Rejected, Unsupported
from bridge.events import File
from connectors.messenger.config import Files
from connectors.messenger.outgoing import type_of
from connectors.messenger.page import Page

_LIFE: Final = timedelta(days=85)
"""Meta forgets an upload after 90."""


class Uploads:
    """The files of one account; what was uploaded once is remembered by its content."""

    def __init__(self, host: Host, page: Page, way: Files) -> None:
        self._host = host
        self._page = page
        self._way = way

    async def payload(self, file: File) -> Mapping[str, Any]:
        """How a message names the file. `Unsupported` where Meta does not take it."""
        if self._way is Files.LINK and (address := await self._host.link(file)) is not None:
            return {"url": address, "is_reusable": False}
        ident = await self._host.recall(_name(file))
        if ident is None:
            ident = await self._uploaded(file)
            await self._host.remember(_name(file), ident, _LIFE)
        return {"attachment_id": ident}

    async def again(self, file: File) -> Mapping[str, Any]:
        """The same after Meta refused the id: the bytes go once more."""
        ident = await self._uploaded(file)
        await self._host.remember(_name(file), ident, _LIFE)
        return {"attachment_id": ident}

    async def _uploaded(self, file: File) -> str:
        try:
            return await self._page.upload(file, self._host.read)
        except Unsupported:
            raise
        except Rejected as error:
            raise Unsupported(Feature.ATTACHMENT, f"Meta does not take the file: {error}") from error


def _name(file: File) -> str:
    """An upload belongs to a type: the same bytes as a file have another id."""
    return f"upload {type_of(file)} {file.sha256}"
