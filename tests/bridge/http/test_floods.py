"""Callers that never finish, and too many of them: they are cut, and everybody else is served meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from structlog.testing import capture_logs

from bridge.http.door import HEAD_SECONDS, MOST, MOST_OF_ONE_SIDE
from bridge.http.webhooks import BODY_SECONDS
from bridge.testing.loop import hurried
from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import eventually, shows
from tests.bridge.http.conftest import Caller
from tests.scenarios.bridge_under_test import Bridge

SLACK_SECONDS = 10.0
IDLE_SECONDS = 75.0
HEAD = "POST /in/left/post HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n"


class Guest:
    """A connection of the test's own; `peer` is the address it comes from."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.began = asyncio.get_running_loop().time()

    def say(self, words: str) -> None:
        self.writer.write(words.encode())

    async def drips(self, words: str) -> None:
        """A byte a second, until it is cut."""
        for byte in words:
            if self.writer.is_closing() or self.reader.at_eof():
                return
            self.say(byte)
            await asyncio.sleep(1)

    async def cut_after(self) -> float:
        """Read to the end: how many seconds the connection lasted in all."""
        async with asyncio.timeout(600):
            try:
                while await self.reader.read(4096):
                    pass
            except ConnectionError:
                pass
        return asyncio.get_running_loop().time() - self.began


@asynccontextmanager
async def guest(bridge: Bridge, peer: str = "127.0.0.1") -> AsyncIterator[Guest]:
    port = bridge.app.server.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(peer, 0))
    try:
        yield Guest(reader, writer)
    finally:
        writer.transport.abort()


async def others_are_served(call: Caller, right: MemoryPlatform) -> None:
    assert (await call("POST", "/in/left/post", token=None, data=b"hello")).status == 200
    await shows(right, "town", ["Ada: hello"])


async def test_a_head_that_never_ends_is_cut(call: Caller, bridge: Bridge, right: MemoryPlatform) -> None:
    with hurried():
        async with guest(bridge) as slow, guest(bridge) as mute, asyncio.TaskGroup() as group:
            group.create_task(slow.drips("GET /health HTTP/1.1\r\nX-Long: " + "x" * 100))
            assert await slow.cut_after() <= HEAD_SECONDS + SLACK_SECONDS
            assert await mute.cut_after() <= HEAD_SECONDS + SLACK_SECONDS
        await others_are_served(call, right)


async def test_a_body_that_never_ends_is_cut(call: Caller, bridge: Bridge, right: MemoryPlatform) -> None:
    with hurried():
        async with guest(bridge) as slow, asyncio.TaskGroup() as group:
            slow.say(HEAD.replace("5", "5000"))
            group.create_task(slow.drips("x" * 100))
            assert b"408" in await slow.reader.readline()
            assert await slow.cut_after() <= BODY_SECONDS + 2 * SLACK_SECONDS
        await others_are_served(call, right)


@pytest.mark.parametrize("path", ["/in/nobody", "/health", "/nothing", "/status"])
async def test_a_body_that_nobody_wants_is_not_read_for_ever(
    path: str, call: Caller, bridge: Bridge, right: MemoryPlatform
) -> None:
    with hurried():
        async with guest(bridge) as slow, asyncio.TaskGroup() as group:
            slow.say(HEAD.replace("/in/left/post", path).replace("5", "5000"))
            group.create_task(slow.drips("x" * 200))
            assert await slow.cut_after() <= BODY_SECONDS + 2 * SLACK_SECONDS
        await others_are_served(call, right)


async def test_a_second_request_that_never_ends_is_cut(call: Caller, bridge: Bridge, right: MemoryPlatform) -> None:
    with hurried():
        async with guest(bridge) as slow, asyncio.TaskGroup() as group:
            slow.say("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"200" in await slow.reader.readline()
            group.create_task(slow.drips("GET /health HTTP/1.1\r\nX-Long: " + "x" * 300))
            assert await slow.cut_after() <= IDLE_SECONDS + SLACK_SECONDS
        await others_are_served(call, right)


async def test_who_connects_too_often_is_turned_away_and_others_are_served(
    call: Caller, bridge: Bridge, right: MemoryPlatform
) -> None:
    with capture_logs() as logs:
        async with AsyncExitStack() as stack:
            held = [await stack.enter_async_context(guest(bridge, "127.0.0.2")) for _ in range(MOST_OF_ONE_SIDE)]
            async with (
                asyncio.timeout(5),
                guest(bridge, "127.0.0.2") as one_more,
                guest(bridge, "127.0.0.2") as another,
            ):
                await one_more.cut_after()
                await another.cut_after()
            await others_are_served(call, right)
            assert not any(each.reader.at_eof() for each in held)
        await eventually(lambda: not bridge.app.server._door._guests or len(bridge.app.server._door._guests) < 3)
        async with guest(bridge, "127.0.0.2") as again:
            again.say("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"200" in await again.reader.readline()
    assert [entry["remote"] for entry in logs if entry["event"] == "too many connections"] == ["127.0.0.2"]


async def test_all_together_are_no_more_than_the_file_descriptors_allow(bridge: Bridge) -> None:
    async with AsyncExitStack() as stack:
        for number in range(MOST):
            await stack.enter_async_context(guest(bridge, f"127.0.1.{number % 8 + 1}"))
        async with asyncio.timeout(5), guest(bridge, "127.0.2.1") as one_more:
            await one_more.cut_after()
