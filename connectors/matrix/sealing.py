"""Files as encrypted rooms carry them: AES-CTR under a key that stands in the event. Pure."""

import hashlib
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
from Crypto.Cipher import AES
from Crypto.Util import Counter
from msgspec import Struct

from connectors.matrix.content_fields import part, words

KEY_BYTES, NONCE_BYTES = 32, 8
_COUNTER_BITS = 64


class Handle(Struct, frozen=True, kw_only=True):
    """Where a file is, and what opens it; `key` is empty for one that is in clear. Bytes in base64."""

    url: str
    key: str = ""
    iv: str = ""
    sha256: str = ""


class Sealer:
    """Encrypts or decrypts a file piece by piece, and sums up the encrypted bytes."""

    def __init__(self, key: bytes, iv: bytes) -> None:
        half = _COUNTER_BITS // 8
        counter = Counter.new(_COUNTER_BITS, prefix=iv[:half], initial_value=int.from_bytes(iv[half:]))
        self._cipher = AES.new(key, AES.MODE_CTR, counter=counter)
        self._sum = hashlib.sha256()

    def seal(self, piece: bytes) -> bytes:
        sealed = self._cipher.encrypt(piece)
        self._sum.update(sealed)
        return sealed

    def open(self, piece: bytes) -> bytes:
        self._sum.update(piece)
        return self._cipher.decrypt(piece)

    @property
    def digest(self) -> str:
        """SHA-256 of what is encrypted, so far."""
        return text(self._sum.digest())


def text(value: bytes) -> str:
    """Base64 without padding, in the alphabet of addresses: equal bytes are equal texts."""
    return urlsafe_b64encode(value).decode().rstrip("=")


def raw(value: str) -> bytes:
    """The bytes of base64 in either alphabet, padded or not. Raises `ValueError`."""
    known = value.rstrip("=").replace("-", "+").replace("_", "/")
    return b64decode(known + "=" * (-len(known) % 4), validate=True)


def sealer(handle: Handle) -> Sealer:
    """What opens a sealed file. Raises `ValueError` where its key is none."""
    key, iv = raw(handle.key), raw(handle.iv)
    if len(key) != KEY_BYTES or len(iv) != 2 * NONCE_BYTES:
        raise ValueError("a file's key of another length")
    return Sealer(key, iv)


def handle_of(content: Mapping[str, Any]) -> Handle | None:
    """Where the file of a message or sticker is; None where it names none that can be fetched."""
    sealed = part(content, "file")
    if not sealed:
        url = words(content, "url")
        return Handle(url=url) if url else None
    key = part(sealed, "key")
    if words(key, "alg") != "A256CTR" or words(sealed, "v") != "v2":
        return None
    digest = words(part(sealed, "hashes"), "sha256")
    try:
        sums = text(raw(digest))
    except ValueError:
        return None
    return Handle(url=words(sealed, "url"), key=words(key, "k"), iv=words(sealed, "iv"), sha256=sums)


def file_of(handle: Handle) -> dict[str, Any]:
    """The fields of a message that say where its file is."""
    if not handle.key:
        return {"url": handle.url}
    key = {"kty": "oct", "key_ops": ["encrypt", "decrypt"], "alg": "A256CTR", "k": handle.key, "ext": True}
    iv, digest = (value.replace("-", "+").replace("_", "/") for value in (handle.iv, handle.sha256))
    return {"file": {"v": "v2", "url": handle.url, "key": key, "iv": iv, "hashes": {"sha256": digest}}}


def thumbnail_of(handle: Handle) -> dict[str, Any]:
    """The fields of a file's `info` that say where its thumbnail is."""
    return {f"thumbnail_{name}": value for name, value in file_of(handle).items()}


def thumbnail_handle(content: Mapping[str, Any]) -> Handle | None:
    """Where the thumbnail of a message's file is; None where there is none."""
    info = part(content, "info")
    return handle_of({"url": words(info, "thumbnail_url"), "file": part(info, "thumbnail_file")})


def packed(handle: Handle) -> str:
    """A handle as an attachment's `source`."""
    return msgspec.json.encode(handle).decode() if handle.key else handle.url


def unpacked(source: str) -> Handle:
    """The handle again. Raises `ValueError`."""
    if not source.startswith("{"):
        return Handle(url=source)
    try:
        return msgspec.json.decode(source, type=Handle)
    except msgspec.MsgspecError as error:
        raise ValueError("no handle of a file") from error
