"""What the demonstration is played on."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
import yaml

from bridge.config import parse
from bridge.demo.stage import Ability, abilities, configuration, take_seats
from bridge.ids import MessageId
from bridge.registry import Registry, emulators, installed
from bridge.testing.acts import AlsoPrivate, Private
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import Platform
from bridge.text.nodes import Rich


class Terse(MemoryPlatform):
    """People there write, and no more."""

    async def say(self, room: str, person: str, text: Rich, *, in_reply_to: MessageId | None = None) -> MessageId:
        return await super().say(room, person, text)

    async def emote(self, room: str, person: str, text: Rich) -> MessageId:
        raise NotImplementedError

    async def edit(self, room: str, person: str, message: MessageId, text: Rich) -> None:
        raise NotImplementedError

    async def delete(self, room: str, person: str, message: MessageId) -> None:
        raise NotImplementedError

    async def react(self, room: str, person: str, message: MessageId, emoji: str) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(("make", "can"), [(MemoryPlatform, frozenset(Ability)), (Terse, frozenset())])
async def test_what_people_can_do_is_found_out_by_doing_it(
    make: Callable[[], Platform], can: frozenset[Ability]
) -> None:
    assert await abilities(make) == can


async def test_every_installed_emulator_takes_a_seat_and_the_configuration_has_no_fault(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        cast = await take_seats(stack, emulators())
        alone = {name for name in emulators().names() if isinstance(emulators().get(name)(), (AlsoPrivate, Private))}
        assert {seat.account for seat in cast.private} == alone
        assert {seat.account for seat in cast.seats} == set(emulators().names()) - alone
        text = yaml.safe_dump(configuration(cast, 8980), allow_unicode=True)
        config = parse(text, name="config.yaml", environ={}, connectors=installed(), base=tmp_path)
        assert not config.warnings
        assert set(config.links) == {"lobby", "garden"}
        assert all(len(link.targets) == len(cast.seats) for link in config.links.values())
        assert set(config.desks["desk"].accounts) == alone


async def test_nothing_of_a_spare_platform_is_seen_by_the_visitor() -> None:
    async with AsyncExitStack() as stack:
        seats = (await take_seats(stack, Registry.of({"one": MemoryPlatform}))).seats
        assert [await seats[0].platform.shown(room) for room in seats[0].platform.rooms] == [[], []]


async def test_there_is_no_desk_where_nobody_writes_in_private() -> None:
    async with AsyncExitStack() as stack:
        cast = await take_seats(stack, Registry.of({"one": MemoryPlatform}))
        assert cast.office is None
        assert "desks" not in configuration(cast, 1)


async def test_a_platform_that_cannot_be_imported_is_left_out() -> None:
    def missing() -> Callable[[], Platform]:
        raise ImportError("install qantara[missing]")

    async with AsyncExitStack() as stack:
        seats = (await take_seats(stack, Registry({"missing": missing, "there": lambda: MemoryPlatform}))).seats
        assert [seat.account for seat in seats] == ["there"]


async def test_a_dollar_in_a_setting_names_no_variable() -> None:
    async with AsyncExitStack() as stack:
        odd = partial(MemoryPlatform, "odd ${HOME}")
        cast = await take_seats(stack, Registry.of({"odd": odd}))
        (account,) = [configuration(cast, 1)["accounts"]]
        assert isinstance(account, dict)
        assert account["odd"]["platform"] == "odd $${HOME}"
