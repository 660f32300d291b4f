"""Everything the demonstration is played on: the emulated platforms, what people can do there, the links."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from enum import StrEnum

import structlog
from msgspec import Struct, field

from bridge.ids import AccountName, MessageId
from bridge.registry import Registry
from bridge.testing.acts import AlsoPrivate, Private
from bridge.testing.platform import Platform
from bridge.testing.registration import register
from bridge.text.nodes import said

logger = structlog.get_logger()

LINKS = ("lobby", "garden")
"""The links: the first over the first room of every platform, the second over the second rooms."""
DESK = "desk"
"""Those who write in private, and the room from which they are answered."""


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
    """One platform of the demonstration. `written` holds, by room and id, what was written there on the page.

    `person` is who talks there with the bridge in private, empty where many share the rooms.
    """

    account: str
    platform: Platform
    can: frozenset[Ability]
    person: str = ""
    written: dict[tuple[str, MessageId], Written] = field(default_factory=dict)

    def room(self, link: int) -> str:
        """The platform's room in one of `LINKS`."""
        return self.platform.rooms[link]


class Cast(Struct, frozen=True):
    """Everybody: `seats` share rooms that are linked, in `private` people talk with the bridge alone."""

    seats: Sequence[Seat]
    private: Sequence[Seat] = ()

    @property
    def everybody(self) -> Sequence[Seat]:
        return (*self.seats, *self.private)

    @property
    def office(self) -> tuple[Seat, str] | None:
        """Who has a room to answer those in private from, and that room: a platform's third; None where nobody has."""
        found = next((seat for seat in self.seats if len(seat.platform.rooms) > len(LINKS)), None)
        return None if found is None or not self.private else (found, found.platform.rooms[len(LINKS)])


async def take_seats(stack: AsyncExitStack, emulators: Registry[Callable[[], Platform]]) -> Cast:
    """Start every emulator that can be imported; they end with the stack."""
    seats, private = [], []
    for name in emulators.names():
        try:
            make = _most_private(emulators.get(name))
        except ImportError as error:
            logger.warning("platform left out", account=name, why=str(error))
            continue
        can = await abilities(make)
        platform = await stack.enter_async_context(make())
        if isinstance(platform, Private):
            private.append(Seat(name, platform, can, platform.person_in(platform.rooms[0])))
        else:
            seats.append(Seat(name, platform, can))
    return Cast(seats, private)


def _most_private(make: Callable[[], Platform]) -> Callable[[], Platform]:
    """Where people have both groups and private conversations, the latter: few groups can be linked there."""
    platform = make()
    return platform.private if isinstance(platform, AlsoPrivate) else make


async def abilities(make: Callable[[], Platform]) -> frozenset[Ability]:
    """What people can do on a platform, tried out on a spare one that nobody watches."""
    async with make() as spare:
        room = spare.rooms[0]
        ada = spare.person_in(room) if isinstance(spare, Private) else "Ada"
        ben = ada if isinstance(spare, Private) else "Ben"
        first = await spare.say(room, ada, said("first"))
        tries: Mapping[Ability, Callable[[], Awaitable[object]]] = {
            Ability.REACT: lambda: spare.react(room, ben, first, "👍"),
            Ability.EDIT: lambda: spare.edit(room, ada, first, said("edited")),
            Ability.EMOTE: lambda: spare.emote(room, ada, said("waves")),
            Ability.DELETE: lambda: spare.delete(room, ada, first),
        }
        replies = {Ability.REPLY} if await _hangs_answers(spare, room, ben, first) else set()
        return frozenset(replies | {ability for ability, act in tries.items() if await _works(act)})


async def _hangs_answers(spare: Platform, room: str, who: str, first: MessageId) -> bool:
    try:
        answer = await spare.say(room, who, said("answer"), in_reply_to=first)
    except (NotImplementedError, ValueError):
        return False
    return any(message.id == answer and message.in_reply_to == first for message in await spare.shown(room))


async def _works(act: Callable[[], Awaitable[object]]) -> bool:
    try:
        await act()
    except NotImplementedError:
        return False
    return True


def configuration(cast: Cast, port: int) -> Mapping[str, object]:
    """The bridge's settings, as in its YAML file; at `port` platforms call, and it tells whether it is ready."""
    address = f"127.0.0.1:{port}"
    return {
        "store": {"path": "data/qantara.db", "min_free_mib": 0, "ballast_mib": 0},
        "http": {"listen": address, "public_url": f"http://{address}"},
        "accounts": {seat.account: _escaped(seat.platform.settings()) for seat in cast.everybody},
        "links": {
            name: {"rooms": [f"{seat.account}/{seat.room(number)}" for seat in cast.seats]}
            for number, name in enumerate(LINKS)
        },
        **_desks(cast),
    }


def announce(cast: Cast, port: int) -> None:
    """Tell the platforms' servers of their accounts, where they have to be told."""
    for seat in cast.everybody:
        register(seat.platform, AccountName(seat.account), f"http://127.0.0.1:{port}/in/{seat.account}")


def _desks(cast: Cast) -> Mapping[str, object]:
    if cast.office is None:
        return {}
    seat, room = cast.office
    accounts = [one.account for one in cast.private]
    return {"desks": {DESK: {"room": f"{seat.account}/{room}", "accounts": accounts, "greeting": _GREETING}}}


_GREETING = "Hello! Somebody will answer you soon."


def _escaped(settings: Mapping[str, object]) -> Mapping[str, object]:
    """Values as the file wants them: `${` would name a variable."""
    return {key: value.replace("${", "$${") if isinstance(value, str) else value for key, value in settings.items()}
