"""What an operator should know of an account on Matrix: the server's versions, what we may do in each room. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.findings import Finding, Grade
from connectors.matrix.content import part, words
from connectors.matrix.power import level, level_of

_SPEC = re.compile(r"v(\d+)\.(\d+)")
_OLDEST = (1, 1)
_DEFAULT_EVENT = 0
_NEEDED: Sequence[tuple[str, Grade, str]] = (
    ("m.room.message", Grade.FAULT, "write"),
    ("m.reaction", Grade.WARNING, "react"),
    ("m.room.redaction", Grade.WARNING, "take back what it wrote"),
)
"""The events that the bridge sends: how much it matters when it may not, and what it cannot do then."""


def server(versions: Mapping[str, Any], software: Mapping[str, Any]) -> Iterator[Finding]:
    """What the homeserver says it speaks and runs; `software` is empty where it does not tell."""
    listed = versions.get("versions")
    spoken = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    newest = max((tuple(map(int, found.groups())) for one in spoken if (found := _SPEC.fullmatch(one))), default=(0, 0))
    about = part(software, "server")
    runs = " ".join(filter(None, (words(about, "name"), words(about, "version")))) or "unknown software"
    what = f"{runs}, which speaks Matrix up to v{newest[0]}.{newest[1]}"
    yield Finding(grade=Grade.NOTE, where="the homeserver", what=what)
    if newest < _OLDEST:
        what = "the homeserver does not speak Matrix 1.1 or newer: much will not work"
        yield Finding(grade=Grade.FAULT, where="homeserver", what=what, remedy="update the homeserver")


def room(name: str, user: str, levels: Mapping[str, Any], creation: Mapping[str, Any]) -> Iterator[Finding]:
    """What we may not do in a room that we are in; `creation` is the whole event."""
    ours, events = level_of(user, levels, creation), part(levels, "events")
    for kind, grade, deed in _NEEDED:
        needed = level(events.get(kind), level(levels.get("events_default"), _DEFAULT_EVENT))
        if ours < needed:
            what = f"the bridge may not {deed} there: it has power {ours}, and {kind} needs {needed}"
            remedy = f"in the room: /op {user} {needed}, or lower the level of {kind} in its settings"
            yield Finding(grade=grade, where=f"room {name}", what=what, remedy=remedy)


def device(name: str, fingerprint: str, signed: str) -> Iterator[Finding]:
    """How our device stands to the account's cross-signing keys: `signed` is yes, no, or no keys."""
    where, spelled = "end-to-end encryption", " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))
    if signed == "yes":
        what = f"the device {name} is cross-signed: people's clients see that it is the account's own"
        yield Finding(grade=Grade.NOTE, where=where, what=f"{what} (fingerprint {spelled})")
        return
    why = "the account has no cross-signing keys" if signed == "no keys" else "the account's owner has not signed it"
    what = (
        f"the device {name} is not cross-signed ({why}): people see a warning at its messages, and clients that leave"
        " out such devices neither show what it writes nor let it read what they write"
    )
    remedy = f"sign it as docs/matrix-encryption.md says; its fingerprint is {spelled}"
    yield Finding(where=where, what=what, remedy=remedy)


def no_encryption(why: str) -> Iterator[Finding]:
    """The settings ask for encrypted rooms, and they cannot be read."""
    yield Finding(grade=Grade.FAULT, where="end-to-end encryption", what=why, remedy="pip install 'qantara[e2ee]'")
