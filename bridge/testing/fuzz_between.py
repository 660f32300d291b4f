"""Somebody between a connector and its platform who changes what the platform answers. HTTP and streams of lines."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Protocol
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from aiohttp import web

from bridge.testing.closing import closed
from bridge.testing.platform import Platform

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_CLOSE_SECONDS: Final = 2.0
_PASSED_ON: Final = ("authorization", "content-type", "accept", "x-")
"""Headers that begin so hold what a server asks for: tokens of all kinds."""
_MOST_BYTES: Final = 8 * 1024 * 1024


class Tamper(Protocol):
    """What to make of what the platform says: an answer's JSON, or one line without its end."""

    def answer(self, value: Any) -> bytes | None:  # noqa: ANN401 JSON is anything
        """The body to give instead, None to leave it."""
        ...

    def line(self, raw: bytes) -> bytes:
        """The line to give instead."""
        ...


class Tampered:
    """A platform whose account leads to the one in between; for the rest it is the platform."""

    def __init__(self, platform: Platform, settings: Mapping[str, object]) -> None:
        self._platform = platform
        self._settings = settings

    def settings(self) -> Mapping[str, object]:
        """The platform's, with the other address."""
        return self._settings

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 whatever the platform has
        return getattr(self._platform, name)


def addresses(settings: Mapping[str, object]) -> dict[str, str]:
    """The settings that hold the address of a server on this machine."""
    found = {name: value for name, value in settings.items() if isinstance(value, str) and "://" in value}
    return {name: value for name, value in found.items() if urlsplit(value).hostname in LOOPBACK}


@asynccontextmanager
async def between(platform: Platform, tamper: Tamper) -> AsyncIterator[Platform | None]:
    """The platform with `tamper` on the way; None where no setting holds an address of this machine."""
    settings = dict(platform.settings())
    found = addresses(settings)
    if not found:
        yield None
        return
    ((name, address),) = found.items()
    serve = _http if urlsplit(address).scheme in {"http", "https"} else _lines
    async with serve(address, tamper) as port:
        url = urlsplit(address)
        moved = urlunsplit(url._replace(netloc=f"127.0.0.1:{port}"))
        yield Tampered(platform, {**settings, name: moved})


# HTTP.


@asynccontextmanager
async def _http(address: str, tamper: Tamper) -> AsyncIterator[int]:
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=True) as session:
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_route("*", "/{path:.*}", _passing(session, address, tamper))
        runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield runner.addresses[0][1]
        finally:
            await closed(runner)


def _passing(session: aiohttp.ClientSession, address: str, tamper: Tamper) -> Callable[[web.Request], Any]:
    async def passed(request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower().startswith(_PASSED_ON)}
        body = await request.read()
        try:
            async with session.request(
                request.method,
                f"{address}{request.raw_path}",
                headers=headers,
                data=body or None,
                allow_redirects=False,
            ) as answer:
                given = await answer.read()
                return web.Response(
                    status=answer.status, body=_changed(given, tamper), content_type=answer.content_type
                )
        except aiohttp.ClientError:
            return web.Response(status=502)

    return passed


def _changed(body: bytes, tamper: Tamper) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body
    changed = tamper.answer(value)
    return body if changed is None else changed


# Lines.


@asynccontextmanager
async def _lines(address: str, tamper: Tamper) -> AsyncIterator[int]:
    url = urlsplit(address)
    open_: set[asyncio.StreamWriter] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(url.hostname, url.port)
            open_.update((writer, far_writer))
            await asyncio.gather(_copied(reader, far_writer), _told(far_reader, writer, tamper))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_:
            writer.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await server.wait_closed()


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What the connector says goes on as it is."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tamper: Tamper) -> None:
    """What the platform says goes through the tamperer, line by line."""
    with suppress(OSError):
        while raw := await reader.readline():
            writer.write(tamper.line(raw.rstrip(b"\r\n")) + b"\r\n")
            await writer.drain()
    writer.close()
