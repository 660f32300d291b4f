"""Webhook mode: the secret first, 200 only after storing, 503 while the store is full."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import web

from bridge import Connector, Request, Response, Unauthorized
from bridge.testing.closing import closed
from bridge.testing.contract_kit import Kit, Running
from bridge.text.nodes import said
from connectors.telegram.config import Mode
from connectors.telegram.connector import Telegram
from connectors.telegram.emulator import TelegramEmulator
from connectors.telegram.webhook import MAX_BODY, SECRET_HEADER

UPDATE = {
    "update_id": 1,
    "message": {
        "message_id": 5,
        "date": 1_760_000_000,
        "chat": {"id": -1, "type": "supergroup", "title": "T"},
        "from": {"id": 2, "is_bot": False, "first_name": "Eve"},
        "text": "forged",
    },
}


class Door:
    """The bridge's HTTP server, reduced to one account."""

    def __init__(self) -> None:
        self.connector: Connector[object] | None = None
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        assert self.connector is not None
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        call = Request(method=request.method, path="", query=dict(request.query), headers=headers, body=body)
        answer = await self.connector.receive(call)
        return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    app = web.Application()
    app.router.add_route("*", "/in/kit", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}/in/kit"
    yield made
    await closed(runner)


@pytest.fixture
def webhook(server: TelegramEmulator, door: Door, kit_with: Callable[..., Kit]) -> Kit:
    server.server.insecure_webhooks = True
    return kit_with(webhook_url=door.url, mode="webhook")


@asynccontextmanager
async def running(kit: Kit, door: Door) -> AsyncIterator[Running]:
    run = kit.running()
    door.connector = run.connector
    async with run:
        yield run


async def test_updates_come_in_by_webhook(webhook: Kit, door: Door) -> None:
    async with running(webhook, door) as run:
        await run.hears("one")
        await run.hears("two")
    assert webhook.host.words() == ["one", "two"]


async def test_a_first_start_by_webhook_replays_nothing(webhook: Kit, server: TelegramEmulator, door: Door) -> None:
    await server.say(webhook.town, "Ada", said("old news"))
    async with running(webhook, door) as run:
        await run.hears("new news")
    assert webhook.host.words() == ["new news"]


async def test_what_is_said_while_we_are_away_comes_by_webhook(
    webhook: Kit, server: TelegramEmulator, door: Door
) -> None:
    async with running(webhook, door) as run:
        await run.hears("before")
    await server.say(webhook.town, "Ada", said("meanwhile"))
    async with running(webhook, door) as run:
        await run.published("meanwhile")
        await run.hears("after")
    assert webhook.host.words() == ["before", "meanwhile", "after"]


async def test_a_full_store_makes_telegram_call_again(webhook: Kit, server: TelegramEmulator, door: Door) -> None:
    async with running(webhook, door) as run:
        webhook.host.fill()
        await server.say(webhook.town, "Ada", said("no room"))
        await webhook.host.until(lambda _: webhook.host.refused, "a publish that is turned away")
        webhook.host.drain()
        await run.published("no room")
    assert webhook.host.words() == ["no room"]


def call(secret: str | None, body: bytes, method: str = "POST") -> Request:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    return Request(method=method, path="", query={}, headers=headers, body=body)


async def receive(run: Running, request: Request) -> Response:
    return await run.connector.receive(request)


async def test_a_call_without_the_secret_is_refused_and_nothing_stored(webhook: Kit, door: Door) -> None:
    body = msgspec.json.encode(UPDATE)
    async with running(webhook, door) as run:
        secret = str(await webhook.host.recall("webhook_secret"))
        assert (await receive(run, call(None, body))).status == 401
        for wrong in ("", "x", secret[:-1], secret + "x", secret.upper(), "\udcff", "é"):
            assert (await receive(run, call(wrong, body))).status == 403
        assert not webhook.host.events
        assert (await receive(run, call(secret, body))).status == 200
        assert webhook.host.words() == ["forged"]


async def test_a_call_that_is_no_update_is_refused(webhook: Kit, door: Door) -> None:
    async with running(webhook, door) as run:
        secret = str(await webhook.host.recall("webhook_secret"))
        for body in (b"", b"[]", b"{}", b'{"update_id":"x"}', b"\xff", b"[" * 100_000):
            assert (await receive(run, call(secret, body))).status == 400
        assert (await receive(run, call(secret, b" " * (MAX_BODY + 1)))).status == 413
        assert (await receive(run, call(secret, b"{}", "GET"))).status == 405
        assert not webhook.host.events


async def test_a_full_store_answers_503_with_a_wait(webhook: Kit, door: Door) -> None:
    async with running(webhook, door) as run:
        secret = str(await webhook.host.recall("webhook_secret"))
        webhook.host.fill()
        answer = await receive(run, call(secret, msgspec.json.encode(UPDATE)))
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 1


async def test_a_repeated_call_is_answered_and_stored_once(webhook: Kit, door: Door) -> None:
    async with running(webhook, door) as run:
        secret = str(await webhook.host.recall("webhook_secret"))
        for _ in range(50):
            assert (await receive(run, call(secret, msgspec.json.encode(UPDATE)))).status == 200
        assert webhook.host.words() == ["forged"]


async def test_a_polling_account_answers_no_call(kit: Kit) -> None:
    async with kit.running() as run:
        assert (await receive(run, call("x", msgspec.json.encode(UPDATE)))).status == 503
        assert not kit.host.events


async def test_the_secret_is_kept_over_restarts(webhook: Kit, door: Door) -> None:
    async with running(webhook, door):
        secret = await webhook.host.recall("webhook_secret")
    async with running(webhook, door):
        assert await webhook.host.recall("webhook_secret") == secret
    assert len(str(secret)) >= 32


async def test_polling_takes_a_forgotten_webhook_away(
    webhook: Kit, server: TelegramEmulator, door: Door, kit_with: Callable[..., Kit]
) -> None:
    async with running(webhook, door) as run:
        await run.hears("by webhook")
    polling = kit_with(mode=Mode.POLLING)
    async with polling.running() as run:
        await run.hears("by polling")
    assert polling.host.words() == ["by polling"]


async def test_webhook_mode_without_a_public_address_says_what_to_do(kit_with: Callable[..., Kit]) -> None:
    kit = kit_with(mode="webhook")
    connector = kit.connect(kit.host)
    assert isinstance(connector, Telegram)
    with pytest.raises(Unauthorized, match="public_url"):
        await connector.run()
