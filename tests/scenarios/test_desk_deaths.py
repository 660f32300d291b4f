"""The bridge dies again and again while people ask and agents answer: each word arrives, and arrives once."""

import asyncio
from pathlib import Path

from bridge.chance import SeededChance
from bridge.testing.platform import Fault
from bridge.testing.waiting import eventually, shown
from tests.scenarios.bridge_under_test import balanced
from tests.scenarios.desk_town import NUMBERS, Town, town

OLENA, TARAS, _ = NUMBERS
DEATHS = 12


async def test_deaths_lose_no_answer_and_send_none_twice(tmp_path: Path) -> None:
    async with town(tmp_path, desk="greeting: Welcome!, claim_minutes: 0") as there:
        chance = SeededChance(7)
        await there.writes(OLENA, "Olena", "question 0")
        thread = await there.thread("#1 Olena")
        for life in range(1, DEATHS):
            await there.writes(OLENA, "Olena", f"question {life}")
            if life % 3 == 0:
                there.people.fail_next(Fault.LOST_ANSWER)
            there.answers("Ada", f"!reply answer {life}", thread=thread)
            await asyncio.sleep(0.05 * chance.fraction())
            await there.bridge.crash()
            await there.bridge.start()
        await there.bridge.drained()
        await there.reads(OLENA, "Welcome!", *(f"Ada: answer {life}" for life in range(1, DEATHS)))
        assert await _questions(there, thread) == [f"Olena: question {life}" for life in range(DEATHS)]
        assert balanced(await there.bridge.ledger())


async def test_a_first_message_that_is_cut_short_makes_one_thread(tmp_path: Path) -> None:
    async with town(tmp_path, desk="greeting: Welcome!") as there:
        chance = SeededChance(11)
        await there.writes(OLENA, "Olena", "hello")
        await there.writes(TARAS, "Taras", "hello")
        for _ in range(DEATHS):
            await asyncio.sleep(0.01 * chance.fraction())
            await there.bridge.crash()
            there.bridge.begin()
        await eventually(lambda: there.bridge.app.ready)
        await there.bridge.drained()
        for number, name in ((OLENA, "Olena"), (TARAS, "Taras")):
            await there.reads(number, "Welcome!")
            said = f"{name}: hello"
            await shown(there.agents, "desk", lambda seen, said=said: said in [one.text for one in seen])  # type: ignore[misc]
            words = [one.text for one in await there.agents.shown("desk")]
            assert words.count(said) == 1, words
            assert sum(one.startswith("#") and one.endswith(name) for one in words) == 1, words


async def _questions(there: Town, thread: str) -> list[str]:
    found = [one.text for one in await there.agents.shown("desk") if one.thread == thread]
    return [one for one in found if "question" in one]


async def test_what_a_death_left_open_is_still_in_doubt_after_a_life_without_its_account(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.bridge.stop()
        there.bridge.yaml = there.bridge.yaml.replace("private,", "private, unknown_outcome: hold,")
        await there.bridge.start()
        await there.writes(OLENA, "Olena", "hello")
        thread = await there.thread("#1 Olena")
        question = await there.in_thread(thread, "Olena: hello")
        there.people.hang()
        there.answers("Ada", "did you get this?", reply=question, thread=thread)
        lanes = there.bridge.app.rooms.lanes
        await eventually(
            lambda: any(lane.busy for number, lane in lanes.items() if number in there.bridge.app.rooms.privates)
        )
        await there.bridge.crash()
        there.people.restore()
        with_people = there.bridge.yaml
        office = next(line for line in with_people.splitlines(keepends=True) if line.startswith("  office:"))
        there.bridge.yaml = f"{with_people.splitlines(keepends=True)[0]}accounts:\n{office}links: {{}}\n"
        await there.bridge.start()
        assert await there.bridge.stop() == 0
        there.bridge.yaml = with_people
        await there.bridge.start()
        await eventually(there.bridge.parked)
        assert [row.reason for row in await there.bridge.parked()] == ["unknown outcome"]
        assert not [one for one in await there.people.shown(OLENA) if "did you get this" in one.text]
