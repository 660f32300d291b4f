"""Meta's calls to the app's webhook: signed, in order, repeated until they are taken, and given up after an hour."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from connectors.graph import door
from connectors.messenger.emulator_rules import Json, Limits
from connectors.messenger.emulator_world import PAGE, World

_LONGEST_WAIT: Final = 5.0
_CHALLENGE: Final = "1158201444"


class Webhook:
    """Calls `url`. `per_call` items go together; `secret` signs; `refused` counts what was not taken.

    `first_wait` are the seconds before the first repetition; each further one waits twice as long, up to a limit.
    """

    def __init__(self, world: World, limits: Limits, secret: str) -> None:
        self._world = world
        self._limits = limits
        self._task: asyncio.Task[None] | None = None
        self.secret = secret
        self.url = ""
        self.verify_token = ""
        self.per_call = 1
        self.first_wait = 0.05
        self.refused = 0
        self.tamper: Callable[[Any], bytes | None] = lambda _: None

    async def start(self) -> None:
        """Tell what there is to tell from now on."""
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Say no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def enter(self, url: str, verify_token: str) -> bool:
        """The handshake, as when somebody enters the address; whether it worked."""
        query = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": _CHALLENGE}
        try:
            async with self._session() as session, session.get(url, params=query) as answer:
                taken = answer.status == 200 and await answer.text() == _CHALLENGE
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False
        if taken:
            self.url, self.verify_token = url, verify_token
        return taken

    def body(self, items: list[Json]) -> bytes:
        """A call as it goes over the wire: everything beyond ASCII is escaped."""
        under = "standby" if self._world.standby else "messaging"
        changed = self.tamper(items)
        told = items if changed is None else json.loads(changed)
        entries = [{"id": PAGE, "time": self._world.stamp(), under: [one]} for one in told]
        return json.dumps({"object": "page", "entry": entries}).encode()

    async def call(self, body: bytes, signature: str | None = None) -> int:
        """One call, whatever it holds; the status, 0 where there was none in time."""
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature or self.sign(body)}
        try:
            async with self._session() as session, session.post(self.url, data=body, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return 0

    def sign(self, body: bytes) -> str:
        """The header that goes with a body."""
        return door.signature(body, self.secret)

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._limits.answer_seconds))

    async def _follow(self) -> None:
        while True:
            if not self._world.pending:
                self._world.news.clear()
                await self._world.news.wait()
            items = [self._world.pending[index] for index in range(min(self.per_call, len(self._world.pending)))]
            taken = await self._until_taken(self.body(items))
            for one in items:
                if one in self._world.pending:
                    self._world.pending.remove(one)
            if not taken:
                self._world.subscribed.clear()
                self._world.pending.clear()

    async def _until_taken(self, body: bytes) -> bool:
        """False when an hour of failures is over: the page is then unsubscribed."""
        since, wait = self._world.now(), self.first_wait
        while await self.call(body) != 200:
            self.refused += 1
            if (self._world.now() - since).total_seconds() > self._limits.give_up_seconds:
                return False
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
        return True
