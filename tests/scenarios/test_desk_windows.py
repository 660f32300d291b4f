"""What a desk does because of the time: greetings, hours, alarms, windows that close, answers that come too late."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.events import Failure
from bridge.ids import MessageId
from bridge.testing.memory_rooms import room_id
from bridge.testing.waiting import shown
from tests.scenarios.desk_town import NUMBERS, Private, Town, town

OLENA, TARAS, _ = NUMBERS
MINUTE = 60.0
TEMPLATE = "template: {name: hello, language: uk, parameters: ['{agent}', '{answer}']}"


@pytest.fixture(autouse=True)
def _nothing_is_shut() -> Iterator[None]:
    yield
    Private.shut.clear()


async def _begun(there: Town) -> tuple[MessageId, MessageId]:
    await there.writes(OLENA, "Olena", "hello")
    thread = await there.thread("#1 Olena")
    return thread, await there.in_thread(thread, "Olena: hello")


async def test_who_comes_first_is_greeted_once(tmp_path: Path) -> None:
    async with town(tmp_path, desk="greeting: Welcome!") as there:
        await _begun(there)
        await there.writes(OLENA, "Olena", "hello again")
        await there.reads(OLENA, "Welcome!")
        await there.bridge.stop()
        await there.bridge.start()
        await there.writes(OLENA, "Olena", "and again")
        await there.in_thread(await there.thread("#1 Olena"), "Olena: and again")
        await there.reads(OLENA, "Welcome!")


async def test_outside_hours_people_are_told_once(tmp_path: Path) -> None:
    never = "hours: ['mon 00:00-00:01'], away: We are away."
    async with town(tmp_path, desk=never) as there:
        thread, _ = await _begun(there)
        await there.writes(OLENA, "Olena", "anybody?")
        await there.in_thread(thread, "Olena: anybody?")
        await there.reads(OLENA, "We are away.")


async def test_agents_are_told_once_that_somebody_waits_too_long(tmp_path: Path) -> None:
    async with town(tmp_path, desk="alarm_minutes: 5") as there:
        thread, question = await _begun(there)
        await there.bridge.clock.sleep(2 * MINUTE)
        await there.writes(OLENA, "Olena", "hello?")
        await there.bridge.clock.sleep(4 * MINUTE)
        await there.in_thread(thread, "Olena has waited 5 minutes for an answer.")
        before = len(await there.agents.shown("desk"))
        await there.bridge.clock.sleep(20 * MINUTE)
        assert len(await there.agents.shown("desk")) == before
        there.answers("Ada", "sorry", reply=question, thread=thread)
        await there.reads(OLENA, "Ada: sorry")
        await there.bridge.clock.sleep(20 * MINUTE)
        assert len(await there.agents.shown("desk")) == before + 1


async def test_before_a_window_closes_the_agents_are_told(tmp_path: Path) -> None:
    async with town(tmp_path, desk="window_warning_minutes: 5") as there:
        thread, _ = await _begun(there)
        await there.bridge.clock.sleep(22 * MINUTE)
        await there.bridge.stop()
        await there.bridge.start()
        await there.bridge.clock.sleep(4 * MINUTE)
        found = await shown(there.agents, "desk", lambda seen: "can be answered for" in seen[-1].text)
        assert found[-1].thread == thread
        await there.bridge.clock.sleep(3 * MINUTE)
        assert len(await there.agents.shown("desk")) == len(found)


async def test_an_answer_too_late_goes_when_the_person_writes_again(tmp_path: Path) -> None:
    async with town(tmp_path, desk="window_warning_minutes: 0") as there:
        thread, question = await _begun(there)
        await there.bridge.clock.sleep(31 * MINUTE)
        there.answers("Ada", "too late", reply=question, thread=thread)
        await shown(there.agents, "desk", lambda seen: "what is written waits" in seen[-1].text)
        await there.bridge.stop()
        await there.bridge.start()
        await there.reads(OLENA)
        await there.writes(OLENA, "Olena", "anybody there?")
        await there.reads(OLENA, "Ada: too late")


async def test_an_answer_too_late_goes_as_a_template(tmp_path: Path) -> None:
    async with town(tmp_path, desk=f"window_warning_minutes: 0, {TEMPLATE}") as there:
        thread, question = await _begun(there)
        await there.bridge.clock.sleep(31 * MINUTE)
        there.answers("Ada", "it is ready", reply=question, thread=thread)
        await there.in_thread(thread, "The person wrote too long ago: this goes as the template hello.")
        await there.reads(OLENA, "hello(uk): Ada | it is ready")


async def test_a_platform_that_takes_only_templates_gets_one(tmp_path: Path) -> None:
    async with town(tmp_path, desk=TEMPLATE) as there:
        thread, question = await _begun(there)
        Private.shut.add(room_id(OLENA))
        there.answers("Ada", "it is ready", reply=question, thread=thread)
        await there.reads(OLENA, "hello(uk): Ada | it is ready")


async def test_a_platform_that_closed_a_window_is_believed(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        thread, question = await _begun(there)
        Private.shut.add(room_id(OLENA))
        there.answers("Ada", "are you there?", reply=question, thread=thread)
        found = await shown(there.agents, "desk", lambda seen: "what is written waits" in seen[-1].text)
        assert found[-1].thread == thread
        Private.shut.clear()
        await there.writes(OLENA, "Olena", "yes")
        await there.reads(OLENA, "Ada: are you there?")


@pytest.mark.parametrize("failure", Failure)
async def test_what_is_not_delivered_after_all_is_said_behind_the_answer(tmp_path: Path, failure: Failure) -> None:
    async with town(tmp_path) as there:
        thread, question = await _begun(there)
        answer = there.answers("Ada", "yes", reply=question, thread=thread)
        (copy,) = await there.reads(OLENA, "Ada: yes")
        connector = there.bridge.account("chat").connector
        assert isinstance(connector, Private)
        await connector.fail(OLENA, copy, failure)
        found = await shown(
            there.agents, "desk", lambda seen: seen[-1].text.startswith("Not delivered: no device of …")
        )
        assert (found[-1].thread, found[-1].in_reply_to) == (thread, answer)
        assert OLENA not in repr(found)
        there.answers("Ada", "!reply again", thread=thread)
        if failure is Failure.CLOSED:
            await shown(there.agents, "desk", lambda seen: "what is written waits" in seen[-1].text)
            await there.writes(OLENA, "Olena", "here I am")
        await there.reads(OLENA, "Ada: yes", "Ada: again")
