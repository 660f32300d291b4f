"""What the store needs to know of an event besides its body. Pure: no I/O, no state."""

from typing import Any

from bridge.events import Deleted, Edited, Posted, Reacted, Relayed, Tallied, Unreacted, answered
from bridge.fit import excerpted
from bridge.store.rows import RowKind


def traits(event: Relayed) -> dict[str, Any]:
    """What the store needs to know of an event, by kind."""
    match event:
        case Posted():
            excerpt = excerpted(event.text, event.attachments)
            return {"kind": RowKind.POST, "natives": event.message, "excerpt": excerpt, "relates": answered(event)}
        case Edited():
            excerpt = excerpted(event.text, event.attachments)
            return {"kind": RowKind.EDIT, "excerpt": excerpt, "relates": event.replaces}
        case Deleted():
            return {"kind": RowKind.DELETE, "relates": event.message}
        case Reacted():
            traits = {"kind": RowKind.REACT, "relates": event.message, "emoji": event.emoji}
            return {**traits, "reaction": event.reaction}
        case Tallied():
            return {"kind": RowKind.TALLY, "relates": event.message}
        case Unreacted():
            return {"kind": RowKind.UNREACT, "relates": event.message, "emoji": event.emoji}
