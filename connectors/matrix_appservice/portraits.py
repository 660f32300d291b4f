"""Ghosts bear the pictures of those for whom they speak, and change them when they do."""

from collections import OrderedDict
from datetime import timedelta

import structlog

from bridge.asked import Person
from bridge.connector import Host
from bridge.errors import Rejected, RoomClosed, Unavailable
from connectors.matrix.client import Client
from connectors.matrix.faces import AGAIN_SECONDS, SOON_SECONDS, Faces
from connectors.matrix.media import Media
from connectors.matrix_appservice import calls as service

_KEPT = 20_000
_EVER = timedelta(days=3650)
_NONE = "none"
_log = structlog.get_logger()


class Portraits:
    """Gives each ghost its picture; what it bears is remembered by content, also after a restart."""

    def __init__(self, client: Client, host: Host) -> None:
        self._client, self._host, self._faces = client, host, Faces(Media(client, host), host)
        self._looked: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def is_due(self, person: Person, user: str) -> bool:
        """Whether a ghost may have to look otherwise; nobody says so of somebody without a name."""
        avatar, until = self._looked.get(user, ("", 0.0))
        late = person.avatar is not None and self._host.clock.monotonic() > until
        return bool(person.name) and (late or (person.avatar or "") != avatar)

    async def show(self, person: Person, user: str) -> None:
        """Let a ghost look as they do. A picture that cannot be had keeps nobody from speaking."""
        file = None if person.avatar is None else await self._host.face(person)
        wanted = _NONE if file is None else file.sha256
        if wanted != (await self._host.recall(f"face {user}") or _NONE):
            address = "" if file is None else await self._faces.uploaded(file)
            if file is None or address:
                await self._change(user, address, wanted)
        rest = SOON_SECONDS if file is None else AGAIN_SECONDS
        self._looked[user] = (person.avatar or "", self._host.clock.monotonic() + rest)
        self._looked.move_to_end(user)
        if len(self._looked) > _KEPT:
            self._looked.popitem(last=False)

    async def _change(self, user: str, address: str, wanted: str) -> None:
        try:
            await self._client.call(service.portray(user, address))
        except (Rejected, RoomClosed, Unavailable) as error:
            _log.warning("a ghost keeps its old picture", why=str(error))
            return
        await self._host.remember(f"face {user}", wanted, _EVER)
