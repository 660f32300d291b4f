"""A connector that falls in any of its methods, however often, ends neither the bridge nor the other account."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
from msgspec.structs import replace

from bridge.capabilities import Authorship
from bridge.connector import Connector
from bridge.errors import BridgeError, Unauthorized
from bridge.events import Kind
from bridge.testing.holdings import Ballot, Filed
from bridge.testing.memory import WITH_FILES, MemoryConnector, MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, configured

ERRORS = (ValueError("a bug"), BridgeError("who knows"), Unauthorized("signed out"))
AWAITED = (
    "run", "send", "join", "edit", "delete", "close", "react", "rename", "describe", "power", "claim", "claimed",
    "leave",
)  # fmt: skip
STREAMED = ("fetch",)
NOT_PLAYED = frozenset(
    {"open_thread", "close_thread", "mark_read", "broadcast", "receive", "rooms", "examine", "access", "face"}
)
"""What desks, announcements, webhooks, the command line, pairing and pictures of people ask for."""
PICTURE = Filed(kind=Kind.IMAGE, name="cat.png", mime="image/png", data=b"\x89PNG\r\n\x1a\n")
PARTS = "moderation: {}, sync: [topic, name], show: [joins, topics, pins], "
calls: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def _unwritten() -> Iterator[None]:
    """Every fall is logged with its trace: writing that for nobody takes ten times as long as all the rest."""
    with structlog.testing.capture_logs():
        yield


def treacherous(method: str, error: Exception) -> type[Connector[Any]]:
    """The connector of the memory platform, one of whose methods always raises."""

    async def falls(*_: object) -> None:
        calls[method] += 1
        raise error

    def tells(*_: object) -> None:
        calls[method] += 1
        raise error

    async def breaks_off(*_: object) -> AsyncIterator[bytes]:
        calls[method] += 1
        raise error
        yield b""  # an asynchronous generator, as `fetch` is to be

    how = {**dict.fromkeys(AWAITED, falls), **dict.fromkeys(STREAMED, breaks_off), "capabilities": tells}
    return type("Treacherous", (MemoryConnector,), {method: how[method]})


async def everything_happens(here: MemoryPlatform, there: MemoryPlatform) -> None:
    """All that makes the bridge call the connector of `there`."""
    for platform, other in ((here, there), (there, here)):
        await platform.promote("town", "Mo")
        first, second = [await platform.say("town", "Ada", said(words)) for words in ("one", "two")]
        await platform.react("town", "Bob", first, "👍")
        await platform.edit("town", "Ada", first, said("one more"))
        await platform.send_files("town", "Ada", [PICTURE])
        poll = await platform.open_poll("town", "Ada", Ballot(question="tea?", options=("yes", "no")))
        await asyncio.sleep(5)
        platform.close("town", "Ada", poll)
        await platform.delete("town", "Ada", second)
        await platform.unreact("town", "Bob", first, "👍")
        await platform.titles.rename("town", "Ada", f"Town of {platform.name}")
        await platform.titles.describe("town", "Ada", f"tea at {platform.name}")
        await platform.say("town", "Mo", said("!mute Eve"))
        await platform.ban("town", "Mo", "Eve")
        await asyncio.sleep(20)
        other.drop_connections()


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", [*AWAITED, *STREAMED, "capabilities"])
async def test_whatever_a_connector_raises_the_bridge_lives(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, method: str, error: Exception
) -> None:
    calls.clear()
    left.capabilities = right.capabilities = replace(WITH_FILES, authorship=Authorship.OVERRIDE)
    yaml = configured(left, right, link=PARTS, more="notices: left/garden\n")
    yaml = yaml.replace("right: {platform", "right: {connector: treacherous, platform").replace(
        "connector: memory, platform: right", "connector: treacherous, platform: right"
    )
    bridge = Bridge(tmp_path, yaml, connectors={"treacherous": treacherous(method, error)})
    bridge.begin()
    await eventually(lambda: bridge.app.started and bridge.account("left").state == "up")
    await asyncio.sleep(60)
    await everything_happens(left, right)
    assert not bridge.task.done(), bridge.task.result()
    assert bridge.account("left").state == "up"
    if method == "leave":
        bridge.yaml = yaml.replace("right/town", "right/garden")
        await bridge.app.reload()
        await asyncio.sleep(60)
    assert calls[method], "nobody called it"
    await left.say("garden", "Ada", said("still here"))
    assert "still here" in await texts(left, "garden")
    await bridge.stop()


def test_every_method_is_played_or_known_not_to_be() -> None:
    asked = {name for name in vars(Connector) if not name.startswith("_") and callable(getattr(Connector, name))}
    pure = {"can", "registration", "endpoints", "largest_call", "capabilities"}
    assert asked - pure - NOT_PLAYED == {*AWAITED, *STREAMED}
