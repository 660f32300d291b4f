"""How we know that a line arrived: which sends wait for what, and what each answer settles. No I/O.

Three proofs, by what the server offers:

    LABEL  our label comes back on the echo (or on the refusal): exact
    ECHO   the server sends our own lines back, in order
    FENCE  neither: a PING after each burst, whose PONG says that all lines before it were handled

A refusal that names only a room cannot say which of several lines behind one fence it means.
Then all of them end as `Uncertain` and each line of the next time gets a fence of its own.
"""

import asyncio
from collections import deque
from enum import Enum
from itertools import chain, takewhile

from bridge.errors import BridgeError, Rejected, Scope, Unauthorized, Unavailable, Uncertain
from bridge.ids import MessageId


class Proof(Enum):
    """What tells us that a line arrived."""

    LABEL = "label"
    ECHO = "echo"
    FENCE = "fence"


class Sending:
    """One message under way, as one line or several: done when each line is accounted for."""

    __slots__ = ("_left", "done", "ids")

    def __init__(self, lines: int, done: "asyncio.Future[tuple[MessageId, ...]]") -> None:
        self._left = lines
        self.ids: tuple[MessageId, ...] = ()
        self.done = done

    def arrived(self, message: MessageId | None) -> None:
        """One more line is there, under `message` where the server gave it an id."""
        self._left -= 1
        if message is not None:
            self.ids = (*self.ids, message)
        if not self._left and not self.done.done():
            self.done.set_result(self.ids)

    def failed(self, error: BridgeError) -> None:
        """A line was refused or lost: the whole message ends so."""
        if not self.done.done():
            self.done.set_exception(error)


class _Line:
    """A line that waits for its proof."""

    __slots__ = ("deadline", "room", "sending", "text")

    def __init__(self, sending: Sending, room: str, text: str, deadline: float) -> None:
        self.sending = sending
        self.room = room
        self.text = text
        self.deadline = deadline


ALONE_AFTER_DOUBT = 256
"""How many lines get a fence of their own after a refusal that could not be told apart."""


class Receipts:
    """The lines of one connection that are not yet accounted for, numbered in the order they were written."""

    def __init__(self, proof: Proof) -> None:
        self.proof = proof
        self._last = 0
        self._fenced = 0
        self._written = 0
        self._alone = 0
        self._lines: dict[int, _Line] = {}
        self._rooms: dict[str, deque[int]] = {}
        self._refused: dict[str, list[BridgeError]] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def expect(self, sending: Sending, room: str, text: str, deadline: float) -> int:
        """Number a line that is about to be written; the number is its label."""
        self._last += 1
        self._lines[self._last] = _Line(sending, room, text, deadline)
        if self.proof is Proof.ECHO:
            self._rooms.setdefault(room, deque()).append(self._last)
        return self._last

    def needs_own_fence(self) -> bool:
        """Whether the line just numbered must not share its fence with the next."""
        if not self._alone:
            return False
        self._alone -= 1
        return True

    def fence(self) -> int | None:
        """The number to ask for behind what was written; None when nothing new needs a fence."""
        if self.proof is Proof.LABEL or self._fenced == self._last:
            return None
        self._fenced = self._last
        return self._last

    def written(self) -> None:
        """All lines numbered so far went to the operating system."""
        self._written = self._last

    def labelled(self, number: int, message: MessageId | None) -> None:
        """The echo (or the bare acknowledgement) of a labelled line."""
        line = self._lines.pop(number, None)
        if line is not None:
            line.sending.arrived(message)

    def echoed(self, room: str, text: str, message: MessageId | None) -> None:
        """Our own line came back: the first one with these words in this room, else the first in this room."""
        number = self._first(room, text)
        if number is not None:
            self._lines.pop(number).sending.arrived(message)

    def refused(self, error: BridgeError, *, number: int | None = None, room: str = "") -> None:
        """The server refused a line: the numbered one, else one in `room`, which is empty when it named none."""
        if number is not None:
            self._fail(number, error)
        elif self.proof is Proof.ECHO and (first := self._first(room, None)) is not None:
            self._fail(first, error)
        elif self.proof is not Proof.LABEL and self._lines:
            self._refused.setdefault(room, []).append(error)

    def passed(self, fence: int) -> None:
        """The fence came back: everything before it is accounted for now."""
        lines = [self._lines.pop(number) for number in list(takewhile(lambda number: number <= fence, self._lines))]
        refused, self._refused = self._refused, {}
        if "" in refused:
            self._settle(lines, list(chain.from_iterable(refused.values())))
            return
        for room, errors in refused.items():
            self._settle([line for line in lines if line.room == room], errors)
        for line in lines:
            if line.room not in refused:
                self._unrefused(line)

    def overdue(self, now: float) -> None:
        """End what waited too long: nobody knows whether it arrived."""
        late = list(takewhile(lambda number: self._lines[number].deadline <= now, self._lines))
        for number in late:
            self._fail(number, Uncertain("the server gave no receipt in time"))

    def lost(self, why: BridgeError) -> None:
        """The connection is gone: what was never written did not happen, of the rest nobody knows.

        Where the server refuses us from now on, that is the answer: the account stops and its rows are kept.
        """
        lines, self._lines = self._lines, {}
        for number, line in lines.items():
            kind = Uncertain if number <= self._written else Unavailable
            line.sending.failed(why if isinstance(why, Unauthorized) else kind(str(why), scope=Scope.ACCOUNT))

    def _fail(self, number: int, error: BridgeError) -> None:
        line = self._lines.pop(number, None)
        if line is not None:
            line.sending.failed(error)

    def _first(self, room: str, text: str | None) -> int | None:
        """The first line that waits in a room, of those with these words if there are any."""
        queue = self._rooms.get(room, deque())
        while queue and queue[0] not in self._lines:
            queue.popleft()
        if not queue or text is None or self._lines[queue[0]].text == text:
            return queue[0] if queue else None
        same = (number for number in queue if number in self._lines and self._lines[number].text == text)
        return next(same, queue[0])

    def _settle(self, lines: list[_Line], errors: list[BridgeError]) -> None:
        """As many refusals as lines: each its own. Fewer: which ones is anybody's guess."""
        if len(errors) < len(lines):
            self._alone = ALONE_AFTER_DOUBT
            errors = [Uncertain("the server refused some of several lines") for _ in lines]
        for line, error in zip(lines, errors, strict=False):
            line.sending.failed(error)

    def _unrefused(self, line: _Line) -> None:
        if self.proof is Proof.ECHO:
            line.sending.failed(Rejected("the server took the line and showed it to nobody"))
        else:
            line.sending.arrived(None)
