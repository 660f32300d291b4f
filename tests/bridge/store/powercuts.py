"""A store under load whose power is cut, beside one whose power never is: afterwards both hold the same.

What was not acknowledged when the power went may be there or not, but whole or not at all; its source gives it again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge.chance import SeededChance
from bridge.errors import BridgeError
from bridge.ids import AccountName, MessageId, RoomNumber
from bridge.store.ops import (
    Accept,
    Accepted,
    Admit,
    Delay,
    Hold,
    Mark,
    Op,
    Park,
    Progress,
    Seal,
    Settle,
    Start,
    StoreBroken,
    Unpark,
    Uptime,
)
from bridge.store.rows import Arrival, Copy, Made, Outcome, Row
from bridge.store.sqlite import SqliteStore
from bridge.testing.disk import Disk
from bridge.testing.store_kit import LEFT, RIGHT, THIRD, Opened, accepting, purging

_BATCHES = 60
_LIVES = 5
_CHECKPOINTS = (4000, 40, 4)
"""Pages in the log that begin a checkpoint: the shipped number, and small ones so that cuts fall into checkpoints."""
Dump = dict[str, list[str]]


def dump(store: SqliteStore) -> Dump:
    """Everything the store holds but the names that each life gives itself."""
    ask = store._connection.execute
    tables = [str(name) for (name,) in ask("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {table: sorted(map(repr, ask(f"SELECT * FROM {table}"))) for table in tables if table != "epoch"}  # noqa: S608 - our own names


class Load:
    """Batches as a busy bridge writes them, the same ones for the same seed."""

    def __init__(self, seed: int, there: Opened) -> None:
        self._chance, self._there = SeededChance(seed), there
        self._said = 0
        self._rows: list[Row] = []

    def batches(self) -> Iterator[list[Op]]:
        yield [Start(), Admit((LEFT, RIGHT, THIRD))]
        for _ in range(_BATCHES):
            yield [self._op() for _ in range(self._below(8) + 1)]

    def learn(self, results: list[Any]) -> None:
        """Rows that were accepted will be delivered, parked, delayed."""
        for result in results:
            assert not isinstance(result, Exception), result
            if isinstance(result, Accepted):
                self._rows += result.rows

    def _below(self, number: int) -> int:
        return int(self._chance.fraction() * number)

    def _op(self) -> Op:
        accepts = not self._rows or self._below(3) == 0
        return self._accept() if accepts else self._fate(self._rows.pop(self._below(len(self._rows))))

    def _accept(self) -> Accept:
        arrivals = tuple(self._arrival() for _ in range(self._below(5) + 1))
        return accepting(*arrivals, position=str(self._said), at=self._said)

    def _arrival(self) -> Arrival:
        self._said += 1
        targets: tuple[RoomNumber, ...] = (self._there.right, self._there.third)[: self._below(2) + 1]
        return self._there.posted(str(self._said), *targets, words="word " * self._below(400))

    def _fate(self, row: Row) -> Op:
        """What becomes of a row next; most are delivered."""
        made = Made((Copy(0, MessageId(f"copy{row.number}")),))
        match self._below(10):
            case 0:
                return Park(row=row, reason="refused", error="no", at=self._said)
            case 1:
                return Delay(row=row, attempts=1, next_at=self._said, error="later")
            case 2:
                return Seal(row=row, plan=b"plan" * self._below(300), generation=0)
            case 3:
                return Progress(row=row, made=made, sent=(0,))
            case 4:
                return (Unpark((row.number,)), Mark(row), Uptime(AccountName("left"), self._said))[self._below(3)]
            case 5:
                return (purging(self._said, seen_before=self._said // 2), Hold(room=row.room, reason="x"))[
                    self._below(2)
                ]
            case _:
                return Settle(row=row, outcome=Outcome.DELIVERED, made=made)


class Trial:
    """One disk, several lives, each ended by a power cut at a random step of it."""

    def __init__(self, seed: int, synchronous: str = "FULL") -> None:
        self._chance, self._synchronous = SeededChance(seed), synchronous
        self.disk = Disk(self._chance)
        self._calm = Disk(SeededChance(0))
        self._reference = SqliteStore(Path("q.db"), SeededChance(1), vfs=self._calm.name)
        self._load = Load(seed, Opened(self._reference))
        store = self._opened()
        self._acknowledge(store, [Start(), Admit((LEFT, RIGHT, THIRD))])
        store.close()
        self.acknowledged = 0
        self.lost = 0
        """After how many cuts something acknowledged was missing."""

    def run(self, lives: int = _LIVES) -> None:
        for _ in range(lives):
            self.disk.cut_after(int(10 ** (self._chance.fraction() * 3.5)) + 1)
            self._examine(self._until_cut())
            if self.lost:
                return

    def _opened(self) -> SqliteStore:
        store = SqliteStore(Path("q.db"), SeededChance(1), vfs=self.disk.name, synchronous=self._synchronous)
        store._log.every = _CHECKPOINTS[int(self._chance.fraction() * 3)]
        return store

    def _acknowledge(self, store: SqliteStore, batch: list[Op]) -> list[object]:
        results = store.drain(batch)
        self._reference.drain(batch)
        return results

    def _until_cut(self) -> list[Op]:
        """Load the store until its power is gone; returns the batch of which nobody knows."""
        life = self.disk.life
        try:
            store = self._opened()
        except BridgeError:
            assert self.disk.life > life, "a store without fault was refused"
            return []
        batch: list[Op] = []
        try:
            for batch in self._load.batches():
                self._load.learn(self._acknowledge(store, batch))
                self.acknowledged += 1
            batch = []
        except StoreBroken:
            assert self.disk.life > life, "a disk without fault broke the store"
        store.close()
        if self.disk.life == life:
            self.disk.cut()
        return batch

    def _examine(self, doubtful: list[Op]) -> None:
        """The store opens by itself, is whole, and holds what was acknowledged, with the doubtful batch or without."""
        store = self._opened()
        assert [row[0] for row in store._connection.execute("PRAGMA integrity_check")] == ["ok"]
        self._not_ahead(store)
        found, before = dump(store), dump(self._reference)
        self._load.learn(self._reference.drain(doubtful))
        if doubtful and found == before:
            store.drain(doubtful)
            found = dump(store)
        self.lost += found != dump(self._reference)
        store.close()

    def _not_ahead(self, store: SqliteStore) -> None:
        """The event at the position, and so every one before it, was stored with it."""
        for (position,) in store._connection.execute("SELECT position FROM account WHERE position IS NOT NULL"):
            known = {event for (event,) in store._connection.execute("SELECT event FROM seen")}
            oldest: Any = store._connection.execute("SELECT max(number) FROM seen").get
            assert oldest >= int(str(position))
            assert f"e{position}" in known
