"""Our device: its identity, its one-time keys, and its sessions with other devices, one message at a time."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from vodozemac import Account, AnyOlmMessage, Curve25519PublicKey, Session

from bridge.clock import Clock
from bridge.errors import Unauthorized
from connectors.matrix.answers import decoded
from connectors.matrix.content import part, words
from connectors.matrix.e2ee.devices import MEGOLM, OLM, Device
from connectors.matrix.e2ee.keystore import KeyStore
from connectors.matrix.e2ee.signing import is_signed, signed

_ONE_TIME = "signed_curve25519"


class Letter(Struct, frozen=True, kw_only=True):
    """What a device wrote to ours alone, opened and checked."""

    sender: str
    curve: str
    ed25519: str
    type: str
    content: Mapping[str, Any]


class UnopenedError(ValueError):
    """A letter that cannot be opened; `curve` is the key of the device that sealed it."""

    def __init__(self, why: str, curve: str) -> None:
        super().__init__(why)
        self.curve = curve


class Olm:
    """One device of ours. Every change is in the key store when a method returns, within the caller's transaction."""

    def __init__(self, store: KeyStore, clock: Clock, *, user: str, device: str) -> None:
        self._store = store
        self._clock = clock
        self.user = user
        self.device = device
        self._account = _account(store)
        self.curve = self._account.curve25519_key.to_base64()
        self.ed25519 = self._account.ed25519_key.to_base64()

    @property
    def wanted(self) -> int:
        """How many one-time keys the homeserver should hold for us."""
        return self._account.max_number_of_one_time_keys

    def device_keys(self) -> dict[str, Any]:
        """What everybody may know of this device, signed by it."""
        keys = {f"curve25519:{self.device}": self.curve, f"ed25519:{self.device}": self.ed25519}
        fields = {"user_id": self.user, "device_id": self.device, "algorithms": [OLM, MEGOLM], "keys": keys}
        return signed(fields, self._account, self.user, self.device)

    def new_keys(self, held: int) -> dict[str, Any]:
        """One-time keys to fill up what the homeserver holds, and a fallback key for when they run out.

        Keys that were made and perhaps not uploaded are given again: they are ours until `published`.
        """
        if not self._account.one_time_keys:
            self._account.generate_one_time_keys(max(1, self.wanted - held))
            self._account.generate_fallback_key()  # type: ignore[attr-defined]  # is missing in vodozemac's stubs
            self._save()
        fallback = self._account.fallback_key  # type: ignore[attr-defined]  # the same
        return {
            "one_time_keys": self._offered(self._account.one_time_keys),
            "fallback_keys": self._offered(fallback, fallback=True),
        }

    def published(self) -> None:
        """The homeserver has them, or will never take them."""
        self._account.mark_keys_as_published()
        self._save()

    def has_session(self, device: Device) -> bool:
        return bool(self._store.rows("SELECT 1 FROM olm WHERE curve = ?", device.curve))

    def begin(self, device: Device, claimed: Mapping[str, Any]) -> bool:
        """A new session from one of the device's one-time keys; False where it is none of its own."""
        name = next((name for name in claimed if name.startswith(f"{_ONE_TIME}:")), "")
        fields = part(claimed, name)
        if not is_signed(fields, device.user, device.id, device.ed25519):
            return False
        try:
            theirs, once = (Curve25519PublicKey.from_base64(key) for key in (device.curve, words(fields, "key")))
            session = self._account.create_outbound_session(theirs, once)
        except ValueError:
            return False
        self._keep(device.curve, session)
        return True

    def seal(self, device: Device, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """A letter to a device, in the session that last brought us one. The session's new state is kept first."""
        session = self._sessions(device.curve)[0]
        letter = {
            "sender": self.user,
            "sender_device": self.device,
            "keys": {"ed25519": self.ed25519},
            "recipient": device.user,
            "recipient_keys": {"ed25519": device.ed25519},
            "type": kind,
            "content": content,
        }
        number, sealed = session.encrypt(json.dumps(letter).encode()).to_parts()
        self._keep(device.curve, session, touch=0)
        body = b64encode(sealed).decode().rstrip("=")
        return {
            "algorithm": OLM,
            "sender_key": self.curve,
            "ciphertext": {device.curve: {"type": number, "body": body}},
        }

    def open(self, sender: str, content: Mapping[str, Any]) -> Letter:
        """Open a letter to us. Raises `UnopenedError`; the session moves on also when the letter turns out forged."""
        curve = words(content, "sender_key")
        sealed = part(part(content, "ciphertext"), self.curve)
        if words(content, "algorithm") != OLM or not sealed:
            raise UnopenedError("it is not for this device", "")
        try:
            number, body = sealed.get("type"), words(sealed, "body")
            message = AnyOlmMessage.from_parts(number if isinstance(number, int) else 2, _bytes(body))
            plain = self._opened(curve, message)
        except ValueError as error:
            raise UnopenedError(str(error), curve) from None
        return self._checked(sender, curve, decoded(plain) or {})

    def _opened(self, curve: str, message: AnyOlmMessage) -> bytes:
        first = message.to_pre_key()
        known = self._sessions(curve)
        if first is not None:
            known = [session for session in known if session.session_matches(first)]
            if not known:
                session, plain = self._account.create_inbound_session(Curve25519PublicKey.from_base64(curve), first)
                self._save()
                self._keep(curve, session)
                return plain
        for session in known:
            try:
                plain = session.decrypt(message)
            except ValueError:
                continue
            self._keep(curve, session)
            return plain
        raise ValueError("no session with its device opens it")

    def _checked(self, sender: str, curve: str, letter: Mapping[str, Any]) -> Letter:
        """A letter can be passed on by who received it: it must name us, and who gave it to us."""
        to, key = words(letter, "recipient"), words(part(letter, "recipient_keys"), "ed25519")
        if words(letter, "sender") != sender or to != self.user or key != self.ed25519:
            raise UnopenedError("it was sealed for somebody else", "")
        return Letter(
            sender=sender,
            curve=curve,
            ed25519=words(part(letter, "keys"), "ed25519"),
            type=words(letter, "type"),
            content=part(letter, "content"),
        )

    def _offered(self, keys: Mapping[str, Curve25519PublicKey], *, fallback: bool = False) -> dict[str, Any]:
        mark = {"fallback": True} if fallback else {}
        return {
            f"{_ONE_TIME}:{name}": signed({"key": key.to_base64(), **mark}, self._account, self.user, self.device)
            for name, key in keys.items()
        }

    def _sessions(self, curve: str) -> list[Session]:
        """Those with a device, the one that last brought a letter first."""
        rows = self._store.rows("SELECT pickle FROM olm WHERE curve = ? ORDER BY used DESC, id", curve)
        return [Session.from_pickle(pickle, self._store.key) for (pickle,) in rows]

    def _keep(self, curve: str, session: Session, *, touch: int | None = None) -> None:
        now = int(self._clock.now().timestamp() * 1000) if touch is None else touch
        self._store.write(
            "INSERT INTO olm (curve, id, used, pickle) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET used = max(used, excluded.used), pickle = excluded.pickle",
            curve, session.session_id, now, session.pickle(self._store.key),
        )  # fmt: skip

    def _save(self) -> None:
        self._store.set_meta("account", self._account.pickle(self._store.key).encode())


def _account(store: KeyStore) -> Account:
    kept = store.meta("account")
    if kept is None:
        made = Account()
        store.set_meta("account", made.pickle(store.key).encode())
        return made
    try:
        return Account.from_pickle(kept.decode(), store.key)
    except ValueError as error:
        raise Unauthorized(
            "the keys of this device cannot be opened: `e2ee_passphrase` is not the one they were sealed with"
        ) from error


def _bytes(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), validate=True)
