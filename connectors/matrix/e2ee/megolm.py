"""The sessions in which rooms are written: everybody's, by which we read, and ours, in which we write."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field
from vodozemac import ExportedSessionKey, GroupSession, InboundGroupSession, MegolmMessage, SessionKey

from bridge.clock import Clock
from bridge.ids import RoomId
from connectors.matrix.answers import decoded
from connectors.matrix.content import part, words
from connectors.matrix.e2ee.devices import MEGOLM, Device
from connectors.matrix.e2ee.keystore import KeyStore
from connectors.matrix.e2ee.olm import Letter

_OPEN = 256
_INDEXES = 20_000
_KEPT_MILLISECONDS = 90 * 86_400_000
_USED_MILLISECONDS = 86_400_000
_MESSAGES = 100
_SECONDS = 7 * 86_400.0


class NoKeyError(LookupError):
    """The session of a message is not known, or only from a later message on: its key may still come."""


class BrokenError(ValueError):
    """A message that no key will ever open, or that is not what it claims to be."""


class Rotation(Struct, frozen=True, kw_only=True):
    """After how many messages, or seconds, a room wants a new session of each writer."""

    messages: int = _MESSAGES
    seconds: float = _SECONDS


class RoomSession(Struct, kw_only=True):
    """A session of ours: it lives in memory only, so that no state of it is ever used twice.

    `shared` are the devices that have its key, by their identity keys.
    """

    group: GroupSession
    began: float
    sent: int = 0
    shared: dict[str, Device] = field(default_factory=dict)

    def is_over(self, rotation: Rotation, now: float) -> bool:
        return self.sent >= rotation.messages or now - self.began >= rotation.seconds


def rotation(content: Mapping[str, Any]) -> Rotation:
    """What `m.room.encryption` asks for, within reason."""
    messages, milliseconds = content.get("rotation_period_msgs"), content.get("rotation_period_ms")
    return Rotation(
        messages=messages if isinstance(messages, int) and 0 < messages < _MESSAGES else _MESSAGES,
        seconds=milliseconds / 1000
        if isinstance(milliseconds, int) and 0 < milliseconds / 1000 < _SECONDS
        else _SECONDS,
    )


class Megolm:
    """All sessions of one account's rooms."""

    def __init__(self, store: KeyStore, clock: Clock, *, device: str, curve: str) -> None:
        self._store = store
        self._clock = clock
        self._device = device
        self._curve = curve
        self._open: OrderedDict[tuple[str, str], tuple[str, InboundGroupSession]] = OrderedDict()
        self._seen: OrderedDict[tuple[str, int], str] = OrderedDict()
        store.write("DELETE FROM megolm WHERE used < ?", self._now() - _KEPT_MILLISECONDS)

    def learn(self, letter: Letter) -> tuple[RoomId, str] | None:
        """Take in a room key; the session it opens, None where it is none or tells nothing new."""
        return self._learned(letter, lambda key: InboundGroupSession(SessionKey(key)))

    def learn_again(self, letter: Letter) -> tuple[RoomId, str] | None:
        """The same for a key that its device gives a second time, on request."""
        return self._learned(letter, lambda key: InboundGroupSession.import_session(ExportedSessionKey(key)))

    def read(self, room: RoomId, raw: Mapping[str, Any]) -> dict[str, Any]:
        """What an encrypted event of a room says: its own type and content. Raises `NoKeyError`, `BrokenError`."""
        content = part(raw, "content")
        if words(content, "algorithm") != MEGOLM:
            raise BrokenError("it is encrypted in a way that the bridge does not know")
        name = words(content, "session_id")
        user, session = self._session(room, name)
        plain, index = _opened(session, words(content, "ciphertext"))
        if user != raw.get("sender"):
            raise BrokenError("its key belongs to somebody else than its sender")
        if self._seen.setdefault((name, index), words(raw, "event_id")) != raw.get("event_id"):
            raise BrokenError("it was sent before, as another event")
        if len(self._seen) > _INDEXES:
            self._seen.popitem(last=False)
        found = decoded(plain)
        if found is None or words(found, "room_id") != room:
            raise BrokenError("it was written for another room")
        return found

    def begin(self, room: RoomId, user: str) -> RoomSession:
        """A new session of ours, whose messages we can read ourselves: they come back to us."""
        made = RoomSession(group=GroupSession(), began=self._clock.monotonic())
        self._keep(room, InboundGroupSession(made.group.session_key), user, self._curve)
        return made

    def key_of(self, room: RoomId, session: RoomSession) -> dict[str, Any]:
        """The key for those who may read from now on."""
        group = session.group
        return {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": group.session_id,
            "session_key": group.session_key.to_base64(),
        }

    def write(self, room: RoomId, session: RoomSession, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """An encrypted event. How it hangs on others stays readable for the homeserver, as the specification wants."""
        plain = json.dumps({"type": kind, "content": content, "room_id": room}, ensure_ascii=False)
        session.sent += 1
        sealed: dict[str, Any] = {
            "algorithm": MEGOLM,
            "sender_key": self._curve,
            "device_id": self._device,
            "session_id": session.group.session_id,
            "ciphertext": session.group.encrypt(plain.encode("utf-8", "replace")).to_base64(),
        }
        relation = content.get("m.relates_to")
        return sealed | ({"m.relates_to": relation} if relation else {})

    def _learned(self, letter: Letter, opened: Callable[[str], InboundGroupSession]) -> tuple[RoomId, str] | None:
        content = letter.content
        room, name = words(content, "room_id"), words(content, "session_id")
        if words(content, "algorithm") != MEGOLM or not room:
            return None
        try:
            session = opened(words(content, "session_key"))
        except ValueError:
            return None
        if session.session_id != name:
            return None
        return (RoomId(room), name) if self._keep(room, session, letter.sender, letter.curve) else None

    def _keep(self, room: str, session: InboundGroupSession, user: str, curve: str) -> bool:
        """Keep a session unless the same is known from an earlier message on already, or from another device."""
        known = self._store.rows(
            "SELECT first, user, curve FROM megolm WHERE room = ? AND id = ?", room, session.session_id
        )
        if known and (known[0][0] <= session.first_known_index or known[0][1:] != (user, curve)):
            return False
        self._store.write(
            "INSERT OR REPLACE INTO megolm (room, id, user, curve, first, used, pickle) VALUES (?, ?, ?, ?, ?, ?, ?)",
            room, session.session_id, user, curve, session.first_known_index, self._now(),
            session.pickle(self._store.key),
        )  # fmt: skip
        self._open.pop((room, session.session_id), None)
        return True

    def _session(self, room: str, name: str) -> tuple[str, InboundGroupSession]:
        if (room, name) not in self._open:
            found = self._store.rows("SELECT user, pickle, used FROM megolm WHERE room = ? AND id = ?", room, name)
            if not found:
                raise NoKeyError("its key is not here")
            user, pickle, used = found[0]
            if self._now() - used > _USED_MILLISECONDS:
                self._store.write("UPDATE megolm SET used = ? WHERE room = ? AND id = ?", self._now(), room, name)
            self._open[room, name] = (user, InboundGroupSession.from_pickle(pickle, self._store.key))
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
        return self._open[room, name]

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _opened(session: InboundGroupSession, ciphertext: str) -> tuple[bytes, int]:
    try:
        message = MegolmMessage.from_base64(ciphertext)
        if message.message_index() < session.first_known_index:
            raise NoKeyError("its key is known from a later message on only")
        found = session.decrypt(message)
    except ValueError as error:
        raise BrokenError(str(error)) from None
    return found.plaintext, found.message_index
