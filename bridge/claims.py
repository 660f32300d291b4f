"""Which copy of a store an account belongs to: each start claims it on the platform, and who sees a newer claim stops.

Two copies of one store that both run would send everything twice. Clocks are not asked: a claim is a count, one higher
than what was there, and a random name.
"""

import asyncio
from typing import Any

import structlog
from msgspec import Struct

from bridge.connector import Connector
from bridge.errors import BridgeError, Rejected, RoomClosed, StoreFull, Unauthorized
from bridge.ids import AccountName
from bridge.shared import Shared
from bridge.store.ops import Claim
from bridge.store.questions import Claimed, Standing

logger = structlog.get_logger()
LOOK_SECONDS = 60.0
_PAUSES = (1.0, 4.0, 15.0)
_ANSWER_SECONDS = 20.0
_CANNOT = (Rejected, RoomClosed)


class Superseded(Unauthorized):
    """Another copy of the store runs this account."""


class Stamp(Struct, frozen=True, order=True):
    """One claim as it is written: of two, the greater is newer."""

    count: int
    name: str

    def __str__(self) -> str:
        return f"{self.count}.{self.name}"


def read(text: str | None) -> Stamp | None:
    """A claim again; None for what is none."""
    count, dot, name = (text or "").partition(".")
    return Stamp(int(count), name) if dot and name and count.isdecimal() and len(count) < 16 else None  # noqa: PLR2004 - what a machine counts


def left_behind(there: Stamp | None, last: Stamp | None) -> bool:
    """Whether somebody claimed since this store did: `there` stands on the platform, `last` is its own last claim."""
    return there is not None and last is not None and there > last


def next_claim(there: Stamp | None, last: Stamp | None, name: str) -> Stamp:
    """A claim newer than what stands on the platform and what this store claimed before."""
    return Stamp(max(one.count for one in (there, last, Stamp(0, "")) if one is not None) + 1, name)


class Claims:
    """The claim of one account. A platform that cannot be asked stops nobody: it is asked again later."""

    def __init__(self, account: AccountName, connector: Connector[Any], shared: Shared) -> None:
        self._account, self._connector, self._shared = account, connector, shared
        self.known = asyncio.Event()
        """Whether it is settled that this copy runs the account."""
        self._ours: Stamp | None = None
        self._name = ""

    async def wait(self) -> None:
        """What comes in waits until it is settled, and is given again later when that takes long."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self.known.wait()
        except TimeoutError:
            raise StoreFull("not settled yet which copy of the store runs this account", retry_after=5.0) from None

    async def settle(self) -> None:
        """Claim the account, or raise `Superseded`. Returns as well where that cannot be found out now."""
        for pause in _PAUSES:
            try:
                return await self._settled()
            except _CANNOT as error:
                logger.info("no claim here", account=self._account, why=str(error))
                return None
            except Unauthorized:
                raise
            except (BridgeError, TimeoutError) as error:
                logger.debug("claim not settled yet", account=self._account, why=str(error))
                await self._shared.clock.sleep(pause)
        logger.warning("claim not settled: a copy of this store elsewhere would not be noticed", account=self._account)
        return None

    async def watch(self) -> None:
        """Look every so often; raises `Superseded` when another copy claimed the account."""
        while True:
            await self._shared.clock.sleep(LOOK_SECONDS)
            try:
                await self._settled()
            except Unauthorized:
                raise
            except (BridgeError, TimeoutError) as error:
                logger.debug("claim not seen", account=self._account, why=str(error))

    async def _settled(self) -> None:
        standing: Standing = await self._shared.writer.ask(Claimed(self._account))
        self._name = f"{standing.store}.{self._account}"
        async with asyncio.timeout(_ANSWER_SECONDS):
            there = read(await self._connector.claimed(self._name))
        if self._ours is None or standing.takes:
            self._ours = await self._claimed_anew(there, standing)
        if there is not None and there > self._ours:
            self._ours = None
            raise Superseded(_why(self._account))
        if there != self._ours:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._connector.claim(self._name, str(self._ours))

    async def _claimed_anew(self, there: Stamp | None, standing: Standing) -> Stamp:
        """Stored before it is written: what the platform shows of us, this store knows after any death."""
        last = read(standing.last)
        if left_behind(there, last) and not standing.takes:
            raise Superseded(_why(self._account))
        ours = next_claim(there, last, self._shared.chance.token(8))
        await self._shared.writer.ask(Claim(self._account, str(ours)))
        return ours


def _why(account: AccountName) -> str:
    return (
        f"another copy of this store runs {account}, and was started later; stop this one for good, or stop that one"
        f" and say here: qantara claim {account}"
    )
