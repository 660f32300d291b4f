"""Moderators link rooms by a code: who may is asked on both sides, both sides are told what is shown where."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from msgspec import Struct, structs

from bridge.asked import Access, Power
from bridge.config import Config, Link
from bridge.config.moderation import ModerationSettings
from bridge.errors import BridgeError
from bridge.events import Posted
from bridge.guard import Pairwise
from bridge.ids import AccountName, Place, Room, RoomId, RoomNumber
from bridge.people import label
from bridge.powers import access_to, power_in
from bridge.privacy import notice, parties
from bridge.recipient import Recipient
from bridge.shared import Shared
from bridge.store.bonds import Bind, Bond, Bonds, Propose, Unbind
from bridge.store.care import Note
from bridge.supervisor import Account

logger = structlog.get_logger()
_CODE = 8
_FAREWELL_SECONDS = 3.0
_TRIES, _TRIES_SECONDS = 5, 60.0
"""So many wrong codes an account takes in so many seconds."""
_WARNING = (
    "Everybody in this room will read what is written in {other}, with names, and everybody there what is written here."
    " {why} To link them, write: !qantara join {code} yes"
)


_PERHAPS = "If one of the two is private and the other is public, what is private becomes public."
_PRIVATE = {
    Access.PRIVATE: "This room is private and the other is public: what is written here becomes public.",
    Access.PUBLIC: "This room is public and the other is private: what is written there becomes public.",
}


class World(Struct, frozen=True):
    """What pairing asks of the bridge: its configuration, who is where, and to follow what was changed."""

    config: Callable[[], Config]
    recipients: Callable[[], Mapping[str, Recipient | None]]
    account: Callable[[AccountName], Account | None]
    at: Callable[[AccountName, Place], Room | None]
    number: Callable[[Room], RoomNumber | None]
    place: Callable[[RoomNumber], Place | None]
    change: Callable[[], Awaitable[None]]


def bonded(config: Config, bonds: Sequence[Bond]) -> Config:
    """A configuration with what people linked; a bond whose account is gone is left out."""
    known = [bond for bond in bonds if all(room.account in config.accounts for room in bond.rooms)]
    if config.pairing is None or not known:
        return config
    links = {f"paired {bond.number}": _link(bond) for bond in known}
    return structs.replace(config, links={**config.links, **links})


def _link(bond: Bond) -> Link:
    return Link(name=f"paired {bond.number}", sources=bond.rooms, targets=bond.rooms, moderation=ModerationSettings())


def linked(config: Config, one: Room, other: Room) -> bool:
    """Whether what is written in one of two rooms is shown in the other already."""
    return any({one, other} <= {*link.sources, *link.targets} for link in config.links.values())


class Pairing:
    """Carries out `!qantara pair`, `join` and `leave`."""

    def __init__(self, shared: Shared, world: World) -> None:
        self._shared, self._world = shared, world
        self._wrong: dict[AccountName, list[float]] = {}

    def asked(self, what: Pairwise) -> None:
        """Do it, beside what else goes on."""
        self._shared.group.create_task(self._answer(what))

    async def _answer(self, what: Pairwise) -> None:
        place = Place(what.event.room)
        room = self._world.at(what.account, place) or Room(what.account, str(place))
        try:
            if await self._power(what) is not Power.MODERATOR:
                self._say(room, "Only moderators of this room can ask for that.")
                return
            match what.word:
                case "pair":
                    await self._pair(what, room)
                case "join":
                    await self._join(what, room)
                case _:
                    await self._leave(what, room)
        except BridgeError as error:
            self._say(room, f"That could not be done now: {error}")

    async def _power(self, what: Pairwise) -> Power:
        account = self._world.account(what.account)
        if account is None:
            return Power.NONE
        return await power_in(account.connector, what.event.room, what.event.author.id)

    # --- what is done ---

    async def _pair(self, what: Pairwise, room: Room) -> None:
        settings = self._world.config().pairing
        if settings is None:
            return
        code, minutes = self._shared.chance.token(_CODE), settings.code_minutes
        await self._propose(room, code, minutes)
        self._say(
            room,
            f"In the other room a moderator writes, within {minutes:g} minutes: !qantara join {code}"
            " — until then nothing is shown anywhere.",
        )
        await self._note(what.event, room, "pair")

    async def _join(self, what: Pairwise, room: Room) -> None:
        code, _, consent = what.argument.partition(" ")
        bond = None if self._too_many(what.account) else await self._found(code.lower())
        if bond is None:
            self._wrong.setdefault(what.account, []).append(self._shared.clock.monotonic())
            self._say(room, "There is no such code, or its time is over: !qantara pair in the other room makes one.")
            return
        other = bond.rooms[0]
        if other == room or linked(self._world.config(), room, other):
            self._say(room, "These rooms are linked already." if other != room else "Write that in the other room.")
        elif consent.strip().lower() != "yes" and (why := await self._danger(what, other)):
            await self._warn(room, other, code, why)
        else:
            await self._link(what.event, bond, room)

    async def _danger(self, what: Pairwise, other: Room) -> str:
        """Why linking two rooms may show what is private; empty where both are public, or both are not."""
        number = self._world.number(other)
        place = None if number is None else self._world.place(number)
        here = await self._access(what.account, what.event.room)
        there = None if place is None else await self._access(other.account, place.room)
        if here is None or there is None:
            return _PERHAPS
        return "" if here is there else _PRIVATE[here]

    async def _access(self, name: AccountName, room: RoomId) -> Access | None:
        account = self._world.account(name)
        return None if account is None else await access_to(account.connector, room)

    async def _warn(self, room: Room, other: Room, code: str, why: str) -> None:
        """Say what would be shown where; a room that no link names yet is entered for it."""
        settings = self._world.config().pairing
        if self._world.number(room) is None and settings is not None:
            await self._propose(room, None, settings.code_minutes)
        self._say(room, _WARNING.format(other=other, code=code, why=why))

    async def _link(self, event: Posted, bond: Bond, room: Room) -> None:
        await self._shared.writer.ask(Bind(bond.number, room))
        await self._world.change()
        await self._note(event, room, f"join {', '.join(map(str, bond.rooms))}")
        config = self._world.config()
        known = parties(config, self._world.recipients())
        for one in (*bond.rooms, room):
            self._say(one, f"{notice(config, known, one)}\nA moderator ends that: !qantara leave")

    async def _leave(self, what: Pairwise, room: Room) -> None:
        bonds = [bond for bond in await self._bonds() if room in bond.rooms]
        if not bonds:
            self._say(room, "This room was not linked by a code: the operator's file says what it is linked with.")
            return
        for one in dict.fromkeys(other for bond in bonds for other in bond.rooms):
            self._say(one, f"{label(what.event.author.name)} took {room} out: nothing is shown from here to there.")
        await self._shared.clock.sleep(_FAREWELL_SECONDS)  # the words leave before the room does
        await self._shared.writer.ask(Unbind(room))
        await self._world.change()
        await self._note(what.event, room, "leave")

    # --- how ---

    async def _propose(self, room: Room, code: str | None, minutes: float) -> None:
        until = self._shared.now_ms() + int(minutes * 60_000)
        await self._shared.writer.ask(Propose(room=room, code=code, until=until))
        await self._world.change()

    async def _found(self, code: str) -> Bond | None:
        return next((bond for bond in await self._bonds() if code and bond.code == code), None)

    async def _bonds(self) -> Sequence[Bond]:
        found: Sequence[Bond] = await self._shared.writer.ask(Bonds(self._shared.now_ms()))
        return found

    def _too_many(self, account: AccountName) -> bool:
        since = self._shared.clock.monotonic() - _TRIES_SECONDS
        self._wrong[account] = [at for at in self._wrong.get(account, ()) if at > since]
        return len(self._wrong[account]) >= _TRIES

    def _say(self, room: Room, words: str) -> None:
        """In a room that we do not write in nothing is said."""
        number = self._world.number(room)
        if number is not None:
            self._shared.say(number, words)

    async def _note(self, event: Posted, room: Room, did: str) -> None:
        number, actor = self._world.number(room), label(event.author.name)
        await self._shared.writer.ask(Note(at=self._shared.now_ms(), link="", room=number, actor=actor, did=did))
