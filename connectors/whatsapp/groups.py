"""What happens to groups. Pure: no I/O, no state; facts/platform-apis.md 2.5.

The field and what is there decide; `type` is only a hint, since Meta's own samples disagree about it.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from bridge import EventId, Joined, Left, RoomChanged, RoomId, User, UserId
from bridge.events import AnyEvent
from connectors.graph.wire import Json, an_object, objects, text
from connectors.whatsapp.addresses import person_of
from connectors.whatsapp.times import time_of

GROUP_FIELDS: Final = frozenset(
    {"group_lifecycle_update", "group_participants_update", "group_settings_update", "group_status_update"}
)


def group_events(field: str, group: Json, me: str) -> Iterator[AnyEvent]:
    """Who came and went, what the group is called now, whether it is still open to us."""
    room, at = RoomId(text(group.get("group_id"))), time_of(group.get("timestamp"))
    if not room or at is None:
        return
    match field:
        case "group_participants_update":
            yield from _comings(group, room, at)
        case "group_settings_update":
            yield from _renamed(group, room, at)
        case "group_lifecycle_update" | "group_status_update":
            yield from _ended(group, room, at, me)


def asks_in(field: str, group: Json) -> bool:
    """Whether somebody wants to be let in: there is nobody yet of whom a room could be told."""
    return field == "group_participants_update" and text(group.get("type")).endswith("_join_request_created")


def _comings(group: Json, room: RoomId, at: datetime) -> Iterator[AnyEvent]:
    for one in objects(group.get("added_participants")):
        if (user := _user(one)) is not None:
            yield Joined(id=_name("joined", room, at, user.id), room=room, at=at, user=user)
    for one in objects(group.get("removed_participants")):
        if (user := _user(one)) is not None:
            yield Left(id=_name("left", room, at, user.id), room=room, at=at, user=user)


def _user(participant: Json) -> User | None:
    ids = (participant.get("user_id"), participant.get("wa_id"), participant.get("input"))
    person = person_of(*ids)
    called = text(participant.get("username")).lstrip("@")
    return None if person is None else User(id=person, name=called or "somebody on WhatsApp")


def _renamed(group: Json, room: RoomId, at: datetime) -> Iterator[AnyEvent]:
    """A new subject stands as text, or with what became of the change."""
    name, topic = _setting(group, "subject"), _setting(group, "description")
    if name or topic:
        yield RoomChanged(
            id=_name("changed", room, at, f"{name} {topic}"), room=room, at=at, name=name or None, topic=topic or None
        )


def _setting(group: Json, what: str) -> str:
    given = group.get(what)
    inside = an_object(given)
    if objects(inside.get("errors")) or inside.get("update_successful") is False:
        return ""
    return text(given) or text(inside.get("text"))


def _ended(group: Json, room: RoomId, at: datetime, me: str) -> Iterator[AnyEvent]:
    """Suspended or deleted: nothing can be sent there any more."""
    hint = text(group.get("type"))
    if objects(group.get("errors")) or not hint.endswith(("_suspend", "_delete")):
        return
    why = "WhatsApp suspended the group" if hint.endswith("_suspend") else "the group was deleted"
    yield Left(id=_name(hint, room, at, me), room=room, at=at, user=User(id=UserId(me), name=""), reason=why)


def _name(what: str, room: RoomId, at: datetime, about: str) -> EventId:
    """The events of groups have no ids of their own."""
    mark = hashlib.sha256(about.encode("utf-8", "replace")).hexdigest()[:16]
    return EventId(f"{what}:{room}:{int(at.timestamp())}:{mark}")
