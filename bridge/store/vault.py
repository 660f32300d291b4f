"""What holds people's words in the store, sealed under the operator's key; without a key everything stays as it is.

A sealed value is a byte that begins no clear value, the key's id, a nonce and AES-256-GCM, with the column as
associated data: a value cannot be moved to another column. What is looked up by its words (an emoji) is AES-SIV, which
gives the same bytes for the same words; what is only looked up (a person's native id) is an HMAC.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from bridge.errors import BridgeError

Stored: TypeAlias = str | int | float | bytes | None
Draw: TypeAlias = Callable[[int], bytes]
MAGIC: Final = b"\xc1"
"""Never the first byte of MessagePack, nor of UTF-8."""
_ID, _NONCE, _NONCES = 4, 12, 256
_HEAD = len(MAGIC) + _ID
PEPPER_BYTES = 32


class VaultError(BridgeError):
    """A sealed value cannot be read: it is damaged, or was sealed under a key that we do not have."""


class Column(Enum):
    """Where words stand in the store; the value is what a sealed value is bound to."""

    BODY = b"event.body"
    AUTHOR = b"message.author"
    EXCERPT = b"message.excerpt"
    PLAN = b"outbox.plan"
    ERROR = b"outbox.error"
    NAME = b"person.name"
    AVATAR = b"person.avatar"
    VALUE = b"memory.value"
    HELD = b"room.held"
    EMOJI = b"emoji"
    JOINT = b"joint.words"
    ABOUT = b"media.about"
    FACE = b"face.about"
    TITLE = b"conversation.title"
    CLAIMANT = b"conversation.claimant"
    NATIVE = b"correspondent.native"
    SUBSCRIBER = b"subscription.native"
    ANNOUNCER = b"announcement.author"
    WHY = b"recipient.why"
    EARLY = b"early.why"
    RULED = b"ruling.name"
    ACTOR = b"deed.actor"
    DEED = b"deed.about"
    PEPPER = b"meta.pepper"


class Keys(Struct, frozen=True):
    """The operator's keys, each 32 bytes or more: `current` seals, `previous` may still be needed to read."""

    current: bytes
    previous: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"Keys(<{1 + len(self.previous)}>)"


class Vault(Protocol):
    """Turns values into what is stored, and back. Reading raises `VaultError`."""

    def seal(self, column: Column, value: Stored) -> Stored: ...

    def name(self, column: Column, value: str) -> Stored:
        """The same bytes for the same value, so that it can be looked up and read again."""
        ...

    def alias(self, account: str, native: str) -> str:
        """What stands for somebody's native id: it can be looked up, and not read."""
        ...

    def text(self, column: Column, value: Stored) -> str: ...

    def data(self, column: Column, value: Stored) -> bytes: ...


class Clear:
    """No key: values are stored as they are."""

    def seal(self, column: Column, value: Stored) -> Stored:  # noqa: ARG002 - as the protocol says
        return value

    def name(self, column: Column, value: str) -> Stored:  # noqa: ARG002 - as the protocol says
        return value

    def alias(self, account: str, native: str) -> str:  # noqa: ARG002 - as the protocol says
        return native

    def text(self, column: Column, value: Stored) -> str:  # noqa: ARG002 - as the protocol says
        return str(value)

    def data(self, column: Column, value: Stored) -> bytes:  # noqa: ARG002 - as the protocol says
        return value if isinstance(value, bytes) else b""


class Box:
    """One key: the ciphers made from it. Raises ImportError where `cryptography` is not installed."""

    def __init__(self, key: bytes) -> None:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only who has a key pays for it
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV  # noqa: PLC0415 - the same

        self.id = _derived(key, b"id")[:_ID]
        self.head = MAGIC + self.id
        self._wrong = InvalidTag
        self.encrypt = AESGCM(_derived(key, b"values")).encrypt
        self._decrypt = AESGCM(_derived(key, b"values")).decrypt
        self._siv = AESSIV(_derived(key, b"names") + _derived(key, b"more names"))

    def open(self, column: Column, sealed: bytes) -> bytes:
        """A value sealed under this key. Raises `VaultError`."""
        try:
            if column is Column.EMOJI:
                return self._siv.decrypt(sealed[_HEAD:], [column.value])
            return self._decrypt(sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :], column.value)
        except (self._wrong, ValueError) as error:
            raise VaultError(f"a value of {column.value.decode()} cannot be read: damaged, or another key") from error

    def name(self, column: Column, value: bytes) -> bytes:
        return self.head + self._siv.encrypt(value, [column.value])


class Keyed:
    """A vault with a key: seals under the current one, reads under any of the ring."""

    def __init__(self, boxes: Sequence[Box], draw: Draw) -> None:
        self._box, self._draw = boxes[0], draw
        self._ring = {box.id: box for box in boxes}
        self._nonces = b""
        self.pepper = b""
        """Random bytes of this store's own, kept sealed in it: aliases outlive a change of the key."""

    @property
    def id(self) -> bytes:
        """Which key seals."""
        return self._box.id

    def __contains__(self, key: bytes) -> bool:
        """Whether the key with this id is at hand."""
        return key in self._ring

    def seal(self, column: Column, value: Stored) -> Stored:
        if value is None or value == "":
            return value
        plain = value if isinstance(value, bytes) else str(value).encode()
        nonce = self._nonce()
        return self._box.head + nonce + self._box.encrypt(nonce, plain, column.value)

    def _nonce(self) -> bytes:
        """The next random nonce; many are drawn at once, since asking the machine costs as much as sealing."""
        if not self._nonces:
            self._nonces = self._draw(_NONCE * _NONCES)
        nonce, self._nonces = self._nonces[:_NONCE], self._nonces[_NONCE:]
        return nonce

    def name(self, column: Column, value: str) -> Stored:
        return self._box.name(column, value.encode()) if value else value

    def alias(self, account: str, native: str) -> str:
        return hmac.digest(self.pepper, f"{account}\0{native}".encode(), "sha256").hex()

    def text(self, column: Column, value: Stored) -> str:
        return self.data(column, value).decode() if value else ""

    def data(self, column: Column, value: Stored) -> bytes:
        if not isinstance(value, bytes) or value[:1] != MAGIC:
            raise VaultError(f"a value of {column.value.decode()} is not sealed")
        box = self._ring.get(value[1:_HEAD])
        if box is None:
            raise VaultError("a value was sealed under a key that is in neither store.key nor store.previous_keys")
        return box.open(column, value)

    def renewed(self, column: Column, value: Stored) -> Stored:
        """The same value under the current key, whether it was clear or sealed before; None when nothing changes."""
        if value is None or value == "":
            return None
        if isinstance(value, bytes) and value[:1] == MAGIC:
            if value[1:_HEAD] == self._box.id:
                return None
            value = self.data(column, value)
        if column is Column.EMOJI:
            return self._box.name(column, value if isinstance(value, bytes) else str(value).encode())
        return self.seal(column, value)


def _derived(key: bytes, purpose: bytes) -> bytes:
    """A key for one purpose: 32 bytes that tell nothing of the others."""
    return hmac.digest(key, b"qantara store: " + purpose, hashlib.sha256)


__all__ = ["PEPPER_BYTES", "Clear", "Column", "Draw", "Keyed", "Keys", "Stored", "Vault", "VaultError"]
