"""Downloads from addresses that people or platforms gave: from the public internet, never from inside.

What is checked is what is connected to: names are asked for once, at connect time, and every answer has to lead
outside. A redirect is a new address and checked like the first.
"""

import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bridge.errors import Rejected, Unavailable
from bridge.outside import Bounds, all_outside, taken_apart, vouched_for

_PIECE: Final = 1 << 16
_MOST: Final = 1 << 31
_REDIRECTS: Final = 3
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_LATER: Final = frozenset({408, 425, 429})
_TIMES: Final = aiohttp.ClientTimeout(total=1800, sock_connect=10, sock_read=60)


class Inside(OSError):
    """A name leads inside."""


class Download:
    """Fetches within bounds. `names` answers questions for names, the system where it is None."""

    def __init__(
        self, bounds: Bounds, *, names: AbstractResolver | None = None, times: aiohttp.ClientTimeout = _TIMES
    ) -> None:
        self._bounds, self._names, self._times = bounds, names, times

    async def fetch(
        self, address: str, *, most: int = _MOST, headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes behind an address, in pieces of at most 64 KiB; `most` of them.

        `headers` may hold a token: they go to the first host alone. Raises `Rejected` where it may not be fetched, is
        gone or too big, `Unavailable` for what may work later, also in the middle.
        """
        async with aclosing(self._followed(address, most, dict(headers or {}))) as pieces:
            async for piece in pieces:
                yield piece

    async def _followed(self, address: str, most: int, headers: dict[str, str]) -> AsyncGenerator[bytes, None]:
        url = first = taken_apart(address)
        for _ in range(_REDIRECTS + 1):
            async with self._asked(url, headers if url.origin() == first.origin() else {}) as answer:
                if answer.status not in _MOVED:
                    async for piece in _counted(answer, most):
                        yield piece
                    return
                url = _next(url, answer)
        raise Rejected("it leads on and on")

    @asynccontextmanager
    async def _asked(self, url: URL, headers: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """One request, with nothing kept of earlier ones: no cookie, no proxy, no connection."""
        names = self._names or aiohttp.ThreadedResolver()
        if not vouched_for(url, self._bounds):
            names = _Checked(names)
        connector = aiohttp.TCPConnector(resolver=names, use_dns_cache=False, force_close=True)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector, timeout=self._times, auto_decompress=False,
                    cookie_jar=aiohttp.DummyCookieJar(), headers={"Accept-Encoding": "identity"},
                ) as session,
                session.get(url, headers=headers, allow_redirects=False) as answer,
            ):  # fmt: skip
                yield answer
        except aiohttp.InvalidURL as error:
            raise Rejected("it is no address") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if _is_inside(error):
                raise Rejected("it leads inside") from error
            raise Unavailable(f"it cannot be fetched now: {type(error).__name__}") from error


class _Checked(AbstractResolver):
    """Answers only where every answer leads outside."""

    def __init__(self, names: AbstractResolver) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        if not all_outside([one["host"] for one in found]):
            raise Inside("it leads inside")
        return found

    async def close(self) -> None:
        await self._names.close()


def _is_inside(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, Inside):
        error = error.__cause__ or error.__context__
    return error is not None


def _next(url: URL, answer: aiohttp.ClientResponse) -> URL:
    try:
        target = taken_apart(str(url.join(URL(answer.headers.get("Location", "")))))
    except ValueError as error:
        raise Rejected("it leads nowhere") from error
    if (url.scheme, target.scheme) == ("https", "http"):
        raise Rejected("it leads from a safe address to an unsafe one")
    return target


async def _counted(answer: aiohttp.ClientResponse, most: int) -> AsyncGenerator[bytes, None]:
    _judge(answer, most)
    size = 0
    async for piece in answer.content.iter_chunked(_PIECE):
        size += len(piece)
        if size > most:
            raise Rejected(f"more than {most} bytes")
        yield piece


def _judge(answer: aiohttp.ClientResponse, most: int) -> None:
    """Whether this is the file. Raises what it is otherwise."""
    if answer.status in _LATER or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        pause = answer.headers.get("Retry-After", "")
        wait = float(pause) if pause.isascii() and pause.isdecimal() else None
        raise Unavailable(f"the server answered {answer.status}", retry_after=wait)
    if answer.status != HTTPStatus.OK:
        raise Rejected(f"the server answered {answer.status}")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Rejected("it is packed")
    if answer.content_length is not None and answer.content_length > most:
        raise Rejected(f"{answer.content_length} bytes are too many")
