"""The part of the emulated homeserver's client API that concerns devices and their keys."""

from collections.abc import Sequence

from aiohttp import web

from connectors.matrix import emulator_keys as keys
from connectors.matrix.emulator_http import Answer, Homeserver, body
from connectors.matrix.emulator_rooms import Json, Person


async def _members(server: Homeserver, request: web.Request, who: Person) -> Json:
    return keys.members(server.rooms, who, request.match_info["room"], request.query.get("not_membership", ""))


async def _joined_members(server: Homeserver, request: web.Request, who: Person) -> Json:
    room = server.rooms.entered(request.match_info["room"], who.id)
    return {"joined": {user: {"display_name": server.rooms.people[user].name} for user in room.members()}}


async def _upload(server: Homeserver, request: web.Request, who: Person) -> Json:
    return server.keys.upload(who, await body(request))


async def _query(server: Homeserver, request: web.Request, _: Person) -> Json:
    return server.keys.query(await body(request))


async def _claim(server: Homeserver, request: web.Request, _: Person) -> Json:
    return server.keys.claim(await body(request))


async def _signing_keys(server: Homeserver, request: web.Request, who: Person) -> Json:
    return server.keys.sign(who, await body(request))


async def _signatures(server: Homeserver, request: web.Request, _: Person) -> Json:
    return server.keys.add_signatures(await body(request))


async def _to_device(server: Homeserver, request: web.Request, who: Person) -> Json:
    return server.keys.send(who, request.match_info["kind"], request.match_info["key"], await body(request))


_CLIENT = "/_matrix/client/v3"
ROUTES: Sequence[tuple[str, str, Answer]] = (
    ("GET", f"{_CLIENT}/rooms/{{room}}/members", _members),
    ("GET", f"{_CLIENT}/rooms/{{room}}/joined_members", _joined_members),
    ("POST", f"{_CLIENT}/keys/upload", _upload),
    ("POST", f"{_CLIENT}/keys/query", _query),
    ("POST", f"{_CLIENT}/keys/claim", _claim),
    ("POST", f"{_CLIENT}/keys/device_signing/upload", _signing_keys),
    ("POST", f"{_CLIENT}/keys/signatures/upload", _signatures),
    ("PUT", f"{_CLIENT}/sendToDevice/{{kind}}/{{key}}", _to_device),
)
