"""What a row becomes in its room, step by step. Pure: no I/O, no clock, no state."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from bridge.asked import Deletion, Edit, Opening, Outgoing, Target, Template
from bridge.blocks import joined, with_words, without
from bridge.capabilities import Authorship, Capabilities, Relation
from bridge.config.settings import Show
from bridge.connector import Connector
from bridge.desk import handle
from bridge.errors import Feature
from bridge.events import Attachment, Deleted, Edited, Posted, Reacted, Tallied, Unreacted, answered, begins_thread
from bridge.fit import Part, Quoted, Words, fit, recaptioned
from bridge.fit_content import STRUCTURED, moves, still, without_numbers
from bridge.fit_files import Carried, fileless, files_of
from bridge.ids import MessageId
from bridge.people import bare, defused, label
from bridge.reactions import reacted
from bridge.steps import (
    Action,
    Ended,
    Facts,
    Orphan,
    Plan,
    Step,
    View,
    key_of,
    late,
    name_of,
    outgoing,
    target_of,
    within,
    words_only,
    writer,
)
from bridge.store.questions import Known
from bridge.store.rows import Outcome, Row, RowKind, TwinKind
from bridge.tallies import tallied
from bridge.template import filled
from bridge.text.walk import plain
from bridge.threads import begins_here, handled, hangs, in_thread, in_words, opens, thread_there

_FALLBACK_HOURS = 48


def features(connector: type[Connector[Any]], to: Capabilities) -> frozenset[Feature]:
    """What a connector can do in a room, asked of its methods and numbers."""
    methods: dict[Feature, Callable[..., Any]] = {
        Feature.EDIT: Connector.edit,
        Feature.DELETE: Connector.delete,
        Feature.CLOSE: Connector.close,
        Feature.REACT: Connector.react,
        Feature.OPEN: Connector.open_thread,
    }
    found = {feature for feature, method in methods.items() if connector.can(method)}
    if Relation.REPLY in to.relations:
        found.add(Feature.REPLY)
    if Relation.THREAD in to.relations:
        found.add(Feature.THREAD)
    return frozenset(found | {Feature.FORMATTING, Feature.ATTACHMENT})


def planned(row: Row, facts: Facts, view: View, now: datetime, behind: Sequence[Row] = ()) -> Plan | Ended | Orphan:
    """What to do for a row, whatever its kind, and for those `behind` it that it can show as well."""
    event = row.event
    match event:
        case Posted() if row.kind is RowKind.OPEN:
            return _opening(facts.about, view)
        case Posted():
            together = joined((row, *behind), view, now) if behind else None
            return together or _posted(row, event, facts, view, late(row, view, now))
        case Edited():
            return _edited(row, event, facts, view, now)
        case Deleted():
            if row.kind is RowKind.UNREACT:
                return reacted((row, *behind), facts, view, now)
            return _deleted(row, facts, view, now)
        case Reacted() | Unreacted():
            return reacted((row, *behind), facts, view, now)
        case Tallied():
            return tallied((row, *behind), facts, view)


def is_plain(row: Row) -> bool:
    """Whether a row needs no facts: a message that answers none."""
    event = row.event
    if not isinstance(event, Posted) or row.reply is not None or event.attachments:
        return False
    return answered(event) is None and not begins_thread(event)


def _posted(row: Row, event: Posted, facts: Facts, view: View, time: str) -> Plan | Ended:
    if facts.about is not None and facts.about.gone:
        return Ended(Outcome.CANCELLED, "deleted before")
    if event.thread is not None and begins_thread(event) and handle(event.thread) is not None and opens(view):
        title = Opening(room=view.place.room, title=event.thread_name, key=key_of(view, 0))
        return Plan((Step(title),), ("opening",))
    if begins_thread(event) and not begins_here(view):
        return Ended(Outcome.MERGED, "a thread in words there")
    thread = thread_there(event, facts.thread, view)
    hanging = answering(row, facts.reply, view) if hangs(event, facts.reply, thread) else (None, None)
    reply, quoted = hanging
    label = name_of(row, view)
    by_name = label and handled(event.thread, view) is not None
    told = "" if thread is not None or by_name else in_words(event, facts.thread, answers=any(hanging))
    words = Words(
        text=view.told(event.text), manner=event.manner, attachments=_carried(event, view, facts),
        label=label, files=files_of(facts.carried), lost=_lost(event, facts), quoted=quoted,
        mark=", ".join(filter(None, (time, told))),
    )  # fmt: skip
    if view.template is not None:
        return _as_template(row, event, words, view, view.template)
    parts, there = fit(words, view.capabilities), in_thread(view, thread)
    steps = tuple(
        Step(outgoing(row, part, there, index, reply if not index else None), index, _kind(part))
        for index, part in enumerate(parts)
    )
    fragile = ("reply",) if answered(event) is not None else ("parts",) if len(steps) > 1 else ("late",) if time else ()
    fragile = ("files",) if facts.carried else fragile
    return Plan(steps, (*fragile, "thread") if thread is not None else fragile)


def _opening(about: Known | None, view: View) -> Plan | Ended:
    """A thread of its own, called as the message began, where the room has such and knows the message."""
    if about is None or not about.parts or about.gone or begins_here(view) or not opens(view):
        return Ended(Outcome.MERGED, "a thread in words there")
    if about.thread is not None:
        return Ended(Outcome.MERGED, "a thread that is there")
    title = Opening(room=view.place.room, title=defused(about.excerpt or about.author), key=key_of(view, 0))
    return Plan((Step(title),), ("opening",))


def _as_template(row: Row, event: Posted, words: Words, view: View, template: Template) -> Plan:
    """What the platform approved beforehand, in place of the words; those stand beside it for who reads along."""
    values = {"answer": " ".join(plain(event.text).split()) or "…", "agent": bare(words.label)}
    gaps = tuple(filled(one, values) for one in template.parameters)
    part = structs.replace(fit(words, view.capabilities)[0], files=(), shared=())
    action = structs.replace(outgoing(row, part, view, 0), template=structs.replace(template, parameters=gaps))
    return Plan((Step(action),), ("template",))


def _kind(part: Part) -> TwinKind:
    return TwinKind.FILED if part.files else TwinKind.COPY


def _lost(event: Posted | Edited, facts: Facts) -> tuple[tuple[Attachment, Carried], ...]:
    """Files that the room gets as a link, or in words."""
    return tuple((event.attachments[one.part], one) for one in facts.carried if one.file is None)


def _carried(event: Posted | Edited, view: View, facts: Facts) -> tuple[Attachment, ...]:
    """What of a message's attachments, files apart, the link and the room let through."""
    found = fileless(event.attachments, facts.carried) if facts.carried else event.attachments
    if not found:
        return found
    found = found if Show.PHONE_NUMBERS in view.shows else without_numbers(found)
    return found if Feature.EDIT in view.features else still(found)


