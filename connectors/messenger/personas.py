"""Personas: the names and pictures under which a page speaks, at most fifty; facts/platform-apis.md 3.4 and 16.

Those that exist are asked for once a connection, so that none is made twice, also after a restore.
"""

import asyncio
import hashlib
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


class Kept(Struct):
    """One persona: `used` is when it last spoke, `ours` whether we may drop it."""

    id: str
    used: datetime | None = None
    ours: bool = False


class Personas:
    """Finds, makes and frees the personas of one page. `picture` is shown beside people of whom the bridge has none.

    Meta fetches a picture when its persona is made; who shows another one later gets another persona.
    """

    def __init__(self, host: Host, page: Page, picture: str) -> None:
        self._host = host
        self._page = page
        self._picture = picture
        self._kept: dict[str, Kept] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._log = structlog.get_logger().bind(account=host.account)

    async def of(self, person: Person) -> str:
        """The id of somebody's persona. `Unsupported` where there is none for them: the name then goes in front."""
        name, (picture, content) = person.name.strip()[:LONGEST_NAME], await self._shown(person)
        async with self._one_at_a_time:
            kept = await self._all()
            look = _look(name, content)
            if look not in kept:
                await self._make_room(kept, name, picture)
                kept[look] = Kept(await self._made(name, picture), ours=True)
            await self._used(kept[look])
            return kept[look].id

    async def _shown(self, person: Person) -> tuple[str, str]:
        """The address of somebody's picture, and what tells it from others: addresses of ours are new each time."""
        face = await self._host.face(person) if person.avatar is not None else None
        address = None if face is None else await self._host.link(face)
        if face is None or address is None or not address.startswith("https://"):
            return self._picture, self._picture
        return address, face.sha256

    async def lost(self, ident: str) -> BridgeError:
        """Why Meta took no message of a persona: it is gone and is made anew, or none may speak here."""
        self._kept = await self._found()
        if any(one.id == ident for one in self._kept.values()):
            return await self._refused("Meta takes no message of a persona")
        return Unavailable("a persona is gone and is made anew", retry_after=0.0)

    async def _all(self) -> dict[str, Kept]:
        if self._kept is None:
            if await self._host.recall(_REFUSED) is not None:
                raise Unsupported(Feature.AUTHORSHIP, "Meta allows this page no personas")
            self._kept = await self._found()
        return self._kept

    async def _found(self) -> dict[str, Kept]:
        """Those that exist, with what we remember of them: Meta may show a picture under another address."""
        ours = await self._remembered()
        found: dict[str, Kept] = {}
        for raw in await self._page.personas():
            ident = str(raw.get("id"))
            look, used = ours.get(ident) or (_look(text(raw.get("name")), text(raw.get("profile_picture_url"))), None)
            found.setdefault(look, Kept(ident, used, ident in ours))
        return found

    async def _remembered(self) -> Mapping[str, tuple[str, datetime]]:
        known = await self._host.recall(_OURS)
        try:
            return msgspec.json.decode(known, type=dict[str, tuple[str, datetime]]) if known else {}
        except msgspec.MsgspecError:  # written by another version: they are then somebody else's
            return {}

    async def _make_room(self, kept: dict[str, Kept], name: str, picture: str) -> None:
        if not name or not picture:
            raise Unsupported(Feature.AUTHORSHIP, "a persona needs a name and a picture")
        if len(kept) >= MOST:
            await self._free(kept)

    async def _made(self, name: str, picture: str) -> str:
        try:
            return await self._page.make_persona(name, picture)
        except Rejected as error:  # this name or this picture, perhaps
            raise Unsupported(Feature.AUTHORSHIP, str(error)) from error
        except RoomClosed as error:
            raise await self._refused(str(error)) from error

    async def _refused(self, why: str) -> Unsupported:
        """From now on none is asked for, until tomorrow."""
        self._kept = None
        await self._host.remember(_REFUSED, "yes", _REFUSED_FOR)
        self._log.warning("personas are refused, names go before the words", why=why)
        return Unsupported(Feature.AUTHORSHIP, why)

    async def _free(self, kept: dict[str, Kept]) -> None:
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


def _look(name: str, picture: str) -> str:
    """What readers see of a persona, as a name that tells nobody who it is."""
    return hashlib.sha256(f"{name}\n{picture}".encode("utf-8", "replace")).hexdigest()[:40]
