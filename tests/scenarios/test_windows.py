"""Several sends of one room under way, and one of them is refused with a wait: what of their order can be kept."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.errors import Unavailable, Uncertain
from bridge.ids import MessageId
from bridge.testing.memory import EVERYTHING, MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shown, shows
from bridge.text.walk import plain
from bridge.troubles import CAREFUL_SENDS
from tests.scenarios.bridge_under_test import balanced
from tests.scenarios.faulty import FaultyBridge, FaultyConnector, faulty
from tests.scenarios.speaking import heard, lines, speak

WINDOW = 4


class Choosy(FaultyConnector):
    """Writes at once and answers late, as a stream does, and refuses each of `refuses` once."""

    def __init__(self, config: Any, host: Any) -> None:  # noqa: ANN401 - handed on as they are
        super().__init__(config, host)
        self.refuses: set[str] = set()
        self.error: Exception = Unavailable("too fast", retry_after=3.0)
        self.started: list[str] = []
        self.under_way = 0
        self.widths: list[int] = []
        """How many were under way as each one started, itself counted."""
        self.known = 0
        """How many sends had started when the first refusal was known."""

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        words = plain(message.text)
        self.started.append(words)
        self.under_way += 1
        self.widths.append(self.under_way)
        refused = words in self.refuses
        self.refuses.discard(words)
        sent = [] if refused else await super().send(message)
        await asyncio.sleep(0.1)
        self.under_way -= 1
        if not refused:
            return sent
        self.known = self.known or len(self.started)
        raise self.error


async def choosy(folder: Path, left: MemoryPlatform, right: MemoryPlatform) -> tuple[FaultyBridge, Choosy]:
    """A bridge that has sent enough to have its whole window open."""
    right.capabilities = replace(EVERYTHING, in_flight=WINDOW)
    bridge = await faulty(folder, left, right, connector=Choosy)
    connector = bridge.connector("right")
    assert isinstance(connector, Choosy)
    await speak(left, lines(20, 100))
    await shows(right, "town", heard(lines(20, 100)))
    connector.started.clear()
    return bridge, connector


@pytest.mark.parametrize("error", [Unavailable("too fast", retry_after=3.0), Uncertain("nobody knows")])
async def test_a_refusal_is_overtaken_only_by_what_was_under_way(
    error: Exception, tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge, connector = await choosy(tmp_path, left, right)
    connector.refuses, connector.error = {"Ada: line 0"}, error
    await speak(left, lines(12))
    await eventually(lambda: connector.known)
    under_way = heard(lines(WINDOW))
    assert connector.started[: connector.known] == under_way
    await shown(right, "town", lambda seen: len(seen) == 32)
    assert (await texts(right, "town"))[20:] == [*under_way[1:], *heard(["line 0"]), *heard(lines(12 - WINDOW, WINDOW))]
    assert connector.started[WINDOW] == "Ada: line 0"
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_a_room_that_lets_words_pass_one_another_gets_them_one_at_a_time(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge, connector = await choosy(tmp_path, left, right)
    connector.refuses = set(heard(["line 0", *(f"line {number}" for number in range(10, 40, 3))]))
    await speak(left, lines(40))
    await shown(right, "town", lambda seen: len(seen) == 60, seconds=600)
    assert (await texts(right, "town"))[20 + WINDOW :] == heard(lines(40 - WINDOW, WINDOW))
    await bridge.stop()


async def test_such_a_room_gets_its_window_back(tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform) -> None:
    bridge, connector = await choosy(tmp_path, left, right)
    connector.refuses = {"Ada: line 0"}
    count = CAREFUL_SENDS + 40
    await speak(left, lines(count))
    await shown(right, "town", lambda seen: len(seen) == 20 + count, seconds=600)
    widths = connector.widths[-count + WINDOW - 1 :]
    assert max(widths[:CAREFUL_SENDS]) == 1
    assert max(widths[CAREFUL_SENDS:]) > 1
    await bridge.stop()
