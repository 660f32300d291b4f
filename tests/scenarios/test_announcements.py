"""What is drafted in one room and approved there is read in many; nobody hears a draft, nobody hears it twice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.testing.memory import EVERYTHING, BareMemoryConnector, MemoryPlatform
from bridge.testing.platform import Fault
from bridge.testing.waiting import shows
from bridge.text.nodes import Bold, Paragraph, Text
from tests.scenarios.announcing import ROOM, announcing, says, told
from tests.scenarios.bridge_under_test import Bridge, balanced

TO = "undo_seconds: 5, to: [left/town, right/town]"


@pytest.fixture
async def left() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform(name="left", rooms=("town", "garden", ROOM)) as platform:
        yield platform


@pytest.fixture
async def bridge(left: MemoryPlatform, right: MemoryPlatform, tmp_path: Path) -> AsyncIterator[Bridge]:
    bridge = await Bridge(tmp_path, announcing(left, right, settings=TO)).start()
    yield bridge
    await bridge.stop()


async def test_a_draft_goes_once_somebody_else_approved_it(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await says(left, "Ada", (Paragraph((Text("!announce we are "), Bold((Text("open"),)))),))
    preview = await told(left, "announcement 1, by Ada")
    assert "left: 1 room" in preview
    assert "> we are open" in preview
    assert "2 in all" in preview
    assert await right.shown("town") == []
    await says(left, "Ada", "!approve 1")
    await told(left, "was written by you: somebody else has to approve it")
    await says(left, "Grace", "!approve")
    await told(left, "approved and goes to 2 in 5 s")
    await shows(right, "town", ["we are open"])
    await shows(left, "town", ["we are open"])
    assert Bold((Text("open"),)) in (await right.shown("town"))[0].rich[0].inside
    assert await told(left, "delivered") == "announcement 1: delivered 2 of 2."
    assert balanced(await bridge.ledger())


async def test_an_approved_one_is_kept_back_in_time_and_not_too_late(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await says(left, "Ada", "!announce never mind")
    await says(left, "Grace", "!approve 1")
    await told(left, "goes to 2")
    await says(left, "Ada", "!undo 1")
    await told(left, "is a draft again")
    await bridge.clock.sleep(100)
    assert await right.shown("town") == []
    await says(left, "Grace", "!approve 1")
    await shows(right, "town", ["never mind"])
    await says(left, "Ada", "!undo 1")
    assert "too late" in await told(left, "too late")


async def test_what_is_not_understood_is_said_and_talk_is_not(bridge: Bridge, left: MemoryPlatform) -> None:
    await says(left, "Ada", "shall we?")
    await says(left, "Ada", "!anounce hello")
    await told(left, "I do not understand that")
    await says(left, "Ada", "!approve 5")
    await told(left, "there is no announcement 5 in this room")
    await says(left, "Ada", "!status")
    await told(left, "no draft, and nothing that is being sent")
    assert len(await left.shown(ROOM)) == 7


async def test_a_correction_and_a_recall_reach_what_was_sent(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await says(left, "Ada", "!announce at noon")
    await says(left, "Grace", "!approve 1")
    await told(left, "delivered 2 of 2")
    await says(left, "Ada", "!correct 1 at one")
    await told(left, "correction 2 of 1")
    await says(left, "Grace", "!approve 2")
    await told(left, "correction 2 of 1: corrected 2 of 2")
    await shows(right, "town", ["at one"])
    await says(left, "Ada", "!recall 1")
    await told(left, "recall 3 of 1: taken back from 2 of 2")
    await shows(right, "town", [])


async def test_the_message_of_a_draft_can_be_edited_and_deleted(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    native = await says(left, "Ada", "!announce at non")
    await told(left, "> at non")
    await left.edit(ROOM, "Ada", native, (Paragraph((Text("!announce at noon"),)),))
    await told(left, "> at noon")
    await says(left, "Grace", "!approve 1")
    await shows(right, "town", ["at noon"])
    await told(left, "delivered 2 of 2")
    await left.edit(ROOM, "Ada", native, (Paragraph((Text("!announce at one"),)),))
    await told(left, "correction 2 of 1")
    await says(left, "Grace", "!approve 2")
    await shows(right, "town", ["at one"])
    await left.delete(ROOM, "Ada", native)
    await shows(right, "town", [])
    await told(left, "recall 3 of 1: taken back from 2 of 2")


async def test_where_nothing_can_be_changed_a_correction_is_a_new_message_and_a_recall_is_reported(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    yaml = announcing(left, right, settings=TO).replace("right: {connector: memory", "right: {connector: bare")
    bridge = await Bridge(tmp_path, yaml, connectors={"bare": BareMemoryConnector}).start()
    await says(left, "Ada", "!announce at noon")
    await says(left, "Grace", "!approve 1")
    await told(left, "delivered 2 of 2")
    await says(left, "Ada", "!correct 1 at one")
    assert "> (edited) at one" in await told(left, "correction 2 of 1")
    await says(left, "Grace", "!approve 2")
    await shows(right, "town", ["at noon", "(edited) at one"])
    await says(left, "Ada", "!recall 1")
    report = await told(left, "recall 3 of 1: taken back")
    assert "taken back from 1 of 2; 1 of right cannot be changed: cannot be deleted there" in report
    await bridge.stop()


async def test_an_unknown_outcome_is_held_listed_and_sent_again_by_decision_only(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await says(left, "Ada", "!announce once")
    await told(left, "by Ada")
    right.fail_next(Fault.LOST_ANSWER)
    await says(left, "Grace", "!approve 1")
    report = await told(left, "delivered 1 of 2")
    assert "1 of right of whom nobody knows (!resend 1 sends it to them again)" in report
    await bridge.clock.sleep(3600)
    assert len(right.attempts) == 1
    await says(left, "Ada", "!status 1")
    await told(left, "Nobody knows of: right/town")
    await says(left, "Ada", "!resend 1")
    await told(left, "delivered 2 of 2")
    assert len(right.attempts) == 2
    assert right.attempts[0] == right.attempts[1]


async def test_a_room_that_is_away_is_waited_for(bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform) -> None:
    right.fail_next(Fault.UNAVAILABLE, 5)
    await says(left, "Ada", "!announce patience")
    await says(left, "Grace", "!approve 1")
    await shows(right, "town", ["patience"])
    await told(left, "delivered 2 of 2")


async def test_what_was_approved_goes_after_a_restart_and_what_went_goes_no_second_time(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    await says(left, "Ada", "!announce tomorrow")
    await says(left, "Grace", "!approve 1")
    await told(left, "goes to 2")
    await bridge.stop()
    await bridge.start()
    await shows(right, "town", ["tomorrow"])
    await told(left, "delivered 2 of 2")
    await bridge.crash()
    await bridge.start()
    await bridge.clock.sleep(100)
    assert len(await right.shown("town")) == 1


async def test_a_room_without_formatting_gets_plain_words(tmp_path: Path, left: MemoryPlatform) -> None:
    async with MemoryPlatform("plain", capabilities=replace(EVERYTHING, formatting=frozenset())) as plain:
        bridge = await Bridge(tmp_path, announcing(left, plain, settings="undo_seconds: 5, to: [plain/town]")).start()
        await says(left, "Ada", (Paragraph((Text("!urgent "), Bold((Text("run"),)))),))
        await says(left, "Grace", "!approve 1")
        await shows(plain, "town", ["run"])
        await bridge.stop()


async def test_one_person_may_approve_where_the_file_says_so(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    yaml = announcing(left, right, settings="approval: author, undo_seconds: 0, to: [right/town]")
    bridge = await Bridge(tmp_path, yaml).start()
    await says(left, "Ada", "!announce at once")
    await says(left, "Ada", "!approve 1")
    await shows(right, "town", ["at once"])
    await bridge.stop()
