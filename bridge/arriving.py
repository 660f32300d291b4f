"""Events made ready for the store, with what it needs to know besides their bodies. Pure: no I/O, no state."""

from datetime import datetime
from typing import Any

from bridge.events import (
    Deleted,
    Edited,
    Manner,
    Pinned,
    Posted,
    Reacted,
    Relayed,
    Tallied,
    Unreacted,
    User,
    answered,
)  # fmt: skip
from bridge.fit import excerpted
from bridge.ids import EventId, RoomId, RoomNumber, UserId
from bridge.store.codec import encode
from bridge.store.rows import Arrival, Route, RowKind, Seen
from bridge.text.nodes import Rich, said

_BRIDGE = User(id=UserId(""), name="")


def own_words(about: EventId | None, text: Rich, routes: tuple[Route, ...], now: datetime) -> Arrival:
    """Words of the bridge's own; told once of the event that they are about."""
    event = Posted(id=EventId(""), room=RoomId(""), at=now, message=(), author=_BRIDGE, text=text, manner=Manner.NOTICE)
    return Arrival(id=about, event=event, kind=RowKind.POST, body=encode(event), room=None, targets=routes)


def pin(event: Pinned, room: RoomNumber, routes: tuple[Route, ...]) -> Arrival:
    """A line that answers the message which somebody pinned."""
    by = event.by
    line = Posted(
        id=event.id, room=event.room, at=event.at, message=(), author=by or _BRIDGE, in_reply_to=event.message,
        text=said("📌 pinned a message"),
    )  # fmt: skip
    person = None if by is None else Seen(by.id, by.name, by.avatar)
    return Arrival(id=event.id, event=line, body=encode(line), room=room, person=person, targets=routes, **traits(line))


def traits(event: Relayed) -> dict[str, Any]:
    """What the store needs to know of an event, by kind."""
    match event:
        case Posted():
            excerpt = excerpted(event.text, event.attachments)
            return {"kind": RowKind.POST, "natives": event.message, "excerpt": excerpt, "relates": answered(event)}
        case Edited():
            excerpt = excerpted(event.text, event.attachments)
            return {"kind": RowKind.EDIT, "excerpt": excerpt, "relates": event.replaces}
        case Deleted():
            return {"kind": RowKind.DELETE, "relates": event.message}
        case Reacted():
            traits = {"kind": RowKind.REACT, "relates": event.message, "emoji": event.emoji}
            return {**traits, "reaction": event.reaction}
        case Tallied():
            return {"kind": RowKind.TALLY, "relates": event.message}
        case Unreacted():
            return {"kind": RowKind.UNREACT, "relates": event.message, "emoji": event.emoji}
