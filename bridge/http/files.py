"""Files that a room did not take, under addresses that nobody can guess and that expire."""

import asyncio
from typing import Final
from urllib.parse import quote

from aiohttp import web

from bridge.errors import Rejected
from bridge.events import File
from bridge.snapshot import Bridge

PREFIX: Final = "/files/"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
    "Server": "qantara",
}
"""Nothing in a file may run, wherever it is opened."""
_SHOWN: Final = frozenset({
    "image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "video/webm", "audio/mpeg", "audio/ogg",
    "audio/mp4", "audio/wav", "text/plain",
})  # fmt: skip
"""What a browser shows without running anything; all else is saved."""
_LONGEST_SECONDS = 900.0


async def give(bridge: Bridge, request: web.Request) -> web.StreamResponse:
    """A file by its address, piece by piece; 404 for one that was deleted, has expired or never was."""
    file = await bridge.media.served(request.match_info["id"]) if bridge.started else None
    if file is None:
        raise web.HTTPNotFound
    response = web.StreamResponse(headers={"Content-Disposition": _disposition(file)})
    response.content_type = file.mime if file.mime in _SHOWN else "application/octet-stream"
    response.content_length = file.size
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await _stream(bridge, request, response, file)
    except Rejected:  # deleted a moment ago
        if not response.prepared:
            raise web.HTTPNotFound from None
    return response


async def _stream(bridge: Bridge, request: web.Request, response: web.StreamResponse, file: File) -> None:
    if request.method == "HEAD":
        await response.prepare(request)
        return
    async for piece in bridge.media.read(file):
        if not response.prepared:
            await response.prepare(request)
        await response.write(piece)
    await response.write_eof()


def _disposition(file: File) -> str:
    how = "inline" if file.mime in _SHOWN else "attachment"
    return f"{how}; filename*=UTF-8''{quote(file.name, safe='')}"
