"""What an emulated homeserver does for an application service: ghosts, and transactions pushed until they are taken."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from bridge.connector import Registration
from connectors.matrix.emulator import SERVER, MatrixEmulator
from connectors.matrix.emulator_http import Homeserver, body
from connectors.matrix.emulator_rooms import Json, MatrixRefusal, Person, Stored
from connectors.matrix_appservice.names import namespace, parted
from connectors.matrix_appservice.registration import is_served

BOT = f"@bridge:{SERVER}"
AS_TOKEN = "as-token-of-the-emulated-homeserver-0123456789"  # noqa: S105  nobody else's
HS_TOKEN = "HS-token-of-the-emulated-homeserver-9876543210"  # noqa: S105  nobody else's
_PREFIX = "/_matrix/app/v1"
_MOST_EVENTS = 100
_PUSH_SECONDS = 60.0
_LONGEST_PAUSE = 512.0


class Appservice:
    """One registered service. `url` is where it is reached: until it is known, what happens is kept for it.

    `retry_seconds` is the first pause after a push that failed; it doubles, as Synapse's does (from 2 s).
    """

    def __init__(self, retry_seconds: float = 2.0) -> None:
        self.url = ""
        self.pushed: list[Json] = []
        """Every transaction that was taken, in order."""
        self.is_waiting = False
        """Whether a push failed and the next one waits for its time."""
        self.retry_seconds = retry_seconds
        self.tamper: Callable[[Any], bytes | None] = _whole
        """Puts other events in the place of those of a transaction."""
        self._id: str | None = None
        self._queue: deque[tuple[int, Json]] = deque()
        self._transactions = 0
        self._seen = 0
        self._hurry = asyncio.Event()
        self._pinged = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, server: Homeserver) -> None:
        self._server = server
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {HS_TOKEN}"}, connector=aiohttp.TCPConnector(force_close=True)
        )
        server.rooms.people[BOT].service = "qantara"
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._push())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._session.close()

    def register(self, registration: Registration) -> None:
        """Read the file, as far as a homeserver refuses to start with it."""
        told = yaml.safe_load(registration.text)
        known = {"as_token": AS_TOKEN, "hs_token": HS_TOKEN, "sender_localpart": parted(BOT)[0]}
        users = [one["regex"] for one in told["namespaces"]["users"] if one["exclusive"]]
        if any(told[name] != value for name, value in known.items()) or users != [namespace(BOT)]:
            raise ValueError("the registration is of another service")
        self._id, self.url = told["id"], told["url"]
        self._hurry.set()

    def settings(self, address: str) -> Mapping[str, object]:
        """The account's settings, as in YAML."""
        return {
            "connector": "matrix-appservice", "homeserver": address, "user": BOT, "token": AS_TOKEN,
            "homeserver_token": HS_TOKEN,
        }  # fmt: skip

    # --- the service acts ---

    def acting(self, request: web.Request, token: str) -> Person | None:
        """Synapse's own refusals: only our users, and only those that were made."""
        if token != AS_TOKEN:
            return None
        user = request.query.get("user_id", BOT)
        if user != BOT and not is_served(user, BOT):
            raise MatrixRefusal(403, "M_FORBIDDEN", f"Application service cannot masquerade as this user ({user}).")
        found = self._server.rooms.people.get(user)
        if found is None:
            raise MatrixRefusal(403, "M_FORBIDDEN", f"Application service has not registered this user ({user})")
        return found

    def routes(self) -> Sequence[web.RouteDef]:
        client = "/_matrix/client/v3"
        return [
            web.post(f"{client}/register", self._register),
            web.put(f"{client}/profile/{{user}}/displayname", self._rename),
            web.put(f"{client}/profile/{{user}}/avatar_url", self._portray),
            web.post(f"{client}/rooms/{{room}}/invite", self._invite),
            web.get(f"{client}/rooms/{{room}}/joined_members", self._members),
            web.post("/_matrix/client/v1/appservice/{id}/ping", self._ping),
        ]

    async def _register(self, request: web.Request) -> web.Response:
        self._server.who(request)
        asked = await body(request)
        user = f"@{asked.get('username')}:{SERVER}"
        if asked.get("type") != "m.login.application_service":
            raise MatrixRefusal(401, "M_UNAUTHORIZED", "only application services register here")
        if user != BOT and not is_served(user, BOT):
            raise MatrixRefusal(400, "M_EXCLUSIVE", "Invalid user localpart for this application service.")
        if user in self._server.rooms.people:
            raise MatrixRefusal(400, "M_USER_IN_USE", "User ID already taken.")
        made = Person(id=user, token=f"{AS_TOKEN} as {user}", device="", name=str(asked["username"]), service="qantara")
        self._server.rooms.people[user] = made
        return web.json_response({"user_id": user, "home_server": SERVER})

    async def _rename(self, request: web.Request) -> web.Response:
        who, asked = self._server.who(request), await body(request)
        if request.match_info["user"] != who.id:
            raise MatrixRefusal(400, "M_FORBIDDEN", "Cannot set another user's displayname")
        if not isinstance(asked.get("displayname"), str) or len(asked["displayname"]) > 256:
            raise MatrixRefusal(400, "M_INVALID_PARAM", "displayname is no text, or too long")
        who.name = asked["displayname"]
        return self._announced(who)

    async def _portray(self, request: web.Request) -> web.Response:
        who, asked = self._server.who(request), await body(request)
        if request.match_info["user"] != who.id:
            raise MatrixRefusal(400, "M_FORBIDDEN", "Cannot set another user's avatar_url")
        if not isinstance(asked.get("avatar_url"), str) or len(asked["avatar_url"]) > 1000:
            raise MatrixRefusal(400, "M_INVALID_PARAM", "avatar_url is no text, or too long")
        who.avatar = asked["avatar_url"]
        return self._announced(who)

    def _announced(self, who: Person) -> web.Response:
        for room in self._server.rooms.rooms.values():
            if room.membership(who.id) == "join":
                self._server.rooms.announce(who, room)
        return web.json_response({})

    async def _invite(self, request: web.Request) -> web.Response:
        who, asked = self._server.who(request), await body(request)
        room = self._server.rooms.entered(request.match_info["room"], who.id)
        levels = room.content("m.room.power_levels")
        if room.power(who.id) < int(levels.get("invite", 0)) or room.membership(str(asked["user_id"])) == "ban":
            raise MatrixRefusal(403, "M_FORBIDDEN", "You don't have permission to invite users")
        self._server.rooms.invite(who, room, str(asked["user_id"]))
        return web.json_response({})

    async def _members(self, request: web.Request) -> web.Response:
        room = self._server.rooms.entered(request.match_info["room"], self._server.who(request).id)
        people = self._server.rooms.people
        return web.json_response({"joined": {user: {"display_name": people[user].name} for user in room.members()}})

    async def _ping(self, request: web.Request) -> web.Response:
        self._server.who(request)
        asked = await body(request)
        if self._id not in {None, request.match_info["id"]}:
            raise MatrixRefusal(403, "M_FORBIDDEN", "the path names another application service than the token")
        try:
            status = await self._asked("POST", f"{_PREFIX}/ping", {"transaction_id": asked.get("transaction_id")})
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise MatrixRefusal(502, "M_CONNECTION_FAILED", f"{type(error).__name__}") from None
        if status != 200:
            raise MatrixRefusal(502, "M_BAD_STATUS", f"HTTP {status}")
        self._pinged.set()
        return web.json_response({"duration_ms": 1})

    # --- the service is told ---

    async def _watch(self) -> None:
        """Everything in rooms where one of the service's users is, from when they are there."""
        while True:
            new = [stored for stored in self._server.rooms.log() if stored.position >= self._seen]
            self._seen = self._server.rooms.position
            heard = [self._serialized(stored) for stored in new if self._is_interested(stored)]
            for start in range(0, len(heard), _MOST_EVENTS):
                self._transactions += 1
                self._queue.append((self._transactions, {"events": heard[start : start + _MOST_EVENTS]}))
            self._hurry.set()
            await self._server.wait(_PUSH_SECONDS)

    def _is_interested(self, stored: Stored) -> bool:
        room = self._server.rooms.rooms[stored.room]
        about = str(stored.event.get("state_key", ""))
        return any(user == BOT or is_served(user, BOT) for user in (*room.members(), about, stored.event["sender"]))

    def _serialized(self, stored: Stored) -> Json:
        unsigned: Json = {"age": 1}
        if stored.previous is not None:
            unsigned["prev_content"] = stored.previous
        if stored.redacted_because is not None:
            unsigned["redacted_because"] = stored.redacted_because
        return {**stored.event, "room_id": stored.room, "unsigned": unsigned}

    async def _push(self) -> None:
        pause = self.retry_seconds
        while True:
            self._hurry.clear()
            self._pinged.clear()
            if not self._queue or not self.url:
                await self._hurry.wait()
            elif await self._was_taken(*self._queue[0]):
                self.pushed.append(self._queue.popleft()[1])
                pause = self.retry_seconds
            else:
                self.is_waiting = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._pinged.wait()
                self.is_waiting = False
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _was_taken(self, number: int, transaction: Json) -> bool:
        try:
            path = f"{_PREFIX}/transactions/{number}"
            return await self._asked("PUT", path, transaction, self.tamper(transaction["events"])) == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def _asked(self, method: str, path: str, content: Mapping[str, Any], events: bytes | None = None) -> int:
        total = aiohttp.ClientTimeout(total=_PUSH_SECONDS)
        told = json.dumps(content).encode() if events is None else b'{"events":' + events + b"}"
        typed = {"Content-Type": "application/json"}
        where = self.url + path
        async with self._session.request(method, where, data=told, headers=typed, timeout=total) as answer:
            await answer.read()
            return answer.status


class AppserviceEmulator(MatrixEmulator):
    """A homeserver that knows one application service: people there, ghosts beside them."""

    title = "Matrix, with ghosts"

    def __init__(self, retry_seconds: float = 2.0) -> None:
        self.appservice = Appservice(retry_seconds)
        super().__init__(service=self.appservice)

    def register(self, registration: Registration) -> None:
        self.appservice.register(registration)

    def tamper_calls(self, tamper: Callable[[Any], bytes | None]) -> None:
        """Let somebody put other events in the place of those of a transaction."""
        self.appservice.tamper = tamper

    def webhook_settings(self) -> Mapping[str, object]:
        """The homeserver always calls."""
        return self.settings()


def appservice_homeserver(retry_seconds: float = 2.0) -> tuple[MatrixEmulator, Appservice]:
    """A homeserver that knows one application service, and that service."""
    made = AppserviceEmulator(retry_seconds)
    return made, made.appservice


def _whole(_: object) -> None:
    """Nothing is put in the place of what happened."""
