"""Calls to the Graph API: one pool, a timeout on each, every answer judged; the token goes to named hosts only."""

import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import aiohttp
from msgspec import Struct, field
from yarl import URL

from bridge import BridgeError, Rejected, Scope, Unavailable, Uncertain
from connectors.graph.config import GraphConfig, SecretProof
from connectors.graph.errors import GraphError, refusal, waiting
from connectors.graph.wire import Json, loads

_CONNECTIONS: Final = 32
_CONNECT_SECONDS: Final = 10.0
_CHUNK: Final = 65_536
_LARGEST_ANSWER: Final = 4 * 1024 * 1024
_SLOWEST: Final = 50_000
"""Bytes a second that an upload is given time for."""
_REDIRECTS: Final = 3
_OK: Final = 200
_FLOOD: Final = 429
_GONE: Final = frozenset({401, 404, 410})
"""What the file server answers for an address whose time is over; facts/platform-apis.md 2.7."""

Meaning: TypeAlias = Callable[[GraphError, Scope], BridgeError]
"""One platform's table: an error of Meta's → an error of the bridge's, for a room or the account."""

_UNSENT: Final = (
    aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL, AssertionError,
)  # fmt: skip
"""Before a word was said; the last is the library's, where the pool is closed while a call begins."""


class Call(Struct, frozen=True, kw_only=True):
    """One request: `path` is below the version (`106540/messages`), `body` goes as JSON.

    `scope` is how much it speaks of: the wait that an error about one room asks for binds that room only.
    """

    path: str
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    scope: Scope = Scope.ROOM


class Upload(Struct, frozen=True, kw_only=True):
    """A file of a form, under the name `field`: `read` begins anew at each call, `size` is exact."""

    name: str
    mime: str
    size: int
    read: Callable[[], AsyncIterator[bytes]]
    field: str = "file"


class Client:
    """Calls with one token. Open it with `connected_to`; all methods raise the bridge's errors."""

    def __init__(self, config: GraphConfig, session: aiohttp.ClientSession, meaning: Meaning) -> None:
        self._config = config
        self._session = session
        self._meaning = meaning
        self._bearer = {"Authorization": f"Bearer {config.token.get_secret_value()}"}
        self._proof = _proof(config)

    async def call(self, call: Call) -> Json:
        """Send one request and return the object it is answered with; a 200 without one is `Uncertain`."""
        body = None if call.body is None else json.dumps(call.body, ensure_ascii=False).encode()
        return await self._answered(call, body, {"Content-Type": "application/json"}, self._config.timeout_seconds)

    async def upload(self, call: Call, fields: Mapping[str, str], upload: Upload) -> Json:
        """The same with a form that carries one file, streamed."""
        form = aiohttp.FormData(fields=list(fields.items()), quote_fields=False, default_to_multipart=True)
        body = _Body(upload)
        form.add_field(upload.field, body, filename=upload.name, content_type=upload.mime)
        try:
            return await self._answered(call, form, {}, self._config.timeout_seconds + upload.size / _SLOWEST)
        except Unavailable:
            if body.broken is not None:
                raise body.broken from None
            raise

    async def download(self, address: str, hosts: frozenset[str]) -> AsyncGenerator[bytes, None]:
        """The bytes behind an address, asked for with our token; `Rejected` unless it leads to one of `hosts`.

        A host is written as in an address, with its port where it has one; `.example.org` means any below it.
        """
        for _ in range(_REDIRECTS):
            if not allowed(address, hosts):
                raise Rejected("the file's address leads to a server that is not trusted with our token")
            try:
                async with self._session.get(
                    address, headers=self._bearer, timeout=self._patience(None), allow_redirects=False
                ) as answer:
                    if answer.status == _OK:
                        async for piece in answer.content.iter_chunked(_CHUNK):
                            yield piece
                        return
                    address = _onward(answer)
            except (aiohttp.ClientError, TimeoutError, RuntimeError) as error:  # the last: "Connection closed."
                why = f"the file did not come ({type(error).__name__})"
            else:
                continue
            raise Unavailable(why)
        raise Unavailable("the file server sends us from address to address")

    async def _answered(
        self, call: Call, body: bytes | aiohttp.FormData | None, headers: Mapping[str, str], seconds: float
    ) -> Json:
        status, given, answer = await self._exchange(call, body, headers, seconds)
        if (error := refusal(status, answer, given)) is not None:
            raise self._meaning(error, call.scope)
        if status == _FLOOD:
            raise Unavailable("the Graph API has had enough of us", retry_after=waiting(given), scope=call.scope)
        if status != _OK or (found := loads(answer)) is None:
            raise Uncertain(f"the Graph API gave an answer that cannot be read ({status})", scope=call.scope)
        return found

    async def _exchange(
        self, call: Call, body: bytes | aiohttp.FormData | None, headers: Mapping[str, str], seconds: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        address = URL(f"{self._config.api_url}/{self._config.api_version}/{call.path}")
        try:
            async with self._session.request(
                call.method,
                address.with_query({**call.query, **self._proof}),
                data=body,
                headers={**headers, **self._bearer},
                timeout=self._patience(seconds),
                allow_redirects=False,
            ) as answer:
                return answer.status, answer.headers, await _limited(answer.content)
        except _UNSENT as error:
            kind = type(error).__name__
            lost: Unavailable = Unavailable(f"the Graph API cannot be reached ({kind})", scope=Scope.ACCOUNT)
        except (aiohttp.ClientError, TimeoutError, RuntimeError) as error:  # the last: the session was closed
            lost = Uncertain(f"the Graph API's answer was lost ({type(error).__name__})", scope=call.scope)
        raise lost  # not chained: aiohttp's errors can hold our headers, and with them the token

    def _patience(self, seconds: float | None) -> aiohttp.ClientTimeout:
        quiet = self._config.timeout_seconds
        return aiohttp.ClientTimeout(total=seconds, connect=_CONNECT_SECONDS, sock_read=quiet)


@asynccontextmanager
async def connected_to(config: GraphConfig, meaning: Meaning) -> AsyncIterator[Client]:
    """A pool of connections for as long as the block lasts."""
    tls = True if config.ca_file is None else ssl.create_default_context(cafile=config.ca_file)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls), cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
    ) as session:
        yield Client(config, session, meaning)


