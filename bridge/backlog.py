"""The waiting rows of one lane: a window of them in memory, the rest on disk, paged in when the window is empty."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from itertools import takewhile
from typing import Any

import structlog

from bridge.ids import MessageNumber, RoomNumber, RowNumber
from bridge.quota import Quota
from bridge.store.questions import Page
from bridge.store.rows import Row, RowKind
from bridge.store.writer import Writer

logger = structlog.get_logger()
WINDOW = 64
"""Rows a lane holds in memory; more where more are sent at once, so that it never waits for a page."""
_BURSTS = 4


class Loaded:
    """How many rows all lanes hold in memory together: over `most`, new ones stay on disk."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self.rows = 0

    @property
    def full(self) -> bool:
        return self.rows >= self._most

    def add(self, rows: int) -> None:
        self.rows += rows


class Backlog:
    """Rows in order. `paged` is called when rows have come from disk."""

    def __init__(
        self, room: RoomNumber, writer: Writer, loaded: Loaded, quota: Quota, paged: Callable[[], None]
    ) -> None:
        self._room, self._writer, self._loaded, self._quota, self._tell = room, writer, loaded, quota, paged
        self.depth = 0
        """How many rows wait, on disk as well; without those that the operator let wait again."""
        self._rows: deque[Row] = deque()
        self._last = RowNumber(0)
        self._on_disk = False
        self._paging = False
        self._window = self._asked = WINDOW

    def serve(self, in_flight: int) -> None:
        """So many rows may be taken at once."""
        self._window = max(WINDOW, _BURSTS * in_flight)

    def __bool__(self) -> bool:
        return bool(self._rows) or self._on_disk

    def feed(self, row: Row) -> None:
        """A row was accepted: keep it, or know that it waits on disk."""
        self.depth += 1
        if self.depth >= self._quota.most:
            self._quota.grew(self._room, self.depth)
        if row.number <= self._last:
            return
        if row.kind is RowKind.DELETE and row.message is not None:
            self._cancel(row.message)
        if self._on_disk or self._paging or len(self._rows) >= self._window or self._loaded.full:
            self._on_disk = True
            return
        self._append(row)

    def on_disk(self, count: int) -> None:
        """So many rows wait on disk: page them in when asked for the first."""
        self._on_disk = True
        self.depth = count
        self._quota.grew(self._room, count)

    def first(self) -> Row | None:
        """The oldest row; None when there is none in memory, and those on disk are on their way."""
        if self._rows:
            return self._rows[0]
        self._read_on()
        return None

    def pop(self) -> Row:
        """Take the oldest row; when half of the window is empty, the next rows are asked for."""
        self._loaded.add(-1)
        row = self._rows.popleft()
        self._shrink()
        if len(self._rows) <= self._window // 2:
            self._read_on()
        return row

    @property
    def waiting(self) -> Sequence[Row]:
        """What of it is in memory, oldest first."""
        return self._rows

    @property
    def whole(self) -> bool:
        """Whether all that waits is in memory."""
        return not (self._on_disk or self._paging)

    def take(self, numbers: Collection[RowNumber]) -> tuple[Row, ...]:
        """Take the oldest rows as long as they are among these."""
        taken = tuple(takewhile(lambda row: row.number in numbers, self._rows)) if numbers else ()
        for _ in taken:
            self.pop()
        return taken

    def _read_on(self) -> None:
        if self._on_disk and not self._paging:
            self._paging, self._asked = True, max(1, self._window - len(self._rows))
            tell = self._writer.tell_lazily if self._rows else self._writer.tell
            tell(Page(self._room, self._last, self._asked), self._paged)

    def put_back(self, row: Row) -> None:
        """A row goes back to the front."""
        self.depth += 1
        self._loaded.add(1)
        self._rows.appendleft(row)

    def may_hold(self, number: RowNumber) -> bool:
        """Whether a row waits, as far as one can say without asking the disk."""
        if number > self._last:
            return self._on_disk or self._paging
        return any(row.number == number for row in self._rows)

    def end(self) -> None:
        """Nothing of this is in memory any more."""
        self._loaded.add(-len(self._rows))
        self._rows.clear()
        self._on_disk = False
        self.depth = 0
        self._quota.shrank(self._room, 0)

    def start_over(self) -> bool:
        """Forget what is in memory and read again from the first row; False while a page is on its way."""
        if self._paging:
            return False
        self._loaded.add(-len(self._rows))
        self._rows.clear()
        self._last, self._on_disk = RowNumber(0), True
        return True

    def _shrink(self) -> None:
        self.depth = self.depth - 1 if self.depth and self else 0
        if self._quota.full:
            self._quota.shrank(self._room, self.depth)

    def _append(self, row: Row) -> None:
        self._loaded.add(1)
        self._rows.append(row)
        self._last = row.number

    def _cancel(self, message: MessageNumber) -> None:
        """A deletion came: what was not tried yet of the message need not go."""
        for row in self._rows:
            if row.message == message and row.kind in (RowKind.POST, RowKind.EDIT):
                row.gone = not row.doubtful

    def _paged(self, rows: Any) -> None:  # noqa: ANN401 - the answer of `Page`
        self._paging = False
        if isinstance(rows, Exception):
            logger.error("rows not read", room=self._room, why=str(rows))
            return
        for row in rows:
            self._append(row)
        self._on_disk = len(rows) == self._asked
        self._tell()
