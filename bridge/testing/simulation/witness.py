"""Notes what really happened, outside of the bridge: what was stored, what was tried, what platforms hold.

What must never be is said at once as a violation; what can only be judged at the end stands here for the oracle.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from bridge.events import AnyEvent, Deleted, Edited, Posted, Reacted, Relayed, Unreacted
from bridge.ids import Key, MessageId, RoomId, RoomNumber, RowNumber
from bridge.steps import unsealed
from bridge.store.ops import Accept, Accepted, Admit, Mark, Op, Park, Progress, Seal, Settle, Store
from bridge.store.questions import Page, Parked
from bridge.store.rows import Arrival, Copy, Made, Outcome, Row, RowKind
from bridge.testing.simulation.weather import Weather
from bridge.text.nodes import Rich
from bridge.text.walk import plain

Ways = Mapping[str, tuple[str, ...]]
"""Who hears each room."""


class Try(Struct, eq=False):
    """One call of a connector: `executed` is its place among all that platforms did, `answer` what the bridge heard."""

    key: Key
    row: int
    part: int
    life: int
    place: str
    began: float
    words: Rich | None = None
    reply: MessageId | None = None
    executed: int = 0
    native: MessageId | None = None
    answer: str = ""


class Line(Struct, eq=False):
    """One row of the outbox, as its commits told it."""

    number: int
    room: RoomNumber
    place: str
    event: Any
    kind: RowKind
    origin: str
    message: int | None
    reply: int | None
    link: str
    at: float
    life: int
    policy: str
    steps: int = 1
    end: Outcome | None = None
    cause: str = ""
    ended: float = 0.0
    parked: str = ""
    was_parked: bool = False
    made: list[Copy] = field(default_factory=list)
    sent: set[int] = field(default_factory=set)
    sealed: bool = False
    """What it sends is written: what becomes known of its relations later on changes nothing."""
    tries: list[Try] = field(default_factory=list)
    marked: set[int] = field(default_factory=set)
    """Lives in which it was marked as a suspect, whatever became of the try that was to follow."""

    def learnt(self, row: Row) -> None:
        """What is known now of the messages it speaks of."""
        self.message = row.message
        if not self.sealed:
            self.reply = row.reply


class Witness:
    """Of one seed. `time` is set by whoever turns the clock."""

    def __init__(self, weather: Weather, policies: Mapping[str, str], always: Ways, ever: Ways) -> None:
        self.weather, self._policies, self._always = weather, policies, always
        self.violations: list[str] = []
        self.trace: list[tuple[Any, ...]] = []
        self.lines: dict[int, Line] = {}
        self.open: set[int] = set()
        self.accepted: dict[tuple[str, str], tuple[int, ...]] = {}
        self.outdated: Counter[RoomNumber] = Counter()
        """Messages whose newer words were accepted before them: counted at once, by the room, without a row."""
        self.heard: dict[tuple[str, str], float] = {}
        """Native ids the store knew as copies, by place and id, and since when."""
        self.taken_out: dict[tuple[str, str], float] = {}
        """When we took such a copy back, by place and id: the store knows it no more."""
        self.names: dict[RoomNumber, str] = {}
        self.waits: dict[str, tuple[float, float]] = {}
        """When a room was told to be left alone, and until when."""
        self.doubles: Counter[str] = Counter()
        self.ever = ever
        self.executions = self.deaths = 0
        self.acknowledgements = 0
        self.life = 0
        self.now = 0.0
        self._doubtful: list[tuple[Op, ...]] = []

    def wrong(self, what: str) -> None:
        """Something happened that must never happen."""
        if len(self.violations) < 20:
            self.violations.append(f"{self.now:.3f} {what}")
        self.trace.append((self.now, "wrong", what))

    def note(self, *what: Any) -> None:  # noqa: ANN401 - whatever tells two runs apart
        self.trace.append((self.now, *what))

    # --- what the store committed ---

    def committed(self, batch: Sequence[Op], results: Sequence[object]) -> None:
        """These are on the disk now, or refused."""
        for op, result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                continue
            match op:
                case Accept():
                    self._accepted(op, result)
                case Settle():
                    self._settled(op)
                case Progress():
                    self._progressed(op)
                case Seal():
                    self._sealed(op)
                case Park():
                    self._parked(op)
                case Mark():
                    self.lines[op.row.number].marked.add(self.life)
                case Admit():
                    self.names = {record.number: f"{record.account}/{record.name}" for record in result}  # type: ignore[attr-defined]  # Admit's answer
                case _:
                    pass

    def _accepted(self, op: Accept, result: object) -> None:
        assert isinstance(result, Accepted)
        rows = {row.event_number: row for row in result.rows}
        self.note("accept", op.account, tuple(arrival.id for arrival in op.arrivals), op.position, len(result.rows))
        for row in result.rows:
            self._row(row)
        new: dict[int, list[int]] = {}
        for row in result.rows:
            new.setdefault(row.event_number, []).append(row.number)
        for event, numbers in new.items():
            told = rows[event].event.id
            if told:
                self._once(op.account, told, tuple(numbers))
        for arrival in op.arrivals:
            if arrival.id:
                if (op.account, arrival.id) not in self.accepted and self._came_after_its_edit(arrival):
                    self.outdated.update(route.room for route in arrival.targets)
                self.accepted.setdefault((op.account, arrival.id), ())

    def _came_after_its_edit(self, arrival: Arrival) -> bool:
        """A platform may give again what nobody heard at first, when its edit is here already."""
        if arrival.kind is not RowKind.POST or arrival.is_thread:
            return False
        origin = self.names.get(arrival.room) if arrival.room is not None else None
        edits = (one for one in self.lines.values() if one.kind is RowKind.EDIT and one.origin == origin)
        return any(one.event.replaces in arrival.natives for one in edits)

    def _once(self, account: str, event: str, numbers: tuple[int, ...]) -> None:
        if self.accepted.get((account, event)):
            self.wrong(f"event {event} of {account} was accepted twice")
        self.accepted[account, event] = numbers

    def _row(self, row: Row) -> None:
        if row.number in self.lines:
            self.wrong(f"row {row.number} was given twice")
        place = self.names[row.room]
        self.lines[row.number] = Line(
            number=row.number, room=row.room, place=place, event=row.event, kind=row.kind,
            origin=self.names[row.origin] if row.origin is not None else "", message=row.message, reply=row.reply,
            link=row.link, at=self.now, life=self.life, policy=self._policies[place.split("/")[0]],
        )  # fmt: skip
        self.open.add(row.number)

    def _settled(self, op: Settle) -> None:
        for other in op.joined:
            self._settled(Settle(row=other, outcome=Outcome.MERGED, cause="joined"))
        line = self.lines[op.row.number]
        self.note("settle", line.number, op.outcome.value, op.cause)
        if line.end is not None:
            self.wrong(f"row {line.number} was settled twice")
        self._keep(op.row, op.made)
        line.end, line.cause, line.ended = op.outcome, op.cause, self.now
        line.learnt(op.row)
        self.open.discard(line.number)
        if op.outcome is Outcome.DELIVERED:
            done = {one.part for one in line.tries if one.executed}
            if op.row.plan is not None:
                line.steps = len(unsealed(op.row.plan).steps)
            missing = set(range(line.steps)) - done
            if missing:
                self.wrong(f"row {line.number} was settled as delivered, parts {sorted(missing)} never went")

    def _keep(self, row: Row, made: Made) -> None:
        line = self.lines[row.number]
        line.made.extend(made.copies)
        self.taken_out.update({(line.place, gone): self.now for gone in made.removed})
        for copy in made.copies:
            if copy.native:
                self.heard.setdefault((line.place, copy.native), self.now)

    def _progressed(self, op: Progress) -> None:
        self._keep(op.row, op.made)
        self.lines[op.row.number].sent.update(op.sent)

    def _sealed(self, op: Seal) -> None:
        line = self.lines[op.row.number]
        line.steps = len(unsealed(op.plan).steps)
        line.learnt(op.row)
        line.sealed = True

    def _parked(self, op: Park) -> None:
        line = self.lines[op.row.number]
        self.note("park", line.number, op.reason)
        line.parked, line.was_parked, line.ended = op.reason, True, self.now
        line.learnt(op.row)
        self.open.discard(line.number)

    # --- what nobody knows ---

    def in_doubt(self, batch: Sequence[Op]) -> None:
        """The disk failed while these were committed: the next life shows whether they were."""
        self._doubtful.append(tuple(batch))
        for op in batch:
            if isinstance(op, Mark):
                self.lines[op.row.number].marked.add(self.life)

    def settle_doubt(self, store: Store) -> None:
        """Compare a reopened store with what is known: either all of the doubtful batch is there, or nothing of it."""
        batches, self._doubtful = self._doubtful, []
        if not batches or not self.names:
            return
        rooms = tuple(self.names)
        pages = store.drain([Page(room, RowNumber(0), _ALL) for room in rooms])
        waiting: dict[int, Row] = {row.number: row for page in pages for row in page}  # type: ignore[attr-defined]  # Page's answer
        (parked,) = store.drain([Parked(most=_ALL)])
        poison = {row.number for row in parked if row.reason == "poison"}  # type: ignore[attr-defined]  # Parked's answer
        for batch in batches:
            if any(_shows(op, waiting, poison, self.lines) for op in batch):
                self._were_committed(batch, waiting)

    def _were_committed(self, batch: Sequence[Op], waiting: Mapping[int, Row]) -> None:
        new = tuple(row for number, row in sorted(waiting.items()) if number not in self.lines)
        for op in batch:
            if isinstance(op, Accept):
                ids = {arrival.id for arrival in op.arrivals}
                self._accepted(op, Accepted(tuple(row for row in new if row.event.id in ids and self._of(row, op))))
        others = [op for op in batch if isinstance(op, (Settle, Progress, Seal, Park))]
        self.committed(others, [None] * len(others))

    def _of(self, row: Row, op: Accept) -> bool:
        return row.origin is not None and self.names[row.origin].split("/")[0] == op.account

    def blamed(self, store: Store) -> None:
        """At its start the store may park what killed the bridge."""
        (found,) = store.drain([Parked(most=_ALL)])
        for row in found:  # type: ignore[attr-defined]  # Parked's answer
            line = self.lines[row.number]
            if not line.parked and row.reason == "poison":
                line.parked, line.was_parked, line.ended = row.reason, True, self.now
                self.open.discard(line.number)

    def acknowledged(self, account: str, events: Sequence[AnyEvent], places: Mapping[RoomId, str]) -> None:
        """A platform was told that we have these."""
        for event in events:
            if not isinstance(event, (Posted, Edited, Deleted, Reacted, Unreacted)) or event.echo_of is not None:
                continue
            place = places[event.room]
            if not self.due(place) or event_by(event).startswith("bot-"):
                continue
            self.acknowledgements += 1
            if (account, event.id) not in self.accepted:
                self.wrong(f"event {event.id} of {place} was acknowledged and is not stored")

    def due(self, place: str) -> tuple[str, ...]:
        """The rooms that hear a room whatever file is in force."""
        return self._always.get(place, ())

    # --- what was tried ---

    def tried(self, key: Key, place: str, words: Rich | None, reply: MessageId | None) -> Try:
        """A call of a connector begins."""
        row, part = named(key)
        one = Try(key, row, part, self.life, place, self.now, words, reply)
        line = self.lines.get(row)
        self.note("try", place, key)
        if line is None:
            self.wrong(f"{key} was sent before its row was stored")
            return one
        self._judge(one, line)
        line.tries.append(one)
        return one

    def _judge(self, one: Try, line: Line) -> None:
        before = [tried for tried in line.tries if tried.part == one.part]
        if line.place != one.place:
            self.wrong(f"row {line.number} for {line.place} was sent to {one.place}")
        if line.end is not None or one.part in line.sent:
            self.wrong(f"{one.key} was sent again after its end was stored")
        if line.parked:
            self.wrong(f"{one.key} was sent though it is parked")
        for tried in before:
            if tried.answer == "ok" and tried.life == one.life:
                self.wrong(f"{one.key} was sent again though it was answered")
            if tried.key != one.key and tried.answer not in {"rejected", "unsupported"}:
                self.wrong(f"{tried.key} was tried again as {one.key}")
        if line.policy == "hold" and not line.was_parked and any(tried.answer not in _NOT_DONE for tried in before):
            self.wrong(f"{one.key} was sent again though its account holds what nobody knows")
        told, until = self.waits.get(one.place, (0.0, 0.0))
        if told + 0.005 < self.now < until - 0.001:
            self.wrong(f"{one.key} was sent {until - self.now:.3f} s before the wait of {one.place} was over")
        if any(tried.key == one.key and tells(tried) != tells(one) for tried in before):
            self.wrong(f"{one.key} was sent again with other words")

    def made_anew(self, account: str) -> None:
        """An account begins from nothing: that its rooms had to be left alone is forgotten."""
        for place in [place for place in self.waits if place.startswith(f"{account}/")]:
            del self.waits[place]

    def executed(self, one: Try, native: MessageId | None) -> None:
        """A platform did it."""
        self.executions += 1
        one.executed, one.native = self.executions, native
        self.note("did", one.key, native)

    def answered(self, one: Try, answer: str) -> None:
        """The bridge heard what became of it."""
        one.answer = answer
        self.note("answer", one.key, answer)


_NUMBERED = re.compile(r" \[\d+\]")
_ALL = 100_000
_NOT_DONE = frozenset({"unavailable", "closed", "wait", "never sent", "rejected"})


def named(key: Key) -> tuple[int, int]:
    """The row and the part that a key names."""
    fields = key.split(".")
    return int(fields[1]), int(fields[-1])


def tells(one: Try) -> tuple[str, MessageId | None]:
    """What a try tells, without the number that tells people of one name apart: it may change between two tries."""
    return _NUMBERED.sub("", plain(one.words or ())), one.reply


def _shows(op: Op, waiting: Mapping[int, Row], poison: set[int], lines: Mapping[int, Line]) -> bool:
    """Whether the rows that wait tell that an operation was committed; the start may have blamed some of them since."""
    match op:
        case Accept():
            return any(number not in lines for number in waiting)
        case Settle() | Park():
            return op.row.number not in waiting and op.row.number not in poison
        case Progress():
            row, parked = waiting.get(op.row.number), lines[op.row.number].parked
            if row is not None:
                return set(op.sent) <= set(row.sent)
            return not parked and op.row.number not in poison  # of a parked row nothing can be told
        case _:
            return False


def event_by(event: Relayed) -> str:
    """Who did it, as the platform calls them."""
    by = event.author if isinstance(event, (Posted, Edited)) else event.by
    return "" if by is None else by.id
