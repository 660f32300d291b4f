"""Names and topics of rooms on the emulated homeserver: set by whom the power levels allow to."""

from collections.abc import Callable, Sequence

from aiohttp import web

from connectors.matrix.emulator_http import Answer, Homeserver, body
from connectors.matrix.emulator_rooms import Json, Person, Rooms


async def _set_state(server: Homeserver, request: web.Request, who: Person) -> Json:
    """As Synapse: what is there already makes no further event."""
    kind, key, content = request.match_info["kind"], request.match_info.get("key", ""), await body(request)
    room = server.rooms.entered(request.match_info["room"], who.id)
    known = room.state.get((kind, key))
    if kind == "m.room.member" and key == who.id:
        told = {"event_id": server.rooms.appear(who, room, content)}
        server.wake()
        return told
    if known is not None and known.event["content"] == content and known.event["sender"] == who.id:
        return {"event_id": known.event["event_id"]}
    event_id = server.rooms.set_state(who, room.id, kind, key, content)
    server.wake()
    return {"event_id": event_id}


_STATE = "/_matrix/client/v3/rooms/{room}/state/{kind}"
ROUTES: Sequence[tuple[str, str, Answer]] = (("PUT", _STATE, _set_state), ("PUT", f"{_STATE}/{{key:.*}}", _set_state))


class MatrixTitles:
    """People who change them are moderators."""

    def __init__(self, rooms: Rooms, owner: Person, bridge: Person, wake: Callable[[], None]) -> None:
        self._rooms, self._owner, self._bridge, self._wake = rooms, owner, bridge, wake

    async def trust(self, room: str) -> None:
        self._rooms.promote(self._owner, self._rooms.room(room).id, self._bridge.id)
        self._wake()

    async def rename(self, room: str, person: str, name: str) -> None:
        self._set(room, person, "m.room.name", {"name": name})

    async def describe(self, room: str, person: str, topic: str) -> None:
        self._set(room, person, "m.room.topic", {"topic": topic})

    async def name_of(self, room: str) -> str:
        return str(self._content(room, "m.room.name").get("name", ""))

    async def topic_of(self, room: str) -> str:
        return str(self._content(room, "m.room.topic").get("topic", ""))

    def _content(self, room: str, kind: str) -> Json:
        known = self._rooms.room(room).state.get((kind, ""))
        content: Json = {} if known is None else known.event["content"]
        return content

    def _set(self, room: str, person: str, kind: str, content: Json) -> None:
        who = self._rooms.person(person)
        name = self._rooms.join(who, room)
        self._rooms.promote(self._owner, name, who.id)
        self._rooms.set_state(who, name, kind, "", content)
        self._wake()
