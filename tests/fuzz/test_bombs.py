"""What is small to send and large to read is refused or read in less than a second, in bounded memory."""

import asyncio
import json
import resource
import subprocess
import sys
import time
import zlib
from collections.abc import Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bridge.config import page
from bridge.errors import Uncertain
from bridge.text import html, markdown
from connectors.irc.connection import MAX_UNFINISHED, Connection
from connectors.irc.format import parse as irc_parse
from connectors.matrix.answers import TooMuchError, decoded
from connectors.telegram import webhook
from connectors.telegram.errors import Refused
from connectors.telegram.wire import Wire

MIB = 1024 * 1024
MOST = 64 * MIB
SECONDS = 1.0
LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))


def config(text: str) -> object:
    return page.read(text, name="bomb.yaml", environ={}).faults


def refused(body: bytes) -> None:
    with pytest.raises(TooMuchError):
        decoded(body)


BOMBS: dict[str, Callable[[], object]] = {
    "tags in HTML": lambda: html.parse("<b>" * 100_000),
    "quotes in HTML": lambda: html.parse("<blockquote>" * 100_000),
    "lists in HTML": lambda: html.parse("<ul><li>" * 50_000),
    "quotes in Markdown": lambda: markdown.parse(">" * 20_000),
    "emphasis in Markdown": lambda: markdown.parse("*" * 20_000),
    "brackets in Markdown": lambda: markdown.parse("[" * 5_000),
    "formatting on IRC": lambda: irc_parse("\x02\x1d\x1f" * 30_000 + "x"),
    "aliases in YAML": lambda: config(LAUGHS),
    "nesting in YAML": lambda: config("[" * 100_000),
    "blocks in YAML": lambda: config("- " * 100_000),
    "objects in JSON": lambda: decoded(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "lists in JSON": lambda: decoded(b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}"),
    "far too many lists in JSON": lambda: refused(b'{"a":' + b"[" * 2 * MIB + b"]" * 2 * MIB + b"}"),
    "a number in JSON": lambda: decoded(b'{"a":' + b"9" * MIB + b"}"),
    "a webhook's nesting": lambda: webhook.update(b'{"update_id":' + b"[" * 500_000),
    "a webhook's number": lambda: webhook.update(b'{"update_id":' + b"9" * (MIB - 20) + b"}"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_less_than_a_second(bomb: str) -> None:
    began = time.process_time()
    BOMBS[bomb]()
    assert time.process_time() - began < SECONDS


def grown() -> int:
    """How many bytes this process has grown by at most while it read all bombs; run in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for read in BOMBS.values():
        read()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units")
def test_all_bombs_together_take_bounded_memory() -> None:
    program = "from tests.fuzz.test_bombs import grown; print(grown())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < MOST


def test_aliases_that_mean_gigabytes_are_refused_in_words() -> None:
    assert "aliases" in str(config(LAUGHS))


class Silent:
    def heard(self, lines: object) -> None:
        raise AssertionError(f"there was no line: {lines}")

    def flushing(self) -> bytes:
        return b""

    def flushed(self) -> None:
        """Nothing was said."""


class Cut(asyncio.Transport):
    aborted = False

    def abort(self) -> None:
        self.aborted = True


async def test_a_line_of_ten_megabytes_on_irc_ends_the_connection_early() -> None:
    connection, transport = Connection(Silent(), "cp1252"), Cut()
    connection.connection_made(transport)
    given = 0
    while not transport.aborted and given < 10 * MIB:
        connection.data_received(b"x" * 16_384)
        given += 16_384
    assert given <= MAX_UNFINISHED + 16_384
    connection.connection_lost(None)


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
async def test_a_packed_answer_of_the_bot_api_is_counted_unpacked(packing: str) -> None:
    async def bomb(_: web.Request) -> web.Response:
        wbits = 31 if packing == "gzip" else 15
        packer = zlib.compressobj(wbits=wbits)
        body = b"".join([packer.compress(b" " * MIB) for _ in range(256)]) + packer.flush()
        return web.Response(body=body, headers={"Content-Encoding": packing})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", bomb)
    async with TestServer(app) as server, Wire(10) as wire:
        with pytest.raises(Refused) as caught:
            await wire.updates(str(server.make_url("/bot1:x")), {"timeout": 0})
    assert isinstance(caught.value.error, Uncertain)


def test_halves_of_characters_and_huge_numbers_leave_the_rest_of_an_answer_readable() -> None:
    body = b'{"a": "\\ud800", "b": ' + b"9" * 10_000 + b', "c": ' + b"[" * 2_000 + b"]" * 2_000 + b', "d": 1}'
    answer = decoded(body)
    assert answer is not None
    assert (answer["d"], json.dumps(answer).isascii()) == (1, True)
