"""Files under the operator's key: pieces of AES-256-GCM that can be neither moved, left out nor cut off.

A sealed file begins with the id of its key and a random prefix; the nonce of a piece is that prefix, the number of the
piece and whether it is the last, and the file's name is associated data.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence

from bridge.store.vault import Draw, Keys, VaultError

PIECE = 1 << 16
_ID, _PREFIX, _TAG = 4, 7, 16
SEALED_PIECE = PIECE + _TAG
HEAD = _ID + _PREFIX


class Sealer:
    """Seals one file, piece by piece; all but the last are of `PIECE` bytes."""

    def __init__(self, encrypt: Callable[[bytes, bytes, bytes], bytes], prefix: bytes, name: str) -> None:
        self._encrypt, self._prefix, self._name = encrypt, prefix, name.encode()
        self._number = 0

    def seal(self, piece: bytes, last: bytes = b"\0") -> bytes:
        """The next piece; `last` is a byte 1 for the one after which nothing comes."""
        nonce = self._prefix + self._number.to_bytes(4, "big") + last
        self._number += 1
        return self._encrypt(nonce, piece, self._name)


class Opener:
    """Opens one file, piece by piece, in order. Raises `VaultError` for what was not sealed so."""

    def __init__(
        self, decrypt: Callable[[bytes, bytes, bytes], bytes], wrong: type[Exception], prefix: bytes, name: str
    ) -> None:
        self._decrypt, self._wrong, self._prefix, self._name = decrypt, wrong, prefix, name.encode()
        self._number = 0

    def open(self, piece: bytes, last: bytes) -> bytes:
        """The next piece."""
        nonce = self._prefix + self._number.to_bytes(4, "big") + last
        self._number += 1
        try:
            return self._decrypt(nonce, piece, self._name)
        except (self._wrong, ValueError) as error:
            raise VaultError("a file cannot be read: damaged, or another key") from error


class Sealing:
    """The operator's keys, as files need them. Raises ImportError where `cryptography` is not installed."""

    def __init__(self, keys: Keys, draw: Draw) -> None:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only who has a key pays for it
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - the same

        self._draw, self._wrong = draw, InvalidTag
        self._ring = {_derived(key, b"file id")[:_ID]: AESGCM(_derived(key, b"files")) for key in _all(keys)}
        self._id = next(iter(self._ring))

    def sealer(self, name: str) -> tuple[bytes, Sealer]:
        """The head of a new file, and what seals its pieces."""
        prefix = self._draw(_PREFIX)
        return self._id + prefix, Sealer(self._ring[self._id].encrypt, prefix, name)

    def opener(self, name: str, head: bytes) -> Opener:
        """What opens the pieces of a file that begins with `head`."""
        box = self._ring.get(head[:_ID])
        if box is None:
            raise VaultError("a file was sealed under a key that is in neither store.key nor store.previous_keys")
        return Opener(box.decrypt, self._wrong, head[_ID:], name)


def _all(keys: Keys) -> Sequence[bytes]:
    return keys.current, *keys.previous


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"qantara media: " + purpose, hashlib.sha256)
