"""Questions to a homeserver that every kind of account asks, and what its answers must hold."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bridge.asked import Access
from bridge.errors import BridgeError, Rejected, RoomClosed, Scope, Unavailable, Uncertain
from bridge.ids import MessageId, RoomId
from connectors.matrix import calls
from connectors.matrix.batch import objects
from connectors.matrix.calls import Call
from connectors.matrix.content import part, words
from connectors.matrix.errors import NotFound
from connectors.matrix.power import access

_SERVERS = 3


class Homeserver(Protocol):
    """Where requests go."""

    async def call(self, call: Call) -> dict[str, Any]: ...


async def answer(homeserver: Homeserver, call: Call) -> dict[str, Any]:
    """The answer, empty where the homeserver has none."""
    try:
        return await homeserver.call(call)
    except NotFound:
        return {}


async def told(homeserver: Homeserver, call: Call) -> dict[str, Any]:
    """The answer, empty where the homeserver, or a proxy before it, does not give it to us."""
    try:
        return await homeserver.call(call)
    except BridgeError:
        return {}


def event_id(answered: Mapping[str, Any]) -> MessageId:
    """The id of what was sent."""
    event = words(answered, "event_id")
    if not event:
        raise Uncertain("the homeserver answered 200 without the id of the event")
    return MessageId(event)


def room_id(answered: Mapping[str, Any]) -> RoomId:
    """The id of the room that was asked for."""
    room = words(answered, "room_id")
    if not room:
        raise Unavailable("the homeserver answered 200 without the id of the room", scope=Scope.ACCOUNT)
    return RoomId(room)


async def resolved(homeserver: Homeserver, name: str) -> tuple[RoomId, Sequence[str]]:
    """The id behind a room's name, and servers that know the room."""
    if name.startswith("!"):
        return RoomId(name), ()
    if not name.startswith("#"):
        raise Rejected(f"{name} is no Matrix room: write #alias:server or the room's id, which starts with !")
    try:
        answered = await homeserver.call(calls.resolve(name))
    except NotFound as error:
        raise RoomClosed(f"there is no room with the address {name}") from error
    servers = answered.get("servers")
    known = [server for server in servers if isinstance(server, str)] if isinstance(servers, list) else []
    return room_id(answered), known[:_SERVERS]


async def entered(homeserver: Homeserver, room: RoomId, servers: Sequence[str]) -> None:
    """Be in a room, which is the one asked for."""
    if room_id(await homeserver.call(calls.join(room, servers))) != room:
        raise Rejected("the homeserver let us into another room than the one asked for")


async def rooms_of_ours(homeserver: Homeserver) -> set[RoomId]:
    """The rooms we are in."""
    listed = (await homeserver.call(calls.joined_rooms())).get("joined_rooms")
    return {RoomId(room) for room in listed if isinstance(room, str)} if isinstance(listed, list) else set()


async def called(homeserver: Homeserver, room: RoomId) -> tuple[str, str]:
    """What one writes for a room in the configuration, and its title."""
    alias = words(await answer(homeserver, calls.state(room, "m.room.canonical_alias")), "alias")
    return alias or room, words(await answer(homeserver, calls.state(room, "m.room.name")), "name")


async def reaction_of(
    homeserver: Homeserver, room: RoomId, message: MessageId, user: str, emoji: str
) -> MessageId | None:
    """The id of a user's emoji on a message, None when it is not there (any more)."""
    chunk = objects((await answer(homeserver, calls.annotations(room, message))).get("chunk"))
    theirs = (raw for raw in chunk if raw.get("sender") == user and _emoji(raw) == emoji)
    return next((MessageId(words(raw, "event_id")) for raw in theirs), None)


def _emoji(raw: Mapping[str, Any]) -> str:
    return words(part(part(raw, "content"), "m.relates_to"), "key")


async def access_to(homeserver: Homeserver, room: RoomId) -> Access:
    """Who may read along in a room, by its own rules."""
    rules = await answer(homeserver, calls.state(room, "m.room.join_rules"))
    return access(rules, await answer(homeserver, calls.state(room, "m.room.history_visibility")))
