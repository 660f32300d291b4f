"""Who may ask what: the gate before every route, and the headers behind every answer."""

import hmac
import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from pydantic import SecretStr

from bridge.clock import Clock
from bridge.errors import StoreFull
from bridge.http import files, page
from bridge.http.answers import Problem, answer
from bridge.logs import Mask

logger = structlog.get_logger()
OPEN: Final = ("/health", "/ready", "/in/", "/files/")
"""Everything else needs the token, but the operator's page, which holds nothing itself (see `bridge.http.page`)."""
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "qantara",
}
_MOST_FAILURES = 30
_WINDOW_SECONDS = 60.0
_MOST_ADDRESSES = 1024


def is_open(path: str) -> bool:
    """Whether a path is there for everybody."""
    return path in OPEN or path.startswith(OPEN[-2:])


class Failures:
    """How often an address gave a wrong token lately. Over the limit it is not even heard."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: OrderedDict[str, deque[float]] = OrderedDict()

    def too_many(self, address: str) -> bool:
        """Whether the address has to wait."""
        failures = self._at.get(network(address))
        oldest = self._clock.monotonic() - _WINDOW_SECONDS
        return failures is not None and len(failures) == _MOST_FAILURES and failures[0] > oldest

    def add(self, address: str) -> None:
        """One more; of the addresses only the last are remembered."""
        failures = self._at.setdefault(network(address), deque(maxlen=_MOST_FAILURES))
        failures.append(self._clock.monotonic())
        self._at.move_to_end(network(address))
        if len(self._at) > _MOST_ADDRESSES:
            self._at.popitem(last=False)


def network(address: str) -> str:
    """The side an address is of. Who has one IPv6 address has 2^64 of them."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{ip}/64", strict=False)) if ip.version == 6 else str(ip)  # noqa: PLR2004


def gate(token: Callable[[], SecretStr | None], failures: Failures, mask: Callable[[], Mask]) -> Middleware:
    """A middleware: what is not open needs the token; without one in the configuration it does not exist."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_open(request.path):
            return await handler(request)
        expected, address = token(), request.remote or ""
        if expected is None:
            return answer(Problem("there is no such page"), mask(), 404)
        if page.is_asked_for(request):
            return await handler(request)
        if failures.too_many(address):
            return _told(answer(Problem("too many wrong tokens: wait a minute"), mask(), 429), "Retry-After", "60")
        if not _knows(request, expected):
            failures.add(address)
            logger.warning("wrong token", method=request.method, path=request.path[:80], remote=address)
            refusal = answer(Problem("this needs the header `Authorization: Bearer …`"), mask(), 401)
            return _told(refusal, "WWW-Authenticate", 'Bearer realm="qantara"')
        return await handler(request)

    return guard


def _told(response: web.Response, header: str, value: str) -> web.Response:
    response.headers[header] = value
    return response


def _knows(request: web.Request, expected: SecretStr) -> bool:
    scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    same = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), expected.get_secret_value().encode())
    return same and scheme.lower() == "bearer"


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: every answer carries these."""
    response.headers.update(files.HEADERS if request.path.startswith(files.PREFIX) else HEADERS)


def told(mask: Callable[[], Mask]) -> Middleware:
    """A middleware: what aiohttp or the store refuses is refused in JSON, and a packed body is not unpacked."""

    @web.middleware
    async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
            return answer(Problem("a packed body is not taken"), mask(), 415)
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            response = answer(Problem(refusal.reason), mask(), refusal.status)
            if hdrs.ALLOW in refusal.headers:
                response.headers[hdrs.ALLOW] = refusal.headers[hdrs.ALLOW]
            return response
        except (StoreFull, TimeoutError) as error:
            why = str(error) or "the store does not answer"
            return _told(answer(Problem(why), mask(), 503), "Retry-After", "5")

    return tell
