"""What the emulated homeserver keeps for devices: their public keys, and letters from one to another.

Like a real one it reads none of it: it checks whose it is and that no one-time key changes under its name.
"""

from collections import defaultdict
from typing import Any

from connectors.matrix.emulator_rooms import Json, MatrixRefusal, Person, Rooms

_ONE_TIME = "signed_curve25519"


class Keys:
    """The keys and letters of every device; `changes` are (position, user)."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._devices: defaultdict[str, dict[str, Json]] = defaultdict(dict)
        self._signing: dict[str, Json] = {}
        self._one_time: defaultdict[tuple[str, str], dict[str, Json]] = defaultdict(dict)
        self._fallback: defaultdict[tuple[str, str], dict[str, Json]] = defaultdict(dict)
        self._letters: defaultdict[tuple[str, str], list[tuple[int, Json]]] = defaultdict(list)
        self._answered: set[tuple[str, str, str]] = set()
        self._changes: list[tuple[int, str]] = []
        self._held: list[tuple[str, str, Json]] | None = None

    def upload(self, who: Person, content: Json) -> Json:
        keys = content.get("device_keys")
        if keys is not None:
            if (keys.get("user_id"), keys.get("device_id")) != (who.id, who.device):
                raise MatrixRefusal(400, "M_BAD_JSON", "device_keys must be those of the requesting device")
            self._devices[who.id][who.device] = keys
            self._note(who.id)
        known = self._one_time[who.id, who.device]
        for name, key in content.get("one_time_keys", {}).items():
            if known.setdefault(name, key) != key:
                raise MatrixRefusal(400, "M_UNKNOWN", f"One time key {name} already exists.")
        if content.get("fallback_keys"):
            self._fallback[who.id, who.device] = content["fallback_keys"]
        return {"one_time_key_counts": self.counts(who)}

    def sign(self, who: Person, content: Json) -> Json:
        """Cross-signing keys, the first of an account: later ones would need its password."""
        if who.id in self._signing:
            raise MatrixRefusal(401, "M_FORBIDDEN", "Further authentication is needed", flows=[], session="s")
        self._signing[who.id] = content
        self._note(who.id)
        return {}

    def add_signatures(self, content: Json) -> Json:
        for user, devices in content.items():
            for name, signed in devices.items():
                for signer, signatures in signed["signatures"].items():
                    self._devices[user][name].setdefault("signatures", {}).setdefault(signer, {}).update(signatures)
            self._note(user)
        return {"failures": {}}

    def query(self, content: Json) -> Json:
        asked = content.get("device_keys")
        if not isinstance(asked, dict) or not all(isinstance(names, list) for names in asked.values()):
            raise MatrixRefusal(400, "M_INVALID_PARAM", "device_keys must map users to lists")
        answer: Json = {"device_keys": {user: self._devices[user] for user in asked}, "failures": {}}
        for kind, field in (("master_keys", "master_key"), ("self_signing_keys", "self_signing_key")):
            answer[kind] = {user: self._signing[user][field] for user in asked if user in self._signing}
        return answer

    def claim(self, content: Json) -> Json:
        claimed: defaultdict[str, Json] = defaultdict(dict)
        for user, devices in content["one_time_keys"].items():
            for name, algorithm in devices.items():
                found = self._claimed(user, name) if algorithm == _ONE_TIME else {}
                if found:
                    claimed[user][name] = found
        return {"one_time_keys": claimed, "failures": {}}

    def send(self, who: Person, kind: str, key: str, content: Json) -> Json:
        """Letters; the same transaction again brings nothing new."""
        if (who.token, kind, key) not in self._answered:
            self._answered.add((who.token, kind, key))
            for user, devices in content["messages"].items():
                for name, letter in devices.items():
                    for device in self._devices[user] if name == "*" else [name]:
                        self._deliver(user, device, {"type": kind, "sender": who.id, "content": letter})
        return {}

    def hold(self) -> None:
        """Keep letters back, as a slow homeserver elsewhere does."""
        self._held = []

    def letters_of(self, user: str, device: str) -> list[Json]:
        """What waits for a device."""
        return [letter for _, letter in self._letters[user, device]]

    def release(self) -> None:
        held, self._held = self._held or [], None
        for user, device, event in held:
            self._deliver(user, device, event)

    def news(self, person: Person, since: int | None) -> Json:
        """What concerns the person's device: letters that it has not confirmed by a later token, and changes."""
        place = (person.id, person.device)
        self._letters[place] = [(at, letter) for at, letter in self._letters[place] if at >= (since or 0)]
        answer: Json = {"device_one_time_keys_count": self.counts(person)}
        if self._letters[place]:
            answer["to_device"] = {"events": [letter for _, letter in self._letters[place]]}
        changed = self._changed(person, since) if since is not None else set()
        if changed:
            answer["device_lists"] = {"changed": sorted(changed), "left": []}
        return answer

    def held_of(self, user: str, device: str) -> int:
        """How many one-time keys are left of a device."""
        return len(self._one_time[user, device])

    def counts(self, who: Person) -> Json:
        return {_ONE_TIME: len(self._one_time[who.id, who.device])}

    def _deliver(self, user: str, device: str, event: Json) -> None:
        if self._held is not None:
            self._held.append((user, device, event))
            return
        self._letters[user, device].append((self._rooms.position, event))
        self._rooms.position += 1

    def _claimed(self, user: str, device: str) -> Json:
        held, spare = self._one_time[user, device], self._fallback[user, device]
        if held:
            name = next(iter(held))
            return {name: held.pop(name)}
        return dict(spare)

    def _changed(self, person: Person, since: int) -> set[str]:
        secret = [room for room in self._rooms.rooms.values() if room.content("m.room.encryption")]
        shared = [room for room in secret if room.membership(person.id) == "join"]
        people = {user for room in shared for user in room.members()}
        came = {
            str(stored.event["state_key"])
            for room in shared
            for stored in room.events
            if stored.position >= since and stored.event["type"] == "m.room.member"
        }
        return {user for at, user in self._changes if at >= since and user in people} | (came & people)

    def _note(self, user: str) -> None:
        self._changes.append((self._rooms.position, user))
        self._rooms.position += 1


def members(rooms: Rooms, who: Person, name: str, without: str) -> Json:
    """The memberships of a room that are not `without`."""
    room = rooms.entered(name, who.id)
    found: list[dict[str, Any]] = [stored.event for (kind, _), stored in room.state.items() if kind == "m.room.member"]
    return {"chunk": [event for event in found if event["content"].get("membership") != without]}
