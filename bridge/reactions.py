"""What reactions do in a room: native ones as far as one account can set them, a line in words for the others.

Pure: no I/O, no clock, no state.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct, structs

from bridge.asked import Deletion, Edit, Outgoing, Person, Reaction
from bridge.capabilities import Authorship
from bridge.errors import Feature
from bridge.events import Manner, Reacted, Unreacted
from bridge.fit import Words, fit, reacted_line, taken_back_line
from bridge.ids import MessageId, PersonNumber
from bridge.nearest import nearest
from bridge.people import defused, label
from bridge.steps import (
    Ended,
    Facts,
    Plan,
    Step,
    View,
    key_of,
    name_of,
    outgoing,
    person,
    target_of,
    within,
    words_only,
)
from bridge.store.questions import Emojis, Known
from bridge.store.rows import Outcome, Row, RowKind, TwinKind
from bridge.text.nodes import Rich

JOIN_SECONDS = 2.0
"""How long a reaction that becomes a line waits for others on the same message."""
_UNKNOWN = "to an older message"
_REACTIONS = (RowKind.REACT, RowKind.UNREACT)


def together(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The first row and those behind it that one line can show with it: reactions on the same message."""
    found: list[Row] = []
    for row in rows:
        if found and not _alike(found[0], row):
            break
        found.append(row)
    return tuple(found)


def _alike(first: Row, other: Row) -> bool:
    same = _about(first) == _about(other) and first.link == other.link
    if first.kind is RowKind.TALLY:
        same = same and first.origin == other.origin and other.kind is RowKind.TALLY
        return same and other.plan is None
    return same and first.kind in _REACTIONS and other.kind in _REACTIONS and other.plan is None


def _about(row: Row) -> object:
    """The message, or the native id of one that nobody knows."""
    event = row.event
    native = event.message if isinstance(event, (Reacted, Unreacted)) else row.number
    return row.message or (row.origin, native)


def lingers(waiting: Sequence[Row], features: frozenset[Feature], now_ms: int) -> float:
    """Seconds a reaction that becomes a line still waits for others, while nothing else is behind it."""
    row = waiting[0]
    if row.kind is not RowKind.REACT or row.plan is not None or Feature.REACT in features:
        return 0.0
    waited = (now_ms - row.at) / 1000
    if waited < 0 or len(together(waiting)) < len(waiting):  # a clock that was set back says nothing
        return 0.0
    return max(0.0, JOIN_SECONDS - waited)


def reacted(rows: Sequence[Row], facts: Facts, view: View, now: datetime) -> Plan | Ended:
    """What the first of `rows` does, and the others with it: reactions on one message, in the order they came."""
    about, emojis = facts.about, facts.emojis
    if about is None:
        return _to_unknown(rows, view)
    if emojis is None or not about.carried:
        return Ended(Outcome.DROPPED, "reaction to a message that is not there")
    if about.gone:
        return Ended(Outcome.CANCELLED, "deleted before")
    changes, shown = _changes(rows, emojis, view) if _can(about, view) else ((), _nobody)
    steps = tuple(_native(change, index, about, view) for index, change in enumerate(changes))
    if Feature.EDIT not in view.features or not within(about.at, view.capabilities.edit_within, now):
        lines = enumerate(_lines(rows, shown, facts, view), len(steps))
        steps += tuple(_said(rows[0], text, view, index, TwinKind.NOTE) for index, text in lines)
    elif steps or not all(_stays(row, shown) for row in rows):
        steps += _line(rows[0], shown, about, emojis, view, len(steps))
    joined = tuple(row.number for row in rows[1:])
    return Plan(steps, ("reaction",), joined) if steps else Ended(Outcome.MERGED, "reaction shown already", joined)


def _to_unknown(rows: Sequence[Row], view: View) -> Plan | Ended:
    """Reactions on a message that the bridge never saw, or forgot: what they are on is not known, that they are is."""
    joined, put = tuple(row.number for row in rows[1:]), _change(rows)[0]
    if not put:
        return Ended(Outcome.DROPPED, "reaction to an unknown message taken back", joined)
    words = [(name_of(row, view) or "Somebody", emoji) for row, emoji in put]
    return Plan((_said(rows[0], reacted_line(words, None, _UNKNOWN), view, 0, TwinKind.NOTE),), ("reaction",), joined)


def _can(about: Known, view: View) -> bool:
    """Whether reactions stand on the message itself: on one that shows several, nobody would know whose they are."""
    return bool(about.parts) and not about.joined and Feature.REACT in view.features


class Change(Struct, frozen=True):
    """One emoji that comes or goes: through our one account, or by the ghost of a person."""

    emoji: str
    wanted: tuple[str, ...]
    native: MessageId | None
    by: Person | None
    ghost: int = 0


Shown: TypeAlias = Callable[[PersonNumber | None, str], bool]
"""Whether the room shows, natively, this emoji of this person."""


def _nobody(person: PersonNumber | None, emoji: str) -> bool:
    del person, emoji
    return False


def _changes(rows: Sequence[Row], emojis: Emojis, view: View) -> tuple[Sequence[Change], Shown]:
    """What has to be done natively, and what is shown natively once it is."""
    if view.capabilities.authorship is Authorship.GHOST:
        return _by_ghosts(rows, emojis, view)
    shown = _shown(emojis.wanted, emojis.ours, view)
    by = person(rows[0], view)
    return _difference(shown, emojis.ours, by), lambda _, emoji: _near(emoji, view) in shown


