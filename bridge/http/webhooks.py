"""Calls of the platforms: `/in/{account}` and everything below it, handed to the account's connector as they are."""

import asyncio
import math

import structlog
from aiohttp import web
from msgspec import structs

from bridge.connector import Request, Response
from bridge.errors import StoreFull
from bridge.ids import AccountName
from bridge.snapshot import Bridge
from bridge.supervisor import Account

logger = structlog.get_logger()
BODY_SECONDS = 20.0
ANSWER_SECONDS = 30.0
_RETRY_SECONDS = 5


async def receive(bridge: Bridge, request: web.Request) -> web.Response:
    """Answer a platform's call: it is stored before it is answered, or answered 503 and given again."""
    if not bridge.started or bridge.intake.refusing:
        return _later(_RETRY_SECONDS)
    account = bridge.accounts.get(AccountName(request.match_info["account"]))
    if account is None:
        raise web.HTTPNotFound
    call = await _call(account, request)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return _response(await account.receive(call))
    except StoreFull as error:
        return _later(error.retry_after)
    except TimeoutError:
        logger.warning("webhook not answered in time", account=account.account)
        return _later(_RETRY_SECONDS)


async def _call(account: Account, request: web.Request) -> Request:
    headers = {name.lower(): value for name, value in request.headers.items()}
    path, query = request.match_info.get("tail", ""), dict(request.query)
    head = Request(method=request.method, path=path, query=query, headers=headers, body=b"")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.clone(client_max_size=account.largest_call(head)).read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return structs.replace(head, body=body)


def _response(given: Response) -> web.Response:
    response = web.Response(status=given.status, body=given.body, headers=given.headers)
    if "content-type" not in {name.lower() for name in given.headers}:
        response.headers["Content-Type"] = given.content_type
    return response


def _later(seconds: float | None) -> web.Response:
    return web.Response(status=503, headers={"Retry-After": str(math.ceil(seconds or _RETRY_SECONDS))})
