"""Rooms and people of the emulated homeserver: who may do what, and the events that come of it. No HTTP here."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct, field

from bridge.clock import Clock

Json: TypeAlias = dict[str, Any]
_KEPT_BY_REDACTION = {"m.room.member": {"membership"}, "m.room.create": {"creator", "room_version"}}


class MatrixRefusal(Exception):
    """An error a homeserver answers with."""

    def __init__(self, status: int, errcode: str, error: str, **more: object) -> None:
        super().__init__(error)
        self.status = status
        self.body: Json = {"errcode": errcode, "error": error, **more}


class Person(Struct):
    """A user of the homeserver; `token` is one device's, `service` the application service that made them."""

    id: str
    token: str
    device: str
    name: str
    service: str = ""
    avatar: str = ""
    account_data: dict[str, Json] = field(default_factory=dict)

    @property
    def joined(self) -> Json:
        """The content of their membership."""
        return {"membership": "join", **self.profile}

    @property
    def profile(self) -> Json:
        return {"displayname": self.name} | ({"avatar_url": self.avatar} if self.avatar else {})


class Stored(Struct):
    """An event in the log; `position` counts over all rooms, `transaction` is (token, transaction id)."""

    position: int
    room: str
    event: Json
    previous: Json | None = None
    redacted_because: Json | None = None
    transaction: tuple[str, str] | None = None

    @property
    def is_state(self) -> bool:
        return "state_key" in self.event


class MatrixRoom(Struct):
    """One room: everything that was said, and the state it led to."""

    id: str
    alias: str
    events: list[Stored] = field(default_factory=list)
    state: dict[tuple[str, str], Stored] = field(default_factory=dict)

    def content(self, kind: str, key: str = "") -> Json:
        """The content of a state; empty where there is none."""
        stored = self.state.get((kind, key))
        content: Json = stored.event["content"] if stored else {}
        return content

    def membership(self, user: str) -> str:
        return str(self.content("m.room.member", user).get("membership", "leave"))

    def members(self) -> list[str]:
        return [key for kind, key in self.state if kind == "m.room.member" and self.membership(key) == "join"]

    def power(self, user: str) -> int:
        levels = self.content("m.room.power_levels")
        return int(levels.get("users", {}).get(user, levels.get("users_default", 0)))

    def needed(self, kind: str, *, state: bool) -> int:
        levels = self.content("m.room.power_levels")
        default = levels.get("state_default", 50) if state else levels.get("events_default", 0)
        return int(levels.get("events", {}).get(kind, default))

    def find(self, event_id: str) -> Stored | None:
        return next((stored for stored in self.events if stored.event["event_id"] == event_id), None)


