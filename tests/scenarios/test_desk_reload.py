"""A desk is changed while the bridge runs: it moves to another room, ends, and begins again."""

from pathlib import Path

from bridge.testing.waiting import eventually, shown, shows
from tests.scenarios.desk_town import NUMBERS, town

OLENA, TARAS, _ = NUMBERS


async def test_a_desk_that_moves_begins_new_threads_there(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.writes(OLENA, "Olena", "hello")
        thread = await there.thread("#1 Olena")
        question = await there.in_thread(thread, "Olena: hello")
        there.bridge.yaml = there.bridge.yaml.replace("room: office/desk", "room: office/other")
        await there.bridge.app.reload()
        there.answers("Ada", "nobody hears this", reply=question, thread=thread)
        await there.writes(OLENA, "Olena", "hello?")
        await shows(there.agents, "other", ["#1 Olena", "Olena: hello?"])
        await there.reads(OLENA)


async def test_without_its_desk_an_account_is_silent_and_what_waits_is_kept(tmp_path: Path) -> None:
    async with town(tmp_path) as there:
        await there.writes(OLENA, "Olena", "hello")
        thread = await there.thread("#1 Olena")
        question = await there.in_thread(thread, "Olena: hello")
        there.people.closed.add(OLENA)
        there.answers("Ada", "this waits", reply=question, thread=thread)
        await shown(there.agents, "desk", lambda seen: "what is written waits" in seen[-1].text)
        with_desk = there.bridge.yaml
        without = with_desk[: with_desk.index("desks:")]
        there.bridge.yaml = f"{without}links: {{}}\n"
        await there.bridge.app.reload()
        await there.writes(TARAS, "Taras", "hello")
        await eventually(lambda: there.bridge.app.intake.received[there.bridge.account("chat").account] == 2)
        there.people.closed.clear()
        there.bridge.yaml = with_desk
        await there.bridge.app.reload()
        await there.writes(OLENA, "Olena", "are you there?")
        await there.reads(OLENA, "Ada: this waits")
        assert "Taras" not in repr(await there.agents.shown("desk"))
