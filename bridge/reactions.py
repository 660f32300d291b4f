"""What reactions do in a room: native ones as far as one account can set them, a line in words for the others.

Pure: no I/O, no clock, no state.
"""

from collections.abc import Iterable, Sequence

from bridge.connector import Reaction
from bridge.errors import Feature
from bridge.events import Manner, Reacted, Unreacted
from bridge.fit import Words, fit, reacted_line, taken_back_line
from bridge.people import defused
from bridge.steps import Ended, Facts, Plan, Step, View, key_of, name_of, outgoing, person, target_of
from bridge.store.ops import Outcome, Row, RowKind, TwinKind
from bridge.store.questions import Emojis, Known
from bridge.text.nodes import Rich

JOIN_SECONDS = 2.0
"""How long a reaction that becomes a line waits for others on the same message."""
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
    same = first.message is not None and first.message == other.message and first.link == other.link
    return same and first.kind in _REACTIONS and other.kind in _REACTIONS and other.plan is None


def lingers(waiting: Sequence[Row], features: frozenset[Feature], now_ms: int) -> float:
    """Seconds a reaction that becomes a line still waits for others, while nothing else is behind it."""
    row = waiting[0]
    if row.kind is not RowKind.REACT or row.plan is not None or Feature.REACT in features:
        return 0.0
    waited = (now_ms - row.at) / 1000
    if waited < 0 or len(together(waiting)) < len(waiting):  # a clock that was set back says nothing
        return 0.0
    return max(0.0, JOIN_SECONDS - waited)


def reacted(rows: Sequence[Row], facts: Facts, view: View) -> Plan | Ended:
    """What the first of `rows` does, and the others with it: reactions on one message, in the order they came."""
    about, emojis = facts.about, facts.emojis
    if about is None or emojis is None or not about.carried:
        return Ended(Outcome.DROPPED, "reaction to an unknown message")
    if about.gone:
        return Ended(Outcome.CANCELLED, "deleted before")
    shown = _shown(emojis, view) if about.parts and Feature.REACT in view.features else ()
    steps = _native(rows[0], shown, emojis, about, view)
    steps += tuple(
        _said(rows[0], text, view, index) for index, text in enumerate(_lines(rows, shown, about, view), len(steps))
    )
    joined = tuple(row.number for row in rows[1:])
    return Plan(steps, ("reaction",), joined) if steps else Ended(Outcome.MERGED, "reaction shown already", joined)


def _shown(emojis: Emojis, view: View) -> tuple[str, ...]:
    """What of the wanted set our one account can show; what stands there already comes first."""
    allowed = view.capabilities.reactions
    wanted = [emoji for emoji in emojis.wanted if allowed is None or emoji in allowed]
    wanted.sort(key=lambda emoji: emoji not in emojis.ours)
    return tuple(wanted[: view.capabilities.max_reactions])


def _native(row: Row, shown: tuple[str, ...], emojis: Emojis, about: Known, view: View) -> tuple[Step, ...]:
    gone = [emoji for emoji in emojis.ours if emoji not in shown]
    new = [emoji for emoji in shown if emoji not in emojis.ours]
    return tuple(
        Step(
            Reaction(
                target=target_of(view, about.parts), emoji=emoji, wanted=shown, key=key_of(view, index),
                native=emojis.ours.get(emoji), by=person(row),
            )
        )
        for index, emoji in enumerate([*gone, *new])
    )  # fmt: skip


def _lines(rows: Sequence[Row], shown: tuple[str, ...], about: Known, view: View) -> Iterable[Rich]:
    """What has to be said in words: those put on, in one line, and each that was taken back."""
    excerpt = defused(about.excerpt) if about.excerpt else None
    put, back = _change(rows)
    words = [(name_of(row, view) or "Somebody", emoji) for row, emoji in put if emoji not in shown]
    if words:
        yield reacted_line(words, excerpt)
    if Feature.REACT not in view.features:
        for row, emoji in back:
            yield taken_back_line(name_of(row, view) or "Somebody", emoji, excerpt)


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


def _said(row: Row, text: Rich, view: View, index: int) -> Step:
    """A reaction where reactions do not exist, or one too many: a line in words."""
    (part, *_) = fit(Words(text=text, manner=Manner.SAY), view.capabilities)
    return Step(outgoing(row, part, view, index), index, TwinKind.NOTE)
