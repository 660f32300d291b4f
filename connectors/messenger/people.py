"""What people are called: asked of Meta once a week each, and never waited for long."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from bridge import BridgeError, Host
from bridge.events import User
from bridge.ids import UserId
from connectors.messenger.page import Page

SOMEBODY: Final = "Messenger user"
"""Whom Meta does not name: without the permission, or where the person wants it so."""
_PATIENCE_SECONDS: Final = 2.0
"""A call has to be answered within five."""
_LIFE: Final = timedelta(days=7)
_NAMELESS: Final = timedelta(hours=1)
_MOST: Final = 10_000
_LONGEST: Final = 200


class People:
    """The people of one account, by their ids; several who ask for one person wait for the same answer."""

    def __init__(self, host: Host, page: Page) -> None:
        self._host = host
        self._page = page
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def named(self, people: Collection[str]) -> Mapping[str, User]:
        """Everybody with a name to show, at the latest after two seconds."""
        names = await asyncio.gather(*map(self._name, people))
        return {one: User(id=UserId(one), name=name) for one, name in zip(people, names, strict=True)}

    async def _name(self, person: str) -> str:
        known = self._known.get(person)
        if known is not None and known[1] > self._host.clock.monotonic():
            self._known.move_to_end(person)
            return known[0]
        name = await self._host.recall(_place(person))
        if name is None:
            name = await self._asked(person)
            await self._host.remember(_place(person), name, _NAMELESS if name == SOMEBODY else _LIFE)
        self._keep(person, name)
        return name

    async def _asked(self, person: str) -> str:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return (await self._page.profile(person))[:_LONGEST] or SOMEBODY
        except (BridgeError, TimeoutError):  # a name is worth no message; whatever is wrong shows when we send
            return SOMEBODY

    def _keep(self, person: str, name: str) -> None:
        self._known[person] = (name, self._host.clock.monotonic() + _NAMELESS.total_seconds())
        if len(self._known) > _MOST:
            self._known.popitem(last=False)


def _place(person: str) -> str:
    return f"name {person}"
