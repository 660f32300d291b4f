"""What other devices send to ours, and the events of rooms that it can read by that. No network."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from msgspec import Struct, field

from bridge.ids import RoomId
from connectors.matrix import polls
from connectors.matrix.batch import Post
from connectors.matrix.beacons import BEACONS
from connectors.matrix.content import part, words
from connectors.matrix.e2ee.aside import Aside, Waiting
from connectors.matrix.e2ee.following import Following
from connectors.matrix.e2ee.keystore import KeyStore
from connectors.matrix.e2ee.megolm import BrokenError, Megolm, NoKeyError
from connectors.matrix.e2ee.olm import Letter, Olm, UnopenedError
from connectors.matrix.secrecy import ENCRYPTED, Late, Raw

_READABLE = (
    frozenset({"m.room.message", "m.sticker", "m.reaction", "m.location"}) | polls.STARTS | polls.VOTES | BEACONS
)
"""What may stand in an encrypted event. Never what a homeserver has to allow first: state, redactions."""
_WITHHELD = {"m.room_key.withheld", "org.matrix.room_key.withheld"}
_NO_SESSION = "m.no_olm"
_MOST_REFUSED = 10_000
"""So many requests for keys are answered in one run."""

_log = structlog.get_logger()


class Missing(Struct, frozen=True):
    """A key we lack: what to ask the writer's devices for."""

    room: RoomId
    session: str
    user: str
    curve: str


class Request(Struct, frozen=True):
    """A device that asks us for a key, which nobody gets so: who may read is given keys when they are made."""

    user: str
    device: str
    room: str
    session: str
    curve: str


class Todo(Struct):
    """What came up while reading and needs the network; `broken` are (user, identity key) of devices."""

    requests: set[Request] = field(default_factory=set)

    missing: set[Missing] = field(default_factory=set)
    broken: set[tuple[str, str]] = field(default_factory=set)
    keys_held: int | None = None


