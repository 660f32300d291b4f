"""The emulated homeserver's client API on a loopback port: checks tokens, JSON, sizes and rates as a real one does."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, Self, TypeAlias

from aiohttp import web

from bridge.clock import Clock
from bridge.testing.closing import closed
from bridge.testing.platform import Fault
from connectors.matrix import emulator_sync as answers
from connectors.matrix.emulator_errors import Canned, refusal
from connectors.matrix.emulator_keys import Keys
from connectors.matrix.emulator_rooms import Json, MatrixRefusal, Person, Rooms
from connectors.matrix.emulator_store import MediaStore

_LONGEST_POLL = 60.0
FAULTS: Mapping[Fault, Canned] = {
    Fault.UNAVAILABLE: refusal(503, "M_UNKNOWN", headers={"Retry-After": "0"}),
    Fault.RATE_LIMITED: refusal(429, "M_LIMIT_EXCEEDED", retry_after_ms=200),
    Fault.REJECTED: refusal(400, "M_INVALID_PARAM"),
    Fault.CLOSED: refusal(403, "M_FORBIDDEN"),
}
Answer: TypeAlias = Callable[["Homeserver", web.Request, Person], Awaitable[Json | web.StreamResponse]]


class Service(Protocol):
    """An application service that a homeserver knows: it acts as its ghosts, and is given every event they see."""

    def acting(self, request: web.Request, token: str) -> Person | None:
        """In whose name a request is made; None where the token is not the service's."""
        ...

    def routes(self) -> Sequence[web.RouteDef]:
        """What only application services may ask."""
        ...

    def settings(self, address: str) -> Mapping[str, object]:
        """The settings of its account at this homeserver."""
        ...

    async def start(self, server: "Homeserver") -> None: ...

    async def stop(self) -> None: ...


