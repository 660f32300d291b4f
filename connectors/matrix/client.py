"""One HTTP session with a homeserver: a request in, its JSON out, everything else as the bridge's errors."""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from pydantic import SecretStr
from yarl import URL

from bridge.errors import Uncertain
from connectors.matrix.answers import TooMuchError, decoded
from connectors.matrix.calls import Call
from connectors.matrix.errors import translated

_CONNECTIONS = 16
_CONNECT_SECONDS = 10.0
_CHUNK = 65_536
_REDIRECTS = 3
_SLOWEST = 20_000
"""Bytes a second below which an upload is given up."""
LARGEST_ANSWER = 16 * 1024 * 1024


class TooLargeError(Uncertain):
    """The answer is longer than we read; what was asked for may be asked for in smaller pieces."""


class Settings(Protocol):
    """What a client has to know of an account: one user's, or an application service's."""

    @property
    def homeserver(self) -> str: ...

    @property
    def ca_file(self) -> Path | None: ...

    @property
    def token(self) -> SecretStr: ...

    @property
    def request_timeout_seconds(self) -> float: ...


class Client:
    """Calls to one homeserver with one token. Open it with `connected_to`."""

    def __init__(self, config: Settings, session: aiohttp.ClientSession) -> None:
        self._config = config
        self._session = session

    async def call(self, call: Call) -> dict[str, Any]:
        """Send one request and return the object it is answered with.

        Raises the bridge's errors; a 200 without JSON is `Uncertain`, since something answered in the server's place.
        """
        seconds = self._config.request_timeout_seconds + call.held
        return await self._answered(call, seconds, data=call.body)

    async def send_stream(self, call: Call, body: AsyncIterator[bytes], size: int, mime: str) -> dict[str, Any]:
        """The same with a body of `size` bytes that comes in pieces."""
        seconds = self._config.request_timeout_seconds + size / _SLOWEST
        headers = {"Content-Type": mime, "Content-Length": str(size)}
        return await self._answered(call, seconds, data=body, headers=headers)

    async def stream(self, call: Call) -> AsyncGenerator[bytes, None]:
        """The bytes of an answer as they come. Redirects are followed, to other servers without our token."""
        quiet = self._config.request_timeout_seconds
        waits = aiohttp.ClientTimeout(total=None, connect=_CONNECT_SECONDS, sock_read=quiet)
        try:
            async with self._session.get(
                self._address(call), timeout=waits, max_redirects=_REDIRECTS, headers={"Accept-Encoding": "identity"}
            ) as response:
                if response.status != 200:  # noqa: PLR2004  HTTP's own number
                    body = self._read(call, await _limited(response.content))
                    raise translated(status=response.status, body=body, headers=response.headers)
                async for chunk in response.content.iter_chunked(_CHUNK):
                    yield chunk
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise translated(cause=error) from None

    async def _answered(self, call: Call, seconds: float, **request: Any) -> dict[str, Any]:  # noqa: ANN401  aiohttp's
        try:
            status, headers, body = await self._exchange(call, seconds, **request)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # aiohttp's errors can carry our headers, and with them the token: not even as a cause.
            raise translated(cause=error) from None
        answer = self._read(call, body)
        if status != 200:  # noqa: PLR2004  HTTP's own number
            raise translated(status=status, body=answer, headers=headers)
        if answer is None:
            raise Uncertain("the homeserver answered 200 with something that is no JSON object")
        return answer

    def _read(self, call: Call, body: bytes) -> dict[str, Any] | None:
        try:
            return decoded(body, call.careful)
        except TooMuchError as error:
            raise TooLargeError(f"the homeserver's answer cannot be read: {error}") from None

    async def _exchange(
        self,
        call: Call,
        seconds: float,
        **request: Any,  # noqa: ANN401  aiohttp's
    ) -> tuple[int, Mapping[str, str], bytes]:
        waits = aiohttp.ClientTimeout(total=seconds, connect=_CONNECT_SECONDS)
        async with self._session.request(
            call.method, self._address(call), timeout=waits, allow_redirects=False, **request
        ) as response:
            return response.status, response.headers, await _limited(response.content)

    def _address(self, call: Call) -> URL:
        return URL(self._config.homeserver + call.path, encoded=True)


@asynccontextmanager
async def connected_to(config: Settings) -> AsyncIterator[Client]:
    """A session for as long as the block lasts."""
    headers = {"Authorization": f"Bearer {config.token.get_secret_value()}", "Content-Type": "application/json"}
    tls = True if config.ca_file is None else ssl.create_default_context(cafile=config.ca_file)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls),
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=(_once,),
    ) as session:
        yield Client(config, session)


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT again by itself: that is for the bridge to decide, which counts what was lost."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method != "PUT":
            raise
        raise aiohttp.ClientPayloadError("the connection was cut before the answer") from error


async def _limited(stream: aiohttp.StreamReader) -> bytes:
    """The whole answer, counted after decompression: a bomb ends the exchange, not the process."""
    read = bytearray()
    async for chunk in stream.iter_chunked(_CHUNK):
        read += chunk
        if len(read) > LARGEST_ANSWER:
            raise TooLargeError(f"the homeserver answers with more than {LARGEST_ANSWER} bytes")
    return bytes(read)
