"""Live locations (MSC3489, MSC3672): a state event begins one, each beacon moves it, another state event ends it.

A live location is one message of the bridge from its first beacon on, under the id of the state event that began it.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from bridge.content import Location
from bridge.errors import Rejected, RoomClosed
from bridge.events import AnyEvent, Attachment, Edited, Posted, User
from bridge.ids import EventId, MessageId, RoomId
from connectors.matrix import calls
from connectors.matrix.asking import Homeserver
from connectors.matrix.content_fields import part, words
from connectors.matrix.places import place

INFOS: Final = frozenset({"m.beacon_info", "org.matrix.msc3489.beacon_info", "org.matrix.msc3672.beacon_info"})
BEACONS: Final = frozenset({"m.beacon", "org.matrix.msc3489.beacon", "org.matrix.msc3672.beacon"})
_KEPT = 1000
_LONGEST_SECONDS = 366 * 86_400
_MOST = 20
"""So many live locations of one batch are looked at: a question each at the first."""
_LATEST = 253_402_300_799_000

Raw = Mapping[str, Any]
NameOf = Callable[[RoomId, str], User]


def _as_it_is(raw: Raw) -> Raw:
    return raw


class _Journey(Struct):
    """One live location: whose it is, for how long, and where it was last."""

    room: RoomId
    sender: str
    seconds: int
    title: str
    last: Attachment | None = None


class Beacons:
    """The live locations of one account, as long as it runs. `name_of` says what people are called."""

    def __init__(self, homeserver: Homeserver, me: str, name_of: NameOf) -> None:
        self._homeserver, self._me, self._name_of = homeserver, me, name_of
        self._journeys: OrderedDict[str, _Journey] = OrderedDict()

    async def moved(
        self, room: RoomId, timeline: Sequence[Raw], opened: Callable[[Raw], Raw] = _as_it_is
    ) -> list[AnyEvent]:
        """Where they are now, of a batch: the newest beacon of each; `opened` decrypts."""
        news: dict[str, Raw] = {}
        for raw in timeline:
            told = opened(raw) if _speaks_of(raw) else raw
            if info := self._ended(room, told) or _speaks_of(told):
                news.pop(info, None)
                news[info] = told
        found = [await self._moved(room, info, raw) for info, raw in list(news.items())[:_MOST]]
        return [event for event in found if event is not None]

    def _ended(self, room: RoomId, raw: Raw) -> str:
        """The live location that a state event ends: the last one of whoever sent it."""
        if words(raw, "type") not in INFOS or part(raw, "content").get("live") is True:
            return ""
        mine = (room, words(raw, "sender"))
        return next((info for info, one in reversed(self._journeys.items()) if (one.room, one.sender) == mine), "")

    async def _moved(self, room: RoomId, info: str, raw: Raw) -> AnyEvent | None:
        is_end = words(raw, "type") in INFOS
        journey = self._journeys.get(info) or (None if is_end else await self._begun(room, info))
        if journey is None or journey.sender != words(raw, "sender") or journey.sender == self._me:
            return None
        spot = journey.last if is_end else place(part(raw, "content"))
        if spot is None or spot.location is None:
            return None
        began, journey.last = journey.last is not None, spot
        live = None if is_end else journey.seconds
        return self._event(room, info, raw, _with(spot, spot.location, live, journey.title), begun=began)

    async def _begun(self, room: RoomId, info: str) -> _Journey | None:
        """What the state event says; None where it is no live location of whoever sent it."""
        try:
            raw = await self._homeserver.call(calls.event(room, MessageId(info)))
        except (Rejected, RoomClosed):
            return None
        sender, content = words(raw, "sender"), part(raw, "content")
        if words(raw, "type") not in INFOS or not sender or raw.get("state_key") != sender:
            return None
        lasts = content.get("timeout")
        seconds = min(max(0, lasts // 1000), _LONGEST_SECONDS) if isinstance(lasts, int) else 0
        self._journeys[info] = journey = _Journey(
            room, sender, seconds, " ".join(words(content, "description").split())
        )
        if len(self._journeys) > _KEPT:
            self._journeys.popitem(last=False)
        return journey

    def _event(self, room: RoomId, info: str, raw: Raw, spot: Attachment, *, begun: bool) -> AnyEvent:
        at, author = _time(raw), self._name_of(room, words(raw, "sender"))
        message, carried = MessageId(info), (spot,)
        if not begun:  # after a restart it was told before: the bridge knows it by this id
            return Posted(
                id=EventId(f"beacon {info}"), room=room, at=at, message=(message,), author=author, attachments=carried
            )
        name = EventId(f"event {words(raw, 'event_id')}")
        return Edited(id=name, room=room, at=at, replaces=message, author=author, attachments=carried)


def _with(spot: Attachment, where: Location, live: int | None, title: str) -> Attachment:
    return replace(spot, location=replace(where, live_seconds=live, title=title or where.title))


def _speaks_of(raw: Raw) -> str:
    """The live location that a beacon moves, also where only its relation can be read."""
    relation = part(part(raw, "content"), "m.relates_to")
    readable = words(raw, "type") in BEACONS or words(raw, "type") == "m.room.encrypted"
    return words(relation, "event_id") if readable and words(relation, "rel_type") == "m.reference" else ""


def _time(raw: Raw) -> datetime:
    sent = raw.get("origin_server_ts")
    return datetime.fromtimestamp(min(max(sent if isinstance(sent, int) else 0, 0), _LATEST) / 1000, UTC)