def allowed(address: str, hosts: frozenset[str]) -> bool:
    """Whether an address leads to one of these hosts; without TLS only where the port is named as well."""
    try:
        url = URL(address)
        host, port = (url.host or "").lower(), url.port
    except ValueError:
        return False
    if f"{host}:{port}" in hosts:
        return url.scheme in {"http", "https"}
    if url.scheme != "https" or not url.is_default_port():
        return False
    return host in hosts or any(name.startswith(".") and host.endswith(name) for name in hosts)


def _proof(config: GraphConfig) -> Mapping[str, str]:
    """That we hold the app's secret as well as the token; facts/platform-apis.md 2.1."""
    match config.secret_proof:
        case SecretProof.SENT:
            key, token = config.app_secret.get_secret_value(), config.token.get_secret_value()
            return {"appsecret_proof": hmac.new(key.encode(), token.encode(), hashlib.sha256).hexdigest()}
        case SecretProof.OMITTED:
            return {}


def _onward(answer: aiohttp.ClientResponse) -> str:
    """Where a redirection leads; anything else that is no file is an error."""
    if answer.status in _GONE:
        raise Rejected("Meta has this file no more")
    if answer.status // 100 == 3 and "Location" in answer.headers:  # noqa: PLR2004  HTTP's own number
        return str(answer.url.join(URL(answer.headers["Location"])))
    raise Unavailable(f"the file server answered {answer.status}", retry_after=waiting(answer.headers))


class _Body(aiohttp.payload.AsyncIterablePayload):
    """One file of a form: sent as it is read, its size known before."""

    def __init__(self, upload: Upload) -> None:
        super().__init__(self._pieces(upload), content_type=upload.mime)
        self._size = upload.size
        self.broken: BridgeError | None = None
        """What kept the file from being read."""

    async def _pieces(self, upload: Upload) -> AsyncIterator[bytes]:
        try:
            async for piece in upload.read():
                yield piece
        except BridgeError as error:
            self.broken = error
            raise


async def _limited(stream: aiohttp.StreamReader) -> bytes:
    """The whole answer, counted after it is unpacked: a bomb ends the call, not the process."""
    read = bytearray()
    async for chunk in stream.iter_chunked(_CHUNK):
        read += chunk
        if len(read) > _LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError("the answer is too large")
    return bytes(read)
