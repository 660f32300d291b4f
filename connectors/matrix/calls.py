"""Requests to a homeserver. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Struct
from msgspec.structs import replace

from bridge.ids import Key, MessageId, RoomId
from connectors.matrix.answers import CAREFUL_BYTES

_V3, _V1 = "/_matrix/client/v3", "/_matrix/client/v1"


class Call(Struct, frozen=True, kw_only=True):
    """One request; `held` is how many seconds the homeserver may keep it open before it answers."""

    method: str
    path: str
    body: str | None = None
    held: float = 0.0
    careful: int = CAREFUL_BYTES
    """How long an answer may be that has to be read with care."""


def whoami() -> Call:
    return _get(_V3, "account", "whoami")


def profile(user: str) -> Call:
    return _get(_V3, "profile", user)


def direct_rooms(user: str) -> Call:
    return kept(user, "m.direct")


def sync(since: str | None, timeout_seconds: float, only: Mapping[str, Any]) -> Call:
    """News since `since`; `only` is the filter of the specification."""
    query = {"since": since or "", "timeout": int(timeout_seconds * 1000), "set_presence": "offline"}
    return _get(_V3, "sync", held=timeout_seconds, query={**query, "filter": _json(only)})


def messages(room: RoomId, start: str, end: str, limit: int, only: Mapping[str, Any]) -> Call:
    """A page of history, newest first, from the token `start` back to `end`."""
    query = {"limit": limit, "from": start, "to": end, "dir": "b", "filter": _json(only)}
    return _get(_V3, "rooms", room, "messages", query=query)


def event(room: RoomId, message: MessageId) -> Call:
    return _get(_V3, "rooms", room, "event", message)


def state(room: RoomId, kind: str) -> Call:
    return _get(_V3, "rooms", room, "state", kind)


def set_state(room: RoomId, kind: str, content: Mapping[str, Any]) -> Call:
    return _with("PUT", content, "rooms", room, "state", kind)


def creation(room: RoomId) -> Call:
    """The event that made a room, with its sender."""
    return _get(_V3, "rooms", room, "state", "m.room.create", query={"format": "event"})


def versions() -> Call:
    """Which versions of the specification the homeserver speaks."""
    return Call(method="GET", path="/_matrix/client/versions")


def software() -> Call:
    """What the homeserver runs; only some tell it under the address of their client API."""
    return Call(method="GET", path="/_matrix/federation/v1/version")


def annotations(room: RoomId, message: MessageId) -> Call:
    """The reactions on a message, newest first."""
    path = ("rooms", room, "relations", message, "m.annotation", "m.reaction")
    return _get(_V1, *path, query={"dir": "b", "limit": 100})


def references(room: RoomId, message: MessageId) -> Call:
    """What refers to a message, newest first: the votes in a poll, as many as a homeserver gives at once."""
    return _get(_V1, "rooms", room, "relations", message, "m.reference", query={"dir": "b", "limit": 1000})


def send(room: RoomId, kind: str, content: Mapping[str, Any], key: str) -> Call:
    return _with("PUT", content, "rooms", room, "send", kind, key)


def redact(room: RoomId, message: MessageId, key: Key | str) -> Call:
    return _with("PUT", {}, "rooms", room, "redact", message, key)


def resolve(alias: str) -> Call:
    return _get(_V3, "directory", "room", alias)


def join(room: RoomId, servers: Iterable[str]) -> Call:
    """Enter a room; `servers` know it. Both names of the parameter are sent: `via` is new in 1.12."""
    known = [(name, server) for server in servers for name in ("via", "server_name")]
    call = _with("POST", {}, "join", room)
    return replace(call, path=f"{call.path}?{urlencode(known)}") if known else call


def leave(room: RoomId) -> Call:
    return _with("POST", {}, "rooms", room, "leave")


def joined_rooms() -> Call:
    return _get(_V3, "joined_rooms")


def members(room: RoomId) -> Call:
    """Everybody in a room or invited to it, as their memberships; also those who were banned."""
    return _get(_V3, "rooms", room, "members", query={"not_membership": "leave"})


def keys_upload(content: Mapping[str, Any]) -> Call:
    return _with("POST", content, "keys", "upload")


def keys_query(users: Iterable[str]) -> Call:
    """All devices of these users."""
    return _with("POST", {"device_keys": {user: [] for user in users}}, "keys", "query")


def keys_claim(devices: Mapping[str, Iterable[str]]) -> Call:
    """One one-time key of each device, by user."""
    asked = {user: dict.fromkeys(names, "signed_curve25519") for user, names in devices.items()}
    return _with("POST", {"one_time_keys": asked}, "keys", "claim")


def to_device(kind: str, messages: Mapping[str, Mapping[str, Any]], key: str) -> Call:
    """Messages to single devices, by user and device."""
    return _with("PUT", {"messages": messages}, "sendToDevice", kind, key)


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
    return _path(_V3, "user", user, "account_data", kind)


def _get(api: str, *parts: str, held: float = 0.0, query: Mapping[str, object] | None = None) -> Call:
    """A question; a parameter without value is left out."""
    asked = {name: value for name, value in (query or {}).items() if value != ""}
    path = _path(api, *parts)
    return Call(method="GET", path=f"{path}?{urlencode(asked)}" if asked else path, held=held)


def _with(method: str, body: Mapping[str, Any], *parts: str) -> Call:
    return Call(method=method, path=_path(_V3, *parts), body=_json(body))


def _path(api: str, *parts: str) -> str:
    return "/".join((api, *(quote(part, safe="") for part in parts)))


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))
