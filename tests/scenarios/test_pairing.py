"""Moderators link two rooms by a code: asked on both sides, told on both sides, undone from either."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.asked import Access
from bridge.errors import Unavailable
from bridge.ids import RoomId
from bridge.store.care import Deeds
from bridge.testing.memory import MemoryConnector, MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, configured

ROOMS = ("town", "garden", "attic")


@pytest.fixture
async def left() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform("left", rooms=ROOMS) as left:
        yield left


@pytest.fixture
async def right() -> AsyncIterator[MemoryPlatform]:
    async with MemoryPlatform("right", rooms=ROOMS) as right:
        yield right


class Silent(MemoryConnector):
    """A platform that does not say who may read along."""

    async def access(self, room: RoomId) -> Access:
        raise Unavailable(f"{room} is not told of")


async def paired(
    folder: Path, *platforms: MemoryPlatform, more: str = "pairing: {}\n", kind: type[MemoryConnector] = MemoryConnector
) -> Bridge:
    for platform in platforms:
        for room in ROOMS:
            await platform.promote(room, "Mo")
    for room in ROOMS:
        await platforms[0].seclude(room)  # private rooms on one side, public ones on the other
    bridge = Bridge(folder, configured(*platforms, more=more), connectors={"memory": kind})
    for platform in platforms:
        platform.written.clock = bridge.clock
    return await bridge.start()


async def last(platform: MemoryPlatform, room: str, begins: str) -> str:
    """The newest message of a room, once it begins so."""

    async def there() -> str:
        words = await texts(platform, room)
        return words[-1] if words and words[-1].startswith(begins) else ""

    found: str = await eventually(there)
    return found


async def code_of(platform: MemoryPlatform, room: str) -> str:
    await platform.say(room, "Mo", said("!qantara pair"))
    answer = await last(platform, room, "In the other room")
    return answer.partition("!qantara join ")[2].partition(" ")[0]


async def linked(left: MemoryPlatform, right: MemoryPlatform) -> None:
    code = await code_of(left, "attic")
    await right.say("attic", "Mo", said(f"!qantara join {code}"))
    await last(right, "attic", "Everybody in this room will read")
    await right.say("attic", "Mo", said(f"!qantara join {code} yes"))
    await last(right, "attic", "This room is bridged.")


@pytest.mark.parametrize("private", [True, False])
async def test_nobody_is_warned_where_both_rooms_are_private_or_both_are_public(
    tmp_path: Path,
    left: MemoryPlatform,
    right: MemoryPlatform,
    private: bool,  # noqa: FBT001 - a case
) -> None:
    bridge = await paired(tmp_path, left, right)
    left.secluded.clear()
    for platform in (left, right) if private else ():
        await platform.seclude("attic")
    code = await code_of(left, "attic")
    await right.say("attic", "Mo", said(f"!qantara join {code}"))
    await last(right, "attic", "This room is bridged.")
    await last(left, "attic", "This room is bridged.")
    await bridge.stop()


async def test_the_warning_says_which_room_is_private(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await paired(tmp_path, left, right)
    code = await code_of(left, "attic")
    await right.say("attic", "Mo", said(f"!qantara join {code}"))
    warning = await last(right, "attic", "Everybody in this room will read")
    assert "This room is public and the other is private: what is written there becomes public." in warning
    await right.say("attic", "Mo", said(f"!qantara join {code} yes"))
    await last(right, "attic", "This room is bridged.")
    await bridge.stop()


async def test_people_are_warned_where_nobody_knows_who_reads_along(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await paired(tmp_path, left, right, kind=Silent)
    code = await code_of(left, "attic")
    await right.say("attic", "Mo", said(f"!qantara join {code}"))
    warning = await last(right, "attic", "Everybody in this room will read")
    assert "If one of the two is private and the other is public, what is private becomes public." in warning
    await bridge.stop()


async def test_two_rooms_are_linked_by_a_code_and_both_are_told_what_is_shown_where(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await paired(tmp_path, left, right)
    await linked(left, right)
    notice = await last(left, "attic", "This room is bridged.")
    assert "is shown in: right/!attic" in notice
    assert "!qantara optout" in notice
    await left.say("attic", "Ada", said("hello"))
    await last(right, "attic", "Ada: hello")
    await bridge.crash()
    await bridge.start()
    await right.say("attic", "Bob", said("good morning"))
    await last(left, "attic", "Bob: good morning")
    await bridge.app.reload()
    await left.say("attic", "Ada", said("still here"))
    await last(right, "attic", "Ada: still here")
    assert [deed.did for deed in await bridge.writer.ask(Deeds())] == ["join left/!attic", "pair"]
    assert bridge.yaml == configured(left, right, more="pairing: {}\n")
    await bridge.stop()


async def test_nothing_is_shown_anywhere_before_the_other_side_said_yes(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await paired(tmp_path, left, right)
    code = await code_of(left, "attic")
    await right.say("attic", "Mo", said(f"!qantara join {code}"))
    warning = await last(right, "attic", "Everybody in this room will read")
    assert "left/!attic" in warning
    await left.say("attic", "Ada", said("private words"))
    await right.say("attic", "Bob", said("so are mine"))
    await right.say("attic", "Eve", said(f"!qantara join {code} yes"))
    assert await last(right, "attic", "Only") == "Only moderators of this room can ask for that."
    assert not [words for words in await texts(right, "attic") if "private words" in words]
    await bridge.stop()


async def test_a_code_is_good_for_one_room_and_for_a_while(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await paired(tmp_path, left, right, more="pairing: {code_minutes: 5}\n")
    code = await code_of(left, "attic")
    await bridge.clock.sleep(400)
    await right.say("town", "Mo", said(f"!qantara join {code} yes"))
    wrong = "There is no such code, or its time is over"
    await last(right, "town", wrong)
    await linked(left, right)
    await right.say("town", "Mo", said(f"!qantara join {code} yes"))
    await last(right, "town", wrong)
    await bridge.stop()


async def test_rooms_that_are_linked_already_are_not_linked_twice(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await paired(tmp_path, left, right)
    code = await code_of(left, "town")
    await right.say("town", "Mo", said(f"!qantara join {code} yes"))
    await last(right, "town", "These rooms are linked already.")
    await left.say("town", "Mo", said(f"!qantara join {code}"))
    await last(left, "town", "Write that in the other room.")
    await bridge.stop()


async def test_a_moderator_of_either_side_takes_the_room_out(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await paired(tmp_path, left, right)
    await linked(left, right)
    await right.say("attic", "Mo", said("!qantara leave"))
    await last(left, "attic", "Mo took right/!attic out")
    await eventually(lambda: "left/!attic" not in {str(lane.name) for lane in bridge.app.rooms.lanes.values()})
    await left.say("attic", "Ada", said("alone again"))
    await left.say("town", "Mo", said("!qantara leave"))
    await last(left, "town", "This room was not linked by a code")
    assert "Ada: alone again" not in await texts(right, "attic")
    await bridge.stop()


async def test_without_power_there_is_no_code_and_many_wrong_codes_help_nobody(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await paired(tmp_path, left, right)
    await left.say("town", "Eve", said("!qantara pair"))
    await last(left, "town", "Only moderators of this room")
    code = await code_of(left, "attic")
    for number in range(5):
        await right.say("town", "Mo", said(f"!qantara join guess{number} yes"))
    await eventually(lambda: _count(right, "There is no such code", 5))
    await right.say("town", "Mo", said(f"!qantara join {code}"))
    await eventually(lambda: _count(right, "There is no such code", 6))
    await bridge.clock.sleep(61)
    await right.say("town", "Mo", said(f"!qantara join {code}"))
    await last(right, "town", "Everybody in this room will read")
    await bridge.stop()


async def test_only_the_file_links_rooms_where_it_does_not_allow_pairing(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    bridge = await paired(tmp_path, left, right, more="")
    await left.say("town", "Mo", said("!qantara pair"))
    await shows(right, "town", ["Mo: !qantara pair"])
    assert not bridge.app.intake.guard.watches
    await bridge.stop()


async def _count(platform: MemoryPlatform, begins: str, count: int) -> bool:
    return sum(words.startswith(begins) for words in await texts(platform, "town")) == count
