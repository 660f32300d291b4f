"""The part of the emulated homeserver's client API that concerns files: given to known users only."""

from collections.abc import Sequence

from aiohttp import web

from connectors.matrix.emulator_http import Answer, Homeserver
from connectors.matrix.emulator_rooms import Json, MatrixRefusal, Person


async def _config(server: Homeserver, _: web.Request, __: Person) -> Json:
    return {"m.upload.size": server.media.largest}


async def _create(server: Homeserver, _: web.Request, who: Person) -> Json:
    return {"content_uri": server.media.create(who), "unused_expires_at": 1 << 42}


async def _put(server: Homeserver, request: web.Request, who: Person) -> Json:
    name = request.match_info["name"]
    if request.match_info["server"] != server.rooms.server:
        raise MatrixRefusal(404, "M_NOT_FOUND", "Non-local server name specified")
    server.media.put(who, name, await _body(server, request), request.content_type)
    return {}


async def _upload(server: Homeserver, request: web.Request, who: Person) -> Json:
    return {"content_uri": server.media.add(who, await _body(server, request), request.content_type)}


async def _download(server: Homeserver, request: web.Request, _: Person) -> web.StreamResponse:
    found = server.media.get(request.match_info["server"], request.match_info["name"])
    return web.Response(body=found.data, content_type=found.mime or "application/octet-stream")


async def _body(server: Homeserver, request: web.Request) -> bytes:
    if request.content_length is None:
        raise MatrixRefusal(400, "M_UNKNOWN", "Request must specify a Content-Length")
    if request.content_length > server.media.largest:
        raise MatrixRefusal(413, "M_TOO_LARGE", "Upload request body is too large")
    return await request.content.read(-1)


_GIVEN = "/_matrix/client/v1/media"
_TAKEN = "/_matrix/media"
ROUTES: Sequence[tuple[str, str, Answer]] = (
    ("GET", f"{_GIVEN}/config", _config),
    ("GET", f"{_GIVEN}/download/{{server}}/{{name}}", _download),
    ("POST", f"{_TAKEN}/v1/create", _create),
    ("POST", f"{_TAKEN}/v3/upload", _upload),
    ("PUT", f"{_TAKEN}/v3/upload/{{server}}/{{name}}", _put),
)
