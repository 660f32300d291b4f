"""What was said in our channels while we were away, where the server keeps it: IRCv3 draft/chathistory. No I/O.

The position of an account is the server's time of the newest message of each channel. What is given twice is known by
its id, so the first question begins a moment before.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from structlog import get_logger

from bridge.events import AnyEvent, Posted, RoomKind
from connectors.irc.server import Server
from connectors.irc.wire import line

CAP = "draft/chathistory"
_NEEDS = frozenset({CAP, "batch", "server-time", "message-tags"})
_AT_ONCE = 100
_MOMENT = timedelta(milliseconds=1)
_marks = msgspec.json.Decoder(dict[str, datetime])

log = get_logger()


def marks(position: str | None) -> dict[str, datetime]:
    """A stored position: by folded channel, the time of the newest message."""
    if position is None:
        return {}
    try:
        return {room: at.astimezone(UTC) for room, at in _marks.decode(position).items()}
    except (msgspec.MsgspecError, ValueError, OverflowError):
        log.warning("a position that cannot be read is begun anew")
        return {}


class History:
    """One connection's."""

    def __init__(self, server: Server, write: Callable[[bytes], None]) -> None:
        self._server, self._write = server, write
        self._marks: dict[str, datetime] = {}
        self._asked: dict[str, str] = {}
        self._heard: dict[str, tuple[int, str]] = {}
        self._batches: dict[str, str] = {}

    def begin(self, since: Mapping[str, datetime]) -> None:
        """Where the connection before ended."""
        self._marks = dict(since)

    @property
    def open(self) -> bool:
        """Whether a batch that we asked for has begun."""
        return bool(self._batches)

    @property
    def kept(self) -> bool:
        """Whether this server keeps what we miss."""
        return self._server.caps >= _NEEDS

    def entered(self, room: str) -> None:
        """We are in a channel (folded): ask for what was said since."""
        since = self._marks.get(room)
        if self.kept and since is not None and room not in self._asked:
            before = (since - _MOMENT).astimezone(UTC)
            self._ask(room, f"timestamp={before:%Y-%m-%dT%H:%M:%S}.{before.microsecond // 1000:03}Z")

    def begins(self, batch: str, room: str) -> bool:
        """A batch of history begins; whether we asked for it."""
        folded = self._server.fold(room)
        if folded not in self._asked:
            return False
        self._batches[batch] = folded
        self._heard[folded] = (0, "")
        return True

    def holds(self, batch: str, message: str) -> None:
        """One line of a batch; its id."""
        room = self._batches[batch]
        self._heard[room] = (self._heard[room][0] + 1, message)

    def is_asked(self, batch: str | None) -> bool:
        """Whether a line belongs to a batch that we asked for."""
        return batch is not None and batch in self._batches

    def ends(self, batch: str) -> None:
        """A batch is over: ask for more while there is more."""
        room = self._batches.pop(batch, None)
        if room is None:
            return
        number, newest = self._heard.pop(room)
        before = self._asked.pop(room)
        if number >= self._most and newest and before != f"msgid={newest}":
            self._ask(room, f"msgid={newest}")

    def failed(self, room: str) -> None:
        """The server has no such history (any more)."""
        self._asked.pop(self._server.fold(room), None)

    def after(self, events: Sequence[AnyEvent]) -> str | None:
        """The position after these events; None where there is none. A channel whose past is on its way stays."""
        if not self.kept:
            return None
        for event in events:
            if isinstance(event, Posted) and event.room_kind is RoomKind.GROUP and event.room not in self._asked:
                self._marks[event.room] = max(event.at, self._marks.get(event.room, event.at))
        return msgspec.json.encode(self._marks).decode() if self._marks else None

    @property
    def _most(self) -> int:
        told = self._server.support.get("CHATHISTORY", "")
        return min(int(told), _AT_ONCE) if told.isdecimal() and int(told) else _AT_ONCE

    def _ask(self, room: str, since: str) -> None:
        self._asked[room] = since
        self._write(line("CHATHISTORY", "AFTER", room, since, str(self._most)))
