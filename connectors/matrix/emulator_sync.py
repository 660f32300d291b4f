"""The emulated homeserver's /sync, /messages and /relations: which events somebody gets to see, and how."""

from typing import Any

from msgspec import Struct

from connectors.matrix.emulator_keys import Keys
from connectors.matrix.emulator_rooms import Json, MatrixRefusal, MatrixRoom, Person, Rooms, Stored


class Window(Struct, frozen=True, kw_only=True):
    """Part of a room's events, and whether some were left out before it."""

    events: list[Stored]
    limited: bool = False


def token(position: int) -> str:
    return f"s{position}"


def position(text: str) -> int:
    """The place in the log that a token names."""
    if not text[1:].isdigit() or text[0] not in "st":
        raise MatrixRefusal(400, "M_INVALID_PARAM", "Invalid stream token")
    return int(text[1:])


def seen_by(stored: Stored, person: Person) -> Json:
    """An event as this person's client gets it."""
    unsigned: Json = {"age": 1}
    if stored.transaction is not None and stored.transaction[0] == person.token:
        unsigned["transaction_id"] = stored.transaction[1]
    if stored.previous is not None:
        unsigned["prev_content"] = stored.previous
    if stored.redacted_because is not None:
        unsigned["redacted_because"] = stored.redacted_because
    return {**stored.event, "unsigned": unsigned}


def sync(rooms: Rooms, keys: Keys, person: Person, since: int | None, only: Json) -> Json:
    """What is new for somebody; without `since`, the last of every room."""
    answer: Json = {
        **keys.news(person, since),
        "next_batch": token(rooms.position),
        "rooms": {"join": {}, "leave": {}, "invite": {}},
    }
    if since is None and person.account_data:
        answer["account_data"] = {"events": [{"type": k, "content": c} for k, c in person.account_data.items()]}
    for room in rooms.rooms.values():
        _add_room(answer["rooms"], room, person, since or 0, only, is_first=since is None)
    return answer


def is_news(answer: Json) -> bool:
    """Whether a long poll may be answered: something stands in it."""
    return any(answer["rooms"].values()) or any(
        name in answer for name in ("account_data", "to_device", "device_lists")
    )


def messages(room: MatrixRoom, person: Person, query: dict[str, str], only: Json) -> Json:
    """A page of history from a token, backwards or forwards, ending at `to`."""
    backwards = query.get("dir") == "b"
    latest = room.events[-1].position + 1
    start = position(query["from"]) if "from" in query else (latest if backwards else 0)
    end = position(query["to"]) if "to" in query else (0 if backwards else latest)
    low, high = (end, start) if backwards else (start, end)
    found = [stored for stored in room.events if low <= stored.position < high]
    page = (found[::-1] if backwards else found)[: int(query.get("limit", "10"))]
    answer: Json = {"start": token(start), "chunk": [{**seen_by(s, person), "room_id": room.id} for s in page]}
    if len(page) < len(found):
        answer["end"] = token(page[-1].position if backwards else page[-1].position + 1)
    if only.get("lazy_load_members"):
        answer["state"] = [seen_by(stored, person) for stored in _writers(room, page)]
    return answer


def annotations(room: MatrixRoom, person: Person, target: str) -> Json:
    """The reactions on a message, newest first."""
    if room.find(target) is None:
        raise MatrixRefusal(404, "M_NOT_FOUND", "Unknown parent event.")
    found = [stored for stored in room.events if _relation(stored).get("event_id") == target]
    return {"chunk": [seen_by(s, person) for s in found[::-1] if s.event["type"] == "m.reaction"]}


def references(room: MatrixRoom, person: Person, target: str) -> Json:
    """What refers to a message, newest first."""
    if room.find(target) is None:
        raise MatrixRefusal(404, "M_NOT_FOUND", "Unknown parent event.")
    found = [stored for stored in room.events if _relation(stored).get("event_id") == target]
    return {"chunk": [seen_by(s, person) for s in found[::-1] if _relation(s).get("rel_type") == "m.reference"]}


def _add_room(rooms: Json, room: MatrixRoom, person: Person, since: int, only: Json, *, is_first: bool) -> None:  # noqa: PLR0913  what decides
    member = room.state.get(("m.room.member", person.id))
    match room.membership(person.id):
        case "join":
            news = _joined(room, person, since, only, is_first=is_first)
            if news["timeline"]["events"] or is_first:
                rooms["join"][room.id] = news
        case "invite" if member is not None and member.position >= since:
            rooms["invite"][room.id] = {"invite_state": {"events": [_stripped(s) for s in room.state.values()]}}
        case "leave" | "ban" if member is not None and member.position >= since and not is_first:
            heard = [stored for stored in room.events if since <= stored.position <= member.position]
            window = Window(events=heard)
            rooms["leave"][room.id] = _news(room, person, window, only)


def _joined(room: MatrixRoom, person: Person, since: int, only: Json, *, is_first: bool) -> Json:
    new = [stored for stored in room.events if stored.position >= since]
    entered = any(_enters(stored, person) for stored in new)
    heard = room.events if entered or is_first else new
    limit = int(only.get("room", {}).get("timeline", {}).get("limit", 10))
    kept = heard[-limit:] if limit else []
    shown = kept if new or is_first else []
    return _news(room, person, Window(events=shown, limited=len(heard) > len(shown)), only)


def _news(room: MatrixRoom, person: Person, window: Window, only: Json) -> Json:
    first = window.events[0].position if window.events else room.events[-1].position + 1
    lazy = only.get("room", {}).get("state", {}).get("lazy_load_members")
    state = _writers(room, window.events) if lazy else []
    return {
        "timeline": {
            "events": [seen_by(stored, person) for stored in window.events],
            "limited": window.limited,
            "prev_batch": f"t{first}",
        },
        "state": {"events": [seen_by(stored, person) for stored in state]},
    }


def _writers(room: MatrixRoom, events: list[Stored]) -> list[Stored]:
    """The memberships of who wrote these events."""
    names = dict.fromkeys(stored.event["sender"] for stored in events)
    return [room.state["m.room.member", name] for name in names if ("m.room.member", name) in room.state]


def _enters(stored: Stored, person: Person) -> bool:
    event = stored.event
    if event["type"] != "m.room.member" or event.get("state_key") != person.id:
        return False
    before = (stored.previous or {}).get("membership")
    return bool(event["content"].get("membership") == "join" and before != "join")


def _stripped(stored: Stored) -> Json:
    return {name: stored.event[name] for name in ("type", "sender", "state_key", "content")}


def _relation(stored: Stored) -> dict[str, Any]:
    relation = stored.event["content"].get("m.relates_to")
    return relation if isinstance(relation, dict) else {}
