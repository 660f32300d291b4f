"""What one answer to /sync says, room by room. Pure and forgiving: what has the wrong shape counts as absent."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from bridge.ids import RoomId
from connectors.matrix.content import part, relations, words

_NOTHING: Mapping[str, Any] = {"not_types": ["*"]}
_MEMBERS: Mapping[str, Any] = {
    "types": ["m.room.member"],
    "lazy_load_members": True,
    "include_redundant_members": True,
}
_ACCOUNT: dict[str, Any] = {"presence": _NOTHING, "account_data": {"types": ["m.direct"]}}
_QUIET_ROOM: dict[str, Any] = {"account_data": _NOTHING, "ephemeral": _NOTHING}

PAGE = 100
BEGINNING: Mapping[str, Any] = {
    **_ACCOUNT,
    "room": {**_QUIET_ROOM, "state": _NOTHING, "timeline": {"limit": 0, "not_types": ["*"]}},
}
"""The filter of the very first request: only the token is wanted."""
NEWS: Mapping[str, Any] = {**_ACCOUNT, "room": {**_QUIET_ROOM, "state": _MEMBERS, "timeline": {"limit": PAGE}}}
"""The filter of every other: all events, and beside them who wrote them (again each time: nothing is remembered)."""


def news_of(limit: int) -> Mapping[str, Any]:
    """The same with at most so many events a room; the others are asked for as history."""
    return {**NEWS, "room": {**NEWS["room"], "timeline": {"limit": limit}}}


HISTORY: Mapping[str, Any] = {"lazy_load_members": True, "include_redundant_members": True}
"""The filter of /messages."""


class RoomNews(Struct, frozen=True, kw_only=True):
    """What is new in one room; `limited` means that events between the last batch and `events` are missing."""

    room: RoomId
    state: tuple[Mapping[str, Any], ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    limited: bool = False
    prev_batch: str = ""
    is_left: bool = False


class Post(Struct, frozen=True, kw_only=True):
    """What concerns our device alone: letters to it, whose devices changed, how many one-time keys are left of it."""

    letters: tuple[Mapping[str, Any], ...] = ()
    changed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    keys_held: int | None = None
    """None where the homeserver does not say."""


class Batch(Struct, frozen=True, kw_only=True):
    """One answer: `token` asks for the next; `direct` is None where the list of private rooms did not change."""

    token: str
    post: Post = Post()
    rooms: tuple[RoomNews, ...] = ()
    invites: tuple[RoomId, ...] = ()
    direct: frozenset[RoomId] | None = None


def batch(answer: Mapping[str, Any]) -> Batch:
    """The answer, taken apart; an empty `token` means that it was none."""
    rooms = part(answer, "rooms")
    return Batch(
        token=words(answer, "next_batch"),
        post=_post(answer),
        rooms=(*_news(part(rooms, "join"), is_left=False), *_news(part(rooms, "leave"), is_left=True)),
        invites=tuple(RoomId(room) for room in part(rooms, "invite")),
        direct=_direct(part(answer, "account_data")),
    )


def objects(value: object) -> tuple[Mapping[str, Any], ...]:
    """The objects in a list; whatever else stands in it is left out."""
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, Sequence) else ()


def without_edits_of_the_gone(timeline: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """A homeserver empties what was taken back and keeps its edits: they would tell the words after all."""
    gone = {words(raw, "event_id") for raw in timeline if part(raw, "unsigned").get("redacted_because")}
    return [raw for raw in timeline if relations(part(raw, "content")).replaces not in gone]


def direct_rooms(content: Mapping[str, Any]) -> frozenset[RoomId]:
    """The rooms that `m.direct` lists for anybody."""
    listed = (rooms for rooms in content.values() if isinstance(rooms, list))
    return frozenset(RoomId(room) for rooms in listed for room in rooms if isinstance(room, str))


def _post(answer: Mapping[str, Any]) -> Post:
    lists, counts = part(answer, "device_lists"), answer.get("device_one_time_keys_count")
    held = counts.get("signed_curve25519", 0) if isinstance(counts, Mapping) else None
    return Post(
        letters=objects(part(answer, "to_device").get("events")),
        changed=_names(lists.get("changed")),
        left=_names(lists.get("left")),
        keys_held=held if isinstance(held, int) else None,
    )


def _names(value: object) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list) else ()


def _news(rooms: Mapping[str, Any], *, is_left: bool) -> Iterator[RoomNews]:
    for room in rooms:
        fields = part(rooms, room)
        timeline = part(fields, "timeline")
        yield RoomNews(
            room=RoomId(room),
            state=objects(part(fields, "state").get("events")),
            events=objects(timeline.get("events")),
            limited=timeline.get("limited") is True,
            prev_batch=words(timeline, "prev_batch"),
            is_left=is_left,
        )


def _direct(account_data: Mapping[str, Any]) -> frozenset[RoomId] | None:
    found = [event for event in objects(account_data.get("events")) if event.get("type") == "m.direct"]
    return direct_rooms(part(found[-1], "content")) if found else None
