"""Ghosts: made when somebody speaks for the first time, in the rooms where they speak, under their newest name."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

import structlog

from bridge.asked import Person
from bridge.errors import Feature, Rejected, RoomClosed, Unauthorized, Unsupported
from bridge.ids import RoomId
from bridge.text.nodes import Mention
from connectors.matrix import asking, calls
from connectors.matrix.asking import Homeserver
from connectors.matrix.content import part, words
from connectors.matrix.errors import InUse
from connectors.matrix_appservice import calls as service
from connectors.matrix_appservice import names
from connectors.matrix_appservice.registration import is_served

_KEPT = 20_000
"""Ghosts, and places of ghosts, that are remembered; of any other the homeserver is asked again."""
_log = structlog.get_logger()


class Looks(Protocol):
    """What ghosts look like."""

    def is_due(self, person: Person, user: str) -> bool: ...

    async def show(self, person: Person, user: str) -> None: ...


class Ghosts:
    """All ghosts of one run. `bot` is the service's own user, `mark` the store's; without `looks` they have none."""

    def __init__(self, homeserver: Homeserver, bot: str, mark: str, looks: Looks | None = None) -> None:
        self._homeserver, self._bot, self._mark, self._looks = homeserver, bot, mark, looks
        self._names: OrderedDict[str, str] = OrderedDict()
        self._inside: OrderedDict[tuple[RoomId, str], str] = OrderedDict()
        """What each ghost is called in the rooms where it is: a person may have another nick in one of them."""
        self._refused: set[tuple[RoomId, str]] = set()
        self._making = asyncio.Lock()

    def id_of(self, person: Person) -> str:
        """The user that stands in for somebody."""
        return names.ghost(self._bot, self._mark, person.number)

    def is_ours(self, user: str) -> bool:
        """Whether a user is the service's own, or a ghost, also of another store."""
        return user == self._bot or is_served(user, self._bot)

    def meant(self, mention: Mention) -> Mention:
        """A mention of a ghost is one of the person it stands for."""
        person = names.person(self._bot, self._mark, mention.user) if mention.user is not None else None
        return mention if person is None else Mention(mention.name, None, person)

    async def present(self, person: Person, room: RoomId) -> str:
        """The ghost of somebody, in a room, under the name they have now.

        Raises `Unsupported` where the room lets no ghosts in: then the bridge's own user speaks for them.
        """
        user = self.id_of(person)
        if person.name not in {"", self._inside.get((room, user))} or (room, user) not in self._inside:
            async with self._making:
                await self._made(user, person.name)
                await self._portrayed(person, user)
                await self._entered(user, room)
                await self._called(user, room, person.name)
        else:
            await self._portrayed(person, user)
        return user

    async def _portrayed(self, person: Person, user: str) -> None:
        if self._looks is not None and self._looks.is_due(person, user):
            await self._looks.show(person, user)

    async def enter(self, user: str, room: RoomId) -> None:
        """Let a ghost enter a room again. Raises as `present`."""
        self._inside.pop((room, user), None)
        async with self._making:
            await self._entered(user, room)

    def learn(self, room: RoomId, raw: Mapping[str, Any]) -> None:
        """A membership of a ghost, as the homeserver tells it."""
        user = raw.get("state_key")
        if raw.get("type") == "m.room.member" and isinstance(user, str):
            if words(part(raw, "content"), "membership") != "join":
                self._inside.pop((room, user), None)
            elif is_served(user, self._bot):
                _keep(self._inside, (room, user), words(part(raw, "content"), "displayname"))

    def refused(self, user: str, room: RoomId, error: RoomClosed) -> None:
        """A ghost may not write. The first time it may only have been removed; then it cannot speak there."""
        self._inside.pop((room, user), None)
        if (room, user) in self._refused:
            raise Unsupported(Feature.AUTHORSHIP, str(error)) from error
        self._refused.add((room, user))

    def spoke(self, user: str, room: RoomId) -> None:
        """A ghost wrote: whatever was refused before is over."""
        self._refused.discard((room, user))

    async def leave(self, room: RoomId) -> None:
        """Let every ghost leave a room."""
        for user in await self.inside(room):
            with suppress(RoomClosed):  # it left meanwhile
                await self._homeserver.call(service.acting(calls.leave(room), user))
            self._inside.pop((room, user), None)

    async def inside(self, room: RoomId) -> list[str]:
        """The ghosts that are in a room."""
        answer = await self._homeserver.call(service.members(room))
        return sorted(user for user in part(answer, "joined") if is_served(user, self._bot))

    async def _made(self, user: str, name: str) -> None:
        if user in self._names:
            return
        localpart, _ = names.parted(user)
        try:
            await self._homeserver.call(service.register(localpart))
        except InUse:  # made in an earlier run
            profile = await asking.answer(self._homeserver, calls.profile(user))
            _keep(self._names, user, words(profile, "displayname"))
            return
        except Rejected as error:
            raise Unauthorized(
                f"the homeserver lets us have no ghosts, write the registration anew: {error}"
            ) from error
        _keep(self._names, user, "")
        await self._renamed(user, name)

    async def _called(self, user: str, room: RoomId, name: str) -> None:
        """The name a person has in a room; where their ghost is in others too, it is another there alone."""
        if not name or self._inside.get((room, user)) == name:
            return
        told = await self._homeserver.call(service.acting(calls.joined_rooms(), user))
        rooms = told.get("joined_rooms")
        if isinstance(rooms, list) and set(rooms) - {room}:
            await self._called_here(user, room, name)
        else:
            await self._renamed(user, name)
        _keep(self._inside, (room, user), name)

    async def _called_here(self, user: str, room: RoomId, name: str) -> None:
        known = await asking.answer(self._homeserver, service.membership(room, user))
        try:
            await self._homeserver.call(
                service.appear(room, user, {**known, "membership": "join", "displayname": name})
            )
        except (Rejected, RoomClosed) as error:
            why = f"the homeserver does not let ghosts have names of their own in a room: {error}"
            raise Unsupported(Feature.AUTHORSHIP, why) from error

    async def _renamed(self, user: str, name: str) -> None:
        if not name or self._names[user] == name:
            return
        try:
            await self._homeserver.call(service.rename(user, name))
        except (Rejected, RoomClosed) as error:
            why = f"the homeserver does not let ghosts have names: {error}"
            raise Unsupported(Feature.AUTHORSHIP, why) from error
        _keep(self._names, user, name)

    async def _entered(self, user: str, room: RoomId) -> None:
        if (room, user) in self._inside:
            return None
        known = await self._membership(user, room)
        if words(known, "membership") == "join":
            return _keep(self._inside, (room, user), words(known, "displayname"))
        enter = service.acting(calls.join(room, ()), user)
        try:
            await self._homeserver.call(enter)
        except RoomClosed:
            await self._invited(user, room)
            await self._homeserver.call(enter)
        return _keep(self._inside, (room, user), self._names.get(user, ""))

    async def _membership(self, user: str, room: RoomId) -> Mapping[str, Any]:
        try:
            return await asking.answer(self._homeserver, service.membership(room, user))
        except RoomClosed:  # we are not there ourselves
            return {}

    async def _invited(self, user: str, room: RoomId) -> None:
        try:
            await self._homeserver.call(service.invite(room, user))
        except RoomClosed as error:
            _log.warning("ghosts may not enter a room: names stand in front of the words", room=room, why=str(error))
            why = f"the bridge's user may not invite its ghosts: {error}"
            raise Unsupported(Feature.AUTHORSHIP, why) from error


def _keep(kept: OrderedDict[Any, Any], key: object, value: object) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _KEPT:
        kept.popitem(last=False)
