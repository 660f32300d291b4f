"""Promises about places, cards and polls: what people share arrives as what it is, and is shown as what it is."""

from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from bridge.asked import Closing
from bridge.connector import Connector
from bridge.content import Contact, Location, Poll
from bridge.events import Attachment, Kind, Posted, Tallied
from bridge.ids import MessageId
from bridge.testing.acts import OpensPolls, SharesCards, SharesSpots
from bridge.testing.contract_kit import ADA, Kit
from bridge.testing.holdings import Ballot, Card, Holding, Spot
from bridge.testing.platform import Shown

_NEAR = 0.0001
"""Degrees, about ten metres: platforms round."""
CAFE = Spot(latitude=48.20849, longitude=16.37208, title="Café Central")
POINT = Spot(latitude=-33.85678, longitude=-151.21529)
GRACE = Card(name="Grace Hopper", phone="+15550100")
PLACE = Attachment(
    kind=Kind.LOCATION,
    location=Location(latitude=48.20849, longitude=16.37208, title="Café Central", address="Herrengasse 14"),
)
ASKED = Ballot(question="Lunch?", options=("soup", "salad"))
POLL = Attachment(kind=Kind.POLL, poll=Poll(question="Lunch?", answers=("soup", "salad")))
CARD = Attachment(kind=Kind.CONTACT, contact=Contact(name="Grace Hopper", phone="+15550100"))


class ContentPromises:
    """person → platform → connector, and back, for what is neither words nor a file."""

    async def test_a_place_arrives_as_a_place(self, kit: Kit) -> None:
        if not isinstance(kit.platform, SharesSpots):
            pytest.skip("no places from people: the platform has no `share_spot`")
        async with kit.running() as run:
            for spot in (CAFE, POINT):
                native = await kit.platform.share_spot(kit.town, "Ada", spot)
                event = await run.event(Posted, _with(native), "a place")
                ((found,)) = event.attachments
                assert found.location is not None, f"no place: {found}"
                assert _near(found.location, spot)
                assert found.location.title == spot.title
                assert event.author.name == "Ada"

    async def test_a_card_arrives_as_a_card(self, kit: Kit) -> None:
        if not isinstance(kit.platform, SharesCards):
            pytest.skip("no cards from people: the platform has no `share_card`")
        async with kit.running() as run:
            event = await run.event(Posted, _with(await kit.platform.share_card(kit.town, "Ada", GRACE)), "a card")
            assert [one.contact for one in event.attachments] == [CARD.contact]

    async def test_a_place_is_shown_as_a_place(self, kit: Kit) -> None:
        async with kit.running() as run:
            if Kind.LOCATION not in run.capabilities(kit.town).media:
                pytest.skip("no places: the room's capabilities do not name them")
            found = await _held(kit, await run.send((), shared=(PLACE,)))
            assert isinstance(found, Spot), f"shown as {found}"
            assert _near(found, CAFE)
            assert CAFE.title in found.title

    async def test_a_card_is_shown_as_a_card(self, kit: Kit) -> None:
        async with kit.running() as run:
            if Kind.CONTACT not in run.capabilities(kit.town).media:
                pytest.skip("no cards: the room's capabilities do not name them")
            assert await _held(kit, await run.send((), shared=(CARD,))) == GRACE

    async def test_a_poll_arrives_as_a_poll(self, kit: Kit) -> None:
        if not isinstance(kit.platform, OpensPolls):
            pytest.skip("no polls from people: the platform has no `open_poll`")
        async with kit.running() as run:
            native = await kit.platform.open_poll(kit.town, "Ada", ASKED)
            event = await run.event(Posted, _with(native), "a poll")
            assert [one.poll for one in event.attachments] == [POLL.poll]

    async def test_a_poll_is_shown_as_a_poll(self, kit: Kit) -> None:
        async with kit.running() as run:
            if Kind.POLL not in run.capabilities(kit.town).media:
                pytest.skip("no polls: the room's capabilities do not name them")
            found = await _held(kit, await run.send((), shared=(POLL,)))
            assert isinstance(found, Ballot), f"shown as {found}"
            assert (found.question, found.options, found.closed) == (ASKED.question, ASKED.options, False)

    async def test_votes_in_our_poll_arrive(self, kit: Kit) -> None:
        async with kit.running() as run:
            if Kind.POLL not in run.capabilities(kit.town).media or not isinstance(kit.platform, OpensPolls):
                pytest.skip("no votes: there are no polls in this room")
            target = await run.sent((), shared=(POLL,))
            await _held(kit, target.parts)
            await kit.platform.vote(kit.town, "Ada", target.parts[0], 1)
            await kit.platform.vote(kit.town, "Grace", target.parts[0], 0)
            await kit.platform.vote(kit.town, "Grace", target.parts[0], 1)
            event = await run.event(Tallied, lambda one: one.counts == (0, 2), "two votes for the second answer")
            assert event.message in target.parts
            assert (event.room, event.closed) == (target.room, False)
            assert len(event.answers) == len(event.counts)

    async def test_a_poll_of_ours_is_closed(self, kit: Kit) -> None:
        kit.needs(Connector.close, "closing of polls")
        async with kit.running() as run:
            target = await run.sent((), shared=(POLL,))
            await _held(kit, target.parts)
            shown = [one.id for one in await kit.platform.shown(kit.town) if one.id in target.parts]
            target = replace(target, parts=tuple(shown))
            for _ in range(2):
                await run.connector.close(Closing(target=target, key=kit.key(), by=ADA))
            await kit.until_shown(kit.town, lambda shown: _closed(shown, target.parts), "a poll that is over")


def _closed(shown: Sequence[Shown], parts: tuple[MessageId, ...]) -> bool:
    holds = [held for one in shown if one.id in parts for held in one.holds]
    return any(isinstance(held, Ballot) and held.closed for held in holds)


def _with(native: MessageId) -> Callable[[Posted], bool]:
    return lambda posted: native in posted.message


def _near(one: Location | Spot, other: Spot) -> bool:
    """Whether two points are the same, as far as platforms keep them apart."""
    return abs(one.latitude - other.latitude) < _NEAR and abs(one.longitude - other.longitude) < _NEAR


async def _held(kit: Kit, parts: tuple[MessageId, ...]) -> Holding:
    """What the one message that was sent holds, as soon as a reader sees it."""
    shown = await kit.until_shown(kit.town, lambda all_: [one for one in all_ if one.id in parts], "what was shared")
    ((held,),) = (one.holds for one in shown if one.id in parts)
    return held
