"""Under which names the bridge may be called: a web page elsewhere must not reach it under a name of its own."""

from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bridge.config import HttpSettings, is_loopback
from bridge.http.access import is_open
from bridge.http.answers import Problem, answer
from bridge.logs import Mask


def may_be_called(host: str | None, settings: HttpSettings) -> bool:
    """Whether `host`, as the caller wrote it, is one of ours.

    Who listens on loopback knows its names: any other comes from a browser whose resolver was told to lead a stranger's
    page here (DNS rebinding). Elsewhere the names are the network's, and the token alone decides.
    """
    if not settings.is_local:
        return True
    ours = urlsplit(settings.public_url).hostname if settings.public_url else None
    return host is not None and (is_loopback(host) or host == ours)


def called_by_name(settings: Callable[[], HttpSettings | None], mask: Callable[[], Mask]) -> Middleware:
    """A middleware: whoever calls us by a stranger's name is refused, but for health and the platforms' own calls."""

    @web.middleware
    async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
        http = settings()
        if http is None or is_open(request.path) or may_be_called(_host(request), http):
            return await handler(request)
        told = "call the bridge by its address, localhost, or the name in `http.public_url`"
        return answer(Problem(told), mask(), 421)

    return look


def _host(request: web.Request) -> str | None:
    try:
        return urlsplit(f"//{request.host}").hostname
    except ValueError:
        return None
