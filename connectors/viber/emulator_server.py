"""The emulated Viber's HTTP: tokens, bodies, faults, media that it fetches, callbacks; facts/platform-apis.md 1."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from msgspec import Struct

from bridge.testing.closing import closed
from connectors.viber.config import Account
from connectors.viber.door import signature
from connectors.viber.emulator_fetching import Fetched, fetched
from connectors.viber.emulator_rules import (
    MAX_BODY,
    Greeting,
    Refusal,
    Signed,
    Webhooks,
    bad,
    check,
    check_sender,
)
from connectors.viber.emulator_world import CHANNEL, Kept, Person, World
from connectors.viber.wire import Json, dumps, loads, text

SENDING: Final = frozenset({"send_message", "broadcast_message", "post"})
_ALWAYS: Final = frozenset({"message", "subscribed", "unsubscribed", "webhook"})
_ALL: Final = [
    "subscribed",
    "unsubscribed",
    "webhook",
    "conversation_started",
    "message",
    "delivered",
    "seen",
    "failed",
]
_LONGEST_WAIT: Final = 60.0


class Answer(Struct, frozen=True):
    """An answer as bytes, for what the server or a gateway before it may give instead of its own."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    lost: bool = False
    """The request is carried out and the connection cut before the answer."""


class Call(Struct, frozen=True):
    """One request of the bridge's."""

    method: str
    body: Json


Due = Callable[[Call], Answer | None]


