"""Bugs for the simulation to find: each replaces one small thing of the engine while it is planted."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from msgspec import Struct, structs

import bridge.delivery
import bridge.plan
from bridge.after import Again, after
from bridge.asked import Outgoing
from bridge.backlog import Backlog
from bridge.delivery import Lane
from bridge.ids import Key
from bridge.intake import Intake
from bridge.sending import copies_of, perform
from bridge.steps import View
from bridge.store.accepting import Accepting
from bridge.store.ops import Accept, Accepted
from bridge.store.rows import Row
from bridge.store.settling import Settling


class Bug(Struct, frozen=True):
    """One thing replaced; `found` is what the oracle must say about it."""

    owner: Any
    name: str
    instead: Callable[[Any], Any]
    found: str


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """The engine has the bug until the end of the block."""
    right = getattr(bug.owner, bug.name)
    setattr(bug.owner, bug.name, bug.instead(right))
    try:
        yield
    finally:
        setattr(bug.owner, bug.name, right)


def acknowledge_early(_: Any) -> Any:
    async def store(self: Intake, op: Accept) -> None:
        def then(result: object) -> None:
            if isinstance(result, Accepted):
                self._sinks.fed(result.rows)

        self._shared.writer.offer(op, then)

    return store


def position_first(right: Any) -> Any:
    async def store(self: Intake, op: Accept) -> None:
        if op.position is not None and op.arrivals:
            await right(self, structs.replace(op, arrivals=()))
            op = structs.replace(op, position=None)
        await right(self, op)

    return store


def events_before_their_rows(right: Any) -> Any:
    async def store(self: Intake, op: Accept) -> None:
        if op.arrivals:
            bare = tuple(structs.replace(arrival, targets=()) for arrival in op.arrivals)
            await right(self, structs.replace(op, arrivals=bare))
            op = structs.replace(op, arrivals=tuple(structs.replace(arrival, id=None) for arrival in op.arrivals))
        await right(self, op)

    return store


def settle_first(_: Any) -> Any:
    async def sent(connector: Any, step: Any) -> Any:
        asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(perform(connector, step)))
        return copies_of(step, ())

    return sent


def put_back_behind(_: Any) -> Any:
    def put_back(self: Backlog, row: Row) -> None:
        self._loaded.add(1)
        self._rows.append(row)

    return put_back


def see_nothing(right: Any) -> Any:
    def arrival(self: Intake, *about: Any) -> Any:
        made = right(self, *about)
        return None if made is None else structs.replace(made, id=None)

    return arrival


def know_no_echo(right: Any) -> Any:
    def relayed(self: Intake, account: Any, event: Any, room: Any, me: Any) -> Any:
        del me
        return right(self, account, structs.replace(event, echo_of=None), room, None)

    return relayed


def suspect_nobody(right: Any) -> Any:
    def resume(self: Lane, waiting: int, suspects: int) -> None:
        del suspects
        right(self, waiting, 0)

    return resume


def another_key(_: Any) -> Any:
    numbers = count(1)

    async def renamed(connector: Any, step: Any) -> Any:
        if isinstance(step.action, Outgoing):
            *prefix, part = step.action.key.split(".")
            key = Key(".".join((*prefix, str(next(numbers)), part)))
            step = structs.replace(step, action=structs.replace(step.action, key=key))
        return await perform(connector, step)

    return renamed


def keep_no_twin(_: Any) -> Any:
    return lambda *_: None


def ignore_waits(_: Any) -> Any:
    def decide(error: BaseException, tries: Any) -> Any:
        decision = after(error, tries)
        return structs.replace(decision, seconds=0.0) if isinstance(decision, Again) else decision

    return decide


def stop_at_parked(right: Any) -> Any:
    def park(self: Lane, *about: Any) -> None:
        right(self, *about)
        self._preparation.busy = True

    return park


def forget_who_took_back(_: Any) -> Any:
    return lambda *_: None


def quote_anybody(right: Any) -> Any:
    def answering(row: Row, known: Any, view: View) -> Any:
        return right(row, None if known is None else structs.replace(known, carried=True), view)

    return answering


BUGS = {
    "acknowledged before it is stored": Bug(Intake, "_store", acknowledge_early, "was acknowledged and is not stored"),
    "the position before its events": Bug(Intake, "_store", position_first, "was never accepted"),
    "a transaction in two": Bug(Intake, "_store", events_before_their_rows, "has no row for each room"),
    "settled before the send": Bug(bridge.delivery, "perform", settle_first, "was settled as delivered, parts"),
    "the window put back in the wrong order": Bug(Backlog, "put_back", put_back_behind, "overtook"),
    "events seen before are taken again": Bug(Intake, "_arrival", see_nothing, "was accepted twice"),
    "echoes not recognised": Bug(Intake, "_relayed", know_no_echo, "our own message came back"),
    "suspects ignored": Bug(Lane, "resume", suspect_nobody, "though its account holds what nobody knows"),
    "a retry with another key": Bug(bridge.delivery, "perform", another_key, "was tried again as"),
    "twins not stored": Bug(Settling, "_keep", keep_no_twin, "did not find message"),
    "waits ignored": Bug(bridge.delivery, "after", ignore_waits, "before the wait of"),
    "a lane that stops at a parked row": Bug(Lane, "park", stop_at_parked, "never came to an end"),
    "reactions taken back stay": Bug(Accepting, "_take", forget_who_took_back, "people elsewhere put"),
    "words of a third room quoted": Bug(bridge.plan, "answering", quote_anybody, "which was said in"),
}
