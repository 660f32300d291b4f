"""Personas: the names and pictures under which a page speaks, at most fifty; facts/platform-apis.md 3.4 and 16.

Those that exist are asked for once a connection, so that none is made twice, also after a restore.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from bridge import BridgeError, Host, Person, Unauthorized, Unavailable
from bridge.errors import Feature, Rejected, RoomClosed, Unsupported
from connectors.graph.wire import text
from connectors.messenger.page import Page

MOST: Final = 50
LONGEST_NAME: Final = 50
REST: Final = timedelta(hours=1)
"""A persona that spoke this lately keeps its place: else each message of a busy day would make one and drop one."""
_REFUSED: Final = "personas refused"
_OURS: Final = "personas"
_REFUSED_FOR: Final = timedelta(days=1)
_EVER: Final = timedelta(days=3650)
_NOTED: Final = timedelta(minutes=10)


class Look(Struct, frozen=True):
    """What readers see of a persona."""

    name: str
    picture: str


class Kept(Struct):
    """One persona: `used` is when it last spoke, `ours` whether we may drop it."""

    id: str
    used: datetime | None = None
    ours: bool = False


class Personas:
    """Finds, makes and frees the personas of one page. `picture` is shown beside people without a public one."""

    def __init__(self, host: Host, page: Page, picture: str) -> None:
        self._host = host
        self._page = page
        self._picture = picture
        self._kept: dict[Look, Kept] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._log = structlog.get_logger().bind(account=host.account)

    async def of(self, person: Person) -> str:
        """The id of somebody's persona. `Unsupported` where there is none for them: the name then goes in front."""
        look = Look(person.name.strip()[:LONGEST_NAME], _picture(person.avatar, self._picture))
        async with self._one_at_a_time:
            kept = await self._all()
            found = kept.get(look) or await self._made(kept, look)
            await self._used(found)
            return found.id

    async def lost(self, ident: str) -> BridgeError:
        """Why Meta took no message of a persona: it is gone and is made anew, or none may speak here."""
        self._kept = await self._found()
        if any(one.id == ident for one in self._kept.values()):
            return await self._refused("Meta takes no message of a persona")
        return Unavailable("a persona is gone and is made anew", retry_after=0.0)

    async def _all(self) -> dict[Look, Kept]:
        if await self._host.recall(_REFUSED) is not None:
            raise Unsupported(Feature.AUTHORSHIP, "Meta allows this page no personas")
        if self._kept is None:
            self._kept = await self._found()
        return self._kept

    async def _found(self) -> dict[Look, Kept]:
        """Those that exist, with what we remember of them."""
        ours = await self._remembered()
        found: dict[Look, Kept] = {}
        for raw in await self._page.personas():
            look = Look(text(raw.get("name")), text(raw.get("profile_picture_url")))
            ident = str(raw.get("id"))
            mine = ours.get(ident)
            look = look if mine is None else mine[0]
            found.setdefault(look, Kept(ident, None if mine is None else mine[1], mine is not None))
        return found

    async def _remembered(self) -> Mapping[str, tuple[Look, datetime]]:
        known = await self._host.recall(_OURS)
        try:
            return msgspec.json.decode(known, type=dict[str, tuple[Look, datetime]]) if known else {}
        except msgspec.MsgspecError:  # written by another version: they are then somebody else's
            return {}

    async def _made(self, kept: dict[Look, Kept], look: Look) -> Kept:
        if not look.name or not look.picture:
            raise Unsupported(Feature.AUTHORSHIP, "a persona needs a name and a picture")
        if len(kept) >= MOST:
            await self._free(kept)
        try:
            made = Kept(await self._page.make_persona(look.name, look.picture), None, ours=True)
        except (Rejected, RoomClosed) as error:
            raise await self._refused(str(error)) from error
        kept[look] = made
        return made

    async def _refused(self, why: str) -> Unsupported:
        """From now on none is asked for, until tomorrow."""
        await self._host.remember(_REFUSED, "yes", _REFUSED_FOR)
        self._log.warning("personas are refused, names go before the words", why=why)
        return Unsupported(Feature.AUTHORSHIP, why)

    async def _free(self, kept: dict[Look, Kept]) -> None:
        """Drop the one of ours that has been silent for longest; `Unsupported` when all of them spoke lately."""
        since = self._host.clock.now() - REST
        silent = [(one.used or since, look) for look, one in kept.items() if one.ours and (one.used or since) <= since]
        if not silent:
            raise Unsupported(Feature.AUTHORSHIP, f"all {MOST} personas spoke within the hour")
        look = min(silent, key=lambda one: one[0])[1]
        try:
            await self._page.drop_persona(kept[look].id)
        except (Unauthorized, Unavailable):
            raise
        except BridgeError as error:  # it is gone already
            self._log.info("a persona could not be dropped", why=str(error))
        del kept[look]

    async def _used(self, one: Kept) -> None:
        """Note that it speaks; on disk only when that has changed by much."""
        now, before = self._host.clock.now(), one.used
        one.used = now
        if one.ours and (before is None or now - before > _NOTED):
            await self._note()

    async def _note(self) -> None:
        kept = (self._kept or {}).items()
        ours = {one.id: (look, one.used) for look, one in kept if one.ours and one.used is not None}
        await self._host.remember(_OURS, msgspec.json.encode(ours).decode(), _EVER)


def _picture(avatar: str | None, otherwise: str) -> str:
    """An address that Meta can fetch by itself."""
    return avatar if avatar is not None and avatar.startswith("https://") else otherwise