class Server:
    """The vendor surface of one account. `due` says what a call runs into; `calls` is the journal.

    `welcomes` are the answers to `conversation_started`; `delivered` and `seen` are told of each message unless
    `outcomes` names others.
    """

    def __init__(self, world: World, token: str, account: Account, due: Due) -> None:
        self.world, self.token, self.account = world, token, account
        self.calls: list[Call] = []
        self.welcomes: list[Json] = []
        self.outcomes: tuple[str, ...] = ("delivered", "seen")
        self.address = ""
        self.going = asyncio.Event()
        self.going.set()
        self.callbacks = Callbacks(self)
        self._due = due
        self._runner: web.AppRunner | None = None
        world.tell = self.callbacks.add

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_post("/pa/{method}", self._answer)
        app.router.add_get("/media/{path:.+}", self._give)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"http://{host}:{port}"
        self.callbacks.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.callbacks.stop()
        self.going.set()
        self.cut()
        await closed(self._runner)

    def cut(self) -> None:
        """Cut every connection."""
        server = self._runner.server if self._runner else None
        for connection in list(server.connections) if server else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def _give(self, request: web.Request) -> web.StreamResponse:
        file = self.world.served(request.match_info["path"])
        if file is None:
            return web.Response(status=404)
        return web.Response(body=file.data, content_type=file.mime or "application/octet-stream")

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method, raw = request.match_info["method"], await request.read()
        body = loads(raw)
        call = Call(method, body or {})
        self.calls.append(call)
        if method in SENDING:
            await self.going.wait()
        due = self._due(call)
        if due is not None and not due.lost:
            return web.Response(status=due.status, body=due.body, headers=dict(due.headers))
        answer = await self._judged(request, method, raw, body)
        if due is not None and request.transport is not None:
            request.transport.abort()
        return web.Response(body=dumps(answer), content_type="application/json")

    async def _judged(self, request: web.Request, method: str, raw: bytes, body: Json | None) -> Json:
        try:
            self._check_token(request.headers.get("X-Viber-Auth-Token"), body)
            if method in SENDING and not self.callbacks.url:
                raise Refusal(10)  # noqa: TRY301  the order in which Viber looks
            if body is None or len(raw) > MAX_BODY:
                raise bad("no JSON object, or one that is too big")
            found = await self._result(method, body)
        except Refusal as refusal:
            return self._told({"message_token": 0}, refusal.status, refusal.message)
        return self._told(found, 0, "ok")

    def _told(self, found: Json, status: int, message: str) -> Json:
        return {"status": status, "status_message": message, "chat_hostname": "SN-CHAT-05_", **found}

    def _check_token(self, header: str | None, body: Json | None) -> None:
        given = [one for one in (header, text(body, "auth_token")) if one]
        if not given:
            raise Refusal(2, "missing_auth_token")
        if any(one != self.token for one in given):
            raise Refusal(2)

    async def _result(self, method: str, body: Json) -> Json:
        match method:
            case "set_webhook":
                return await self.callbacks.set(text(body, "url"), body.get("event_types"))
            case "get_account_info":
                return self._account_info()
            case "get_user_details":
                return self._details(text(body, "id"))
            case "get_online":
                return self._online(body.get("ids"))
            case "send_message":
                return await self._send(body)
            case "broadcast_message":
                return await self._broadcast(body)
            case "post":
                return await self._post(body)
            case _:
                raise bad("no such method")

    # Messages.

    async def _send(self, body: Json) -> Json:
        check(body, self.world.habits)
        check_sender(body)
        if not text(body, "receiver"):
            raise Refusal(4, "missingData: receiver")
        person = self.world.reachable(text(body, "receiver"))
        self.world.count(person)
        token = self._deliver(person, body, await fetched(body, self.world.habits))
        return {"message_token": self.world.spelled(token), "billing_status": 1}

    async def _broadcast(self, body: Json) -> Json:
        check(body, self.world.habits)
        check_sender(body)
        listed = body.get("broadcast_list")
        if not isinstance(listed, list) or not 0 < len(listed) <= self.world.limits.recipients:
            raise bad("broadcast_list is empty or too long")
        self.world.count_broadcast()
        media, token, failed = await fetched(body, self.world.habits), self.world.token(), []
        for receiver in listed:
            try:
                person = self.world.reachable(receiver)
                self.world.count(person)
            except Refusal as refusal:
                failed.append({"receiver": receiver, "status": refusal.status, "status_message": refusal.message})
            else:
                self._deliver(person, body, media, token)
        return {"message_token": self.world.spelled(token), "failed_list": failed}

    async def _post(self, body: Json) -> Json:
        if self.account is not Account.CHANNEL:
            raise Refusal(18)
        check(body, self.world.habits)
        if body["type"] == "rich_media" or "keyboard" in body:
            raise bad("unknown type, or buttons: channels have none")
        if not text(body, "from"):
            raise Refusal(4, "missingData: from")
        if text(body, "from") not in {one["id"] for one in self._members()}:
            raise Refusal(15)
        token, media = self.world.token(), await fetched(body, self.world.habits)
        self.world.keep(CHANNEL, Kept(
            token=token, author="Town News", body=body, file=media.data, mime=media.mime,
            thumbnail=media.thumbnail,
        ))  # fmt: skip
        return {"message_token": self.world.spelled(token)}

    def _deliver(self, person: Person, body: Json, media: Fetched, token: int | None = None) -> int:
        number = token or self.world.token()
        sender, person.tracking = body["sender"], str(body.get("tracking_data", ""))
        self.world.keep(person.id, Kept(
            token=number, author=sender["name"], avatar=sender.get("avatar", ""), body=body, file=media.data,
            mime=media.mime, thumbnail=media.thumbnail,
        ))  # fmt: skip
        for event in self.outcomes:
            self.world.confirm(event, number, person)
        return number

    # The account.

    def _members(self) -> list[Json]:
        owner = self.world.person("Owner")
        other = self.world.person("Helper")
        return [
            {**other.profile(), "role": "participant"}, {**owner.profile(), "role": self.world.habits.owner},
        ]  # fmt: skip

    def _account_info(self) -> Json:
        is_channel = self.account is Account.CHANNEL
        members = {"members": self._members()} if is_channel else {"members": []}
        return {
            "id": CHANNEL if is_channel else "pa:75346594275468546724",
            "name": "Town News" if is_channel else "Town Hall", "uri": "townnews" if is_channel else "townhall",
            "icon": "https://media-direct.cdn.viber.com/icon.jpg", "country": "UA", "webhook": self.callbacks.url,
            "event_types": self.callbacks.events, "subscribers_count": len(self.world.people), **members,
        }  # fmt: skip

    def _details(self, ident: str) -> Json:
        person = self.world.reachable(ident)
        self.world.count_question(person)
        return {"message_token": self.world.spelled(self.world.token()), "user": person.profile()}

    def _online(self, ids: Any) -> Json:  # noqa: ANN401 - JSON is anything
        if not isinstance(ids, list) or not 0 < len(ids) <= 100:
            raise bad("ids are missing, or too many")
        known = self.world.people
        state = {True: (0, "online"), False: (4, "unavailable")}
        found = [(one, *state[one in known and known[one].subscribed]) for one in ids]
        return {"users": [{"id": one, "online_status": code, "online_status_message": why} for one, code, why in found]}


