"""What one delivery does in its room, step by step. Pure: no I/O, no clock, no state.

A plan is sealed (stored) before its first step where it could come out differently a second time, so that a retry
sends the same words under the same key.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeAlias, Union

import msgspec
from msgspec import Struct, structs

from bridge.connector import Capabilities, Connector, Deletion, Edit, Outgoing, Person, Reaction, Relation, Target
from bridge.errors import Feature
from bridge.events import Deleted, Edited, Manner, Posted, Reacted, Unreacted, answered
from bridge.fit import Part, Quoted, Words, fit, reaction_line
from bridge.ids import Key, MessageId, PersonNumber, Place
from bridge.people import defused, label
from bridge.store.ops import Outcome, Row, RowKind, TwinKind
from bridge.store.questions import Emojis, Known
from bridge.text.nodes import Paragraph, Rich, Text

_FALLBACK_HOURS = 48
_SHORT_ID = 12
Action: TypeAlias = Union[Outgoing, Edit, Deletion, Reaction]


class Step(Struct, frozen=True):
    """One call of the connector; what it makes is kept as `part` of the message, as `kind`."""

    action: Action
    part: int = 0
    kind: TwinKind = TwinKind.COPY


class Plan(Struct, frozen=True, tag="plan"):
    """The steps, in order; `sealed` says that the same row could be planned otherwise later."""

    steps: tuple[Step, ...]
    fragile: tuple[str, ...] = ()
    """Why a second planning could differ: relations, several parts."""


class Ended(Struct, frozen=True, tag="ended"):
    """There is nothing to send, and why."""

    outcome: Outcome
    cause: str


class Orphan(Struct, frozen=True, tag="orphan"):
    """It speaks of a message that is parked itself."""


class View(Struct, frozen=True, kw_only=True):
    """The target room as a plan sees it: `features` are those its connector has and the room did not refuse."""

    place: Place
    capabilities: Capabilities
    features: frozenset[Feature]
    prefix: str
    """Epoch, row and generation: a part's number behind it makes its key."""
    label: str | None = None
    """What the row's person is called in the room; None where nobody else was ever there."""


class Facts(Struct, frozen=True, kw_only=True):
    """What the store knows of the messages a row speaks of, in the target room."""

    about: Known | None = None
    reply: Known | None = None
    emojis: Emojis | None = None


def features(connector: type[Connector[Any]], to: Capabilities) -> frozenset[Feature]:
    """What a connector can do in a room, asked of its methods and numbers."""
    methods: dict[Feature, Callable[..., Any]] = {
        Feature.EDIT: Connector.edit,
        Feature.DELETE: Connector.delete,
        Feature.REACT: Connector.react,
    }
    found = {feature for feature, method in methods.items() if connector.can(method)}
    if Relation.REPLY in to.relations:
        found.add(Feature.REPLY)
    if Relation.THREAD in to.relations:
        found.add(Feature.THREAD)
    return frozenset(found | {Feature.FORMATTING, Feature.ATTACHMENT})


def planned(row: Row, facts: Facts, view: View, now: datetime) -> Plan | Ended | Orphan:
    """What to do for a row, whatever its kind."""
    event = row.event
    match event:
        case Posted():
            return _posted(row, event, facts, view)
        case Edited():
            return _edited(row, event, facts, view, now)
        case Deleted():
            return _reacted(row, "", facts, view) if row.kind is RowKind.UNREACT else _deleted(row, facts, view, now)
        case Reacted() | Unreacted():
            return _reacted(row, event.emoji, facts, view)


def is_plain(row: Row) -> bool:
    """Whether a row needs no facts: a message that answers none."""
    return isinstance(row.event, Posted) and row.reply is None and answered(row.event) is None


def person(row: Row) -> Person | None:
    """Who is behind a row, without any native id."""
    event = row.event
    user = event.author if isinstance(event, (Posted, Edited)) else event.by
    if user is None or row.person is None:
        return None
    return Person(number=row.person, name=user.name, avatar=user.avatar)


def speaker(row: Row) -> tuple[PersonNumber, str] | None:
    """Whose act a row is, by number and by name; None for the bridge's own."""
    event = row.event
    user = event.author if isinstance(event, (Posted, Edited)) else event.by
    return None if user is None or row.person is None else (row.person, user.name)


def _name(row: Row, view: View) -> str:
    if view.label is not None:
        return view.label
    by = speaker(row)
    return label(by[1]) if by else ""


