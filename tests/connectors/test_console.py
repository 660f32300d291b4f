"""The terminal as a room: what is typed is published, what is sent is printed."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridge.asked import Outgoing
from bridge.connector import Connector
from bridge.events import Manner, Posted
from bridge.ids import Key, RoomId
from bridge.testing.host import KitHost
from bridge.text.nodes import said
from connectors.console import Console, ConsoleConfig


@pytest.fixture
def keyboard(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A pipe to type into: its path and the end to write to."""
    path = tmp_path / "keyboard"
    os.mkfifo(path)
    writable = os.open(path, os.O_RDWR)
    yield path, writable
    os.close(writable)


@asynccontextmanager
async def running(console: Console, host: KitHost) -> AsyncIterator[None]:
    task = asyncio.create_task(console.run())
    try:
        await host.until(lambda _: host.online, "the terminal to open")
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def console_on(path: Path, host: KitHost) -> Console:
    return Console(ConsoleConfig(connector="console", name="Ada", keyboard=path), host)


async def test_what_is_typed_is_published_in_its_order(keyboard: tuple[Path, int], tmp_path: Path) -> None:
    path, writable = keyboard
    host = KitHost(tmp_path)
    async with running(console_on(path, host), host):
        os.write(writable, "hello\nשלום\nlast".encode())
        os.write(writable, b" line\r\n")
        await host.until(lambda events: len(events) == 3, "three lines")
    assert host.words() == ["hello", "שלום", "last line"]
    assert {event.author.name for event in host.events if isinstance(event, Posted)} == {"Ada"}
    assert len({event.id for event in host.events}) == 3


async def test_what_is_sent_is_printed(
    keyboard: tuple[Path, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    console = console_on(keyboard[0], KitHost(tmp_path))
    place = await console.join("anything")
    for manner in (Manner.SAY, Manner.EMOTE):
        assert await console.send(Outgoing(room=place.room, key=Key("k"), text=said("waves"), manner=manner))
    assert capsys.readouterr().out == "> waves\n* waves\n"


async def test_bytes_that_are_no_text_end_nothing(keyboard: tuple[Path, int], tmp_path: Path) -> None:
    path, writable = keyboard
    host = KitHost(tmp_path)
    async with running(console_on(path, host), host):
        os.write(writable, b"\xff\xfe\nstill here\n")
        await host.until(lambda events: len(events) == 2, "two lines")
    assert host.words()[1] == "still here"


async def test_the_end_of_typing_is_not_the_end_of_reading(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readable, writable = os.pipe()
    os.close(writable)
    host = KitHost(tmp_path)
    console = console_on(Path(f"/dev/fd/{readable}"), host)
    async with running(console, host):
        for _ in range(20):  # let the end of the pipe arrive
            await asyncio.sleep(0)
        await console.send(Outgoing(room=RoomId("terminal"), key=Key("k"), text=said("hello")))
        assert capsys.readouterr().out == "> hello\n"
    os.close(readable)


def test_a_terminal_can_neither_edit_nor_delete() -> None:
    assert not any(Console.can(feature) for feature in (Connector.edit, Connector.delete, Connector.react))