def _by_ghosts(rows: Sequence[Row], emojis: Emojis, view: View) -> tuple[Sequence[Change], Shown]:
    """Each ghost is brought to what its person wants: of those behind the rows, and of whoever wants less than before.

    What our own account put there before people had ghosts goes once nobody wants it.
    """
    old = {emoji: native for emoji, native in emojis.ours.items() if emoji not in emojis.wanted}
    changes = _difference((), old, None)
    shown: dict[PersonNumber | None, tuple[str, ...]] = {}
    speaking = {by.number: by for row in rows if (by := person(row, view)) is not None}
    for number in dict.fromkeys((*(who for who, _ in emojis.ghosts), *speaking)):
        ours = {emoji: native for (who, emoji), native in emojis.ghosts.items() if who == number}
        wanted = tuple(one.emoji for one in emojis.put if one.person == number)
        kept = shown[number] = _shown(wanted, ours, view)
        if number not in speaking:  # they have rows of their own for what they put on
            kept = tuple(emoji for emoji in kept if emoji in ours)
        changes += _difference(kept, ours, speaking.get(number) or Person(number=number, name=""), number)
    # Whoever has a row of their own still to come is no surplus.
    return changes, lambda who, emoji: (near := _near(emoji, view)) in shown.get(who, (near,) if near else ())


def _shown(wanted: Iterable[str], ours: Collection[str], view: View) -> tuple[str, ...]:
    """What of a wanted set one account can show; what stands there already comes first."""
    near = dict.fromkeys(_near(emoji, view) for emoji in wanted)
    kept = sorted((emoji for emoji in near if emoji), key=lambda emoji: emoji not in ours)
    return tuple(kept[: view.capabilities.max_reactions])


def _near(emoji: str, view: View) -> str | None:
    near = nearest(emoji, view.capabilities.reactions)
    return None if near in view.unfit else near


def _difference(
    shown: tuple[str, ...], ours: Mapping[str, MessageId | None], by: Person | None, ghost: int = 0
) -> list[Change]:
    gone = [emoji for emoji in ours if emoji not in shown]
    new = [emoji for emoji in shown if emoji not in ours]
    return [Change(emoji, shown, ours.get(emoji), by, ghost) for emoji in (*gone, *new)]


def _native(change: Change, index: int, about: Known, view: View) -> Step:
    reaction = Reaction(
        target=target_of(view, about.parts), emoji=change.emoji, wanted=change.wanted, key=key_of(view, index),
        native=change.native, by=change.by,
    )  # fmt: skip
    return Step(reaction, ghost=change.ghost)


def _stays(row: Row, shown: Shown) -> bool:
    """Whether a reaction is shown natively, be it that of others: then no line tells it."""
    return isinstance(row.event, (Reacted, Unreacted)) and shown(row.person, row.event.emoji)


def _line(row: Row, shown: Shown, about: Known, emojis: Emojis, view: View, index: int) -> tuple[Step, ...]:  # noqa: PLR0913, PLR0917 - the parts of one line
    """All that is not shown natively, as the one line that stands in the room and is brought up to date."""
    surplus = [one for one in emojis.put if not shown(one.person, one.emoji)]
    words = [(view.labels.get(one.person) or label(one.name), one.emoji) for one in surplus]
    text = reacted_line(words, _excerpt(about)) if words else words_only("…")
    if not about.line:
        return (_said(row, text, view, index, TwinKind.LINE),) if words else ()
    target = target_of(view, (about.line[-1:],))
    if not words and Feature.DELETE in view.features:
        return (Step(Deletion(target=target, key=key_of(view, index))),)
    return (Step(Edit(target=target, content=_told(row, text, view, index)), index),)


def _excerpt(about: Known) -> str | None:
    return defused(about.excerpt) if about.excerpt else None


def _lines(rows: Sequence[Row], shown: Shown, facts: Facts, view: View) -> Iterable[Rich]:
    """What has to be said in words: those put on, in one line, and each that was taken back."""
    excerpt = _excerpt(facts.about) if facts.about else None
    put, back = _change(rows)
    words = [(name_of(row, view) or "Somebody", emoji) for row, emoji in put if not shown(row.person, emoji)]
    if words:
        yield reacted_line(words, excerpt)
    for row, emoji in back:
        if not shown(row.person, emoji) and not _stood(row, emoji, facts.emojis, view):
            yield taken_back_line(name_of(row, view) or "Somebody", emoji, excerpt)


def _stood(row: Row, emoji: str, emojis: Emojis | None, view: View) -> bool:
    """Whether the room showed it natively until now."""
    near = _near(emoji, view)
    return emojis is not None and (near in emojis.ours or (row.person, near) in emojis.ghosts)


def _change(rows: Sequence[Row]) -> tuple[list[tuple[Row, str]], list[tuple[Row, str]]]:
    """Reactions put on and taken back in the end; one that was both is neither."""
    put: dict[tuple[int | None, str], Row] = {}
    back: dict[tuple[int | None, str], Row] = {}
    for row in rows:
        emoji = row.event.emoji if isinstance(row.event, (Reacted, Unreacted)) else ""
        one = (row.person, emoji)
        if row.kind is RowKind.REACT and back.pop(one, None) is None:
            put[one] = row
        elif row.kind is RowKind.UNREACT and put.pop(one, None) is None and emoji:
            back[one] = row
    return [(row, emoji) for (_, emoji), row in put.items()], [(row, emoji) for (_, emoji), row in back.items()]


def _said(row: Row, text: Rich, view: View, index: int, kind: TwinKind) -> Step:
    """A reaction where reactions do not exist, or one too many: a line in words."""
    return Step(_told(row, text, view, index), index, kind)


def _told(row: Row, text: Rich, view: View, index: int) -> Outgoing:
    (part, *_) = fit(Words(text=text, manner=Manner.SAY), view.capabilities)
    said = outgoing(row, part, view, index)
    if view.capabilities.authorship is Authorship.PREFIX:
        return said
    return structs.replace(said, author=None)  # the bridge tells it: nobody says of themselves that they reacted
