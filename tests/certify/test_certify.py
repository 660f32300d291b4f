"""Every connector gets through on its emulator, and what is broken on purpose does not."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.certify.__main__ import everything, reports
from bridge.certify.command import written
from bridge.certify.report import Certificate, Line, Verdict, data, page, read
from bridge.certify.run import AWAY, CONNECTS, certified
from bridge.certify.stand import Stand
from bridge.certify.table import table
from bridge.logs import Mask
from bridge.testing import broken_incoming, broken_life, broken_outgoing
from bridge.testing.companion import EmulatedCompanion
from bridge.testing.host import KitHost
from bridge.testing.memory import MemoryConfig, MemoryConnector, MemoryPlatform

DOCS = Path(__file__).parents[2] / "docs"
PLANTED: Mapping[type[MemoryConnector], str] = {
    broken_outgoing.TakesWordsForTheKey: "the same words, sent twice, are read twice",
    broken_outgoing.SwapsTwo: "ten messages are read in their order",
    broken_outgoing.CutsLongText: "the longest text is read whole",
    broken_outgoing.LosesFormatting: "formatting is shown",
    broken_outgoing.EditsTheWrongMessage: "an edit of ours is read",
    broken_outgoing.DeletesNothing: "a deletion of ours takes the message away",
    broken_outgoing.RepliesToNothing: "an answer of ours hangs on what it answers",
    broken_outgoing.KeepsReactions: "a reaction of ours is shown, and taken back",
    broken_incoming.TellsNoZone: "what a person says is heard once, with a name and a time",
    broken_incoming.HearsRepliesToTheNewest: "a person's answer is heard as one",
    broken_incoming.ReusesEventIds: "no event has the id of another",
}
UNHEARD: Mapping[type[MemoryConnector], str] = {
    broken_incoming.HearsNoEdits: "a person's edit is heard",
    broken_incoming.HearsNoDeletions: "a person's deletion is heard",
    broken_life.SkipsWhatWasSaidMeanwhile: AWAY,
}
"""What cannot be told from a platform on which nobody hears of it: not shown, and so not proven."""


@pytest.fixture(scope="module")
def shown() -> Mapping[str, tuple[Line, ...]]:
    return asyncio.run(everything())


async def memory(made: type[MemoryConnector], folder: Path) -> Mapping[str, Line]:
    """What a connector to the platform in memory shows, by trial."""
    async with MemoryPlatform() as platform:
        settings = MemoryConfig.model_validate(platform.settings())
        host = KitHost(folder)
        stand = Stand(lambda host: made(settings, host), host, platform.rooms[0])
        lines = certified(stand, EmulatedCompanion(platform, 0.3), 0.3)
        return {line.trial: line async for line in lines}


def test_every_connector_gets_through_on_its_emulator(shown: Mapping[str, tuple[Line, ...]]) -> None:
    broken = [f"{name}: {line}" for name, lines in shown.items() for line in lines if line.verdict is Verdict.BROKEN]
    assert not broken
    assert all(lines[0] == Line(CONNECTS, Verdict.KEPT) for lines in shown.values())


def test_the_page_says_what_was_shown(shown: Mapping[str, tuple[Line, ...]]) -> None:
    written = (DOCS / "reference" / "certified.md").read_text("utf-8")
    assert written == table(shown, reports(DOCS / "certified")), "type `make certified`"


async def test_a_connector_that_keeps_its_promises_gets_through(tmp_path: Path) -> None:
    found = await memory(MemoryConnector, tmp_path)
    pictures = {"a picture of ours is shown with its words", "a person's picture is heard, and can be fetched"}
    assert {line.trial for line in found.values() if line.verdict is not Verdict.KEPT} == pictures  # none in memory


@pytest.mark.parametrize("made", PLANTED, ids=lambda made: made.__name__)
async def test_a_planted_fault_is_found(made: type[MemoryConnector], tmp_path: Path) -> None:
    assert (await memory(made, tmp_path))[PLANTED[made]].verdict is Verdict.BROKEN


@pytest.mark.parametrize("made", UNHEARD, ids=lambda made: made.__name__)
async def test_what_is_never_heard_is_not_shown(made: type[MemoryConnector], tmp_path: Path) -> None:
    assert (await memory(made, tmp_path))[UNHEARD[made]].verdict is Verdict.MISSING


async def test_who_cannot_connect_has_nothing_else_tried(tmp_path: Path) -> None:
    async with MemoryPlatform() as platform:
        settings = MemoryConfig.model_validate({**platform.settings(), "token": "another"})
        host = KitHost(tmp_path)
        stand = Stand(lambda host: MemoryConnector(settings, host), host, platform.rooms[0])
        lines = [line async for line in certified(stand, EmulatedCompanion(platform, 0.3), 0.3)]
    assert [line.trial for line in lines] == [CONNECTS]
    assert lines[0].verdict is Verdict.BROKEN


def test_a_report_is_read_again_as_it_was_written() -> None:
    lines = (Line("it works", Verdict.KEPT), Line("this | that", Verdict.BROKEN, "two\nlines | more"))
    one = Certificate(connector="irc", version="0.1.0", day="2026-01-01", where="the real platform", lines=lines)
    assert read(data(one)) == one
    assert one.counted == "1 kept, 1 broken, 0 not shown"
    assert "| this \\| that | broken | two lines \\| more |" in page(one)


def test_no_secret_stands_in_a_report(tmp_path: Path) -> None:
    line = Line("it connects", Verdict.BROKEN, "the server said: wrong password hunter2-hunter2")
    path = tmp_path / "irc.md"
    assert written("irc", "the real platform", (line,), Mask({"hunter2-hunter2"}), path) == 1
    for report in (path, path.with_suffix(".json")):
        assert "wrong password" in report.read_text("utf-8")
        assert "hunter2-hunter2" not in report.read_text("utf-8")


def test_the_newest_report_of_a_real_platform_stands_on_the_page(tmp_path: Path) -> None:
    line = Line("it works", Verdict.KEPT)
    for day in ("2026-02-01", "2026-03-01"):
        one = Certificate(connector="irc", version="0.2.0", day=day, where="the real platform", lines=(line,))
        (tmp_path / f"irc-{day}.json").write_bytes(data(one))
    shown = table({"irc": (line,), "matrix": (line,)}, reports(tmp_path))
    assert "| irc | 2026-03-01, Qantara 0.2.0: 1 kept, 0 broken, 0 not shown | 1 of 1 kept |" in shown
    assert "| matrix | never | 1 of 1 kept |" in shown
