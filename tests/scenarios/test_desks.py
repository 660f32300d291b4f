"""A desk: who writes in private gets a thread, and only answers go back."""

from pathlib import Path

from bridge.testing.memory import EVERYTHING
from bridge.testing.waiting import shows
from tests.scenarios.desk_town import NUMBERS, town

OLENA, TARAS, _ = NUMBERS


async def test_a_person_gets_a_thread_and_an_answer(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.writes(OLENA, "Olena", "is it open today?")
        thread = await there.thread("#1 Olena")
        question = await there.in_thread(thread, "Olena: is it open today?")
        there.answers("Ada", "who takes this one?", thread=thread)
        there.answers("Ada", "yes, until six", reply=question, thread=thread)
        await there.reads(OLENA, "Ada: yes, until six")


async def test_the_thread_stays_the_same_after_a_restart(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.writes(OLENA, "Olena", "hello")
        thread = await there.thread("#1 Olena")
        await there.in_thread(thread, "Olena: hello")
        await there.bridge.stop()
        await there.bridge.start()
        await there.writes(OLENA, "Olena", "are you there?")
        await there.writes(TARAS, "Taras", "me too")
        await there.in_thread(thread, "Olena: are you there?")
        other = await there.thread("#2 Taras")
        there.answers("Ada", "!reply we are", thread=thread)
        there.answers("Ada", "!reply you too", thread=other)
        await there.reads(OLENA, "Ada: we are")
        await there.reads(TARAS, "Ada: you too")


async def test_without_threads_lines_begin_with_a_handle(tmp_path: Path) -> None:
    async with town(tmp_path, agents=EVERYTHING) as there:
        await there.writes(OLENA, "Olena", "hello")
        await shows(there.agents, "desk", ["[#1 Olena]: hello"])
        there.answers("Ada", "!reply #1 good morning")
        await there.reads(OLENA, "Ada: good morning")
