"""Everything the demonstration is played on: the emulated platforms, what people can do there, the links."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from enum import StrEnum

import structlog
from msgspec import Struct, field

from bridge.ids import MessageId
from bridge.registry import Registry
from bridge.testing.acts import Private
from bridge.testing.platform import Platform
from bridge.text.nodes import said

logger = structlog.get_logger()

LINKS = ("lobby", "garden")
"""The links: the first over the first room of every platform, the second over the second rooms."""


class Ability(StrEnum):
    """What a platform lets its people do, beyond writing."""

    REPLY = "reply"
    EDIT = "edit"
    DELETE = "delete"
    REACT = "react"
    EMOTE = "emote"


class Written(Struct, frozen=True):
    """Who wrote a message on the page, and what they typed."""

    person: str
    typed: str


class Seat(Struct):
    """One platform of the demonstration. `written` holds, by room and id, what was written there on the page."""

    account: str
    platform: Platform
    can: frozenset[Ability]
    written: dict[tuple[str, MessageId], Written] = field(default_factory=dict)

    def room(self, link: int) -> str:
        """The platform's room in one of `LINKS`."""
        return self.platform.rooms[link]


async def take_seats(stack: AsyncExitStack, emulators: Registry[Callable[[], Platform]]) -> Sequence[Seat]:
    """Start every emulator that can be imported and whose rooms are shared; they end with the stack."""
    seats = []
    for name in emulators.names():
        try:
            make = emulators.get(name)
        except ImportError as error:
            logger.warning("platform left out", account=name, why=str(error))
            continue
        if hasattr(make, Private.person_in.__name__):  # one person each: a link has nothing to join there
            continue
        can = await abilities(make)
        seats.append(Seat(account=name, platform=await stack.enter_async_context(make()), can=can))
    return seats


async def abilities(make: Callable[[], Platform]) -> frozenset[Ability]:
    """What people can do on a platform, tried out on a spare one that nobody watches."""
    async with make() as spare:
        room = spare.rooms[0]
        first = await spare.say(room, "Ada", said("first"))
        tries: Mapping[Ability, Callable[[], Awaitable[object]]] = {
            Ability.REACT: lambda: spare.react(room, "Ben", first, "👍"),
            Ability.EDIT: lambda: spare.edit(room, "Ada", first, said("edited")),
            Ability.EMOTE: lambda: spare.emote(room, "Ada", said("waves")),
            Ability.DELETE: lambda: spare.delete(room, "Ada", first),
        }
        replies = {Ability.REPLY} if await _hangs_answers(spare, room, first) else set()
        return frozenset(replies | {ability for ability, act in tries.items() if await _works(act)})


async def _hangs_answers(spare: Platform, room: str, first: MessageId) -> bool:
    answer = await spare.say(room, "Ben", said("answer"), in_reply_to=first)
    return any(message.id == answer and message.in_reply_to == first for message in await spare.shown(room))


async def _works(act: Callable[[], Awaitable[object]]) -> bool:
    try:
        await act()
    except NotImplementedError:
        return False
    return True


def configuration(seats: Sequence[Seat], port: int) -> Mapping[str, object]:
    """The bridge's settings, as they stand in its YAML file; `port` is where it tells whether it is ready."""
    return {
        "store": {"path": "data/qantara.db", "min_free_mib": 0, "ballast_mib": 0},
        "http": {"listen": f"127.0.0.1:{port}"},
        "accounts": {seat.account: _escaped(seat.platform.settings()) for seat in seats},
        "links": {
            name: {"rooms": [f"{seat.account}/{seat.room(number)}" for seat in seats]}
            for number, name in enumerate(LINKS)
        },
    }


def _escaped(settings: Mapping[str, object]) -> Mapping[str, object]:
    """Values as the file wants them: `${` would name a variable."""
    return {key: value.replace("${", "$${") if isinstance(value, str) else value for key, value in settings.items()}
