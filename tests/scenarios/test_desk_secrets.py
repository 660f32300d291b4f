"""Nothing about a person but the name they chose crosses: no number, no id, no picture's address."""

from pathlib import Path

import msgspec
import pytest

from bridge.ids import UserId
from bridge.snapshot import look
from bridge.testing.platform import Fault
from bridge.testing.waiting import shown
from bridge.text.nodes import Mention, Paragraph
from tests.scenarios.desk_town import NUMBERS, town

OLENA, TARAS, ANNA = NUMBERS


async def test_no_id_of_a_person_is_seen_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with town(tmp_path, desk="greeting: Welcome!") as there:
        first = await there.writes(OLENA, "Olena", "hello")
        await there.writes(TARAS, f"+{TARAS}", "no name")
        await there.people.say(ANNA, "Anna", (Paragraph((Mention("me", UserId(ANNA)),)),))
        thread = await there.thread("#1 Olena")
        await there.in_thread(thread, "Olena: hello")
        await there.thread("#2 Guest")
        await there.people.react(OLENA, "Olena", first, "🎉")
        there.people.fail_next(Fault.REJECTED)
        there.answers("Ada", "!reply refused", thread=thread)
        await shown(there.agents, "desk", lambda seen: "could not be delivered" in seen[-1].text)
        there.answers("Ada", "!who", thread=thread)
        await shown(there.agents, "desk", lambda seen: "The conversation is open." in seen[-1].text)
        status = msgspec.json.encode(await look(there.bridge.app, there.bridge.clock.now())).decode()
        parked = repr(await there.bridge.parked())
        seen = repr(there.agents.written.journal) + repr(await there.agents.shown("desk"))
    log = capsys.readouterr()
    for place in (status, parked, seen, log.out + log.err):
        assert not [number for number in NUMBERS if number in place]
        assert "faces.test" not in place


async def test_ids_are_shown_where_the_operator_says_so(tmp_path: Path) -> None:
    async with town(tmp_path, desk="show_ids: true") as there:
        await there.writes(OLENA, "Olena", "hello")
        await there.thread(f"#1 Olena (!{OLENA})")
