"""Encrypted events whose key has not come: kept on disk until it does, or until readers are told that it did not."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from bridge.clock import Clock
from bridge.ids import RoomId
from connectors.matrix.content import part, words
from connectors.matrix.e2ee.keystore import KeyStore

_KEPT_MILLISECONDS = 7 * 86_400_000
_MOST = 10_000
_COLUMNS = "event, room, session, raw, writer, shown"


class Waiting(Struct, frozen=True, kw_only=True):
    """One event, with its writer's membership; `is_shown` means that readers were told it cannot be read."""

    event: str
    room: RoomId
    session: str
    raw: Mapping[str, Any]
    writer: Mapping[str, Any]
    is_shown: bool


class Aside:
    """All of one device; each change is made within the caller's transaction."""

    def __init__(self, store: KeyStore, clock: Clock, wait_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._wait = int(wait_seconds * 1000)

    def put(self, room: RoomId, raw: Mapping[str, Any], writer: Mapping[str, Any]) -> None:
        session = words(part(raw, "content"), "session_id")
        self._store.write(
            f"INSERT OR IGNORE INTO aside ({_COLUMNS}, since) VALUES (?, ?, ?, ?, ?, 0, ?)",  # noqa: S608  our own names
            words(raw, "event_id"), room, session, json.dumps(raw), json.dumps(writer), self._now(),
        )  # fmt: skip

    def all(self) -> Sequence[Waiting]:
        return [_row(row) for row in self._store.rows(f"SELECT {_COLUMNS} FROM aside ORDER BY rowid")]  # noqa: S608

    def of(self, room: RoomId, session: str) -> Sequence[Waiting]:
        """What waits for the key of one session, oldest first."""
        statement = f"SELECT {_COLUMNS} FROM aside WHERE session = ? AND room = ? ORDER BY rowid"  # noqa: S608
        return [_row(row) for row in self._store.rows(statement, session, room)]

    def due(self) -> Sequence[Waiting]:
        """What waited long enough to be told of, oldest first."""
        statement = f"SELECT {_COLUMNS} FROM aside WHERE shown = 0 AND since <= ? ORDER BY rowid"  # noqa: S608
        return [_row(row) for row in self._store.rows(statement, self._now() - self._wait)]

    def seconds_left(self) -> float | None:
        """Until something is due; None while nothing waits."""
        ((first,),) = self._store.rows("SELECT min(since) FROM aside WHERE shown = 0")
        return None if first is None else max(0, first + self._wait - self._now()) / 1000

    def hasten(self, room: RoomId, session: str) -> None:
        """The key of this session will not come: what waits for it is due now."""
        self._store.write("UPDATE aside SET since = 0 WHERE session = ? AND room = ? AND shown = 0", session, room)

    def settle(self, read: Iterable[str], shown: Iterable[str]) -> None:
        """Forget what was read, and note what was shown as unreadable: it stays a week, should its key still come."""
        for event in read:
            self._store.write("DELETE FROM aside WHERE event = ?", event)
        for event in shown:
            self._store.write("UPDATE aside SET shown = 1, since = ? WHERE event = ?", self._now(), event)
        old = self._now() - _KEPT_MILLISECONDS
        self._store.write("DELETE FROM aside WHERE shown = 1 AND since < ?", old)
        self._store.write("DELETE FROM aside WHERE shown = 1 AND rowid <= (SELECT max(rowid) FROM aside) - ?", _MOST)

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _row(row: tuple[Any, ...]) -> Waiting:
    event, room, session, raw, writer, shown = row
    return Waiting(
        event=event,
        room=RoomId(room),
        session=session,
        raw=json.loads(raw),
        writer=json.loads(writer),
        is_shown=bool(shown),
    )
