"""Requests that only an application service makes, and others in the name of a ghost. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from msgspec.structs import replace

from bridge.ids import RoomId
from connectors.matrix.calls import Call

_CLIENT = "/_matrix/client"


def acting(call: Call, user: str, at: datetime | None = None) -> Call:
    """The same in a user's name; `at` is the time that a sent event is to bear."""
    query = {"user_id": user} | ({} if at is None else {"ts": str(int(at.timestamp() * 1000))})
    mark = "&" if "?" in call.path else "?"
    return replace(call, path=f"{call.path}{mark}{urlencode(query)}")


def register(localpart: str) -> Call:
    """Make a user of our namespace."""
    body = {"type": "m.login.application_service", "username": localpart, "inhibit_login": True}
    return _posted("/v3/register", body)


def rename(user: str, name: str) -> Call:
    """Give a user another name, as themselves."""
    path = f"{_CLIENT}/v3/profile/{quote(user, safe='')}/displayname"
    return acting(Call(method="PUT", path=path, body=json.dumps({"displayname": name})), user)


def portray(user: str, address: str) -> Call:
    """Give a user another picture, as themselves; "" takes it away."""
    path = f"{_CLIENT}/v3/profile/{quote(user, safe='')}/avatar_url"
    return acting(Call(method="PUT", path=path, body=json.dumps({"avatar_url": address})), user)


def invite(room: RoomId, user: str) -> Call:
    return _posted(f"/v3/rooms/{quote(room, safe='')}/invite", {"user_id": user})


def members(room: RoomId) -> Call:
    """Who is in a room."""
    return Call(method="GET", path=f"{_CLIENT}/v3/rooms/{quote(room, safe='')}/joined_members")


def membership(room: RoomId, user: str) -> Call:
    """What a room knows of somebody."""
    state = f"state/m.room.member/{quote(user, safe='')}"
    return Call(method="GET", path=f"{_CLIENT}/v3/rooms/{quote(room, safe='')}/{state}")


def appear(room: RoomId, user: str, content: Mapping[str, Any]) -> Call:
    """Be in a room under a name that is another there, as themselves."""
    path = f"{_CLIENT}/v3/rooms/{quote(room, safe='')}/state/m.room.member/{quote(user, safe='')}"
    return acting(Call(method="PUT", path=path, body=json.dumps(content)), user)


def ping(registration: str, transaction: str) -> Call:
    """Let the homeserver call us (since 1.7), and give us at once what it could not give us before."""
    return _posted(f"/v1/appservice/{quote(registration, safe='')}/ping", {"transaction_id": transaction})


def _posted(path: str, body: dict[str, object]) -> Call:
    return Call(method="POST", path=_CLIENT + path, body=json.dumps(body))
