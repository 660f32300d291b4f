"""What the contract of a store is written with: a store held open, events to put into it, a way to open it again."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from bridge.events import Deleted, Edited, Posted, Reacted, Relayed, Unreacted, User
from bridge.ids import (
    AccountName,
    EventId,
    MessageId,
    MessageNumber,
    PersonNumber,
    Place,
    Room,
    RoomId,
    RoomNumber,
    RowNumber,
    ThreadId,
    UserId,
)
from bridge.store import announced, confirmed, overseen
from bridge.store.attached import Fetched, HeldOf, Linked, Served, Sweep, ToFetch
from bridge.store.codec import encode
from bridge.store.conversations import (
    Converse,
    Due,
    Join,
    LastHeard,
    Meet,
    Overhear,
    Plant,
    Privates,
    Talk,
    TalkOf,
    Uproot,
)
from bridge.store.faces import Faced, FaceOf
from bridge.store.ops import (
    Accept,
    Accepted,
    Admit,
    Claim,
    Close,
    Delay,
    Discard,
    Follow,
    Forget,
    Hold,
    Identify,
    Mark,
    Op,
    Park,
    Pin,
    Progress,
    Purge,
    Relate,
    Remember,
    Seal,
    Settle,
    Start,
    Store,
    TakeOver,
    Tally,
    Unpark,
    Uptime,
)
from bridge.store.questions import (
    About,
    Claimed,
    CopyOut,
    Depths,
    DropCopy,
    Find,
    Known,
    Ledger,
    Locate,
    Page,
    Parked,
    Position,
    Recall,
    Resolve,
    RoomRecord,
    Speakers,
    Started,
    Tallies,
    Trace,
    Twins,
    Wanted,
)
from bridge.store.rows import Arrival, Copy, Made, Outcome, Route, Row, RowKind, Seen, TwinKind
from bridge.text.nodes import said

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA = User(id=UserId("u1"), name="Ada")
LEFT, RIGHT, THIRD = (Room(AccountName(name), "town") for name in ("left", "right", "third"))
DAY = 86_400_000


class Opened:
    """An open store with the rooms left, right and third; events happen in left unless told otherwise."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.started: Started = self.ask(Start())
        records: tuple[RoomRecord, ...] = self.ask(Admit((LEFT, RIGHT, THIRD)))
        self.left, self.right, self.third = (record.number for record in records if not record.private)

    def ask(self, op: Op) -> Any:  # noqa: ANN401 - each op documents its answer
        """One operation alone; what it was refused for is raised."""
        (result,) = self.store.drain([op])
        if isinstance(result, Exception):
            raise result
        return result

    def accept(self, *arrivals: Arrival, position: str | None = None, at: int = 1000) -> tuple[Row, ...]:
        accepted: Accepted = self.ask(accepting(*arrivals, position=position, at=at))
        return accepted.rows

    def post(self, native: str, *targets: RoomNumber, reply: str | None = None, at: int = 1000) -> tuple[Row, ...]:
        return self.accept(self.posted(native, *targets, reply=reply), at=at)

    def posted(self, native: str, *targets: RoomNumber, reply: str | None = None, words: str = "") -> Arrival:
        relates = MessageId(reply) if reply else None
        event = Posted(
            id=EventId(f"e{native}"), room=RoomId("!town"), at=NOON, message=(MessageId(native),), author=ADA,
            text=said(words or f"words {native}"), in_reply_to=relates,
        )  # fmt: skip
        return self.arrival(event, RowKind.POST, targets or (self.right,), relates, (MessageId(native),))

    def edited(self, event: str, native: str) -> Arrival:
        what = Edited(id=EventId(event), room=RoomId("!town"), at=NOON, replaces=MessageId(native), author=ADA)
        return self.arrival(what, RowKind.EDIT, (self.right,), MessageId(native))

    def deleted(self, event: str, native: str) -> Arrival:
        what = Deleted(id=EventId(event), room=RoomId("!town"), at=NOON, message=MessageId(native), by=ADA)
        return self.arrival(what, RowKind.DELETE, (self.right,), MessageId(native))

    def reacted(self, event: str, native: str, emoji: str, own: str | None = None) -> Arrival:
        reaction = MessageId(own) if own else None
        what = Reacted(
            id=EventId(event), room=RoomId("!town"), at=NOON, message=MessageId(native), emoji=emoji, by=ADA,
            reaction=reaction,
        )  # fmt: skip
        arrival = self.arrival(what, RowKind.REACT, (self.right,), MessageId(native))
        return structs.replace(arrival, emoji=emoji, reaction=reaction)

    def unreacted(self, event: str, native: str, emoji: str) -> Arrival:
        what = Unreacted(
            id=EventId(event), room=RoomId("!town"), at=NOON, message=MessageId(native), emoji=emoji, by=ADA
        )
        arrival = self.arrival(what, RowKind.UNREACT, (self.right,), MessageId(native))
        return structs.replace(arrival, emoji=emoji)

    def arrival(
        self,
        event: Relayed,
        kind: RowKind,
        targets: tuple[RoomNumber, ...],
        relates: MessageId | None,
        natives: tuple[MessageId, ...] = (),
    ) -> Arrival:
        return Arrival(
            id=event.id, event=event, kind=kind, body=encode(event), room=self.left, natives=natives,
            person=Seen(ADA.id, ADA.name), excerpt=f"excerpt {relates or natives[0]}", relates=relates,
            targets=tuple(Route(target, "town", 5) for target in targets),
        )  # fmt: skip

    def page(self, room: RoomNumber | None = None, after: int = 0, most: int = 64) -> list[Row]:
        rows: list[Row] = self.ask(Page(room or self.right, RowNumber(after), most))
        return rows

    def deliver(self, row: Row, native: str, part: int = 0, kind: TwinKind = TwinKind.COPY) -> None:
        made = Made((Copy(part, MessageId(native), kind),))
        self.ask(Settle(row=row, outcome=Outcome.DELIVERED, made=made))

    def known(self, row: Row, room: RoomNumber | None = None) -> Known | None:
        assert row.message is not None
        found: dict[int, Known] = self.ask(Twins(room or self.right, (row.message,)))
        return found.get(row.message)

    def balanced(self) -> bool:
        """Accepted is the sum of all ends, what waits and what is parked, in every room."""
        records, tallies = self.ask(Ledger())
        return all(self._adds_up(record, tallies) for record in records)

    def _adds_up(self, record: RoomRecord, tallies: dict[tuple[RoomNumber, str], int]) -> bool:
        ends = sum(tallies.get((record.number, end.value), 0) for end in Outcome if end is not Outcome.ACCEPTED)
        return tallies.get((record.number, "accepted"), 0) == ends + record.waiting + record.parked