class Rooms:
    """Everything the homeserver knows. `max_event_bytes` is the specification's limit."""

    def __init__(self, *, server: str, clock: Clock, max_event_bytes: int) -> None:
        self.server = server
        self.people: dict[str, Person] = {}
        self.rooms: dict[str, MatrixRoom] = {}
        self.position = 1
        self._clock = clock
        self._max_event_bytes = max_event_bytes
        self._answered: dict[tuple[str, str, str], str] = {}

    def person(self, name: str, localpart: str | None = None) -> Person:
        """The person of a display name, made on first use."""
        known = next((person for person in self.people.values() if person.name == name and not person.service), None)
        if known is not None:
            return known
        local = localpart or "".join(letter for letter in name.lower() if letter.isalnum() and letter.isascii())
        user = f"@{local or 'person'}{'' if localpart else len(self.people)}:{self.server}"
        made = Person(id=user, token=self._digest("token", user), device=f"DEVICE{len(self.people)}", name=name)
        self.people[user] = made
        return made

    def create(self, owner: Person, localpart: str, name: str, *, encrypted: bool = False) -> MatrixRoom:
        """A public room with an alias, entered by its owner."""
        room = MatrixRoom(
            id=f"!{self._digest('room', localpart)[:18]}:{self.server}", alias=f"#{localpart}:{self.server}"
        )
        self.rooms[room.id] = room
        self._append(room, owner, "m.room.create", {"room_version": "11"}, "")
        self._append(room, owner, "m.room.member", owner.joined, owner.id)
        levels = {"users": {owner.id: 100}, "users_default": 0, "events_default": 0, "state_default": 50, "redact": 50}
        self._append(room, owner, "m.room.power_levels", levels, "")
        self._append(room, owner, "m.room.join_rules", {"join_rule": "public"}, "")
        self._append(room, owner, "m.room.canonical_alias", {"alias": room.alias}, "")
        self._append(room, owner, "m.room.name", {"name": name}, "")
        if encrypted:
            self._append(room, owner, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}, "")
        return room

    def room(self, name: str) -> MatrixRoom:
        """The room of an id or alias."""
        found = self.rooms.get(name) or next((room for room in self.rooms.values() if room.alias == name), None)
        if found is None:
            raise MatrixRefusal(404, "M_NOT_FOUND", "Room not found")
        return found

    def entered(self, name: str, user: str) -> MatrixRoom:
        """The room, for somebody who is in it."""
        room = self.rooms.get(name)
        if room is None or room.membership(user) != "join":
            raise MatrixRefusal(403, "M_FORBIDDEN", f"User {user} not in room {name}")
        return room

    def join(self, person: Person, name: str) -> str:
        room = self.room(name)
        before = room.membership(person.id)
        if before == "join":
            return room.id
        rule = room.content("m.room.join_rules").get("join_rule")
        if before == "ban" or (rule != "public" and before != "invite"):
            raise MatrixRefusal(403, "M_FORBIDDEN", "You are not invited to this room.")
        self._append(room, person, "m.room.member", person.joined, person.id)
        return room.id

    def change_membership(self, by: Person, room: MatrixRoom, user: str, membership: str, reason: str = "") -> None:
        """Leave, kick, ban or invite; whether `by` may is checked as far as the emulator's people go."""
        if by.id != user and room.power(by.id) < 50:
            raise MatrixRefusal(403, "M_FORBIDDEN", "You don't have permission to do that")
        content = {"membership": membership} | ({"reason": reason} if reason else {})
        self._append(room, by, "m.room.member", content, user)

    def promote(self, by: Person, name: str, user: str) -> None:
        """Make somebody a moderator."""
        levels = self.room(name).content("m.room.power_levels")
        self.set_state(by, name, "m.room.power_levels", "", {**levels, "users": {**levels["users"], user: 50}})

    def invite(self, by: Person, room: MatrixRoom, user: str) -> None:
        if room.membership(user) != "join":
            self._append(room, by, "m.room.member", {"membership": "invite"}, user)

    def announce(self, person: Person, room: MatrixRoom) -> None:
        """A room learns somebody's new name or picture."""
        self._append(room, person, "m.room.member", person.joined, person.id)

    def appear(self, by: Person, room: MatrixRoom, content: Json) -> str:
        """Somebody in a room shows another name or picture there alone: they need no power for it."""
        if content.get("membership") != "join" or room.membership(by.id) != "join":
            raise MatrixRefusal(403, "M_FORBIDDEN", "You are not in this room, or would not be")
        return self._append(room, by, "m.room.member", content, by.id)

    def name_in(self, name: str, user: str) -> str:
        """What somebody is called in a room; who left is called as everywhere."""
        known = self.room(name).state.get(("m.room.member", user))
        content: Json = {} if known is None else known.event["content"]
        return str(content.get("displayname") or self.people[user].name)

    def set_state(self, by: Person, name: str, kind: str, key: str, content: Json) -> str:
        room = self.entered(name, by.id)
        self._check_power(room, by, kind, state=True)
        return self._append(room, by, kind, content, key)

    def send(self, by: Person, name: str, kind: str, content: Json, key: str, at: int | None = None) -> str:  # noqa: PLR0913, PLR0917  what a send consists of
        """A message event; the same transaction on the same device and path gives the same event again.

        `at` is the time that an application service says.
        """
        path = f"{name}/send/{kind}"
        if (by.token, path, key) in self._answered:
            return self._answered[by.token, path, key]
        room = self.entered(name, by.id)
        self._check_power(room, by, kind, state=False)
        _check_content(room, kind, content)
        self._check_annotation(room, by, kind, content)
        event_id = self._append(room, by, kind, content, transaction=(by.token, key))
        if at is not None:
            room.events[-1].event["origin_server_ts"] = at
        self._answered[by.token, path, key] = event_id
        return event_id

    def redact(self, by: Person, name: str, target: str, key: str) -> str:
        path = f"{name}/redact/{target}"
        if (by.token, path, key) in self._answered:
            return self._answered[by.token, path, key]
        room = self.entered(name, by.id)
        stored = room.find(target)
        if stored is None:
            raise MatrixRefusal(404, "M_NOT_FOUND", "Could not find event")
        if stored.event["sender"] != by.id and room.power(by.id) < int(room.content("m.room.power_levels")["redact"]):
            raise MatrixRefusal(403, "M_FORBIDDEN", "You don't have permission to redact events")
        event_id = self._append(room, by, "m.room.redaction", {"redacts": target}, transaction=(by.token, key))
        self._strip(stored, room.events[-1].event)
        self._answered[by.token, path, key] = event_id
        return event_id

    def log(self) -> Iterator[Stored]:
        """Everything, oldest first."""
        return iter(
            sorted((stored for room in self.rooms.values() for stored in room.events), key=lambda s: s.position)
        )

    def _append(  # noqa: PLR0913  an event's own fields
        self,
        room: MatrixRoom,
        by: Person,
        kind: str,
        content: Json,
        state_key: str | None = None,
        *,
        transaction: tuple[str, str] | None = None,
    ) -> str:
        event: Json = {
            "event_id": f"${self._digest('event', str(self.position))}",
            "type": kind,
            "sender": by.id,
            "origin_server_ts": int(self._clock.now().timestamp() * 1000),
            "content": content,
        }
        if state_key is not None:
            event["state_key"] = state_key
        if len(json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")) > self._max_event_bytes:
            raise MatrixRefusal(413, "M_TOO_LARGE", "event too large")
        stored = Stored(position=self.position, room=room.id, event=event, transaction=transaction)
        self._keep(room, stored)
        return str(event["event_id"])

    def _keep(self, room: MatrixRoom, stored: Stored) -> None:
        if stored.is_state:
            place = (stored.event["type"], stored.event["state_key"])
            if place in room.state:
                stored.previous = room.state[place].event["content"]
            room.state[place] = stored
        room.events.append(stored)
        self.position += 1

    def _strip(self, stored: Stored, because: Json) -> None:
        kept = _KEPT_BY_REDACTION.get(stored.event["type"], set())
        content = {name: value for name, value in stored.event["content"].items() if name in kept}
        stored.event = stored.event | {"content": content}
        stored.redacted_because = because

    def _check_power(self, room: MatrixRoom, by: Person, kind: str, *, state: bool) -> None:
        if room.power(by.id) < room.needed(kind, state=state):
            raise MatrixRefusal(403, "M_FORBIDDEN", "You don't have permission to post that to the room.")

    def _check_annotation(self, room: MatrixRoom, by: Person, kind: str, content: Json) -> None:
        relation = content.get("m.relates_to")
        if kind != "m.reaction" or not isinstance(relation, dict):
            return
        if any(_same_annotation(stored, by, relation) for stored in room.events):
            raise MatrixRefusal(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice")

    def _digest(self, kind: str, name: str) -> str:
        digest = hashlib.sha256(f"{kind} {name}".encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _check_content(room: MatrixRoom, kind: str, content: Json) -> None:
    """What Synapse 1.163 refuses: a message without words, a relation that leaves the room."""
    missing = [name for name in ("body", "msgtype") if not isinstance(content.get(name), str)]
    if kind == "m.room.message" and missing:
        raise MatrixRefusal(400, "M_UNKNOWN", f"'{missing[0]}' not in content")
    relation = content.get("m.relates_to")
    target = relation.get("event_id") if isinstance(relation, dict) and "rel_type" in relation else None
    if isinstance(target, str) and room.find(target) is None:
        raise MatrixRefusal(400, "M_UNKNOWN", "Relations must be in the same room")


def _same_annotation(stored: Stored, by: Person, relation: Mapping[str, Any]) -> bool:
    known = stored.event["content"].get("m.relates_to")
    if stored.event["type"] != "m.reaction" or stored.event["sender"] != by.id or not isinstance(known, dict):
        return False
    return all(known.get(name) == relation.get(name) for name in ("event_id", "key"))
