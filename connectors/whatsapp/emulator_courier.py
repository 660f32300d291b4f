"""Calls of the emulated WhatsApp: signed, given again until they are taken, for seven days."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import aiohttp

from connectors.graph.door import SIGNATURE, signature
from connectors.whatsapp.emulator_world import ACCOUNT_ID, Json, World

_DEADLINE_SECONDS = 5.0
_LONGEST_WAIT = 3600.0
_MOST_UPDATES = 1000


def wire(changes: list[Json]) -> bytes:
    """Changes as they go over the wire: ASCII only, slashes escaped, so that who writes them anew signs other bytes."""
    return json.dumps(changes, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def envelope(changes: bytes) -> bytes:
    """Everything that happened, as one call."""
    head = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT_ID, "changes": 0}]})
    return head.removesuffix("0}]}").encode() + changes + b"}]}"


def _whole(_: object) -> bytes | None:
    """Nobody tampers."""
    return None


class Courier:
    """Delivers in order, one call at a time; what is not taken waits and is tried again, slower and slower.

    What happens meanwhile goes together in the next call, as it does while `held`. `answers` are the calls' statuses.
    `tamper` may put other changes in a call's place before it is signed.
    """

    def __init__(self, world: World, app_secret: str) -> None:
        self.first_wait = 0.05
        self.url = ""
        self.answers: list[int] = []
        self.held = False
        self.tamper: Callable[[Any], bytes | None] = _whole
        self._world = world
        self._secret = app_secret
        self._waiting: list[tuple[datetime, Json]] = []
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def take(self, change: Json) -> None:
        """Something happened; nobody is told who has not asked to be."""
        if self.url:
            self._waiting.append((self._world.now(), change))
            self._news.set()

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False
        self._news.set()

    def proof(self, token: str) -> str:
        """What shows that who has the token knows the app's secret."""
        return hmac.new(self._secret.encode(), token.encode(), hashlib.sha256).hexdigest()

    @property
    def waiting(self) -> int:
        """How many changes nobody has taken yet."""
        return len(self._waiting)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="whatsapp calls")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def shake_hands(self, url: str, verify_token: str) -> bool:
        """Whether the address gives our challenge back."""
        query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": verify_token}
        try:
            async with aiohttp.ClientSession() as session, session.get(url, params=query) as answer:
                return answer.status == 200 and await answer.read() == b"1158201444"
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _run(self) -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
            while True:
                self._news.clear()
                while self._waiting and not self.held:
                    await self._deliver(session)
                await self._news.wait()

    async def _deliver(self, session: aiohttp.ClientSession) -> None:
        """Everything that waits, as far as one call holds it."""
        together = self._waiting[:_MOST_UPDATES]
        await self._until_taken(session, together[0][0], [change for _, change in together])
        del self._waiting[: len(together)]

    async def _until_taken(self, session: aiohttp.ClientSession, since: datetime, changes: list[Json]) -> None:
        wait, times = self.first_wait, 2 if self._world.switches.redelivered == "twice" else 1
        while self._world.now() - since <= self._world.limits.redelivery:
            if await self.call(session, envelope(self.tamper(changes) or wire(changes))):
                times -= 1
                if not times:
                    return
                continue
            await self._world.clock.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def call(self, session: aiohttp.ClientSession, body: bytes, signed: str | None = None) -> bool:
        """One call, whether it was taken."""
        headers = {SIGNATURE: signed or signature(body, self._secret), "Content-Type": "application/json"}
        patience = aiohttp.ClientTimeout(total=_DEADLINE_SECONDS)
        try:
            async with session.post(self.url, data=body, headers=headers, timeout=patience) as answer:
                self.answers.append(answer.status)
                await answer.read()
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False
