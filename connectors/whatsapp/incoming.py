"""Calls of WhatsApp → events. Pure: no I/O, no state; facts/platform-apis.md 2.2 to 2.5.

Event ids are made of WhatsApp's own, so that a call that is given again makes the same events.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct, field

from bridge import (
    Confirmation,
    Deleted,
    Edited,
    EventId,
    MessageId,
    Posted,
    RoomId,
    RoomKind,
    RoomMoved,
    User,
    UserId,
)
from bridge.events import AnyEvent
from connectors.graph.wire import Json, an_object, objects, text
from connectors.whatsapp.addresses import person_of, phone_of
from connectors.whatsapp.content import attachments, forwarded, is_known, words
from connectors.whatsapp.groups import GROUP_FIELDS, asks_in, group_events
from connectors.whatsapp.statuses import status_events
from connectors.whatsapp.times import time_of

NOBODY: Final = "somebody on WhatsApp"
APP: Final = "app"
"""Whoever answers people by hand, in WhatsApp's own program for businesses."""


class Reacting(Struct, frozen=True):
    """What somebody's one reaction on a message is now, "" for none: what it was before, only the host remembers."""

    id: MessageId
    at: datetime
    room: RoomId
    room_kind: RoomKind
    message: MessageId
    emoji: str
    by: User


class Told(Struct, frozen=True):
    """What a call says, in the order of its times; `phones` are those of the people in it, by user id.

    `asking` counts people who want to be let into a group.
    """

    events: tuple[AnyEvent | Reacting, ...]
    unreadable: tuple[str, ...] = ()
    phones: dict[UserId, str] = field(default_factory=dict)
    asking: int = 0


class _Heard(Struct):
    """What was found so far."""

    phone: str
    events: list[AnyEvent | Reacting] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    phones: dict[UserId, str] = field(default_factory=dict)
    asking: int = 0


def told(body: Json, phone_number_id: str) -> Told | None:
    """Everything in one call that is about our number; None when it is no call of WhatsApp's."""
    if body.get("object") != "whatsapp_business_account":
        return None
    heard = _Heard(phone_number_id)
    for entry in objects(body.get("entry")):
        for change in objects(entry.get("changes")):
            _change(heard, text(change.get("field")), an_object(change.get("value")))
    once: dict[str, AnyEvent | Reacting] = {}
    for event in heard.events:  # each member of a group brings our key home
        once.setdefault(event.id, event)
    events = sorted(once.values(), key=lambda event: event.at)
    return Told(tuple(events), tuple(heard.unreadable), heard.phones, heard.asking)


def _change(heard: _Heard, kind: str, value: Json) -> None:
    ours = text(an_object(value.get("metadata")).get("phone_number_id"))
    if ours not in {"", heard.phone}:
        return  # another number of the same business account
    match kind:
        case "messages":
            for message in objects(value.get("messages")):
                _readable(heard, "a message", list(_message(heard, value, message)))
            for status in objects(value.get("statuses")):
                _readable(heard, "a status", list(status_events(status, objects(value.get("contacts")), heard.phone)))
        case "smb_message_echoes":
            for message in objects(value.get("message_echoes")):
                _readable(heard, "a message", list(_echo(heard.phone, message)))
        case _ if kind in GROUP_FIELDS:
            for group in objects(value.get("groups")):
                heard.events += group_events(kind, group, heard.phone)
                heard.asking += asks_in(kind, group)
        case _:
            return  # a field that nobody needs here


def _readable(heard: _Heard, what: str, events: Sequence[AnyEvent | Reacting | None]) -> None:
    """Keep what was read; None stands for what was not."""
    heard.events += (event for event in events if event is not None)
    heard.unreadable += [what for event in events if event is None]


class _Said(Struct, frozen=True):
    """Where, when and by whom a message was written."""

    id: MessageId
    at: datetime
    room: RoomId
    kind: RoomKind
    by: User


def _message(heard: _Heard, value: Json, message: Json) -> Iterator[AnyEvent | Reacting | None]:
    by = _author(heard, value, message)
    group = text(message.get("group_id"))
    said = _said(message, RoomId(group or by.id), by, is_group=group) if by else None
    if said is None:
        yield None
        return
    yield from _happened(said, message)


def _said(message: Json, room: RoomId, by: User, *, is_group: str) -> _Said | None:
    ident, at = text(message.get("id")), time_of(message.get("timestamp"))
    if not ident or at is None:
        return None
    return _Said(MessageId(ident), at, room, RoomKind.GROUP if is_group else RoomKind.DIRECT, by)