def answering(row: Row, known: Known | None, view: View) -> tuple[Target | None, Quoted | None]:
    """An answer hangs on its message where it can, and quotes it where it cannot.

    Words of a third room are quoted only where they have been: this room may not be one that hears it.
    """
    if known is None or known.gone or (not known.carried and known.origin != row.origin):
        return None, None
    if known.parts and Feature.REPLY in view.features:
        return target_of(view, known.parts), None
    return None, Quoted(_called(known, view), defused(known.excerpt) if known.excerpt else None)


def _called(known: Known, view: View) -> str:
    """The author of a quoted message by the name that the room knows."""
    by = None if known.person is None else view.labels.get(known.person)
    return by or (label(known.author) if known.author else "…")


def _edited(row: Row, event: Edited, facts: Facts, view: View, now: datetime) -> Plan | Ended | Orphan:
    about = facts.about
    if about is not None and about.gone:
        return Ended(Outcome.CANCELLED, "deleted before")
    if about is not None and about.parked:
        return Orphan()
    if about is not None and about.carried and Feature.EDIT not in view.features and moves(event.attachments):
        return Ended(Outcome.DROPPED, "a place that moves is not followed there")
    words = Words(
        text=view.told(event.text), manner=event.manner, attachments=_carried(event, view, facts),
        lost=_lost(event, facts), label=name_of(row, view),
    )  # fmt: skip
    view = _in_words(view)
    if about is None or not about.parts:
        return _told_anew(row, words, view, TwinKind.COPY)
    if not about.ours:
        return Ended(Outcome.DROPPED, "not ours to edit")
    if Feature.EDIT in view.features and within(about.at, view.capabilities.edit_within, now):
        plan = (
            with_words(row, words, about, view) if about.joined else Plan(_changes(row, words, about, view), ("edit",))
        )
        if plan is not None:
            return plan
    if not _recent(about.at, now):
        return Ended(Outcome.DROPPED, "an edit too late to show")
    return _told_anew(row, words, view, TwinKind.NOTE)


def _in_words(view: View) -> View:
    """A view for edits: places, cards and polls that are there cannot become others, so they are told in words."""
    can = view.capabilities
    files = {kind: limit for kind, limit in can.media.items() if kind not in STRUCTURED}
    if len(files) == len(can.media):
        return view
    return structs.replace(view, capabilities=structs.replace(can, media=files))


def _told_anew(row: Row, words: Words, view: View, kind: TwinKind) -> Plan:
    """An edit where messages cannot be edited: the new words, marked."""
    parts = fit(structs.replace(words, mark="edited"), view.capabilities)
    steps = tuple(Step(outgoing(row, part, view, index), index, kind) for index, part in enumerate(parts))
    return Plan(steps, ("edit",))


