"""The operator's page: static files, open because there is nothing in them; what they show needs the token."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final

from aiohttp import hdrs, web

FILES: Final = {
    "/": ("index.html", "text/html"),
    "/operator/page.css": ("page.css", "text/css"),
    "/operator/page.js": ("page.js", "text/javascript"),
    "/operator/board.js": ("board.js", "text/javascript"),
    "/operator/draw.js": ("draw.js", "text/javascript"),
    "/operator/ask.js": ("ask.js", "text/javascript"),
    "/operator/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""By path: the file, and what it is."""

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add(router: web.UrlDispatcher) -> None:
    """Mount the page."""
    for path, (name, kind) in FILES.items():
        router.add_get(path, _file(name, kind))


def is_asked_for(request: web.Request) -> bool:
    """Whether a request is for the page itself."""
    return request.path in FILES and request.method in {hdrs.METH_GET, hdrs.METH_HEAD}


def _file(name: str, kind: str) -> Answer:
    body = files("bridge.http").joinpath("static", name).read_bytes()

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return answer