def accepting(*arrivals: Arrival, position: str | None = None, at: int = 1000) -> Accept:
    """These events in one transaction."""
    return Accept(account=AccountName("left"), arrivals=arrivals, at=at, position=position)


def purging(at: int, **before: int) -> Purge:
    """A purge of what is older than the moments named, and of nothing else."""
    nothing = {"relations_before": 0, "excerpts_before": 0, "seen_before": 0, "parked_before": 0}
    return Purge(at=at, most=10, **{**nothing, **before})


class Book:
    """One durable place, opened again and again."""

    def __init__(self, opens: Callable[[], Store]) -> None:
        self._opens = opens
        self.opened = Opened(opens())

    def reopened(self) -> Opened:
        """The same place after the process died."""
        self.close()
        self.opened = Opened(self._opens())
        return self.opened

    def close(self) -> None:
        self.opened.store.close()


def _at_desks(account: AccountName, room: RoomNumber) -> tuple[Op, ...]:
    native = RoomId("!ada")
    return (
        Meet(account=account, native=native), Talk(account=account, native=native), TalkOf(room=room), Privates(),
        Converse(account=account, native=native, desk="help", agents=room, title="Ada"),
        Join(conversation=1, other=2, thread=ThreadId("t")), Overhear(account=account, room=room),
        Due(desk="help", what="waiting", before=1), Uproot(room=room, native=MessageId("t")),
        Plant(room=room, message=MessageNumber(1), native=MessageId("t")),
        LastHeard(room),
    )  # fmt: skip


