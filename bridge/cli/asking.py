"""Asks the running daemon through the socket beside its store."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import typer

from bridge.config.page import read
from bridge.http.socket import reachable, socket_path

NOBODY_ANSWERS = 69
NOT_WELL = 1
_SECONDS = 90.0
_COPY_SECONDS = 3600.0
"""How long the daemon may take to copy its store before the first byte comes."""
_PIECE = 1 << 20


class NoDaemon(Exception):
    """Nobody answers at the socket."""


def store_of(config: Path) -> Path:
    """Where the store is, read from a file whose secrets need not be at hand."""
    try:
        text = config.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        print(f"{config}  cannot be read: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    named = read(text, name=str(config), environ=os.environ).at(("store", "path"))
    return config.parent / (named if isinstance(named, str) else "data/qantara.db")


def ask(store: Path, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
    """The status and the answer. Raises `NoDaemon`."""
    return asyncio.run(asking(store, method, path, body))


async def asking(store: Path, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
    """The same, where a loop turns already."""
    try:
        with reachable(socket_path(store)) as address:
            timeout = aiohttp.ClientTimeout(total=_SECONDS)
            async with (
                aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=address), timeout=timeout) as session,
                session.request(method, f"http://daemon{path}", data=msgspec.json.encode(body or {})) as response,
            ):
                return response.status, msgspec.json.decode(await response.read())
    except (aiohttp.ClientConnectionError, OSError) as error:
        raise NoDaemon(_why(store, error)) from error


async def fetching(store: Path, path: str, to: Path) -> tuple[int, Mapping[str, str], bytes]:
    """Write the body of a good answer to an empty file; else return it. With the status and the headers."""
    try:
        with reachable(socket_path(store)) as address:
            timeout = aiohttp.ClientTimeout(total=None, sock_read=_COPY_SECONDS)
            async with (
                aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=address), timeout=timeout) as session,
                session.post(f"http://daemon{path}") as response,
            ):
                if response.status >= 400:  # noqa: PLR2004 - where HTTP's refusals begin
                    return response.status, response.headers, await response.read()
                with to.open("r+b") as file:
                    async for piece in response.content.iter_chunked(_PIECE):
                        file.write(piece)
                return response.status, response.headers, b""
    except aiohttp.ClientConnectionError as error:
        raise NoDaemon(_why(store, error)) from error


def _why(store: Path, error: Exception) -> str:
    if isinstance(error, PermissionError) or isinstance(getattr(error, "os_error", None), PermissionError):
        return f"you may not use {socket_path(store)}: be the user that the daemon runs as"
    return f"no daemon answers at {socket_path(store)}: is `qantara run` running, with the same configuration?"


def answered(config: Path, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
    """The daemon's good answer; else its sentence is printed and the program ends."""
    try:
        status, answer = ask(store_of(config), method, path, body)
    except NoDaemon as error:
        print(error, file=sys.stderr)
        raise typer.Exit(NOBODY_ANSWERS) from None
    if status >= 400:  # noqa: PLR2004 - where HTTP's refusals begin
        print(answer["error"], file=sys.stderr)
        raise typer.Exit(NOT_WELL)
    return answer