def _happened(said: _Said, message: Json) -> Iterator[AnyEvent | Reacting | None]:
    """One message of any type as what it means."""
    match text(message.get("type")):
        case "reaction":
            yield _reacting(said, an_object(message.get("reaction")))
        case "edit":
            yield _edited(said, an_object(message.get("edit")))
        case "revoke":
            yield _deleted(said, an_object(message.get("revoke")))
        case "system":
            yield from _system(said, an_object(message.get("system")))
        case _:
            yield _posted(said, message)
            if not is_known(message):
                yield None


def _posted(said: _Said, message: Json) -> Posted:
    carried = attachments(message)
    shown = words(message)
    if not shown and not carried:
        shown = words({})
    return Posted(
        id=EventId(f"message:{said.id}"),
        room=said.room,
        room_kind=said.kind,
        at=said.at,
        message=(said.id,),
        author=said.by,
        text=(*forwarded(message), *shown),
        attachments=carried,
        in_reply_to=_answered(message),
    )


def _answered(message: Json) -> MessageId | None:
    ident = text(an_object(message.get("context")).get("id"))
    return MessageId(ident) if ident else None


def _reacting(said: _Said, reaction: Json) -> Reacting | None:
    """An empty emoji takes it back, and so does none at all."""
    about = text(reaction.get("message_id"))
    if not about:
        return None
    return Reacting(said.id, said.at, said.room, said.kind, MessageId(about), text(reaction.get("emoji")), said.by)


def _edited(said: _Said, edit: Json) -> Edited | None:
    original, message = text(edit.get("original_message_id")), an_object(edit.get("message"))
    if not original or not is_known(message):
        return None
    return Edited(
        id=EventId(f"edit:{said.id}"),
        room=said.room,
        room_kind=said.kind,
        at=said.at,
        replaces=MessageId(original),
        author=said.by,
        text=words(message),
        attachments=attachments(message),
    )


def _deleted(said: _Said, revoke: Json) -> Deleted | None:
    original = text(revoke.get("original_message_id"))
    if not original:
        return None
    return Deleted(
        id=EventId(f"revoke:{said.id}"), room=said.room, room_kind=said.kind, at=said.at, message=MessageId(original),
        by=said.by,
    )  # fmt: skip


def _system(said: _Said, system: Json) -> Iterator[RoomMoved]:
    """Somebody has another number, and with it another id; only the old end says so."""
    now = person_of(system.get("user_id"), system.get("wa_id"), system.get("new_wa_id"))
    if now is None or now == said.by.id or said.kind is not RoomKind.DIRECT:
        return
    yield RoomMoved(
        id=EventId(f"moved:{said.id}"), room=said.room, room_kind=said.kind, at=said.at, to=RoomId(now),
        confirmed=Confirmation.OLD_END,
    )  # fmt: skip


def _echo(phone_number_id: str, message: Json) -> Iterator[AnyEvent | Reacting | None]:
    """What a colleague wrote in WhatsApp's own program: in the person's room, and not by us."""
    to = person_of(message.get("to_user_id"), message.get("to"))
    by = User(id=UserId(f"{phone_number_id}:{APP}"), name="WhatsApp Business app")
    said = _said(message, RoomId(to), by, is_group="") if to else None
    if said is None:
        yield None
        return
    yield from _happened(said, message)


def _author(heard: _Heard, value: Json, message: Json) -> User | None:
    """The person by user id; the phone number where there is none, since usernames hide it."""
    contact = _contact(value, message)
    ids = (message.get("from_user_id"), message.get("from"), contact.get("user_id"), contact.get("wa_id"))
    person = person_of(*ids)
    if person is None:
        return None
    if (phone := phone_of(*ids)) is not None and phone != person:
        heard.phones[person] = phone
    return User(id=person, name=_name(contact))


def _contact(value: Json, message: Json) -> Json:
    """Who wrote, among those that a call describes."""
    contacts = objects(value.get("contacts"))
    named = {text(message.get("from_user_id")), text(message.get("from"))} - {""}
    for contact in contacts:
        if named & {text(contact.get("user_id")), text(contact.get("wa_id"))}:
            return contact
    return contacts[0] if len(contacts) == 1 and not named else {}


def _name(contact: Json) -> str:
    """A name to show; a phone number is none."""
    profile = an_object(contact.get("profile"))
    return text(profile.get("name")).strip() or text(profile.get("username")).strip().lstrip("@") or NOBODY