def _changes(row: Row, words: Words, about: Known, view: View) -> tuple[Step, ...]:
    """Each old part gets new words; parts too many are taken back, parts too few are sent."""
    if about.filed:
        return tuple(_recaptioned(row, words, about, view))
    parts = fit(words, view.capabilities)
    steps = []
    for index, part in enumerate(parts):
        content = _by_writer(outgoing(row, part, view, index), row, about, view)
        if index < len(about.parts):
            steps.append(Step(Edit(target=target_of(view, (about.parts[index],)), content=content), index))
        else:
            steps.append(Step(content, index))
    surplus = range(len(parts), len(about.parts))
    return (*steps, *(Step(_emptied(row, about, view, index), index) for index in surplus))


def _recaptioned(row: Row, words: Words, about: Known, view: View) -> Iterator[Step]:
    """New words under the files of a message, which stay; the parts without files have what does not fit there."""
    words = structs.replace(words, attachments=tuple(one for one in words.attachments if one.kind in STRUCTURED))
    can, old = view.capabilities, [index for index in range(len(about.parts)) if index not in about.filed]
    caption, behind = recaptioned(words, can) if can.max_caption else (None, fit(words, can))
    first = min(about.filed)
    if caption is not None:
        content = _by_writer(outgoing(row, caption, view, first), row, about, view)
        yield Step(Edit(target=target_of(view, (about.parts[first],)), content=content, caption=True), first)
    for number, part in enumerate(behind):
        index = old[number] if number < len(old) else len(about.parts) + number - len(old)
        content = _by_writer(outgoing(row, part, view, index), row, about, view)
        there = number < len(old)
        yield Step(Edit(target=target_of(view, (about.parts[index],)), content=content) if there else content, index)
    for index in old[len(behind) :]:
        yield Step(_emptied(row, about, view, index), index)


def _emptied(row: Row, about: Known, view: View, index: int) -> Action:
    """A part that the new words no longer need."""
    target = target_of(view, (about.parts[index],))
    if Feature.DELETE in view.features:
        return Deletion(target=target, key=key_of(view, index), by=writer(row, about, view))
    content = outgoing(row, Part(text=words_only("…")), view, index)
    return Edit(target=target, content=_by_writer(content, row, about, view))


def _by_writer(content: Outgoing, row: Row, about: Known, view: View) -> Outgoing:
    """What changes a copy, in the name of who wrote it."""
    if view.capabilities.authorship is not Authorship.GHOST:
        return content
    return structs.replace(content, author=writer(row, about, view))


def _deleted(row: Row, facts: Facts, view: View, now: datetime) -> Plan | Ended:
    about = facts.about
    if about is not None and not about.parts and about.thread is not None and begins_here(view):
        about = structs.replace(about, parts=((MessageId(about.thread),),))  # threads are messages here
    if about is None or not about.parts:
        return Ended(Outcome.CANCELLED, "nothing there to delete")
    if not about.ours:
        return Ended(Outcome.DROPPED, "not ours to delete")
    if about.joined:
        return _taken_out(row, about, view, now)
    if Feature.DELETE in view.features and within(about.at, view.capabilities.delete_within, now):
        target, by = target_of(view, _everything(about)), writer(row, about, view)
        return Plan((Step(Deletion(target=target, key=key_of(view, 0), by=by)),), ("delete",))
    if Feature.EDIT in view.features and within(about.at, view.capabilities.edit_within, now):
        parts = enumerate(_everything(about))
        return Plan(tuple(_blanked(row, part, about, view, index) for index, part in parts), ("delete",))
    return Ended(Outcome.DROPPED, "cannot be deleted there")


def _taken_out(row: Row, about: Known, view: View, now: datetime) -> Plan | Ended:
    """A deletion of one of several messages that are one here."""
    editable = Feature.EDIT in view.features and within(about.at, view.capabilities.edit_within, now)
    plan = without(row, about, view) if editable else None
    return plan or Ended(Outcome.DROPPED, "cannot be deleted there")


def _everything(about: Known) -> tuple[tuple[MessageId, ...], ...]:
    """A message with the notes about it, which hold its words too."""
    return (*about.parts, *((note,) for note in about.notes))


def _blanked(row: Row, part: tuple[MessageId, ...], about: Known, view: View, index: int) -> Step:
    """A deletion where messages can only be edited: a note in place of the words."""
    note = "[deleted]" if not index else "…"
    content = _by_writer(outgoing(row, Part(text=words_only(note)), view, index), row, about, view)
    return Step(Edit(target=target_of(view, (part,)), content=content, caption=index in about.filed), index)


def _recent(at: int, now: datetime) -> bool:
    return within(at, timedelta(hours=_FALLBACK_HOURS), now)
