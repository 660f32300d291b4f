"""Files behind addresses: given to who has the address, as nothing that runs, while their message is there."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bridge.capabilities import Capabilities
from bridge.events import Kind
from bridge.testing import samples
from bridge.testing.holdings import Filed
from bridge.testing.memory import PLATFORMS, WITH_FILES, MemoryPlatform
from bridge.testing.waiting import eventually, shown
from tests.bridge.http.conftest import TOKEN, Caller
from tests.scenarios.bridge_under_test import Bridge, configured

SETTINGS = f"http: {{listen: '127.0.0.1:0', token: {TOKEN}, public_url: 'https://bridge.example.org'}}\n"


@pytest.fixture
async def source() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform("source", capabilities=WITH_FILES) as platform:
        yield platform


@pytest.fixture
async def bridge(source: MemoryPlatform, tmp_path: Path) -> AsyncIterator[Bridge]:
    async with MemoryPlatform("lines", capabilities=Capabilities(max_text=400)) as lines:
        bridge = await Bridge(tmp_path, configured(source, lines, more=SETTINGS)).start()
        yield bridge
        await bridge.stop()


@pytest.fixture
async def call(bridge: Bridge) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(bridge, session)


async def linked(source: MemoryPlatform, given: Filed) -> str:
    """The path under which a reader on the platform of lines finds a file."""
    await source.send_files("town", "Ada", [given])
    seen = await shown(PLATFORMS["lines"], "town", lambda seen: len(seen) == 1)
    return seen[0].text.partition("https://bridge.example.org")[2]


async def test_who_has_the_address_gets_the_file(source: MemoryPlatform, call: Caller) -> None:
    given = samples.upload(Kind.IMAGE, "linked")
    answer = await call("GET", await linked(source, given), token=None)
    assert (answer.status, answer._body, answer.content_type) == (200, given.data, "image/png")
    assert answer.headers["Content-Disposition"] == "inline; filename*=UTF-8''picture.png"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_page_is_saved_and_not_shown(source: MemoryPlatform, call: Caller) -> None:
    given = Filed(kind=Kind.IMAGE, data=b"<html><script>alert(1)</script>", name="x.png", mime="image/png")
    answer = await call("GET", await linked(source, given), token=None)
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''x.html"


async def test_the_head_alone_says_how_long_it_is(source: MemoryPlatform, call: Caller) -> None:
    given = samples.upload(Kind.FILE, "long")
    answer = await call("HEAD", await linked(source, given), token=None)
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(given.data)))


async def test_an_address_that_is_none_leads_nowhere(source: MemoryPlatform, call: Caller) -> None:
    path = await linked(source, samples.upload(Kind.IMAGE, "near"))
    for wrong in (
        path.replace("/files/", "/files/x"),
        "/files/../qantara.db/x",
        "/files/%2e%2e%2fqantara.db/x",
        "/files/",
    ):
        assert (await call("GET", wrong, token=None)).status in {401, 404}


async def test_the_address_dies_with_its_message(source: MemoryPlatform, call: Caller) -> None:
    path = await linked(source, samples.upload(Kind.IMAGE, "deleted"))
    (message,) = [one.id for one in await source.shown("town")]
    await source.delete("town", "Ada", message)

    async def gone() -> bool:
        return (await call("GET", path, token=None)).status == 404

    await eventually(gone)


async def test_the_address_expires(source: MemoryPlatform, bridge: Bridge, call: Caller) -> None:
    path = await linked(source, samples.upload(Kind.IMAGE, "old"))
    assert (await call("GET", path, token=None)).status == 200
    bridge.clock.step(8 * 86_400)
    assert (await call("GET", path, token=None)).status == 404
