"""The emulator's HTTP: tokens, bodies, faults, long polls and webhook calls, on 127.0.0.1."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Self

import aiohttp
from aiohttp import web
from msgspec import Struct

from bridge.testing.closing import closed
from connectors.telegram.emulator_files import Part
from connectors.telegram.emulator_methods import WRITES, Methods
from connectors.telegram.emulator_rules import ApiError, Call, Limits, bad, decoded
from connectors.telegram.emulator_world import Json, World

LONGEST_POLL: Final = 50
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ADDRESS: Final = re.compile(r"https?://.+")


class Answer(Struct, frozen=True):
    """An answer as bytes, for what a real server or a proxy before it may give instead of JSON."""

    status: int
    body: bytes
    lost: bool = False
    """The request is carried out and the connection cut before the answer."""


Due = Callable[[Call], Answer | None]


class Server:
    """The vendor surface of one bot. `due` says what a call runs into instead of its result; `calls` is the journal.

    While `going` is not set no write is answered.
    """

    def __init__(self, world: World, limits: Limits, token: str, due: Due) -> None:
        self._world = world
        self.methods = Methods(world, limits)
        self.files = self.methods.files
        self.carry_out = self.methods.carry_out
        self.canned: dict[str, bytes] = {}
        """What the next call of a method gets, whatever it asks."""
        self._token = token
        self._due = due
        self._poll: asyncio.Future[None] | None = None
        self._runner: web.AppRunner | None = None
        self._webhook = Webhook(world)
        self.calls: list[Call] = []
        self.address = ""
        self.insecure_webhooks = False
        self.going = asyncio.Event()
        self.going.set()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/{path:.+}", self._give)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._webhook.stop()
        self.going.set()
        self.cut()
        await closed(self._runner)

    def cut(self) -> None:
        """Cut every connection."""
        self._end_poll()
        server = self._runner.server if self._runner else None
        for connection in list(server.connections) if server else ():
            if connection.transport is not None:
                connection.transport.abort()

    @property
    def is_polled(self) -> bool:
        """Whether a long poll waits now."""
        return self._poll is not None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.match_info["method"].lower(), {})
        try:
            self._check_token(request.match_info["token"])
            call = decoded(call.method, await _fields(request))
            self.calls.append(call)
            if call.method in WRITES:
                await self.going.wait()
            if call.method in self.canned:
                return web.Response(body=self.canned.pop(call.method), content_type="application/json")
            due = self._due(call)
            if due is not None and not due.lost:
                return web.Response(status=due.status, body=due.body, content_type="application/json")
            result = await self._result(call)
        except ApiError as error:
            return web.json_response(error.body(), status=error.code)
        if due is not None and request.transport is not None:
            request.transport.abort()
        return web.json_response({"ok": True, "result": result})

    async def _give(self, request: web.Request) -> web.StreamResponse:
        """A file, in pieces; a wrong token or path is not found."""
        try:
            self._check_token(request.match_info["token"])
            data = self.files.at(request.match_info["path"])
        except ApiError as error:
            return web.json_response(error.body(), status=error.code)
        return web.Response(body=data)

    def _check_token(self, token: str) -> None:
        if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token):
            raise ApiError(401, "Unauthorized: invalid token specified")
        if token != self._token:
            raise ApiError(401, "Unauthorized")

    async def _result(self, call: Call) -> Any:  # noqa: ANN401 - results are any JSON
        special: dict[str, Callable[[Call], Awaitable[Any]]] = {
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._webhook_info,
        }
        if call.method in special:
            return await special[call.method](call)
        return self.methods.carry_out(call)

    # Long polls.

    async def _get_updates(self, call: Call) -> list[Json]:
        if self._webhook.url:
            why = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise ApiError(409, f"Conflict: {why}")
        self._end_poll()
        self._world.allow(call.items("allowed_updates"))
        self._apply(call.number("offset") or 0)
        limit = min(max(call.number("limit") or 100, 1), 100)
        if not self._ready():
            await self._wait(min(call.number("timeout") or 0, LONGEST_POLL))
        return self._ready()[:limit]

    def _apply(self, offset: int) -> None:
        if offset > 0:
            self._world.confirm_below(offset)
        elif offset < 0:
            self._world.pending = self._world.pending[offset:]

    def _ready(self) -> list[Json]:
        self._world.expire()
        return [one.body for one in self._world.pending]

    async def _wait(self, seconds: int) -> None:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._poll = ended
        self._world.news.clear()
        news = asyncio.ensure_future(self._world.news.wait())
        waiting: set[asyncio.Future[Any]] = {news, ended}
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        if ended.done():
            why = "terminated by other getUpdates request; make sure that only one bot instance is running"
            raise ApiError(409, f"Conflict: {why}")
        self._poll = None

    def _end_poll(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        self._poll = None

    # Webhooks.

    async def _set_webhook(self, call: Call) -> bool:
        url, secret = call.text("url"), call.text("secret_token")
        if url and not _ADDRESS.match(url):
            raise bad("bad webhook: invalid webhook URL specified")
        if url and not (url.startswith("https://") or self.insecure_webhooks):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if len(secret) > 256:
            raise bad("secret token is too long")
        if secret and not _SECRET.fullmatch(secret):
            raise bad("secret token contains unallowed characters")
        self._world.allow(call.items("allowed_updates"))
        self._drop_pending(call)
        self._end_poll()
        await self._webhook.set(url, secret)
        return True

    async def _delete_webhook(self, call: Call) -> bool:
        self._drop_pending(call)
        await self._webhook.set("", "")
        return True

    async def _webhook_info(self, _: Call) -> Json:
        return {
            "url": self._webhook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._world.pending),
            **({"last_error_message": self._webhook.last_error} if self._webhook.last_error else {}),
        }

    def _drop_pending(self, call: Call) -> None:
        if call.text("drop_pending_updates").lower() == "true":
            self._world.pending.clear()


class Webhook:
    """Calls the bot's address, one update at a time, until it answers 2xx."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._task: asyncio.Task[None] | None = None
        self._secret = ""
        self.url = ""
        self.last_error = ""
        self.first_wait = 0.05
        """Seconds before the first repetition; each further one doubles it, up to a minute."""

    async def set(self, url: str, secret: str) -> None:
        """Call this address from now on; none when empty."""
        await self.stop()
        self.url, self._secret = url, secret
        if url:
            self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop calling."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _follow(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            while True:
                self._world.expire()
                if not self._world.pending:
                    self._world.news.clear()
                    await self._world.news.wait()
                    continue
                one = self._world.pending[0]
                await self._until_taken(session, one.body)
                if one in self._world.pending:
                    self._world.pending.remove(one)

    async def _until_taken(self, session: aiohttp.ClientSession, update: Json) -> None:
        wait = self.first_wait
        while (asked := await self._call(session, update)) is not None:
            await self._world.clock.sleep(asked or wait)
            wait = min(wait * 2, 60)

    async def _call(self, session: aiohttp.ClientSession, update: Json) -> float | None:
        """None when the bot took it, otherwise the seconds it asks us to wait (0: none)."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._secret} if self._secret else {}
        try:
            async with session.post(self.url, json=update, headers=headers) as answer:
                await answer.read()
                if answer.status // 100 == 2:
                    return None
                self.last_error = f"Wrong response from the webhook: {answer.status}"
                return min(float(answer.headers.get("Retry-After", 0)), 3600.0)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.last_error = type(error).__name__
            return 0


async def _fields(request: web.Request) -> Mapping[str, Any]:
    """Parameters from the address and the body: JSON, form or multipart."""
    fields: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read())
        except ValueError:
            raise bad("can't parse JSON object") from None
        return fields | body if isinstance(body, dict) else fields
    return fields | {name: await _value(value) for name, value in (await request.post()).items()}


async def _value(value: Any) -> object:  # noqa: ANN401 - text or a file
    if not isinstance(value, web.FileField):
        return value
    return Part(value.filename, value.content_type, value.file.read())
