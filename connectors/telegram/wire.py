"""HTTP to the Bot API: one pool, a timeout on each call, every answer judged before the library reads it."""

import json
import logging
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import aiohttp
from msgspec import Struct
from telegram.request import BaseRequest, RequestData

from bridge.errors import BridgeError, Feature, Rejected, Scope, Unavailable, Uncertain, Unsupported
from connectors.telegram.errors import OK, Refused, refusal

_CONNECT_SECONDS: Final = 10.0
_CONNECTIONS: Final = 32
_CHUNK: Final = 65_536
_LARGEST_ANSWER: Final = 16 * 1024 * 1024
"""A hundred updates, each with all that a message can hold, are a tenth of this."""
_SLOWEST: Final = 50_000
"""Bytes a second that an upload is given time for."""
_NOT_FOUND: Final = 404
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def quieten() -> None:
    """The libraries below log addresses, which hold the token, and texts: only their warnings may pass.

    Of telegram's not even its errors: they hold whole answers, and what went wrong is raised as well.
    """
    for name in ("httpx", "httpcore", "aiohttp"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.CRITICAL)


class Upload(Struct, frozen=True):
    """A file to send: `read` begins anew at each call, `size` is exact."""

    name: str
    mime: str
    size: int
    read: Callable[[], AsyncIterator[bytes]]


_Fields: TypeAlias = Mapping[str, str] | aiohttp.FormData


class Wire(BaseRequest):
    """What `telegram.Bot` sends through. The token stands in every address, so no address leaves this class."""

    def __init__(self, timeout_seconds: float, ca_file: Path | None = None) -> None:
        self._timeout_seconds = timeout_seconds
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return self._timeout_seconds

    async def initialize(self) -> None:
        tls = True if self._ca_file is None else ssl.create_default_context(cafile=self._ca_file)
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls)
        self._session = aiohttp.ClientSession(connector=connector, trust_env=True)

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(  # noqa: PLR0913, PLR0917 - the library's own signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,  # noqa: ARG002 - one timeout rules the whole call
        write_timeout: object = None,  # noqa: ARG002
        connect_timeout: object = None,  # noqa: ARG002
        pool_timeout: object = None,  # noqa: ARG002
    ) -> tuple[int, bytes]:
        """One call; returns only what succeeded, anything else is raised as `Refused`."""
        fields = request_data.json_parameters if request_data else {}
        return OK, await self._call(method, url, fields, self._timeout_seconds)

    async def updates(self, base_url: str, fields: Mapping[str, object]) -> list[dict[str, Any]]:
        """`getUpdates`, unparsed: one update that the library cannot read must not cost the others."""
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
        waiting = int(str(fields.get("timeout", 0)))
        body = await self._call("POST", f"{base_url}/getUpdates", form, self._timeout_seconds + waiting)
        try:
            found = loads(body).get("result")
        except (ValueError, RecursionError):  # the envelope was fine, what it holds is not
            raise Refused(Uncertain("the Bot API gave updates that cannot be read", scope=Scope.ACCOUNT)) from None
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    async def send_files(self, url: str, fields: Mapping[str, str], uploads: Mapping[str, Upload]) -> list[Any]:
        """One call with files, streamed; the messages that came of it, however many. Raises the bridge's own errors."""
        form = aiohttp.FormData(fields=list(fields.items()), quote_fields=False, default_to_multipart=True)
        bodies = {name: _Body(upload) for name, upload in uploads.items()}
        for name, body in bodies.items():
            form.add_field(name, body, filename=uploads[name].name, content_type=uploads[name].mime)
        seconds = self._timeout_seconds + sum(one.size for one in uploads.values()) / _SLOWEST
        try:
            result = loads(await self._call("POST", url, form if bodies else fields, seconds)).get("result")
        except Refused as refused:
            broken = next((body.broken for body in bodies.values() if body.broken is not None), None)
            raise broken or _of_the_file(refused.error) from None
        return result if isinstance(result, list) else [result]

    async def download(self, url: str) -> AsyncGenerator[bytes, None]:
        """The bytes behind an address, as they come; `Rejected` when there are none. Raises the bridge's own errors."""
        if self._session is None:
            raise Unavailable("not connected to the Bot API", scope=Scope.ACCOUNT)
        timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT_SECONDS, sock_read=self._timeout_seconds)
        try:
            async with self._session.get(url, timeout=timeout, allow_redirects=False) as answer:
                if answer.status != OK:
                    raise _no_file(answer.status, await _limited(answer.content), answer.headers.get("Retry-After"))
                async for piece in answer.content.iter_chunked(_CHUNK):
                    yield piece
        except (aiohttp.ClientError, TimeoutError, RuntimeError) as error:  # the last: "Connection closed."
            why = f"the file did not come ({type(error).__name__})"
        else:
            return
        raise Unavailable(why)

    async def _call(self, method: str, url: str, fields: _Fields, seconds: float) -> bytes:
        to_a_room = isinstance(fields, aiohttp.FormData) or "chat_id" in fields
        scope = Scope.ROOM if to_a_room else Scope.ACCOUNT
        status, body, asked = await self._exchange(method, url, fields, seconds, scope)
        if (error := refusal(status, body, scope, asked)) is not None:
            raise Refused(error)
        return body

    async def _exchange(
        self, method: str, url: str, fields: _Fields, seconds: float, scope: Scope
    ) -> tuple[int, bytes, str | None]:
        if self._session is None:
            raise Refused(Unavailable("not connected to the Bot API", scope=Scope.ACCOUNT))
        timeout = aiohttp.ClientTimeout(total=seconds, connect=_CONNECT_SECONDS)
        try:
            async with self._session.request(
                method, url, data=fields, timeout=timeout, allow_redirects=False
            ) as answer:
                return answer.status, await _limited(answer.content), answer.headers.get("Retry-After")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            why = Unavailable(f"the Bot API cannot be reached ({type(error).__name__})", scope=Scope.ACCOUNT)
        except (aiohttp.ClientError, TimeoutError) as error:
            why = Uncertain(f"the Bot API's answer was lost ({type(error).__name__})", scope=scope)
        raise Refused(why)


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


def _of_the_file(error: BridgeError) -> BridgeError:
    """A definite no to a message with a file is one to the file: it may go in another form."""
    if isinstance(error, Rejected) and not isinstance(error, Unsupported):
        return Unsupported(Feature.ATTACHMENT, str(error))
    return error


def _no_file(status: int, body: bytes, asked: str | None) -> BridgeError:
    """Why a file is not given: one that is not there is gone, whatever else the server says of tokens."""
    if status == _NOT_FOUND:
        return Rejected("Telegram has this file no more")
    return refusal(status, body, Scope.ACCOUNT, asked) or Unavailable(f"the file server answered {status}")


async def _limited(stream: aiohttp.StreamReader) -> bytes:
    """The whole answer, counted after it is unpacked: a bomb ends the call, not the process."""
    read = bytearray()
    async for chunk in stream.iter_chunked(_CHUNK):
        read += chunk
        if len(read) > _LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError("the answer is too large")
    return bytes(read)


def loads(body: bytes) -> dict[str, Any]:
    """JSON as the Bot API writes it; half characters, which nothing could store, are replaced."""
    text = body.decode("utf-8", "replace")
    loaded = json.loads(text)
    if _SURROGATE.search(text):
        loaded = _whole(loaded)
    return loaded if isinstance(loaded, dict) else {}


def _whole(value: Any) -> Any:  # noqa: ANN401 - JSON is anything
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list():
            return [_whole(one) for one in value]
        case dict():
            return {name: _whole(one) for name, one in value.items()}
        case _:
            return value
