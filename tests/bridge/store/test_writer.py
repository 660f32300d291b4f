"""One thread commits what everybody asks: in order, together, and whatever the disk does."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bridge.errors import Rejected, StoreFull
from bridge.ids import RoomNumber
from bridge.store.ops import Accept, Op, StoreBroken, Tally
from bridge.store.questions import Tallies
from bridge.store.writer import LINGER_SECONDS, LoopPump, ThreadPump, Writer
from bridge.testing.loop import SkippingLoop
from bridge.testing.store_kit import accepting
from bridge.testing.waiting import eventually


class Shelf:
    """A store in memory: answers each operation with its place in the order; `full` and `broken` at a word."""

    commits = 0
    synchronous = "FULL"

    def __init__(self) -> None:
        self.batches: list[list[Op]] = []
        self.full = False
        self.broken = False
        self.closed = False

    @property
    def done(self) -> list[Op]:
        return [op for batch in self.batches for op in batch]

    def drain(self, batch: list[Op]) -> list[object]:
        if self.broken:
            raise StoreBroken("the disk failed")
        if self.full:
            return [len(self.done) if isinstance(op, Tallies) else StoreFull("full") for op in batch]
        self.batches.append(batch)
        return [Rejected("bad") if _bad(op) else len(self.done) - len(batch) + place for place, op in enumerate(batch)]

    def close(self) -> None:
        self.closed = True


def _bad(op: Op) -> bool:
    return isinstance(op, Tally) and op.outcome == "bad"


def tally(number: int) -> Tally:
    return Tally(RoomNumber(1), "x", number)


def made() -> tuple[Writer, Shelf, list[StoreBroken]]:
    shelf: Any = Shelf()
    told: list[StoreBroken] = []
    return Writer(shelf, told.append), shelf, told


async def test_answers_come_in_the_order_asked() -> None:
    writer, shelf, _ = made()
    pump, told = ThreadPump(writer), []
    pump.start()
    for number in range(500):
        writer.tell(tally(number), lambda result, number=number: told.append((number, result)))
    assert await writer.ask(Tallies()) == 500
    assert told == [(number, number) for number in range(500)]
    pump.stop()
    assert shelf.closed


async def test_what_waits_goes_together() -> None:
    writer, shelf, _ = made()
    for number in range(2500):
        writer.tell(tally(number))
    assert writer.depth == 2500
    pump = ThreadPump(writer)
    pump.start()
    await writer.ask(Tallies())
    assert [len(batch) for batch in shelf.batches] == [1000, 1000, 501]
    pump.stop()


async def test_an_error_is_raised_where_it_was_asked() -> None:
    writer, _, _ = made()
    pump = ThreadPump(writer)
    pump.start()
    with pytest.raises(Rejected):
        await writer.ask(Tally(RoomNumber(1), "bad"))
    pump.stop()


async def test_whoever_stopped_asking_disturbs_nobody() -> None:
    writer, _, _ = made()
    asking = asyncio.create_task(writer.ask(tally(1)))
    await asyncio.sleep(0)
    asking.cancel()
    assert writer.drain_now() == 1
    other = asyncio.create_task(writer.ask(tally(2)))
    await asyncio.sleep(0)
    assert writer.drain_now() == 1
    assert await other == 1
    assert writer.drain_now() == 0


async def test_a_lazy_fact_waits_for_company_but_not_long() -> None:
    writer, shelf, _ = made()
    pump = ThreadPump(writer)
    pump.start()
    loop = asyncio.get_running_loop()
    began = loop.time()
    writer.tell_lazily(tally(1))
    writer.tell_lazily(tally(2))
    await eventually(lambda: shelf.batches)
    assert shelf.batches == [[tally(1), tally(2)]]
    assert loop.time() - began >= LINGER_SECONDS / 2
    pump.stop()


async def test_what_waits_is_committed_before_the_end() -> None:
    writer, shelf, _ = made()
    pump = ThreadPump(writer)
    pump.start()
    writer.tell_lazily(tally(1))
    pump.stop()
    assert shelf.done == [tally(1)]


async def test_a_failed_disk_is_told_once_and_ends_the_thread() -> None:
    writer, shelf, told = made()
    shelf.broken = True
    pump = ThreadPump(writer)
    pump.start()
    writer.tell(tally(1))
    await eventually(lambda: told)
    pump.stop()
    assert len(told) == 1


async def test_on_a_full_disk_events_are_refused_and_facts_wait_in_order() -> None:
    writer, shelf, _ = made()
    pump = ThreadPump(writer)
    shelf.full = True
    answers: list[object] = []
    writer.tell(tally(1), answers.append)
    writer.tell(tally(2), answers.append)
    pump.start()
    with pytest.raises(StoreFull):
        await writer.ask(accepting())
    writer.tell(tally(3), answers.append)
    assert not answers
    shelf.full = False
    await eventually(lambda: len(answers) == 3)
    assert shelf.done == [tally(1), tally(2), tally(3)]
    pump.stop()


async def test_on_a_full_disk_a_question_waits_for_what_was_told_before_it_and_others_are_answered() -> None:
    writer, shelf, _ = made()
    shelf.full = True
    pump = ThreadPump(writer)
    before = asyncio.create_task(writer.learn(Tallies()))
    pump.start()
    assert await before == 0
    fact, behind = asyncio.create_task(writer.insist(tally(1))), asyncio.create_task(writer.learn(Tallies()))
    assert await writer.ask(Tallies()) == 0
    assert not fact.done()
    assert not behind.done()
    shelf.full = False
    assert (await fact, await behind) == (0, 1)
    assert shelf.done == [tally(1), Tallies()]
    pump.stop()


async def test_a_full_disk_does_not_keep_the_end_waiting() -> None:
    writer, shelf, _ = made()
    pump = ThreadPump(writer)
    shelf.full = True
    pump.start()
    writer.tell(tally(1))
    await eventually(lambda: writer.full)
    pump.stop()
    assert shelf.closed
    assert not shelf.done


def skipping(work: Any) -> Any:  # noqa: ANN401 - whatever the work answers
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(work)


def test_a_pump_on_the_loop_does_the_same() -> None:
    async def work() -> Sequence[Op]:
        writer, shelf, _ = made()
        pump = LoopPump(writer)
        pump.start()
        shelf.full = True
        writer.tell(tally(1))
        with pytest.raises(StoreFull):
            await writer.ask(Accept(account=accepting().account, arrivals=(), at=0))
        shelf.full = False
        assert await writer.ask(tally(2)) == 1
        writer.tell_lazily(tally(3))
        pump.stop()
        assert shelf.closed
        done: list[Op] = shelf.done
        return done

    assert skipping(work()) == [tally(1), tally(2), tally(3)]


def test_a_pump_on_the_loop_dies_as_a_process_does() -> None:
    async def work() -> None:
        writer, shelf, told = made()
        pump = LoopPump(writer)
        pump.start()
        writer.tell(tally(1))
        pump.kill()
        await asyncio.sleep(1)
        assert not shelf.done
        broken, shelf, told = made()
        shelf.broken = True
        LoopPump(broken).start()
        broken.tell(tally(1))
        await asyncio.sleep(1)
        assert len(told) == 1

    skipping(work())