def _outgoing(row: Row, part: Part, view: View, index: int, reply: Target | None = None) -> Outgoing:
    return Outgoing(
        room=view.place.room, thread=view.place.thread, key=_key(view, index), text=part.text, manner=part.manner,
        author=person(row), label=part.label, in_reply_to=reply,
    )  # fmt: skip


def _key(view: View, index: int) -> Key:
    return Key(f"{view.prefix}.{index}")


def _target(view: View, parts: tuple[tuple[MessageId, ...], ...]) -> Target:
    ids = tuple(native for part in parts for native in part)
    return Target(room=view.place.room, thread=view.place.thread, parts=ids)


def _posted(row: Row, event: Posted, facts: Facts, view: View) -> Plan | Ended:
    if facts.about is not None and facts.about.gone:
        return Ended(Outcome.CANCELLED, "deleted before")
    reply, quoted = _answering(row, facts.reply, view)
    words = Words(
        text=event.text, manner=event.manner, attachments=event.attachments, label=_name(row, view), quoted=quoted,
        mark=_threaded(event) if reply is None and quoted is None else "",
    )  # fmt: skip
    parts = fit(words, view.capabilities)
    steps = tuple(
        Step(_outgoing(row, part, view, index, reply if not index else None), index) for index, part in enumerate(parts)
    )
    fragile = ("reply",) if facts.reply else ("parts",) if len(steps) > 1 else ()
    return Plan(steps, fragile)


def _threaded(event: Posted) -> str:
    """A thread whose first message nobody here knows, in words; a long native id would tell readers nothing."""
    if event.thread is None:
        return ""
    return f"in thread {event.thread}" if len(event.thread) <= _SHORT_ID else "in a thread"


def _answering(row: Row, known: Known | None, view: View) -> tuple[Target | None, Quoted | None]:
    """An answer hangs on its message where it can, and quotes it where it cannot.

    Words of a third room are quoted only where they have been: this room may not be one that hears it.
    """
    if known is None or known.gone or (not known.carried and known.origin != row.origin):
        return None, None
    if known.parts and Feature.REPLY in view.features:
        return _target(view, known.parts), None
    return None, Quoted(label(known.author) if known.author else "…", defused(known.excerpt) if known.excerpt else None)


def _edited(row: Row, event: Edited, facts: Facts, view: View, now: datetime) -> Plan | Ended | Orphan:
    about = facts.about
    if about is not None and about.gone:
        return Ended(Outcome.CANCELLED, "deleted before")
    if about is not None and about.parked:
        return Orphan()
    words = Words(text=event.text, manner=event.manner, attachments=event.attachments, label=_name(row, view))
    if about is None or not about.parts:
        return _told_anew(row, words, view, TwinKind.COPY)
    if not about.ours:
        return Ended(Outcome.DROPPED, "not ours to edit")
    if Feature.EDIT in view.features and _within(about.at, view.capabilities.edit_within, now):
        return Plan(_changes(row, words, about, view), ("edit",))
    if not _recent(about.at, now):
        return Ended(Outcome.DROPPED, "an edit too late to show")
    return _told_anew(row, words, view, TwinKind.NOTE)


def _told_anew(row: Row, words: Words, view: View, kind: TwinKind) -> Plan:
    """An edit where messages cannot be edited: the new words, marked."""
    parts = fit(structs.replace(words, mark="edited"), view.capabilities)
    steps = tuple(Step(_outgoing(row, part, view, index), index, kind) for index, part in enumerate(parts))
    return Plan(steps, ("edit",))


def _changes(row: Row, words: Words, about: Known, view: View) -> tuple[Step, ...]:
    """Each old part gets new words; parts too many are taken back, parts too few are sent."""
    parts = fit(words, view.capabilities)
    steps = []
    for index, part in enumerate(parts):
        content = _outgoing(row, part, view, index)
        if index < len(about.parts):
            steps.append(Step(Edit(target=_target(view, (about.parts[index],)), content=content), index))
        else:
            steps.append(Step(content, index))
    surplus = range(len(parts), len(about.parts))
    return (*steps, *(Step(_emptied(row, about, view, index), index) for index in surplus))


def _emptied(row: Row, about: Known, view: View, index: int) -> Action:
    """A part that the new words no longer need."""
    target = _target(view, (about.parts[index],))
    if Feature.DELETE in view.features:
        return Deletion(target=target, key=_key(view, index), by=person(row))
    return Edit(target=target, content=_outgoing(row, Part(text=_words("…")), view, index))