class Homeserver:
    """The server's outside. `canned` answers wait for the next request whose path holds the words beside them.

    `lost` are such words, too: that request is carried out, and its answer never arrives.

    `sends_per_second` and `burst` limit each user; None sets no limit. `more` are further endpoints for known users.
    """

    def __init__(
        self,
        rooms: Rooms,
        clock: Clock,
        *,
        sends_per_second: float | None,
        burst: int,
        more: Sequence[tuple[str, str, "Answer"]] = (),
    ) -> None:
        self.rooms = rooms
        self.keys = Keys(rooms)
        self.media = MediaStore(rooms.server)
        self.faults: deque[Fault] = deque()
        self.canned: deque[tuple[str, Canned]] = deque()
        self.lost: deque[str] = deque()
        self.requests: list[str] = []
        self.refuses_everybody = False
        self.service: Service | None = None
        self.address = ""
        self._more = more
        self._clock = clock
        self._sends_per_second = sends_per_second
        self._burst = burst
        self._spent: dict[str, tuple[float, float]] = {}
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._answered], client_max_size=256 * 1024)
        app.add_routes(_routes(self, self._more))
        app.add_routes(self.service.routes() if self.service else ())
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        if self.service is not None:
            await self.service.start(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.service is not None:
            await self.service.stop()
        self.drop_connections()
        await closed(self._runner)

    def drop_connections(self) -> None:
        """Cut every connection in the middle of whatever it does."""
        server = self._runner.server if self._runner is not None else None
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    def wake(self) -> None:
        """Tell long polls that something happened."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Until something happens, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def limit(self, person: Person) -> None:
        """Count one send; raises when this user sends too fast."""
        if self._sends_per_second is None or person.service:
            return
        now = self._clock.monotonic()
        tokens, at = self._spent.get(person.id, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - at) * self._sends_per_second)
        if tokens < 1:
            wait = (1 - tokens) / self._sends_per_second
            raise MatrixRefusal(429, "M_LIMIT_EXCEEDED", "Too Many Requests", retry_after_ms=int(wait * 1000) + 1)
        self._spent[person.id] = (tokens - 1, now)

    @web.middleware
    async def _answered(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        try:
            return self._lost(request, await self._scripted(request) or await handler(request))
        except MatrixRefusal as error:
            return web.json_response(error.body, status=error.status)
        except web.HTTPRequestEntityTooLarge:
            return web.json_response({"errcode": "M_TOO_LARGE", "error": "too large"}, status=413)
        except web.HTTPException as error:
            return web.json_response(
                {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}, status=error.status
            )
        finally:
            if request.method != "GET":
                self.wake()

    def _lost(self, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
        if self.lost and self.lost[0] in request.path:
            self.lost.popleft()
            cut(request)
        return answer

    async def _scripted(self, request: web.Request) -> web.StreamResponse | None:
        for index, (words, answer) in enumerate(self.canned):
            if words in request.path:
                del self.canned[index]
                return await spoken(request, answer)
        return None

    def who(self, request: web.Request) -> Person:
        """The user of the request's token, which stands in the header and nowhere else."""
        if "access_token" in request.query:
            raise MatrixRefusal(400, "M_UNKNOWN", "This server takes tokens in the Authorization header only")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise MatrixRefusal(401, "M_MISSING_TOKEN", "Missing access token")
        found = next((person for person in self.rooms.people.values() if person.token == token), None)
        if self.service is not None and not self.refuses_everybody:
            found = self.service.acting(request, token) or found
        if found is None or self.refuses_everybody:
            raise MatrixRefusal(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", soft_logout=False)
        return found


async def body(request: web.Request) -> Json:
    """The object a request carries, refused as a homeserver refuses what is none."""
    try:
        value = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise MatrixRefusal(400, "M_NOT_JSON", "Content not JSON.") from None
    if not isinstance(value, dict):
        raise MatrixRefusal(400, "M_BAD_JSON", "Content must be a JSON object.")
    return value


async def spoken(request: web.Request, answer: Canned) -> web.StreamResponse:
    if not answer.cut:
        kind = {"Content-Type": "application/json"} | dict(answer.headers)
        return web.Response(status=answer.status, body=answer.body, headers=kind)
    response = web.StreamResponse(status=answer.status, headers={"Content-Length": str(len(answer.body) + 100)})
    await response.prepare(request)
    await response.write(answer.body)
    cut(request)
    return response


def cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _filter(request: web.Request) -> Json:
    try:
        value = json.loads(request.query.get("filter", "{}"))
    except ValueError:
        raise MatrixRefusal(400, "M_NOT_JSON", "Invalid filter") from None
    return value if isinstance(value, dict) else {}


async def _versions(_: Homeserver, __: web.Request) -> Json:
    return {"versions": ["v1.11", "v1.12", "v1.13", "v1.14", "v1.15", "v1.16"]}


async def _software(_: Homeserver, __: web.Request) -> Json:
    return {"server": {"name": "Emulator", "version": "1.0"}}


async def _whoami(_: Homeserver, __: web.Request, who: Person) -> Json:
    return {"user_id": who.id, "device_id": who.device, "is_guest": False}


async def _profile(server: Homeserver, request: web.Request, _: Person) -> Json:
    person = server.rooms.people.get(request.match_info["user"])
    if person is None:
        raise MatrixRefusal(404, "M_NOT_FOUND", "Profile was not found")
    return person.profile


async def _account_data(_: Homeserver, request: web.Request, who: Person) -> Json:
    content = who.account_data.get(request.match_info["kind"])
    if content is None or request.match_info["user"] != who.id:
        raise MatrixRefusal(404, "M_NOT_FOUND", "Account data not found")
    return content


async def _set_account_data(_: Homeserver, request: web.Request, who: Person) -> Json:
    content = await body(request)
    if request.match_info["user"] != who.id:
        raise MatrixRefusal(403, "M_FORBIDDEN", "Cannot add account data for other users.")
    who.account_data[request.match_info["kind"]] = content
    return {}


async def _sync(server: Homeserver, request: web.Request, who: Person) -> Json:
    since = answers.position(request.query["since"]) if "since" in request.query else None
    only, clock = _filter(request), asyncio.get_running_loop()
    end = clock.time() + min(float(request.query.get("timeout", "0")) / 1000, _LONGEST_POLL)
    while True:
        answer = answers.sync(server.rooms, server.keys, who, since, only)
        left = end - clock.time()
        if since is None or answers.is_news(answer) or left <= 0:
            return answer
        await server.wait(left)
        server.who(request)  # a token may be taken away while we wait


async def _messages(server: Homeserver, request: web.Request, who: Person) -> Json:
    room = server.rooms.entered(request.match_info["room"], who.id)
    return answers.messages(room, who, dict(request.query), _filter(request))


async def _event(server: Homeserver, request: web.Request, who: Person) -> Json:
    room = server.rooms.entered(request.match_info["room"], who.id)
    found = room.find(request.match_info["event"])
    if found is None:
        raise MatrixRefusal(404, "M_NOT_FOUND", "Event not found.")
    return answers.seen_by(found, who) | {"room_id": room.id}


async def _relations(server: Homeserver, request: web.Request, who: Person) -> Json:
    room = server.rooms.entered(request.match_info["room"], who.id)
    return answers.annotations(room, who, request.match_info["event"])


async def _references(server: Homeserver, request: web.Request, who: Person) -> Json:
    room = server.rooms.entered(request.match_info["room"], who.id)
    return answers.references(room, who, request.match_info["event"])


async def _state(server: Homeserver, request: web.Request, who: Person) -> Json:
    room = server.rooms.entered(request.match_info["room"], who.id)
    stored = room.state.get((request.match_info["kind"], request.match_info.get("key", "")))
    if stored is None:
        raise MatrixRefusal(404, "M_NOT_FOUND", "Event not found.")
    content: Json = stored.event["content"]
    return stored.event if request.query.get("format") == "event" else content


async def _resolve(server: Homeserver, request: web.Request) -> Json:
    return {"room_id": server.rooms.room(request.match_info["alias"]).id, "servers": [server.rooms.server]}


async def _joined_rooms(server: Homeserver, _: web.Request, who: Person) -> Json:
    return {"joined_rooms": [room.id for room in server.rooms.rooms.values() if room.membership(who.id) == "join"]}


async def _join(server: Homeserver, request: web.Request, who: Person) -> Json:
    await body(request)
    return {"room_id": server.rooms.join(who, request.match_info["room"])}


async def _leave(server: Homeserver, request: web.Request, who: Person) -> Json:
    await body(request)
    room = server.rooms.rooms.get(request.match_info["room"])
    if room is None:
        raise MatrixRefusal(404, "M_UNKNOWN", "Not a known room")
    if room.membership(who.id) not in {"join", "invite"}:
        raise MatrixRefusal(403, "M_FORBIDDEN", f"User {who.id} not in room {room.id}")
    server.rooms.change_membership(who, room, who.id, "leave")
    return {}


async def _send(server: Homeserver, request: web.Request, who: Person) -> Json:
    info = request.match_info
    content = await body(request)
    at = int(request.query["ts"]) if who.service and "ts" in request.query else None
    return {"event_id": server.rooms.send(who, info["room"], info["kind"], content, info["key"], at)}


async def _redact(server: Homeserver, request: web.Request, who: Person) -> Json:
    info = request.match_info
    await body(request)
    return {"event_id": server.rooms.redact(who, info["room"], info["event"], info["key"])}


def _known(server: Homeserver, answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answered(request: web.Request) -> web.StreamResponse:
        found = await answer(server, request, server.who(request))
        return found if isinstance(found, web.StreamResponse) else web.json_response(found)

    return answered


def _sending(server: Homeserver, answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A send: counted against the rate, and run into the next fault."""

    async def sent(request: web.Request) -> web.StreamResponse:
        who = server.who(request)
        fault = server.faults.popleft() if server.faults else None
        answered = FAULTS.get(fault) if fault is not None else None
        if answered is not None:
            return await spoken(request, answered)
        server.limit(who)
        result = web.json_response(await answer(server, request, who))
        if fault is Fault.LOST_ANSWER:
            cut(request)
        return result

    return sent


def _open(
    server: Homeserver, answer: Callable[[Homeserver, web.Request], Awaitable[Json]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answered(request: web.Request) -> web.Response:
        return web.json_response(await answer(server, request))

    return answered


def _routes(server: Homeserver, more: Sequence[tuple[str, str, Answer]]) -> list[web.RouteDef]:
    client = "/_matrix/client/v3"
    room = f"{client}/rooms/{{room}}"
    known: list[tuple[str, str, Any]] = [
        ("GET", f"{client}/account/whoami", _whoami),
        ("GET", f"{client}/profile/{{user}}", _profile),
        ("GET", f"{client}/user/{{user}}/account_data/{{kind}}", _account_data),
        ("PUT", f"{client}/user/{{user}}/account_data/{{kind}}", _set_account_data),
        ("GET", f"{client}/sync", _sync),
        ("GET", f"{client}/joined_rooms", _joined_rooms),
        ("POST", f"{client}/join/{{room}}", _join),
        ("POST", f"{room}/leave", _leave),
        ("GET", f"{room}/messages", _messages),
        ("GET", f"{room}/event/{{event}}", _event),
        ("GET", f"{room}/state/{{kind}}", _state),
        ("GET", f"{room}/state/{{kind}}/{{key:.*}}", _state),
        ("GET", "/_matrix/client/v1/rooms/{room}/relations/{event}/m.annotation/m.reaction", _relations),
        ("GET", "/_matrix/client/v1/rooms/{room}/relations/{event}/m.reference", _references),
    ]
    sends: list[tuple[str, str, Any]] = [
        ("PUT", f"{room}/send/{{kind}}/{{key}}", _send),
        ("PUT", f"{room}/redact/{{event}}/{{key}}", _redact),
    ]
    return [
        web.get("/_matrix/client/versions", _open(server, _versions)),
        web.get("/_matrix/federation/v1/version", _open(server, _software)),
        web.get(f"{client}/directory/room/{{alias}}", _open(server, _resolve)),
        *(web.route(method, path, _known(server, answer)) for method, path, answer in (*known, *more)),
        *(web.route(method, path, _sending(server, answer)) for method, path, answer in sends),
    ]
