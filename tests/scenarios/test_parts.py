"""A message of several parts: what of it went stays, whatever the room refuses afterwards."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.asked import Outgoing
from bridge.errors import Feature, Unavailable, Unsupported
from bridge.ids import MessageId
from bridge.testing.memory import EVERYTHING, MemoryPlatform
from bridge.testing.waiting import eventually, shown
from bridge.text.nodes import Break, Italic, Paragraph, Rich, Text
from bridge.text.plain import only_words
from tests.scenarios.bridge_under_test import balanced
from tests.scenarios.faulty import FaultyConnector, faulty

WORDS = [f"word{number}" for number in range(40)]
LONG: Rich = (Paragraph((Italic((Text(" ".join(WORDS)),)),)),)


class Picky(FaultyConnector):
    """Refuses anything formatted with the word `picks` in it."""

    picks = "word30"
    goes_away = False
    """Whether it is away at its next message after a refusal."""

    async def send(self, message: Outgoing) -> Sequence[MessageId]:
        formatted = any(only_words((block,)) is None for block in message.text)
        if formatted and self.picks in repr(message.text):
            self.keys.append(message.key)
            raise Unsupported(Feature.FORMATTING)
        if self.goes_away and self.picks in repr(message.text):
            self.goes_away = False
            raise Unavailable("away", retry_after=60)
        return await super().send(message)


@pytest.mark.parametrize("in_flight", [1, 4])
async def test_a_refusal_half_way_repeats_nothing_that_went(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, in_flight: int
) -> None:
    right.capabilities = replace(EVERYTHING, max_text=100, in_flight=in_flight)
    bridge = await faulty(tmp_path, left, right, connector=Picky)
    await left.say("town", "Ada", LONG)
    await left.say("town", "Bob", (Paragraph((Text("next"),)),))
    await bridge.drained()
    told = [word for one in await right.shown("town") for word in one.text.split() if word.startswith("word")]
    assert sorted(told, key=WORDS.index) == WORDS
    assert in_flight > 1 or told == WORDS
    assert not await bridge.parked()
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_what_went_before_a_refusal_is_remembered_by_a_restart(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.capabilities = replace(EVERYTHING, max_text=100, in_flight=1)
    bridge = await faulty(tmp_path, left, right, connector=Picky)
    connector = bridge.connector("right")
    connector.goes_away = True
    first = await left.say("town", "Ada", LONG)
    await eventually(lambda: not connector.goes_away)
    await bridge.crash()
    await bridge.start()
    await shown(right, "town", lambda seen: "word39" in seen[-1].text, seconds=120)
    seen = await right.shown("town")
    assert [word for one in seen for word in one.text.split() if "word" in word] == WORDS
    await left.edit("town", "Ada", first, (Paragraph((Text("short"), Break(), Text("now"))),))
    await shown(right, "town", lambda seen: [one.text for one in seen] == ["Ada: short\nnow"])
    await bridge.stop()
