"""The emulated Graph API over HTTP: tokens, proofs, faults and routes, on 127.0.0.1."""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

from aiohttp import web
from msgspec import Struct

from bridge.testing.closing import closed
from connectors.messenger.emulator_calls import Calls
from connectors.messenger.emulator_files import SIGNED, Part
from connectors.messenger.emulator_rules import ApiError, Json, Unsure, bad
from connectors.messenger.emulator_world import APP, PAGE

_VERSION: Final = re.compile(r"v\d{1,3}\.\d")
_LARGEST: Final = 30 * 1024 * 1024


class Call(Struct, frozen=True):
    """One call of ours, as the journal keeps it."""

    method: str
    path: str
    query: Json
    fields: Json


class Answer(Struct, frozen=True):
    """What a call gets instead of its result."""

    status: int
    body: bytes
    headers: dict[str, str] = {}
    lost: bool = False
    """The request is carried out and the connection cut before the answer."""


Due = Callable[[Call], Answer | None]


class Server:
    """One app's and one page's view of the Graph API; `due` says what a call runs into, `calls` is the journal."""

    def __init__(self, carried: Calls, unsure: Unsure, secrets: tuple[str, str], due: Due) -> None:
        self._carried = carried
        self._unsure = unsure
        self._token, self._secret = secrets
        self._due = due
        self._runner: web.AppRunner | None = None
        self._open: dict[int, web.Request] = {}
        self.calls: list[Call] = []
        self.address = ""
        self.silent: set[str] = set()
        """Paths that are never answered."""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_get("/cdn/{number}/{name}", self._file)
        app.router.add_route("*", "/{version}/{path:.*}", self._call)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._carried.files.address = self.address
        return self

    async def __aexit__(self, *_: object) -> None:
        await closed(self._runner)

    def cut(self) -> None:
        """Close every connection at once."""
        for request in self._open.values():
            _abort(request)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        data = self._carried.files.at(request.match_info["number"], request.match_info["name"])
        if data is None or request.query_string != SIGNED:
            return web.Response(status=403, text="URL signature expired")
        return web.Response(body=data, content_type="application/octet-stream")

    async def _call(self, request: web.Request) -> web.StreamResponse:
        self._open[id(request)] = request
        try:
            return await self._answered(request)
        except ApiError as error:
            return web.json_response(error.body(), status=error.status(self._unsure), headers=error.headers)
        finally:
            del self._open[id(request)]

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        if not _VERSION.fullmatch(request.match_info["version"]):
            raise ApiError(2500, "Unknown path components")
        fields = await _fields(request)
        call = Call(request.method, request.match_info["path"], dict(request.query), fields)
        self.calls.append(call)
        if call.path in self.silent:
            await asyncio.Event().wait()
        due = self._due(call)
        if due is not None and not due.lost:
            return web.Response(status=due.status, body=due.body, headers=due.headers, content_type="application/json")
        self._check(request, call)
        result = await self._result(call)
        if due is not None:
            _abort(request)
        return web.json_response(result)

    async def _result(self, call: Call) -> Json:
        parts = [PAGE if one == "me" else one for one in call.path.split("/")]
        known: dict[tuple[str, ...], Callable[[Json], Awaitable[Json] | Json]] = {
            ("GET", PAGE): self._carried.page,
            ("POST", PAGE, "messages"): self._carried.send,
            ("POST", PAGE, "message_attachments"): self._carried.upload,
            ("GET", PAGE, "subscribed_apps"): self._carried.subscriptions,
            ("POST", PAGE, "subscribed_apps"): self._carried.subscribe,
            ("GET", PAGE, "personas"): self._carried.personas,
            ("POST", PAGE, "personas"): self._carried.make_persona,
            ("GET", APP, "subscriptions"): self._carried.webhook,
            ("POST", APP, "subscriptions"): self._carried.enter,
        }
        asked = {name: value for name, value in call.query.items() if name not in {"access_token", "appsecret_proof"}}
        fields = {**asked, **call.fields}
        if (carry_out := known.get((call.method, *parts))) is None:
            return self._carried.node(call.method, parts)
        result = carry_out(fields)
        return result if isinstance(result, dict) else await result

    def _check(self, request: web.Request, call: Call) -> None:
        """The token, and the proof that whoever has it knows the app's secret."""
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        given = call.query.get("access_token", "")
        if not given and scheme == "Bearer" and self._unsure.bearer == "taken":
            given = bearer
        if not given:
            raise ApiError(104, "An access token is required to request this resource.")
        of_app = f"{APP}|{self._secret}"
        wanted = of_app if call.path.startswith(f"{APP}/") else self._token
        if given != wanted:
            other = ApiError(15, "(#15) This method must be called with an app access_token.")
            raise other if wanted == of_app else ApiError(190, "Invalid OAuth access token - Cannot parse access token")
        proof = call.query.get("appsecret_proof")
        if proof is None:
            raise ApiError(100, "API calls from the server require an appsecret_proof argument")
        if proof != hmac.new(self._secret.encode(), given.encode(), hashlib.sha256).hexdigest():
            raise ApiError(100, "Invalid appsecret_proof provided in the API argument")


async def _fields(request: web.Request) -> Json:
    """The fields of a body: JSON, a form, or a form with a file."""
    if request.method == "GET":
        return {}
    if request.content_type == "application/json":
        body = await request.read()
        try:
            found = json.loads(body) if body else {}
        except ValueError:
            raise bad("Invalid JSON") from None
        return found if isinstance(found, dict) else {}
    return {name: _value(value) for name, value in (await request.post()).items()}


def _value(value: Any) -> object:  # noqa: ANN401 - text or a file
    if isinstance(value, web.FileField):
        return Part(value.filename, value.content_type, value.file.read())
    try:
        return json.loads(value) if value[:1] in {"{", "["} else value
    except ValueError:
        return value


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