def examples(there: Opened, row: Row, copy: Path) -> dict[type[Struct], Op]:
    """One of each operation; `copy` is a file that does not exist."""
    account, number = AccountName("left"), row.message
    assert number is not None
    ops: list[Op] = [
        accepting(there.posted("m2")), Progress(row=row, made=Made(), sent=(0,)), Seal(row=row, plan=b"", generation=0),
        Delay(row=row, attempts=0, next_at=0, error=""), Mark(row), Park(row=row, reason="", error="", at=0),
        Unpark((row.number,)), Settle(row=row, outcome=Outcome.DELIVERED), Discard(()), Tally(there.right, "x"),
        Pin(room=there.right, native="!x", thread=None), Hold(room=there.right, reason=None), Identify(account, "me"),
        Follow(room=there.right, place=Place(RoomId("!x"))), Uptime(account, 1),
        Remember(account=account, name="x", value="y", until=1), purging(0), Close(), Start(), Admit(()),
        Relate(row=row, native=MessageId("m1")), Page(there.right, RowNumber(0)),
        Twins(there.right, (number,)),
        Locate((there.right,), MessageId("m1")), Resolve(there.right, MessageId("m1")),
        Wanted(number, there.right), Recall(account, "x", 0),
        Position(account), Depths(), Tallies(), Ledger(), Parked(), Trace("m1"),
        Speakers(), Find("Ada"), About(PersonNumber(1)), Forget(person=PersonNumber(99), at=1),
        CopyOut(str(copy), pages=1), DropCopy(), Claim(account, "1.x"), Claimed(account), TakeOver(account),
        Fetched(event=1, part=0, why="gone"), Linked(id="a", until=1), Sweep(1), ToFetch(), HeldOf(1), Served("a", 1),
        Faced(person=PersonNumber(1), source="a", file=None, at=1), FaceOf(PersonNumber(1)),
        *_at_desks(account, there.right),
        *announcing(account),
    ]  # fmt: skip
    return {type(op): op for op in ops}


def announcing(account: AccountName) -> list[Op]:
    """One of each operation on announcements."""
    told = announced.Command(
        event=1, room=RoomNumber(1), kind=RowKind.POST, message=None, person=None, author="", at=1,
        words=Deleted(id=EventId("e"), room=RoomId("!x"), at=datetime(2026, 1, 1, tzinfo=UTC), message=MessageId("m")),
    )  # fmt: skip
    people, price = announced.Audience(account=account, people=True), announced.Price(each=1, most=5, month="2026-01")
    draft, approved, what = announced.Stage.DRAFT, announced.Stage.APPROVED, announced.What.ANNOUNCE
    begin = announced.Begin(number=1, before=approved, audiences=(people,), at=1)
    through = announced.Through(number=1, account=account, state=announced.Course.THROUGH)
    return [
        announced.Subscribe(account=account, native=RoomId("!p"), wish=announced.Wish.JOINED, at=1),
        confirmed.Failed(
            account=account, room=RoomId("!p"), message=MessageId("m"), reach=announced.Reach.REFUSED, why="gone"
        ),
        confirmed.Arrived(account=account, room=RoomId("!p"), message=MessageId("m")), confirmed.Settled(1),
        confirmed.Reopen(number=1, account=account), confirmed.Unsettled(),
        confirmed.IsAnnounced(account=account, room=RoomId("!p"), message=MessageId("m")), overseen.Oversee(1),
        announced.Draft(command=told, name="office", what=what, token="t"),  # noqa: S106 - the beginning of a key
        announced.Redraft(1, told), announced.Move(number=1, before=draft, stage=approved), begin,
        announced.Take(number=1, account=account, most=1, at=1, price=price), through,
        announced.Record(number=1, account=account, results=(), month="2026-01"), announced.Resume(1),
        announced.Resend(1), announced.Stop(1), announced.Recover(), announced.Handled(1), announced.Commands(),
        announced.Announced(number=1), announced.Unfinished(), announced.Shares(1), announced.Size(people),
        announced.Spent(account, "2026-01"), announced.Unsure(1),
    ]  # fmt: skip
