"""The one way into the store: what is asked while a commit runs makes the next commit.

`Writer` gathers; somebody drains it: a thread in the daemon (`ThreadPump`), the caller in tests (`drain_now`).
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeAlias

import structlog
from msgspec import Struct

from bridge.errors import StoreFull
from bridge.store.ops import Op, Store, StoreBroken

logger = structlog.get_logger()
Then = Callable[[Any], None]
_MOST = 1000
LINGER_SECONDS = 0.02
"""How long a lazy fact may wait for a commit to ride on."""

FULL_SECONDS = 1.0
"""How long to wait before trying again to store on a full disk."""


class Patience(Enum):
    """What an operation does when there is no space for it."""

    STAYS = "stays"
    LEAVES = "leaves"


class Waiting(Struct, frozen=True, eq=False):
    """An operation, and who wants to know of it."""

    op: Op
    then: Then | None
    patience: Patience


Done: TypeAlias = tuple[Waiting, object]


class Writer:
    """A queue in front of a store. `ask` and `tell` are called on the event loop; answers arrive there, in order."""

    def __init__(self, store: Store, broken: Callable[[StoreBroken], None]) -> None:
        self.store = store
        self._broken = broken
        self._waiting: deque[Waiting] = deque()
        self.full = False
        """Whether the last commit found no space."""
        self._wake = threading.Condition()
        self._urgent = False
        self._closing = False
        self.poked: Callable[[], None] = self._wake.notify
        """Called, with the queue locked, when there is something to commit."""

    def tell(self, op: Op, then: Then | None = None) -> None:
        """Commit soon; `then` is called on the loop with the result once it is durable."""
        self._put(Waiting(op, then, Patience.STAYS), urgent=1)

    def tell_lazily(self, op: Op, then: Then | None = None) -> None:
        """Commit with whatever comes next, at the latest after `LINGER_SECONDS`."""
        self._put(Waiting(op, then, Patience.STAYS), urgent=0)

    def offer(self, op: Op, then: Then) -> None:
        """Commit soon, or be told that it is not stored: what comes from outside may be refused for want of space."""
        self._put(Waiting(op, then, Patience.LEAVES), urgent=1)

    async def ask(self, op: Op) -> Any:  # noqa: ANN401 - each op documents its answer
        """Commit or answer, and wait for it. Raises what the store answered when that is an error."""
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()

        def then(result: object) -> None:
            if future.done():
                return
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

        self.offer(op, then)
        return await future

    @property
    def depth(self) -> int:
        """How many operations wait for the next commit."""
        return len(self._waiting)

    def _put(self, waiting: Waiting, urgent: int) -> None:
        with self._wake:
            self._waiting.append(waiting)
            if urgent and not self._urgent:
                self._urgent = True
                self.poked()
            elif len(self._waiting) == 1:
                self.poked()

    def take(self) -> list[Waiting]:
        """What waits, at most one commit's worth."""
        with self._wake:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]
            self._urgent = bool(self._waiting)
            return batch

    def drain_now(self) -> int:
        """Commit what waits and call back at once; for whoever pumps by hand. How many operations are done."""
        batch = self.take()
        done = self._commit(batch) if batch else []
        _answer(done)
        return len(done)

    def _commit(self, batch: list[Waiting]) -> list[Done]:
        """What is done; what was told and found no space waits again, in front."""
        results = self.store.drain([waiting.op for waiting in batch])
        done = list(zip(batch, results, strict=True))
        self.full = any(isinstance(result, StoreFull) for result in results)
        if not self.full:
            return done
        kept = [one for one, result in done if one.patience is Patience.STAYS and isinstance(result, StoreFull)]
        with self._wake:
            self._waiting.extendleft(reversed(kept))
        return [(one, result) for one, result in done if one not in kept]

    # --- the thread's side ---

    def pump(self, loop: asyncio.AbstractEventLoop) -> None:
        """Drain until closed; runs in a thread of its own. One call into the loop a commit."""
        while self._wait():
            batch = self.take()
            if not batch:
                continue
            try:
                done = self._commit(batch)
            except StoreBroken as error:
                loop.call_soon_threadsafe(self._broken, error)
                return
            loop.call_soon_threadsafe(_answer, done)
            if self.full and not done and self._closing:
                return
            if self.full:
                self._pause()

    def fail(self, error: StoreBroken) -> None:
        """Say that the disk failed; nothing is committed any more."""
        self._broken(error)

    def _wait(self) -> bool:
        """Block until there is something to commit; False when closed and empty."""
        with self._wake:
            if not self._waiting and not self._closing:
                self._wake.wait()
            if self._waiting and not self._urgent and not self._closing:
                self._wake.wait(LINGER_SECONDS)
            return bool(self._waiting) or not self._closing

    def _pause(self) -> None:
        """Let some time pass: space comes back slowly."""
        with self._wake:
            if not self._closing:
                self._wake.wait(FULL_SECONDS)

    def finish(self) -> None:
        """Let the thread end once everything is committed."""
        with self._wake:
            self._closing = True
            self._wake.notify()


def _answer(done: list[Done]) -> None:
    for waiting, result in done:
        if waiting.then is not None:
            waiting.then(result)


class ThreadPump:
    """Runs a writer's pump in a thread between `start` and `stop`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(
            target=self._writer.pump, args=(asyncio.get_running_loop(),), name="store", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, end the thread, close the store."""
        self._writer.finish()
        if self._thread is not None:
            self._thread.join(timeout=20)
        self._writer.store.close()


class LoopPump:
    """Drains a writer on the event loop itself, some time after it is asked: for tests and simulation."""

    def __init__(self, writer: Writer, seconds: float = 0.001) -> None:
        self._writer, self._seconds = writer, seconds
        self._next: asyncio.TimerHandle | None = None
        self._ended = False

    def start(self) -> None:
        self._writer.poked = self._soon
        self._soon()

    def stop(self) -> None:
        """Commit what waits and close the store."""
        while not self._ended and self._writer.depth and not self._writer.full:
            self._drain()
        self.kill()

    def kill(self) -> None:
        """End as a dead process does: what was not committed yet is lost."""
        self._ended = True
        if self._next is not None:
            self._next.cancel()
        self._writer.store.close()

    def _soon(self) -> None:
        if self._next is None and not self._ended:
            wait = FULL_SECONDS if self._writer.full else self._seconds
            self._next = asyncio.get_running_loop().call_later(wait, self._drain)

    def _drain(self) -> None:
        self._next = None
        try:
            self._writer.drain_now()
        except StoreBroken as error:
            self._ended = True
            self._writer.fail(error)
        if self._writer.depth:
            self._soon()
