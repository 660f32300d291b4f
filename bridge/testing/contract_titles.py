"""Promises about what rooms are called and about: we change it where we may, and know our own change again."""

import pytest

from bridge.connector import Connector
from bridge.events import RoomChanged
from bridge.testing.acts import HasTitles, Titles
from bridge.testing.contract_kit import Kit, Running, told


class TitlePromises:
    """`connector.rename` and `describe` → platform → reader, and what people do there."""

    async def test_a_room_is_called_what_we_call_it(self, kit: Kit) -> None:
        kit.needs(Connector.rename, "names of rooms that we may set")
        titles = _titles(kit)
        async with kit.running() as run:
            await titles.trust(kit.town)
            await run.connector.rename(run.place(kit.town).room, "Town hall")
            assert await titles.name_of(kit.town) == "Town hall"
            await run.connector.rename(run.place(kit.town).room, "Town hall")
            assert await titles.name_of(kit.garden) != "Town hall"
            await _nobody_did_it(kit, run)

    async def test_a_room_is_about_what_we_say(self, kit: Kit) -> None:
        kit.needs(Connector.describe, "topics of rooms that we may set")
        titles = _titles(kit)
        async with kit.running() as run:
            room = run.place(kit.town).room
            await titles.trust(kit.town)
            await run.connector.describe(room, "tea, and how to make it")
            assert await titles.topic_of(kit.town) == "tea, and how to make it"
            await run.connector.describe(room, "tea, and how to make it")
            await run.connector.describe(room, "")
            assert await titles.topic_of(kit.town) == ""
            assert await titles.topic_of(kit.garden) == ""
            await _nobody_did_it(kit, run)

    async def test_what_people_call_a_room_is_heard(self, kit: Kit) -> None:
        titles = _titles(kit)
        async with kit.running() as run:
            await kit.acts(titles.rename(kit.town, "Ada", "Market"), "names of rooms that people set")
            change = await run.event(RoomChanged, lambda change: change.name is not None, "the room is called Market")
            assert (change.room, change.name, change.topic) == (run.place(kit.town).room, "Market", None)
            _is_not_ours(kit, change)

    async def test_what_people_say_a_room_is_about_is_heard(self, kit: Kit) -> None:
        titles = _titles(kit)
        async with kit.running() as run:
            await kit.acts(titles.describe(kit.town, "Ada", "tea"), "topics of rooms that people set")
            change = await run.event(RoomChanged, lambda change: change.topic is not None, "the room is about tea")
            assert (change.room, change.name, change.topic) == (run.place(kit.town).room, None, "tea")
            _is_not_ours(kit, change)


def _titles(kit: Kit) -> Titles:
    if not isinstance(kit.platform, HasTitles):
        pytest.skip("no titles: the platform has no `titles`")
    return kit.platform.titles


async def _nobody_did_it(kit: Kit, run: Running) -> None:
    """What we did comes home as ours, or not at all."""
    await run.hears("after it", person="Olaf")
    for change in kit.host.events:
        if isinstance(change, RoomChanged):
            assert _is_ours(kit, change), f"our own change is somebody else's: {told([change])}"


def _is_not_ours(kit: Kit, change: RoomChanged) -> None:
    assert not _is_ours(kit, change), "people's change is ours"


def _is_ours(kit: Kit, change: RoomChanged) -> bool:
    me = kit.host.connected_as
    return change.by is not None and me is not None and change.by.id == me.id
