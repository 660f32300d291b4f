"""Calls to Viber: one pool, a timeout on each, every answer judged; the token goes to the API alone."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from bridge import Rejected, Scope, Unavailable, Uncertain
from connectors.viber.config import ViberConfig
from connectors.viber.errors import Asked, of_http, refusal
from connectors.viber.wire import Json, dumps, loads

MAX_BODY: Final = 30 * 1024
_CONNECTIONS: Final = 32
_CONNECT_SECONDS: Final = 10.0
_CHUNK: Final = 65_536
_UNSENT: Final = (
    aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL, AssertionError,
)  # fmt: skip
"""Before a word was said; the last is the library's, where the pool is closed while a call begins."""
_LARGEST_ANSWER: Final = 1024 * 1024
_OK: Final = 200


class Client:
    """Calls with one token. Open it with `connected_to`; its methods raise the bridge's errors, or `GeneralError`."""

    def __init__(self, config: ViberConfig, session: aiohttp.ClientSession) -> None:
        self._config = config
        self._session = session
        self._token = {"X-Viber-Auth-Token": config.token.get_secret_value(), "Content-Type": "application/json"}

    async def call(self, method: str, body: Json, asked: Asked) -> Json:
        """Call a method and return its answer, whose status is 0."""
        data = dumps(body)
        if len(data) > MAX_BODY:
            raise Rejected(f"Viber takes no more than {MAX_BODY} bytes")
        answer = loads(await self._exchange(method, data, asked))
        if (error := refusal(answer, asked)) is not None:
            raise error
        return answer or {}

    async def _exchange(self, method: str, data: bytes, asked: Asked) -> bytes:
        scope = Scope.ACCOUNT if asked is Asked.ACCOUNT else Scope.ROOM
        timeout = aiohttp.ClientTimeout(total=self._config.timeout_seconds, connect=_CONNECT_SECONDS)
        try:
            async with self._session.post(
                f"{self._config.api_url}/pa/{method}", data=data, headers=self._token, timeout=timeout,
                allow_redirects=False,
            ) as answer:  # fmt: skip
                if answer.status != _OK:
                    raise of_http(answer.status, answer.headers.get("Retry-After"), asked)
                return await _limited(answer.content)
        except _UNSENT as error:
            kind = type(error).__name__
            lost: Unavailable = Unavailable(f"Viber cannot be reached ({kind})", scope=Scope.ACCOUNT)
        except (aiohttp.ClientError, TimeoutError, RuntimeError) as error:  # the last: the session was closed
            lost = Uncertain(f"Viber's answer was lost ({type(error).__name__})", scope=scope)
        raise lost  # not chained: the library's errors can hold our headers, and with them the token


@asynccontextmanager
async def connected_to(config: ViberConfig) -> AsyncIterator[Client]:
    """A pool of connections for as long as the block lasts."""
    tls = True if config.ca_file is None else ssl.create_default_context(cafile=config.ca_file)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls), cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
    ) as session:
        yield Client(config, session)


async def _limited(stream: aiohttp.StreamReader) -> bytes:
    """The whole answer, counted after it is unpacked: a bomb ends the call, not the process."""
    read = bytearray()
    async for chunk in stream.iter_chunked(_CHUNK):
        read += chunk
        if len(read) > _LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError("the answer is too large")
    return bytes(read)