def _deleted(row: Row, facts: Facts, view: View, now: datetime) -> Plan | Ended:
    about = facts.about
    if about is None or not about.parts:
        return Ended(Outcome.CANCELLED, "nothing there to delete")
    if not about.ours:
        return Ended(Outcome.DROPPED, "not ours to delete")
    if Feature.DELETE in view.features and _within(about.at, view.capabilities.delete_within, now):
        deletion = Deletion(target=_target(view, _everything(about)), key=_key(view, 0), by=person(row))
        return Plan((Step(deletion),), ("delete",))
    if Feature.EDIT in view.features and _within(about.at, view.capabilities.edit_within, now):
        everything = _everything(about)
        return Plan(tuple(_blanked(row, part, view, index) for index, part in enumerate(everything)), ("delete",))
    return Ended(Outcome.DROPPED, "cannot be deleted there")


def _everything(about: Known) -> tuple[tuple[MessageId, ...], ...]:
    """A message with the notes about it, which hold its words too."""
    return (*about.parts, *((note,) for note in about.notes))


def _blanked(row: Row, part: tuple[MessageId, ...], view: View, index: int) -> Step:
    """A deletion where messages can only be edited: a note in place of the words."""
    note = "[deleted]" if not index else "…"
    content = _outgoing(row, Part(text=_words(note)), view, index)
    return Step(Edit(target=_target(view, (part,)), content=content), index)


def _reacted(row: Row, emoji: str, facts: Facts, view: View) -> Plan | Ended:
    about, emojis = facts.about, facts.emojis
    if about is None or emojis is None or not about.carried:
        return Ended(Outcome.DROPPED, "reaction to an unknown message")
    if about.gone:
        return Ended(Outcome.CANCELLED, "deleted before")
    shown = _shown(emojis, view) if about.parts and Feature.REACT in view.features else ()
    steps = _reactions(row, shown, emojis, about, view)
    if emoji and emoji not in shown and (row.kind is RowKind.REACT or Feature.REACT not in view.features):
        steps = (*steps, _line(row, emoji, about, view, len(steps)))
    if not steps:
        return Ended(Outcome.MERGED, "reaction shown already")
    return Plan(steps, ("reaction",))


def _shown(emojis: Emojis, view: View) -> tuple[str, ...]:
    """What of the wanted set our one account can show; what stands there already comes first."""
    allowed = view.capabilities.reactions
    wanted = [emoji for emoji in emojis.wanted if allowed is None or emoji in allowed]
    wanted.sort(key=lambda emoji: emoji not in emojis.ours)
    return tuple(wanted[: view.capabilities.max_reactions])


def _reactions(row: Row, shown: tuple[str, ...], emojis: Emojis, about: Known, view: View) -> tuple[Step, ...]:
    gone = [emoji for emoji in emojis.ours if emoji not in shown]
    new = [emoji for emoji in shown if emoji not in emojis.ours]
    return tuple(
        Step(
            Reaction(
                target=_target(view, about.parts), emoji=emoji, wanted=shown, key=_key(view, index),
                native=emojis.ours.get(emoji), by=person(row),
            )
        )
        for index, emoji in enumerate([*gone, *new])
    )  # fmt: skip


def _line(row: Row, emoji: str, about: Known, view: View, index: int) -> Step:
    """A reaction where reactions do not exist, or one too many: a line in words."""
    taken_back = "" if row.kind is RowKind.REACT else emoji
    excerpt = defused(about.excerpt) if about.excerpt else None
    text = reaction_line(_name(row, view) or "Somebody", (emoji,), excerpt, taken_back=taken_back)
    (part, *_) = fit(Words(text=text, manner=Manner.SAY), view.capabilities)
    return Step(_outgoing(row, part, view, index), index, TwinKind.NOTE)


def _words(text: str) -> Rich:
    return (Paragraph((Text(text),)),)


def _within(at: int, limit: timedelta | None, now: datetime) -> bool:
    return limit is None or _age(at, now) < limit.total_seconds()


def _recent(at: int, now: datetime) -> bool:
    return _age(at, now) < _FALLBACK_HOURS * 3600


def _age(at: int, now: datetime) -> float:
    return now.timestamp() - at / 1000


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Plan)


def sealed(plan: Plan) -> bytes:
    """A plan as stored."""
    return _encoder.encode(plan)


def unsealed(data: bytes) -> Plan:
    """A stored plan again."""
    return _decoder.decode(data)
