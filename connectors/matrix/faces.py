"""Pictures of people: had by their address on a homeserver, and uploaded where a message shows them."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from typing import Any

import structlog

from bridge.asked import Person
from bridge.connector import Host
from bridge.errors import Rejected, RoomClosed, Unavailable
from bridge.events import Attachment, File, Kind
from bridge.ids import PersonNumber
from connectors.matrix.content import PROFILE
from connectors.matrix.media import Media
from connectors.matrix.sealing import Handle, packed

_KEPT = 2000
AGAIN_SECONDS = 3600.0
"""So long a picture is believed to be the newest: some platforms do not say when it is another one."""
SOON_SECONDS = 2.0
"""So long nothing is asked of who has no picture, or not yet."""
_log = structlog.get_logger()


def had(media: Media, address: str) -> AsyncIterator[bytes]:
    """The bytes of a picture that a profile names."""
    return media.fetched(Attachment(kind=Kind.IMAGE, source=packed(Handle(url=address))))


def beside(content: Mapping[str, Any], address: str) -> dict[str, Any]:
    """A message, or the new content of one, with the picture in its profile (MSC4144)."""
    shown = dict(content)
    if isinstance(shown.get(PROFILE), Mapping):
        shown[PROFILE] = {**shown[PROFILE], "avatar_url": address}
    if isinstance(shown.get("m.new_content"), Mapping):
        shown["m.new_content"] = beside(shown["m.new_content"], address)
    return shown


class Faces:
    """The pictures of one run. A picture that cannot be had or uploaded keeps no message back."""

    def __init__(self, media: Media, host: Host) -> None:
        self._media, self._host = media, host
        self._known: OrderedDict[PersonNumber, tuple[str, str, float]] = OrderedDict()

    async def shown(self, content: dict[str, Any], person: Person | None) -> dict[str, Any]:
        """A message with the picture of its author, where there is one."""
        if person is None or person.avatar is None:
            return content
        address = await self.address(person, person.avatar)
        return beside(content, address) if address else content

    async def address(self, person: Person, avatar: str) -> str:
        """Where somebody's picture is on the homeserver; "" for nowhere."""
        known, now = self._known.get(person.number), self._host.clock.monotonic()
        if known is not None and known[0] == avatar and now - known[2] < AGAIN_SECONDS:
            return known[1]
        file = await self._host.face(person)
        address = await self.uploaded(file) if file is not None else ""
        self._known[person.number] = (avatar, address, now if address else now - AGAIN_SECONDS + SOON_SECONDS)
        self._known.move_to_end(person.number)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return address

    async def uploaded(self, file: File) -> str:
        """The address of a picture, uploaded once for each content; "" where the homeserver does not take it now."""
        try:
            return (await self._media.uploaded(file, sealed=False)).url
        except (Rejected, RoomClosed, Unavailable) as error:
            _log.warning("a picture of somebody is not uploaded", why=str(error))
            return ""
