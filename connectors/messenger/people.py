"""What people are called: asked of Meta once a day each, never waited for long, and kept in memory alone."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Final

from bridge import BridgeError, Host
from bridge.events import User
from bridge.ids import UserId
from connectors.messenger.page import Page

SOMEBODY: Final = "Messenger user"
"""Whom Meta does not name: without the permission, or where the person wants it so."""
_PATIENCE_SECONDS: Final = 2.0
"""A call has to be answered within five."""
_LIFE_SECONDS: Final = 24 * 3600.0
_NAMELESS_SECONDS: Final = 600.0
_MOST: Final = 10_000
_LONGEST: Final = 200


class People:
    """The people of one account, by their ids; at most so many, who spoke last."""

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
        name = await self._asked(person)
        self._keep(person, name)
        return name

    async def _asked(self, person: str) -> str:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return (await self._page.profile(person))[:_LONGEST] or SOMEBODY
        except (BridgeError, TimeoutError):  # a name is worth no message; whatever is wrong shows when we send
            return SOMEBODY

    def _keep(self, person: str, name: str) -> None:
        life = _NAMELESS_SECONDS if name == SOMEBODY else _LIFE_SECONDS
        self._known[person] = (name, self._host.clock.monotonic() + life)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
