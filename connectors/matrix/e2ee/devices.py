"""Whose devices there are, and whether ours is cross-signed: what /keys/query says, checked. Pure.

People's clients write these keys and homeservers pass them on as they are, so a device that breaks the rules is left
out and harms nobody else.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from connectors.matrix.content import part, words
from connectors.matrix.e2ee.signing import is_signed

OLM = "m.olm.v1.curve25519-aes-sha2"
MEGOLM = "m.megolm.v1.aes-sha2"
_LONGEST = 255


class Device(Struct, frozen=True, kw_only=True):
    """One device of somebody: `curve` is its identity key, `ed25519` signs."""

    user: str
    id: str
    curve: str
    ed25519: str


class Signed(StrEnum):
    """How our device stands to our account's own cross-signing keys."""

    YES = "yes"
    NO = "no"
    NO_KEYS = "no keys"
    """The account has no cross-signing keys at all."""


def devices(user: str, answer: Mapping[str, Any]) -> Iterator[Device]:
    """The devices of a user that can be written to, each signed by itself."""
    listed = part(part(answer, "device_keys"), user)
    for name in listed:
        fields = part(listed, name)
        device = _device(user, name, fields)
        if device is not None and is_signed(fields, user, name, device.ed25519):
            yield device


def cross_signed(user: str, device: str, answer: Mapping[str, Any]) -> Signed:
    """Whether the account's self-signing key, itself signed by its master key, signed the device."""
    master = _only_key(part(part(answer, "master_keys"), user))
    own = part(part(answer, "self_signing_keys"), user)
    signer = _only_key(own)
    if not master or not signer:
        return Signed.NO_KEYS
    if not is_signed(own, user, master, master):
        return Signed.NO
    fields = part(part(part(answer, "device_keys"), user), device)
    return Signed.YES if is_signed(fields, user, signer, signer) else Signed.NO


def _device(user: str, name: str, fields: Mapping[str, Any]) -> Device | None:
    keys, algorithms = part(fields, "keys"), fields.get("algorithms")
    speaks = isinstance(algorithms, list) and OLM in algorithms and MEGOLM in algorithms
    if words(fields, "user_id") != user or words(fields, "device_id") != name or not speaks or len(name) > _LONGEST:
        return None
    curve, ed25519 = words(keys, f"curve25519:{name}"), words(keys, f"ed25519:{name}")
    return Device(user=user, id=name, curve=curve, ed25519=ed25519) if curve and ed25519 else None


def _only_key(fields: Mapping[str, Any]) -> str:
    keys = part(fields, "keys")
    return next((key for name, key in keys.items() if name == f"ed25519:{key}"), "")
