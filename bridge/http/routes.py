"""Every route but the webhooks, once: from this table come the routing, the OpenAPI document and the tests."""

from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version
from typing import Any, TypeAlias

import msgspec
from aiohttp import web
from msgspec import Struct

from bridge.http.access import is_open
from bridge.http.admin import Admin
from bridge.http.answers import (
    EITHER,
    Change,
    Changed,
    Claimant,
    Deeds,
    Examined,
    Farewell,
    Gone,
    Health,
    Here,
    People,
    Problem,
    Queue,
    Read,
    Seen,
    Trace,
    Whereabouts,
    Whom,
)
from bridge.snapshot import Status
from bridge.store.people import Holdings

Does: TypeAlias = Callable[[Admin, web.Request], Awaitable[web.StreamResponse]]
Shape: TypeAlias = type[Struct]


class Parameter(Struct, frozen=True):
    """What stands in the path or behind the question mark."""

    name: str
    place: str
    meaning: str


class Route(Struct, frozen=True):
    """One route: `gives` is what it answers when all is well (None: text), `fails` the statuses of its `Problem`s."""

    method: str
    path: str
    does: Does
    gives: Shape | None
    fails: tuple[int, ...] = ()
    takes: Shape | None = None
    parameters: tuple[Parameter, ...] = ()

    @property
    def meaning(self) -> str:
        return " ".join((self.does.__doc__ or "").split())

    @property
    def needs_token(self) -> bool:
        return not is_open(self.path)


async def openapi(_admin: Admin, _request: web.Request) -> web.Response:
    """This description of all routes, as OpenAPI 3.1."""
    return web.Response(body=msgspec.json.encode(document()), content_type="application/json")


_ROOM = Parameter("room", "query", "Only of this room, `account/name`.")
_WHAT = Parameter("what", "path", "The message's number, or the id it has on any platform.")
_ACCOUNT = Parameter("account", "path", "The account's name in the configuration.")
_WHO = Parameter("who", "query", "A native id as `account/id`, a name, or a piece of one.")
_NUMBER = Parameter("number", "path", "The person's number.")
_CHANGE = (400, 404, 408, 413, 503)
ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", Admin.health, Health),
    Route("GET", "/ready", Admin.ready, Health, (503,)),
    Route("GET", "/in/.here", Admin.here, Here),
    Route("GET", "/status", Admin.status, Status, (503,)),
    Route("GET", "/metrics", Admin.metrics, None, (503,)),
    Route("GET", "/audit", Admin.audit, Deeds, (503,)),
    Route("GET", "/queue", Admin.queue, Queue, (404, 503), None, (_ROOM,)),
    Route("POST", "/queue/retry", Admin.retry, Changed, _CHANGE, Change),
    Route("POST", "/queue/drop", Admin.drop, Changed, _CHANGE, Change),
    Route("POST", "/follow", Admin.follow, Whereabouts, (400, 408, 409, 413, 503), Whereabouts),
    Route("POST", "/leave", Admin.leave, Farewell, (400, 404, 408, 409, 413, 501, 503), Farewell),
    Route("POST", "/claim", Admin.claim, Claimant, (400, 404, 408, 413, 501, 503), Claimant),
    Route("POST", "/reload", Admin.reload, Read, (422,)),
    Route("GET", "/trace/{what}", Admin.trace, Trace, (404, 503), None, (_WHAT,)),
    Route("GET", "/people", Admin.people, People, (503,), None, (_WHO,)),
    Route("GET", "/people/{number}", Admin.person, Holdings, (404, 503), None, (_NUMBER,)),
    Route("POST", "/people/forget", Admin.forget, Gone, _CHANGE, Whom),
    Route("GET", "/rooms/{account}", Admin.seen, Seen, (404, 501, 503), None, (_ACCOUNT,)),
    Route("GET", "/examine", Admin.examined, Examined),
    Route("GET", "/openapi.json", openapi, None),
)


def add(router: web.UrlDispatcher, admin: Admin) -> None:
    """Mount every route; an id in a path may hold slashes. What may be got may be asked for its head."""
    for route in ROUTES:
        path, does = (
            route.path.replace("{what}", "{what:.+}").replace("{number}", "{number:[0-9]{1,18}}"),
            partial(route.does, admin),
        )
        for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
            router.add_route(method, path, does)


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    shapes = [shape for route in ROUTES for shape in (route.gives, route.takes) if shape is not None]
    _, components = msgspec.json.schema_components([Problem, *shapes], ref_template="#/components/schemas/{name}")
    for name, fields in EITHER.items():
        components[name]["oneOf"] = [{"required": [field]} for field in fields]
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Qantara", "version": version("qantara"), "description": "A bridge between messengers."},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    guarded = (401, 404, 415, 429) if route.needs_token else (415,)
    answers = {"200": _good(route)}
    answers.update({str(status): _json(Problem) for status in sorted({*route.fails, *guarded})})
    operation: dict[str, Any] = {"summary": route.meaning, "responses": answers}
    if route.needs_token:
        operation["security"] = [{"token": []}]
    if route.parameters:
        operation["parameters"] = [_parameter(parameter) for parameter in route.parameters]
    if route.takes is not None:
        operation["requestBody"] = {"required": True, "content": _json(route.takes)["content"]}
    return operation


def _good(route: Route) -> dict[str, Any]:
    if route.gives is not None:
        return _json(route.gives)
    kind = "text/plain" if route.does is Admin.metrics else "application/json"
    return {"description": route.meaning, "content": {kind: {"schema": {}}}}


def _json(shape: Shape) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{shape.__name__}"}
    return {"description": " ".join((shape.__doc__ or "").split()), "content": {"application/json": {"schema": schema}}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.meaning,
        "schema": {"type": "string", "minLength": 1},
    }
