"""How a poll stands elsewhere: one note under it, brought up to date, or one line when the poll is over.

Each room in which people vote has a note of its own in the others. Pure: no I/O, no clock, no state.
"""

from collections.abc import Sequence

from bridge.asked import Closing, Edit
from bridge.errors import Feature
from bridge.events import Tallied
from bridge.fit import Quoted, Words, fit
from bridge.people import defused, label
from bridge.steps import Ended, Facts, Plan, Step, View, key_of, outgoing, target_of, writer
from bridge.store.questions import Known
from bridge.store.rows import Outcome, Row, TwinKind
from bridge.text.nodes import Paragraph, Rich, Text


def tallied(rows: Sequence[Row], facts: Facts, view: View) -> Plan | Ended:
    """What the newest of `rows`, counts of one poll in one room, does; the others are over with it."""
    event, about = rows[-1].event, facts.about
    joined = tuple(row.number for row in rows[1:])
    if about is None or not isinstance(event, Tallied) or not about.carried:
        return Ended(Outcome.DROPPED, "votes in an unknown poll", joined)
    if about.gone:
        return Ended(Outcome.CANCELLED, "deleted before", joined)
    if rows[0].origin not in about.tallies and not _worth_telling(event, view):
        return Ended(Outcome.MERGED, "told when people have voted, or when the poll is over", joined)
    told = _told(rows[0], event, about, view)
    return Plan((told, *_over(rows[0], event, about, view)), ("tally",), joined)


def _over(row: Row, event: Tallied, about: Known, view: View) -> tuple[Step, ...]:
    """Our copy of a poll that is over where it was asked ends too."""
    if not event.closed or row.origin != about.origin or Feature.CLOSE not in view.features or not about.parts:
        return ()
    by = writer(row, about, view)
    return (Step(Closing(target=target_of(view, about.parts), key=key_of(view, 1), by=by), 1),)


def in_words(event: Tallied) -> Rich:
    """The counts in one line; answers that nobody chose are left out."""
    chosen = [f"{answer} {count}" for answer, count in zip(event.answers, event.counts, strict=False) if count]
    when = "at the end" if event.closed else "so far"
    said = f"📊 Votes elsewhere {when}: {', '.join(chosen) or 'none'}"
    return (Paragraph((Text(defused(" ".join(said.split()))),)),)


def _worth_telling(event: Tallied, view: View) -> bool:
    """Where a note cannot be changed later there is one line, at the end."""
    return event.closed or (Feature.EDIT in view.features and any(event.counts))


def _told(row: Row, event: Tallied, about: Known, view: View) -> Step:
    place = row.origin or 0
    note = about.tallies.get(place)
    hangs = target_of(view, about.parts) if about.parts and Feature.REPLY in view.features else None
    on = None if hangs is not None or note is not None else _quoted(about)
    (part, *_) = fit(Words(text=in_words(event), quoted=on), view.capabilities)
    content = outgoing(row, part, view, 0, hangs)
    if note is not None and Feature.EDIT in view.features:
        return Step(Edit(target=target_of(view, ((note,),)), content=content), place, TwinKind.TALLY)
    return Step(content, place, TwinKind.TALLY)


def _quoted(about: Known) -> Quoted:
    return Quoted(label(about.author) if about.author else "…", defused(about.excerpt) if about.excerpt else None)
