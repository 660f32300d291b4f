"""Judges a seed by what the witness noted and by what the platforms hold: the promises, one function each."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from bridge.ids import RoomNumber
from bridge.store.questions import RoomRecord
from bridge.store.rows import Outcome, RowKind
from bridge.testing.memory_abilities import Repeats
from bridge.testing.simulation import relations
from bridge.testing.simulation.abilities import Memory
from bridge.testing.simulation.platform import SimulatedPlatform
from bridge.testing.simulation.weather import Mishap
from bridge.testing.simulation.witness import Line, Try, Witness
from bridge.testing.simulation.world import Plan

_OPEN_ENDS = frozenset({"", "ok", "lost", "undeclared", "given up"})
"""Answers after which a message may be sent again: nobody knows, or nobody remembers."""


def judge(witness: Witness, platforms: Mapping[str, SimulatedPlatform], plan: Plan) -> None:
    """Everything that can be said only at the end."""
    known = relations.Numbers(witness, platforms)
    everything_accepted(witness, platforms)
    every_line_ended(witness)
    ends_have_reasons(witness, known, plan)
    in_order(witness, known)
    doubles(witness, platforms)
    relations.judge(witness, platforms, known)


def ledger(witness: Witness, depths: Sequence[RoomRecord], tallies: Mapping[tuple[RoomNumber, str], int]) -> None:
    """Accepted is the sum of all ends, in the store as for the witness, room by room."""
    seen: Counter[tuple[RoomNumber, str]] = Counter()
    for line in witness.lines.values():
        seen[line.room, Outcome.ACCEPTED.value] += 1
        if line.end is not None:
            seen[line.room, line.end.value] += 1
    for room, count in witness.outdated.items():
        seen[room, Outcome.ACCEPTED.value] += count
        seen[room, Outcome.MERGED.value] += count
    counted = {key: count for key, count in tallies.items() if key[1] in set(Outcome)}
    if counted != dict(seen):
        odd = {key: (counted.get(key), seen.get(key)) for key in {*counted, *seen} if counted.get(key) != seen.get(key)}
        witness.wrong(f"the ledger differs from what happened: {sorted(odd.items())[:4]}")
    for record in depths:
        ended = sum(counted.get((record.number, end.value), 0) for end in Outcome if end is not Outcome.ACCEPTED)
        if counted.get((record.number, Outcome.ACCEPTED.value), 0) != ended + record.waiting + record.parked:
            witness.wrong(f"the ledger of {record.account}/{record.name} does not add up")


def everything_accepted(witness: Witness, platforms: Mapping[str, SimulatedPlatform]) -> None:
    """What a platform keeps for us is accepted in the end, once for each room that hears it."""
    for platform in platforms.values():
        if platform.kind.memory is Memory.NONE:
            continue
        for update in platform.written.journal[platform.began or 0 :]:
            place = platform.places[update.room]
            due = witness.due(place)
            if update.person.id == platform.me.id or not due:
                continue
            rows = witness.accepted.get((platform.name, f"e{update.offset}"))
            if rows is None:
                witness.wrong(f"event e{update.offset} of {place} was never accepted")
            elif not set(due) <= {witness.lines[row].place for row in rows}:
                witness.wrong(f"event e{update.offset} of {place} has no row for each room that hears it")
    for line in witness.lines.values():
        by = getattr(line.event, "author", None) or getattr(line.event, "by", None)
        if by is not None and by.id.startswith("bot-"):
            witness.wrong(f"our own message came back as row {line.number}")


def every_line_ended(witness: Witness) -> None:
    for line in witness.lines.values():
        if line.end is None and not line.parked:
            witness.wrong(f"row {line.number} for {line.place} has no end")


def in_order(witness: Witness, known: relations.Numbers) -> None:
    """In each room what happened first to each part happened in the order of acceptance.

    A message that was taken back before it went is not held to it: that it need not go may be forgotten in a death.
    """
    last: dict[str, tuple[int, int, int]] = {}
    for number in sorted(witness.lines):
        line = witness.lines[number]
        if (line.was_parked and not line.parked) or line.message in known.deleted:
            continue
        firsts: dict[int, int] = {}
        for one in line.tries:
            if one.executed and one.part not in firsts:
                firsts[one.part] = one.executed
        for part, executed in sorted(firsts.items()):
            before = last.get(line.place)
            if before is not None and before[2] > executed:
                witness.wrong(f"row {number} part {part} overtook row {before[0]} part {before[1]} in {line.place}")
            last[line.place] = (number, part, executed)


def doubles(witness: Witness, platforms: Mapping[str, SimulatedPlatform]) -> None:
    """None where keys are known; elsewhere only after a lost answer or a death, at most a window a death."""
    after_death: Counter[tuple[str, int]] = Counter()
    for line in witness.lines.values():
        for part in {one.part for one in line.tries}:
            done = [one for one in line.tries if one.part == part and one.executed and one.native is not None]
            if len({one.native for one in done}) > 1:
                _double(witness, platforms[line.place.split("/")[0]], line, done, after_death)
    for (place, life), count in after_death.items():
        name, room = place.split("/")
        most = platforms[name].rooms[relations.room_of(room)].in_flight
        if count > most:
            witness.wrong(f"{count} doubles in {place} after the end of life {life}, at most {most} were under way")


def _double(
    witness: Witness, platform: SimulatedPlatform, line: Line, done: Sequence[Try], deaths: Counter[tuple[str, int]]
) -> None:
    if platform.kind.repeats is Repeats.DROPPED:
        witness.wrong(f"row {line.number} stands twice in {line.place}, which knows keys")
    for before in done[:-1]:
        witness.doubles[before.answer or "death"] += 1
        if before.answer not in _OPEN_ENDS:
            witness.wrong(f"row {line.number} was sent again after the answer {before.answer}")
        if before.answer in {"", "ok"}:
            deaths[line.place, before.life] += 1


def ends_have_reasons(witness: Witness, known: relations.Numbers, plan: Plan) -> None:
    """Nothing is parked, dropped, cancelled or expired without the reason it names."""
    for line in witness.lines.values():
        if line.parked:
            reason, holds = line.parked, _PARKED.get(line.parked, _never)
            if not holds(witness, line, known):
                witness.wrong(f"row {line.number} for {line.place} is parked without ground: {reason}")
        elif line.end is Outcome.EXPIRED and line.ended - line.at < plan.hours * 3600 - 2:
            witness.wrong(f"row {line.number} for {line.place} expired after {line.ended - line.at:.0f} s")
        elif line.end in {Outcome.CANCELLED, Outcome.DROPPED, Outcome.MERGED}:
            holds = _ENDED.get(line.cause, _never)
            if not holds(witness, line, known):
                witness.wrong(f"row {line.number} for {line.place} ended without ground: {line.end} {line.cause}")


Ground = Callable[[Witness, Line, "relations.Numbers"], bool]


def _never(*_: object) -> bool:
    return False


def _rejected(_: Witness, line: Line, __: relations.Numbers) -> bool:
    return any(one.answer == "rejected" for one in line.tries)


def _fails(_: Witness, line: Line, __: relations.Numbers) -> bool:
    return sum(one.answer == "undeclared" for one in line.tries) >= 3


def _unknown(witness: Witness, line: Line, _: relations.Numbers) -> bool:
    return line.policy == "hold" and (witness.life > 1 or any(one.answer in _OPEN_ENDS for one in line.tries))


def _poison(witness: Witness, line: Line, _: relations.Numbers) -> bool:
    return len({one.life for one in line.tries} | line.marked) >= 3 and witness.life > 3


def _orphan(_: Witness, line: Line, known: relations.Numbers) -> bool:
    post = known.post(line.message, line.place)
    return post is not None and post.was_parked


def _deleted_before(_: Witness, line: Line, known: relations.Numbers) -> bool:
    return line.message in known.deleted


def _nothing_there(_: Witness, line: Line, known: relations.Numbers) -> bool:
    deletes = [other for other in known.about(line.message, line.place) if other.kind is RowKind.DELETE]
    return len(deletes) > 1 or not known.stands(line.message, line.place, line.number)


def _not_ours(_: Witness, line: Line, known: relations.Numbers) -> bool:
    return known.home.get(line.message) == line.place


def _too_late(witness: Witness, _: Line, __: relations.Numbers) -> bool:
    return witness.weather.counts[Mishap.CLOCK_FORWARD] > 1


def _cannot(_: Witness, line: Line, known: relations.Numbers) -> bool:
    kind = known.kind(line.place)
    return kind.connector == "bare" or (kind.shows.edit_within is not None)


def _unheard_of(_: Witness, line: Line, known: relations.Numbers) -> bool:
    return line.message in known.deleted or not known.carried(line.message, line.place, line.number)


def _reaction(_: Witness, line: Line, __: relations.Numbers) -> bool:
    return line.kind in {RowKind.REACT, RowKind.UNREACT}


def _always(*_: object) -> bool:
    return True


_PARKED: Mapping[str, Ground] = {
    "rejected": _rejected,
    "fails": _fails,
    "unknown outcome": _unknown,
    "poison": _poison,
    "parent parked": _orphan,
}
_ENDED: Mapping[str, Ground] = {
    "deleted before": _deleted_before,
    "nothing there to delete": _nothing_there,
    "not ours to edit": _not_ours,
    "not ours to delete": _not_ours,
    "an edit too late to show": _too_late,
    "cannot be deleted there": _cannot,
    "reaction to a message that is not there": _unheard_of,
    "reaction to an unknown message taken back": _unheard_of,
    "reaction shown already": _always,
    "joined": _reaction,
}
