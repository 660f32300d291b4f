"""Who has power in a room, and who was thrown out of it: what moderators do is done for nobody else."""

import pytest

from bridge.asked import Access, Power
from bridge.connector import Connector
from bridge.events import Left, Parting
from bridge.testing.acts import Moderates, Private, Secludes
from bridge.testing.contract_kit import Kit


class PowerPromises:
    """Power is the platform's to say, room by room, at the moment it is asked."""

    async def test_whoever_moderates_a_room_has_power_there_alone(self, kit: Kit) -> None:
        kit.needs(Connector.power, "power")
        moderates = _moderates(kit)
        async with kit.running() as run:
            _, ada = await run.hears("hello", person="Ada")
            _, bob = await run.hears("hi", person="Bob")
            await run.hears("roses", person="Ada", room=kit.garden)
            town, garden = run.place(kit.town).room, run.place(kit.garden).room
            assert await run.connector.power(town, ada.author.id) is Power.NONE, "nobody was given any power yet"
            await kit.acts(moderates.promote(kit.town, "Ada"), "power of people")
            assert await run.connector.power(town, ada.author.id) is Power.MODERATOR
            assert await run.connector.power(town, bob.author.id) is Power.NONE, "another was given power"
            assert await run.connector.power(garden, ada.author.id) is Power.NONE, "the power is over another room"

    async def test_a_ban_says_who_was_banned_and_by_whom(self, kit: Kit) -> None:
        moderates = _moderates(kit)
        async with kit.running() as run:
            _, ada = await run.hears("hello", person="Ada")
            _, bob = await run.hears("buy this", person="Bob")
            await kit.acts(moderates.promote(kit.town, "Ada"), "power of people")
            await kit.acts(moderates.ban(kit.town, "Ada", "Bob"), "bans")
            left = await run.event(Left, lambda left: left.user.id == bob.author.id, "Bob is out")
        assert left.how is Parting.BANNED
        assert left.by is not None
        assert left.by.id == ada.author.id

    async def test_a_room_is_public_until_strangers_are_kept_out(self, kit: Kit) -> None:
        kit.needs(Connector.access, "access")
        platform = kit.platform
        if not isinstance(platform, Secludes):
            pytest.skip("no room can be made private: the platform has no `seclude`")
        async with kit.running() as run:
            town = run.place(kit.town).room
            assert await run.connector.access(town) is Access.PUBLIC
            await platform.seclude(kit.town)
            assert await run.connector.access(town) is Access.PRIVATE


def _moderates(kit: Kit) -> Moderates:
    if isinstance(kit.platform, Private) or not isinstance(kit.platform, Moderates):
        pytest.skip("no power: people on this platform have none")
    return kit.platform
