"""Places and cards from one platform to another, and what a link keeps back of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.content import Contact, Location
from bridge.events import AnyEvent, Attachment, Kind, Pinned, Reacted
from bridge.testing.holdings import Ballot, Card, Spot
from bridge.testing.memory import EVERYTHING, BareMemoryConnector, MemoryConnector, MemoryPlatform
from bridge.testing.memory_rooms import Update
from bridge.testing.waiting import shown, shows
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, balanced, configured

CAFE = Attachment(kind=Kind.LOCATION, location=Location(latitude=1.5, longitude=2.5, title="Café", address="Ring 1"))
ASKED = Ballot(question="Lunch?", options=("soup", "salad"))
CARD = Attachment(kind=Kind.CONTACT, contact=Contact(name="Grace", phone="+15550100"))
SPOT = Spot(latitude=1.5, longitude=2.5, title="Café")
LINK = "https://www.openstreetmap.org/?mlat=1.5&mlon=2.5#map=16/1.5/2.5"


def live(latitude: float, seconds: int | None = 900) -> Attachment:
    place = Location(latitude=latitude, longitude=2, live_seconds=seconds)
    return Attachment(kind=Kind.LOCATION, location=place)


def link(latitude: str) -> str:
    return f"https://www.openstreetmap.org/?mlat={latitude}&mlon=2#map=16/{latitude}/2"


@pytest.fixture
async def words_only() -> AsyncIterator[MemoryPlatform]:
    """A platform whose messages are nothing but words, said once."""
    async with MemoryPlatform(name="words", capabilities=replace(EVERYTHING, media={})) as platform:
        yield platform


async def test_a_place_and_a_card_are_shown_as_such_behind_the_name(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    left.share("town", "Ada", CAFE)
    await shows(right, "town", ["Ada: 📍 Café, Ring 1", ""])
    assert [one.holds for one in await right.shown("town")] == [(), (SPOT,)]
    left.share("town", "Ada", CARD)
    seen = await shown(right, "town", lambda seen: len(seen) > 2)
    assert [(one.text, one.holds) for one in seen[2:]] == [("Ada: 👤 Grace", ())]
    assert balanced(await bridge.ledger())


async def test_a_phone_number_crosses_where_the_link_says_so(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform, words_only: MemoryPlatform
) -> None:
    yaml = configured(left, right, words_only).replace("rooms: [", "show: [phone_numbers], rooms: [")
    bridge = await Bridge(tmp_path, yaml).start()
    left.share("town", "Ada", CARD)
    seen = await shown(right, "town", lambda seen: len(seen) > 1)
    assert seen[1].holds == (Card(name="Grace", phone="+15550100"),)
    await shows(words_only, "town", ["Ada: 👤 Grace +15550100"])
    await bridge.stop()


async def test_a_live_place_is_one_message_that_follows_it(
    tmp_path: Path, left: MemoryPlatform, words_only: MemoryPlatform
) -> None:
    bridge = await Bridge(tmp_path, configured(left, words_only)).start()
    native = left.share("town", "Ada", live(1))
    said = "Ada: 📍 a live location (kept up to date for up to 15 min): "
    await shows(words_only, "town", [said + link("1")])
    left.move("town", "Ada", native, live(1.5))
    await shows(words_only, "town", [said + link("1.5")])
    left.move("town", "Ada", native, live(3, None))
    await shows(words_only, "town", ["Ada: 📍 a location: " + link("3")])
    await bridge.stop()


async def test_a_live_place_is_told_twice_where_nothing_can_be_changed(
    tmp_path: Path, left: MemoryPlatform, words_only: MemoryPlatform
) -> None:
    yaml = configured(left, words_only).replace("words: {connector: memory", "words: {connector: bare")
    bridge = await Bridge(tmp_path, yaml, connectors={"bare": BareMemoryConnector}).start()
    native = left.share("town", "Ada", live(1))
    first = f"Ada: 📍 a live location (not followed here): {link('1')}"
    await shows(words_only, "town", [first])
    for latitude in (1.1, 1.2, 1.3):
        left.move("town", "Ada", native, live(latitude))
    left.move("town", "Ada", native, live(2, None))
    await shows(words_only, "town", [first, f"Ada: (edited) 📍 a location: {link('2')}"])
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_what_a_room_refuses_as_a_place_is_told_in_words_and_the_next_is_one_again(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    right.refused_kinds = [Kind.LOCATION]
    left.share("town", "Ada", CAFE)
    await shows(right, "town", ["Ada: 📍 Café, Ring 1", f"📍 Café, Ring 1: {LINK}"])
    left.share("town", "Ada", CAFE)
    await shown(right, "town", lambda seen: len(seen) == 4 and seen[3].holds == (SPOT,))
    assert balanced(await bridge.ledger())


async def test_votes_elsewhere_are_told_in_one_note_that_is_kept_up(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    native = await left.open_poll("town", "Ada", ASKED)
    await shows(right, "town", ["Ada: 📊 Lunch?", ""])
    copy = (await right.shown("town"))[1]
    assert copy.holds == (Ballot(question="Lunch?", options=("soup", "salad"), votes=(0, 0)),)
    await right.vote("town", "Bob", copy.id, 0)
    seen = await shown(left, "town", lambda seen: len(seen) > 1)
    assert (seen[1].text, seen[1].in_reply_to) == ("📊 Votes elsewhere so far: soup 1", native)
    await right.vote("town", "Eve", copy.id, 1)
    await shows(left, "town", ["", "📊 Votes elsewhere so far: soup 1, salad 1"])
    await bridge.stop()
    await bridge.start()
    await left.vote("town", "Ada", native, 1)
    left.close("town", "Ada", native)
    await shows(right, "town", ["Ada: 📊 Lunch?", "", "📊 Votes elsewhere at the end: salad 1"])
    over = Ballot(question="Lunch?", options=("soup", "salad"), votes=(1, 1), closed=True)
    await shown(right, "town", lambda seen: seen[1].holds == (over,))
    assert len(await left.shown("town")) == 2
    assert balanced(await bridge.ledger())


async def test_where_nothing_can_be_changed_the_votes_are_told_at_the_end(
    tmp_path: Path, left: MemoryPlatform, words_only: MemoryPlatform
) -> None:
    yaml = configured(left, words_only).replace("words: {connector: memory", "words: {connector: bare")
    bridge = await Bridge(tmp_path, yaml, connectors={"bare": BareMemoryConnector}).start()
    native = await left.open_poll("town", "Ada", ASKED)
    asked = "Ada: 📊 Lunch?\n1. soup\n2. salad"
    await shows(words_only, "town", [asked])
    await left.vote("town", "Bob", native, 0)
    await left.vote("town", "Eve", native, 0)
    left.close("town", "Ada", native)
    seen = await shown(words_only, "town", lambda seen: len(seen) > 1)
    assert [one.text for one in seen] == [asked, "📊 Votes elsewhere at the end: soup 2"]
    assert balanced(await bridge.ledger())
    await bridge.stop()


async def test_a_poll_that_is_deleted_takes_the_votes_with_it(
    bridge: Bridge, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    native = await left.open_poll("town", "Ada", ASKED)
    await left.vote("town", "Bob", native, 0)
    await shown(right, "town", lambda seen: len(seen) == 3)
    await left.delete("town", "Ada", native)
    await shows(right, "town", [])
    assert balanced(await bridge.ledger())


class Pins(MemoryConnector):
    """A platform on which 📌 pins a message."""

    def _event(self, update: Update) -> AnyEvent:
        event = super()._event(update)
        if not isinstance(event, Reacted) or event.emoji != "📌":
            return event
        return Pinned(id=event.id, room=event.room, at=event.at, message=event.message, by=event.by)


async def test_a_pin_is_told_under_its_message_where_the_link_shows_it(
    tmp_path: Path, left: MemoryPlatform, right: MemoryPlatform
) -> None:
    yaml = configured(left, right, connector="pins")
    bridge = await Bridge(tmp_path, yaml, connectors={"pins": Pins}).start()
    native = await left.say("town", "Ada", said("rules"))
    await shows(right, "town", ["Ada: rules"])
    await left.react("town", "Bob", native, "📌")
    await left.say("town", "Ada", said("quiet"))
    await shows(right, "town", ["Ada: rules", "Ada: quiet"])
    bridge.yaml = yaml.replace("rooms: [", "show: [pins], rooms: [")
    await bridge.stop()
    await bridge.start()
    await left.react("town", "Eve", native, "📌")
    seen = await shown(right, "town", lambda seen: len(seen) > 2)
    assert (seen[2].text, seen[2].in_reply_to) == ("Eve: 📌 pinned a message", seen[0].id)
    assert balanced(await bridge.ledger())
    await bridge.stop()
