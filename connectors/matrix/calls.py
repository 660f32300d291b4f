"""Requests to a homeserver, built by nio. Pure.

nio writes the access token into the query; here it is taken out again, because ours travels in a header only.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from msgspec import Struct
from nio import Api, MessageDirection
from nio.api import RelationshipType

from bridge.ids import Key, MessageId, RoomId
from connectors.matrix.answers import CAREFUL_BYTES


class Call(Struct, frozen=True, kw_only=True):
    """One request; `held` is how many seconds the homeserver may keep it open before it answers."""

    method: str
    path: str
    body: str | None = None
    held: float = 0.0
    careful: int = CAREFUL_BYTES
    """How long an answer may be that has to be read with care."""


def whoami() -> Call:
    return _call(Api.whoami(""))


def profile(user: str) -> Call:
    return _call(Api.profile_get(user))


def direct_rooms(user: str) -> Call:
    return _call(Api.direct_room_list("", user))


def sync(since: str | None, timeout_seconds: float, only: Mapping[str, Any]) -> Call:
    """News since `since`; `only` is the filter of the specification."""
    built = Api.sync("", since, int(timeout_seconds * 1000), dict(only), set_presence="offline")
    return _call(built, held=timeout_seconds)


def messages(room: RoomId, start: str, end: str, limit: int, only: Mapping[str, Any]) -> Call:
    """A page of history, newest first, from the token `start` back to `end`."""
    return _call(Api.room_messages("", room, start, end, MessageDirection.back, limit, dict(only)))


def event(room: RoomId, message: MessageId) -> Call:
    return _call(Api.room_get_event("", room, message))


def state(room: RoomId, kind: str) -> Call:
    return _call(Api.room_get_state_event("", room, kind, ""))


def creation(room: RoomId) -> Call:
    """The event that made a room, with its sender."""
    return _call(Api.room_get_state_event("", room, "m.room.create", ""), query=[("format", "event")])


def versions() -> Call:
    """Which versions of the specification the homeserver speaks."""
    return Call(method="GET", path="/_matrix/client/versions")


def software() -> Call:
    """What the homeserver runs; only some tell it under the address of their client API."""
    return Call(method="GET", path="/_matrix/federation/v1/version")


def annotations(room: RoomId, message: MessageId) -> Call:
    """The reactions on a message, newest first."""
    return _call(Api.room_get_event_relations("", room, message, RelationshipType.annotation, "m.reaction", limit=100))


def references(room: RoomId, message: MessageId) -> Call:
    """What refers to a message, newest first: the votes in a poll, as many as a homeserver gives at once."""
    return _call(Api.room_get_event_relations("", room, message, RelationshipType.reference, limit=1000))


def send(room: RoomId, kind: str, content: Mapping[str, Any], key: str) -> Call:
    return _call(Api.room_send("", room, kind, dict(content), key))


def redact(room: RoomId, message: MessageId, key: Key | str) -> Call:
    return _call(Api.room_redact("", room, message, key))


def resolve(alias: str) -> Call:
    return _call(Api.room_resolve_alias(alias))


def join(room: RoomId, servers: Iterable[str]) -> Call:
    """Enter a room; `servers` know it. Both names of the parameter are sent: `via` is new in 1.12."""
    known = [(name, server) for server in servers for name in ("via", "server_name")]
    return _call(Api.join("", room), query=known)


def leave(room: RoomId) -> Call:
    return _call(Api.room_leave("", room))


def joined_rooms() -> Call:
    return _call(Api.joined_rooms(""))


def members(room: RoomId) -> Call:
    """Everybody in a room or invited to it, as their memberships; also those who were banned."""
    return Call(method="GET", path=f"/_matrix/client/v3/rooms/{quote(room, safe='')}/members?not_membership=leave")


def keys_upload(content: Mapping[str, Any]) -> Call:
    return _call(Api.keys_upload("", dict(content)))


def keys_query(users: Iterable[str]) -> Call:
    """All devices of these users."""
    return _call(Api.keys_query("", users))


def keys_claim(devices: Mapping[str, Iterable[str]]) -> Call:
    """One one-time key of each device, by user."""
    return _call(Api.keys_claim("", dict(devices)))


def to_device(kind: str, messages: Mapping[str, Mapping[str, Any]], key: str) -> Call:
    """Messages to single devices, by user and device."""
    return _call(Api.to_device("", kind, {"messages": messages}, key))


def media_config(*, old: bool = False) -> Call:
    """How large files may be; `old` as homeservers before 1.11 tell it."""
    return Call(method="GET", path="/_matrix/media/v3/config" if old else "/_matrix/client/v1/media/config")


def media_create() -> Call:
    """An address for a file that is uploaded afterwards (since 1.7)."""
    return Call(method="POST", path="/_matrix/media/v1/create", body="{}")


def media_upload(server: str, name: str, shown: str) -> Call:
    """The upload of a file to its address, or, without one, to wherever the homeserver likes."""
    query = f"?{urlencode({'filename': shown})}" if shown else ""
    if not name:
        return Call(method="POST", path=f"/_matrix/media/v3/upload{query}")
    return Call(method="PUT", path=f"/_matrix/media/v3/upload/{server}/{name}{query}")


def media_download(server: str, name: str, *, old: bool = False) -> Call:
    """A file; `old` as homeservers before 1.11 give it."""
    kind = "media/v3" if old else "client/v1/media"
    return Call(method="GET", path=f"/_matrix/{kind}/download/{server}/{name}")


def kept(user: str, kind: str) -> Call:
    """What an account keeps on its homeserver for itself (client-server API 1.19, "Client Config")."""
    return Call(method="GET", path=_account_data(user, kind))


def keep(user: str, kind: str, content: Mapping[str, Any]) -> Call:
    return Call(method="PUT", path=_account_data(user, kind), body=json.dumps(content))


def _account_data(user: str, kind: str) -> str:
    return f"/_matrix/client/v3/user/{quote(user, safe='')}/account_data/{quote(kind, safe='')}"


def _call(built: tuple[str, ...], *, held: float = 0.0, query: Iterable[tuple[str, str]] = ()) -> Call:
    method, address, *data = built
    path, _, old = address.partition("?")
    kept = [pair for pair in parse_qsl(old, keep_blank_values=True) if pair[0] != "access_token"] + list(query)
    body = data[0] if data else ("{}" if method == "POST" else None)
    return Call(method=method, path=f"{path}?{urlencode(kept)}" if kept else path, body=body, held=held)