class Callbacks:
    """Calls the account's address, one event at a time, again and again until it is answered 200.

    `twice` lets each be told two times, `dropped` names events that get lost, `forged` spoils the signature of the
    next ones; `refused` counts answers other than 200.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._task: asyncio.Task[None] | None = None
        self._waiting: list[Json] = []
        self._news = asyncio.Event()
        self.url = ""
        self.events: list[str] = []
        self.twice = False
        self.dropped: set[str] = set()
        self.forged = 0
        self.refused = 0
        self.tamper: Callable[[Any], bytes | None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow(), name="viber callbacks")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def add(self, event: Json) -> None:
        """Something happened: an account without an address hears nothing, and neither does a channel."""
        wanted = event["event"] in _ALWAYS or event["event"] in self.events
        if not self.url or not wanted or self._server.account is Account.CHANNEL or event["event"] in self.dropped:
            return
        self._waiting += [event] * (2 if self.twice else 1)
        self._news.set()

    async def set(self, url: str, wanted: object) -> Json:
        """Remember an address once it has answered; "" forgets the old one."""
        if not url:
            self.url, self.events = "", []
            return {"event_types": []}
        if not self._secure(url):
            raise Refusal(1)
        world = self._server.world
        stamp = int(world.clock.now().timestamp() * 1000)
        hello = {"event": "webhook", "timestamp": stamp, "chat_hostname": "SN-CHAT-05_", "message_token": world.token()}
        async with _calling() as session:
            if await self._call(session, url, hello) != 200:
                raise Refusal(1)
        self.url = url
        self.events = [one for one in _ALL if not isinstance(wanted, list) or one in wanted or one in _ALWAYS]
        return {"event_types": self.events}

    def _secure(self, url: str) -> bool:
        parts = urlsplit(url)
        here = self._server.world.habits.webhooks is Webhooks.LOOPBACK and parts.hostname == "127.0.0.1"
        return parts.scheme == "https" or (parts.scheme == "http" and here)

    async def _follow(self) -> None:
        async with _calling() as session:
            while True:
                if not self._waiting:
                    self._news.clear()
                    await self._news.wait()
                    continue
                await self._until_taken(session, self._waiting[0])
                del self._waiting[:1]

    async def _until_taken(self, session: aiohttp.ClientSession, event: Json) -> None:
        wait, refusals = self._server.world.habits.first_wait, self._server.world.habits.refusals
        while self.url and (status := await self._call(session, self.url, event)) != 200:
            self.refused += 1
            refusals -= 400 <= status < 500
            if refusals <= 0:
                return
            await self._server.world.clock.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    async def _call(self, session: aiohttp.ClientSession, url: str, event: Json) -> int:
        body = self._body(event)
        headers, query = self._signature(event, body)
        timeout = aiohttp.ClientTimeout(total=self._server.world.habits.answer_seconds)
        try:
            async with session.post(url, data=body, headers=headers, params=query, timeout=timeout) as answer:
                said = await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            return 0
        if event["event"] == "conversation_started" and answer.status == 200 and (welcome := loads(said)):
            self._server.welcomes.append(welcome)
        return answer.status

    def _body(self, event: Json) -> bytes:
        changed = None if self.tamper is None else self.tamper([event])
        if changed is None:
            return dumps(event)
        try:
            (inside,) = json.loads(changed)
        except (ValueError, TypeError, RecursionError):
            return changed
        return json.dumps(inside).encode()

    def _signature(self, event: Json, body: bytes) -> tuple[Mapping[str, str], Mapping[str, str]]:
        habits = self._server.world.habits
        if event["event"] == "webhook" and habits.greeting is Greeting.UNSIGNED:
            return {}, {}
        signed = signature(body, self._server.token)
        if self.forged:
            self.forged -= 1
            signed = signature(body, "another token")
        headers = {"X-Viber-Content-Signature": signed} if habits.signed is not Signed.QUERY else {}
        return headers, {"sig": signed} if habits.signed is not Signed.HEADER else {}


def _calling() -> aiohttp.ClientSession:
    """Each call on a connection of its own: none is left open at the bridge's door."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
