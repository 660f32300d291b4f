"""Names and topics of rooms on a real Synapse: people who change them are moderators."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any


class SynapseTitles:
    """`power` makes somebody a moderator, `set_own` sets state as a person, `state` reads it."""

    def __init__(
        self,
        power: Callable[[str, str], Awaitable[None]],
        set_own: Callable[[str, str, str, Mapping[str, Any]], Awaitable[None]],
        state: Callable[[str, str], Awaitable[Mapping[str, Any]]],
        bridge: str,
    ) -> None:
        self._power, self._set_own, self._state, self._bridge = power, set_own, state, bridge

    async def trust(self, room: str) -> None:
        await self._power(room, self._bridge)

    async def rename(self, room: str, person: str, name: str) -> None:
        await self._set_own(room, person, "m.room.name", {"name": name})

    async def describe(self, room: str, person: str, topic: str) -> None:
        await self._set_own(room, person, "m.room.topic", {"topic": topic})

    async def name_of(self, room: str) -> str:
        return str((await self._state(room, "m.room.name")).get("name", ""))

    async def topic_of(self, room: str) -> str:
        return str((await self._state(room, "m.room.topic")).get("topic", ""))
