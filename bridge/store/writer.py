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
_NEVER = float("inf")
LINGER_SECONDS = 0.02
"""How long a lazy fact may wait for a commit to ride on."""

FULL_SECONDS = 1.0
"""How long to wait before trying again to store on a full disk."""


class Patience(Enum):
    """What an operation does when there is no space for it."""

    STAYS = "stays"
    LEAVES = "leaves"
    FOLLOWS = "follows"
    """A question: it stays as long as anything that was told before it."""


class Waiting(Struct, frozen=True, eq=False, gc=False):
    """An operation, and who wants to know of it."""

    op: Op
    then: Then | None
    patience: Patience


Done: TypeAlias = tuple[Waiting, object]


def _nobody(_: float) -> None:
    """Nobody pumps yet: what is told waits."""


class Writer:
    """A queue in front of a store. `ask` and `tell` are called on the event loop; answers arrive there, in order."""

    def __init__(self, store: Store, broken: Callable[[StoreBroken], None]) -> None:
        self.store = store
        self._broken = broken
        self._waiting: deque[Waiting] = deque()
        self._called_within = _NEVER
        self.full = False
        """Whether the last commit found no space."""
        self.call: Callable[[float], None] = _nobody
        """Set by whoever pumps: called on the loop to ask for a commit within so many seconds."""

    def tell(self, op: Op, then: Then | None = None) -> None:
        """Commit soon; `then` is called on the loop with the result once it is durable."""
        self._put(Waiting(op, then, Patience.STAYS), 0.0)

    def tell_lazily(self, op: Op, then: Then | None = None) -> None:
        """Commit with whatever comes next, at the latest after `LINGER_SECONDS`."""
        self._put(Waiting(op, then, Patience.STAYS), LINGER_SECONDS)

    def offer(self, op: Op, then: Then) -> None:
        """Commit soon, or be told that it is not stored: what comes from outside may be refused for want of space."""
        self._put(Waiting(op, then, Patience.LEAVES), 0.0)

    async def ask(self, op: Op) -> Any:  # noqa: ANN401 - each op documents its answer
        """Commit or answer, and wait for it. Raises what the store answered when that is an error, so `StoreFull`."""
        return await self._asked(op, Patience.LEAVES)

    async def insist(self, fact: Op) -> Any:  # noqa: ANN401 - the same
        """Commit, and wait for it as long as there is no space: for what there is no going back from."""
        return await self._asked(fact, Patience.STAYS)

    async def learn(self, question: Op) -> Any:  # noqa: ANN401 - the same
        """Ask what is known once all that was told before is written, as long as there is no space for that."""
        return await self._asked(question, Patience.FOLLOWS)

    async def _asked(self, op: Op, patience: Patience) -> Any:  # noqa: ANN401 - the same
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()

        def then(result: object) -> None:
            if future.done():
                return
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

        self._put(Waiting(op, then, patience), 0.0)
        return await future

    @property
    def depth(self) -> int:
        """How many operations wait for the next commit."""
        return len(self._waiting)

    def _put(self, waiting: Waiting, within: float) -> None:
        self._waiting.append(waiting)
        if within < self._called_within:
            self._called_within = within
            self.call(within)

    def called(self) -> None:
        """Somebody comes for what waits: whatever is told from now on calls again."""
        self._called_within = _NEVER

    def take(self) -> list[Waiting]:
        """What waits, at most one commit's worth."""
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]

    def commit(self, batch: list[Waiting]) -> list[Done]:
        """What is done; what was told and found no space waits again, in front, and what follows it."""
        results = self.store.drain([waiting.op for waiting in batch])
        done = list(zip(batch, results, strict=True))
        self.full = any(isinstance(result, StoreFull) for result in results)
        if not self.full:
            return done
        kept = _kept(done)
        self._waiting.extendleft(reversed(kept))
        return [(one, result) for one, result in done if one not in kept]

    def drain_now(self) -> int:
        """Commit what waits and call back at once; for whoever pumps by hand. How many operations are done."""
        self.called()
        batch = self.take()
        done = self.commit(batch) if batch else []
        answer(done)
        return len(done)

    def fail(self, error: StoreBroken) -> None:
        """Say that the disk failed; nothing is committed any more."""
        self._broken(error)


def _kept(done: list[Done]) -> list[Waiting]:
    """What waits again after a commit that found no space."""
    kept: list[Waiting] = []
    for one, result in done:
        refused = one.patience is not Patience.LEAVES and isinstance(result, StoreFull)
        if refused or (kept and one.patience is Patience.FOLLOWS):
            kept.append(one)
    return kept


def answer(done: list[Done]) -> None:
    """Tell whoever asked, in order."""
    for waiting, result in done:
        if waiting.then is not None:
            waiting.then(result)


class ThreadPump:
    """Drains a writer in a thread of its own between `start` and `stop`.

    The thread is woken when the loop has done all it had to do, not at the first of many operations: waking a thread
    costs as much as committing a row, and while the loop runs the two would only fight for the interpreter.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._wake = threading.Condition()
        self._due = False
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._writer.call = self._called
        self._thread = threading.Thread(target=self._run, args=(loop,), name="store", daemon=True)
        self._thread.start()
        if self._writer.depth:
            self._called(0.0)

    def stop(self) -> None:
        """Commit what waits, end the thread, close the store."""
        if self._timer is not None:
            self._timer.cancel()
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(timeout=20)
        self._writer.store.close()

    def _called(self, within: float) -> None:
        loop = asyncio.get_running_loop()
        if within:
            self._timer = loop.call_later(within, self._notify)
        else:
            loop.call_soon(self._notify)

    def _notify(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._writer.called()
        with self._wake:
            self._due = True
            self._wake.notify()

    # --- the thread's side ---

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Drain until closed. One call into the loop a commit."""
        while self._wait():
            batch = self._writer.take()
            if not batch:
                continue
            try:
                done = self._writer.commit(batch)
            except StoreBroken as error:
                loop.call_soon_threadsafe(self._writer.fail, error)
                return
            loop.call_soon_threadsafe(answer, done)
            if self._writer.full and not done and self._closing:
                return
            if self._writer.full:
                self._pause()

    def _wait(self) -> bool:
        """Block until there is something to commit; False when closed and empty."""
        with self._wake:
            while not (self._due or self._closing):
                self._wake.wait()
            self._due = self._writer.depth > _MOST
            return bool(self._writer.depth) or not self._closing

    def _pause(self) -> None:
        """Let some time pass: space comes back slowly."""
        with self._wake:
            if not self._closing:
                self._wake.wait(FULL_SECONDS)
            self._due = True


class LoopPump:
    """Drains a writer on the event loop itself, some time after it is asked: for tests and simulation."""

    def __init__(self, writer: Writer, seconds: float = 0.001) -> None:
        self._writer, self._seconds = writer, seconds
        self._next: asyncio.TimerHandle | None = None
        self._ended = False

    def start(self) -> None:
        self._writer.call = self._called
        self._called(0.0)

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

    def _called(self, within: float) -> None:
        if self._ended:
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + (FULL_SECONDS if self._writer.full else max(within, self._seconds))
        if self._next is not None:
            if self._next.when() <= when:
                return
            self._next.cancel()
        self._next = loop.call_at(when, self._drain)

    def _drain(self) -> None:
        self._next = None
        try:
            self._writer.drain_now()
        except StoreBroken as error:
            self._ended = True
            self._writer.fail(error)
        if self._writer.depth and self._next is None:
            self._called(0.0)
