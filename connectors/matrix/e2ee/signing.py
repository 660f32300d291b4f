"""Signatures over JSON (specification, appendices, "Signing JSON"). Pure."""

import json
from collections.abc import Mapping
from typing import Any

from vodozemac import Account, Ed25519PublicKey, Ed25519Signature

from connectors.matrix.content import part, words


def canonical(value: Mapping[str, Any]) -> bytes:
    """The one form of an object that is signed: sorted, without spaces, without its signatures."""
    kept = {name: inner for name, inner in value.items() if name not in {"signatures", "unsigned"}}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def signed(value: Mapping[str, Any], account: Account, user: str, name: str) -> dict[str, Any]:
    """The object with a signature more: `name` is that of the key, without its algorithm."""
    known = {who: dict(part(part(value, "signatures"), who)) for who in part(value, "signatures")}
    known.setdefault(user, {})[f"ed25519:{name}"] = account.sign(canonical(value)).to_base64()
    return {**value, "signatures": known}


def is_signed(value: Mapping[str, Any], user: str, name: str, key: str) -> bool:
    """Whether a user's key signed the object; False too where key or signature is none."""
    signature = words(part(part(value, "signatures"), user), f"ed25519:{name}")
    try:
        Ed25519PublicKey.from_base64(key).verify_signature(canonical(value), Ed25519Signature.from_base64(signature))
    except ValueError:  # what vodozemac's errors are, and what text that cannot be encoded raises
        return False
    return True
