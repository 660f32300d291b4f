"""Somebody writes to a desk without an end: the agents get so much of it, are told once, and others are not held up."""

from pathlib import Path

from bridge.snapshot import look
from bridge.testing.waiting import shown
from tests.scenarios.bridge_under_test import balanced
from tests.scenarios.desk_town import NUMBERS, town

OLENA, TARAS, _ = NUMBERS
HELD = "Messages of Olena are held: too many at once."


async def test_who_floods_does_not_bury_the_agents(tmp_path: Path) -> None:
    async with town(tmp_path, desk="messages_per_minute: 3") as there:
        for number in range(20):
            await there.writes(OLENA, "Olena", f"line {number}")
        await there.writes(TARAS, "Taras", "and I")
        thread = await there.thread("#1 Olena")
        await there.in_thread(thread, HELD)
        await there.in_thread(await there.thread("#2 Taras"), "Taras: and I")
        there.answers("Ada", "!who", thread=thread)
        await shown(there.agents, "desk", lambda seen: any("on chat" in one.text for one in seen))
        words = [
            one.text for one in await there.agents.shown("desk") if one.thread == thread and one.author == "bridge"
        ]
        assert words[:4] == ["Olena: line 0", "Olena: line 1", "Olena: line 2", HELD]
        assert words.count(HELD) == 1
        assert {(row.reason, row.author) for row in await there.bridge.parked()} == {("flood", "Olena")}
        assert (await look(there.bridge.app, there.bridge.clock.now())).causes["parked:flood"] == 17
        assert balanced(await there.bridge.ledger())


async def test_agents_answer_as_much_as_they_like_and_the_person_is_heard_again(tmp_path: Path) -> None:
    async with town(tmp_path, desk="messages_per_minute: 1, greeting: Welcome!, claim_minutes: 0") as there:
        await there.writes(OLENA, "Olena", "hello")
        await there.writes(OLENA, "Olena", "hello?")
        thread = await there.thread("#1 Olena")
        await there.in_thread(thread, HELD)
        for number in range(5):
            there.answers("Ada", f"!reply answer {number}", thread=thread)
        await there.reads(OLENA, "Welcome!", *(f"Ada: answer {number}" for number in range(5)))
        await there.bridge.clock.sleep(61)
        await there.writes(OLENA, "Olena", "thank you")
        await there.in_thread(thread, "Olena: thank you")
        await there.bridge.retry_parked()
        await there.in_thread(thread, "Olena: hello?")


async def test_nobody_is_limited_where_the_operator_says_so(tmp_path: Path) -> None:
    async with town(tmp_path, desk="messages_per_minute: 0") as there:
        for number in range(70):
            await there.writes(OLENA, "Olena", f"line {number}")
        await there.in_thread(await there.thread("#1 Olena"), "Olena: line 69")
        assert not await there.bridge.parked()