class Reading:
    """Everything of one device that comes in."""

    def __init__(self, store: KeyStore, olm: Olm, megolm: Megolm, following: Following, aside: Aside) -> None:
        self._store = store
        self._olm = olm
        self._megolm = megolm
        self._following = following
        self._aside = aside
        self._fresh: set[tuple[RoomId, str]] | None = None
        self._refused: set[Request] = set()
        self.todo = Todo()

    def take(self, post: Post, since: str) -> None:
        """Keep what came, in one transaction. A batch that is asked for again (`since`) is not taken twice."""
        self.todo.keys_held = post.keys_held
        if not (post.letters or post.changed or post.left):
            return
        with self._store.change():
            self._store.write("DELETE FROM taken WHERE since <> ?", since)
            for letter in post.letters:
                if self._is_new(letter, since):
                    self._one(letter)
            self._following.changed(post.changed, post.left)

    def late(self) -> list[Late]:
        """What can be told now of what was put aside. The first time everything is tried, whenever its key came."""
        fresh = self._fresh
        rows = self._aside.all() if fresh is None else [row for key in sorted(fresh) for row in self._aside.of(*key)]
        self._fresh = self._fresh or set()
        found = [late for row in rows if (late := self._now_readable(row)) is not None]
        read = {words(late.raw, "event_id") for late in found}
        return found + [_unread(row) for row in self._aside.due() if row.event not in read]

    def settle(self, told: Sequence[Late]) -> None:
        self._fresh = set()
        if told:
            read = [words(late.raw, "event_id") for late in told if late.is_read]
            shown = [words(late.raw, "event_id") for late in told if not late.is_read]
            with self._store.change():
                self._aside.settle(read, shown)

    def read(self, room: RoomId, raw: Raw, writer: Raw) -> Raw | None:
        try:
            return self._readable(room, raw)
        except BrokenError as error:
            _log.warning("an event cannot be decrypted", event_id=words(raw, "event_id")[:255], why=str(error))
            return raw
        except NoKeyError:
            if raw.get("sender") != self._olm.user:  # ours come back; what we said before the keys were lost is known
                self._put_aside(room, raw, writer)
            return None

    def peek(self, room: RoomId, raw: Raw) -> Raw | None:
        try:
            return self._readable(room, raw)
        except (BrokenError, NoKeyError):
            return None

    def _readable(self, room: RoomId, raw: Raw) -> Raw | None:
        found = self._megolm.read(room, raw)
        kind, content = words(found, "type"), part(found, "content")
        if kind not in _READABLE:
            return None
        relation = part(raw, "content").get("m.relates_to")
        return {**raw, "type": kind, "content": {**content, **({"m.relates_to": relation} if relation else {})}}

    def _now_readable(self, row: Waiting) -> Late | None:
        try:
            raw = self._readable(row.room, row.raw)
        except NoKeyError:
            return None
        except BrokenError:
            return _unread(row) if not row.is_shown else None
        return Late(
            room=row.room,
            raw=raw if raw is not None else row.raw,
            writer=row.writer,
            was_shown=row.is_shown,
            is_read=True,
        )

    def _put_aside(self, room: RoomId, raw: Raw, writer: Raw) -> None:
        content = part(raw, "content")
        with self._store.change():
            self._aside.put(room, raw, writer)
        session, curve = words(content, "session_id"), words(content, "sender_key")
        self.todo.missing.add(Missing(room, session, words(raw, "sender"), curve))

    def _is_new(self, letter: Raw, since: str) -> bool:
        digest = hashlib.sha256(json.dumps(letter, sort_keys=True).encode()).digest()
        if self._store.rows("SELECT 1 FROM taken WHERE digest = ?", digest):
            return False
        self._store.write("INSERT INTO taken (digest, since) VALUES (?, ?)", digest, since)
        return True

    def _one(self, raw: Raw) -> None:
        kind, sender, content = words(raw, "type"), words(raw, "sender"), part(raw, "content")
        if kind in _WITHHELD:
            self._withheld(sender, content)
        if kind == "m.room_key_request":
            self._requested(sender, content)
        if kind != ENCRYPTED:
            return
        try:
            letter = self._olm.open(sender, content)
        except UnopenedError as error:
            _log.warning("a message to this device cannot be opened", sender=sender[:255], why=str(error))
            if error.curve:
                self.todo.broken.add((sender, error.curve))
            return
        self._opened(letter)

    def _requested(self, sender: str, content: Raw) -> None:
        body, device = part(content, "body"), words(content, "requesting_device_id")
        asked = Request(
            sender, device, words(body, "room_id"), words(body, "session_id"), words(body, "sender_key")
        )  # fmt: skip
        ours = (sender, device) == (self._olm.user, self._olm.device)
        if words(content, "action") != "request" or ours or not (device and asked.room and asked.session):
            return
        if len(self._refused) < _MOST_REFUSED and asked not in self._refused:
            self._refused.add(asked)
            self.todo.requests.add(asked)

    def _opened(self, letter: Letter) -> None:
        found = None
        if letter.type == "m.room_key":
            found = self._megolm.learn(letter)
        elif letter.type == "m.forwarded_room_key" and self._is_asked_for(letter):
            found = self._megolm.learn_again(letter)
        if found is not None and self._fresh is not None:
            self._fresh.add(found)

    def _is_asked_for(self, letter: Letter) -> bool:
        """A key is taken from the device that made it, and only one that something waits for: others could lie."""
        room, session = RoomId(words(letter.content, "room_id")), words(letter.content, "session_id")
        return words(letter.content, "sender_key") == letter.curve and bool(self._aside.of(room, session))

    def _withheld(self, sender: str, content: Mapping[str, Any]) -> None:
        code, room, session = words(content, "code"), words(content, "room_id"), words(content, "session_id")
        if code == _NO_SESSION or not session:
            return
        _log.warning(
            "somebody's client does not give its keys to this device: docs/matrix-encryption.md says what helps",
            sender=sender[:255], code=code[:100],
        )  # fmt: skip
        self._aside.hasten(RoomId(room), session)


def _unread(row: Waiting) -> Late:
    return Late(room=row.room, raw=row.raw, writer=row.writer, was_shown=row.is_shown, is_read=False)
