"""A daemon with a bug built in: `python tests/crash/broken.py BUG run --config …`; nothing of it is in the bridge."""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

from msgspec import structs

from bridge.backlog import Backlog
from bridge.cli import main
from bridge.intake import Intake
from bridge.store.epochs import Epochs
from bridge.store.lives import Lives
from bridge.store.ops import Accept, Op, Settle, Start
from bridge.store.rows import Outcome, Row
from bridge.store.settling import Settling
from bridge.store.sqlite import SqliteStore
from bridge.store.writer import Then, Writer

_SLOW_SECONDS = 0.02
_LATE_SECONDS = 0.3


def _replace(owner: type, **methods: Callable[..., object]) -> None:
    for name, method in methods.items():
        setattr(owner, name, method)


def slow_disk() -> None:
    """No bug: only a disk on which every commit takes its time."""
    drain = SqliteStore.drain

    def slowly(store: SqliteStore, batch: list[Op]) -> list[object]:
        time.sleep(_SLOW_SECONDS)
        return drain(store, batch)

    _replace(SqliteStore, drain=slowly)


def acknowledge_early() -> None:
    """`publish` returns before the commit."""
    slow_disk()
    store = Intake._store

    async def early(intake: Intake, op: Accept) -> None:
        intake._shared.group.create_task(store(intake, op))

    _replace(Intake, _store=early)


def split_transaction() -> None:
    """The position is stored first, then the events."""
    slow_disk()
    store = Intake._store

    async def split(intake: Intake, op: Accept) -> None:
        await store(intake, structs.replace(op, arrivals=()))
        await store(intake, structs.replace(op, position=None))

    _replace(Intake, _store=split)


def no_order() -> None:
    """The newest row goes first."""
    slow_disk()

    def first(backlog: Backlog) -> Row | None:
        if backlog._rows:
            return backlog._rows[-1]
        backlog._read_on()
        return None

    def pop(backlog: Backlog) -> Row:
        backlog._loaded.add(-1)
        return backlog._rows.pop()

    _replace(Backlog, first=first, pop=pop)


def sent_is_assumed() -> None:
    """After a death, what was under way is taken for delivered."""
    begin = Lives.begin

    def assumed(lives: Lives, op: Start) -> object:
        lives._cursor.execute("DELETE FROM outbox WHERE number IN (SELECT min(number) FROM outbox GROUP BY room)")
        return begin(lives, op)

    _replace(Lives, begin=assumed)


def new_keys() -> None:
    """A row's key is that of the life that sends it, so a retry after a death has another one."""
    slow_disk()
    _replace(Epochs, of=lambda epochs, _: epochs.name)


def no_window() -> None:
    """A send's place is free again at once, and its end is stored some time later."""
    tell = Writer.tell

    def late(writer: Writer, op: Op, then: Then | None = None) -> None:
        if not isinstance(op, Settle):
            return tell(writer, op, then)
        loop = asyncio.get_running_loop()
        loop.call_later(_LATE_SECONDS, tell, writer, op)
        if then is not None:
            loop.call_soon(then, None)
        return None

    _replace(Writer, tell=late, tell_lazily=late)


def forgotten_twins() -> None:
    """A delivery leaves nothing behind by which its copy is found again."""
    _replace(Settling, _keep=lambda *_: None)


def miscounted() -> None:
    """What was delivered is not counted."""
    count = Settling.count

    def lazily(settling: Settling, room: Any, outcome: str, number: int = 1) -> None:  # noqa: ANN401 - as it is
        if outcome != Outcome.DELIVERED:
            count(settling, room, outcome, number)

    _replace(Settling, count=lazily)


BUGS: dict[str, Callable[[], None]] = {
    bug.__name__: bug
    for bug in (
        slow_disk, acknowledge_early, split_transaction, no_order, sent_is_assumed, new_keys, no_window,
        forgotten_twins, miscounted,
    )
}  # fmt: skip

if __name__ == "__main__":
    BUGS[sys.argv.pop(1)]()
    main()
