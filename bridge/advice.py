"""What an operator can do about what is not well, in a sentence. Pure: no I/O, no state."""

from bridge.supervisor import State

_PARKED = {
    "unreadable": "Its bytes on the disk are not what was written: look at the disk. Retry it once, or drop it.",
    "rejected": "The platform refused it for good. Retry after you changed what it complains of, or drop it.",
    "unknown outcome": "It may have arrived. Look into the room: drop it if it is there, retry it if not.",
    "poison": "The bridge died three times while it was being sent. Retry it when the rest is quiet, or drop it.",
    "fails": "The connector has a fault with it. It may have arrived: look, then drop it, or retry after an upgrade.",
    "restored": "It waited in the backup. It may have gone since: look into the room, then drop it, or retry it.",
    "loop": "The same words bounce between two rooms. Take the other bridge out of one of them, then drop these.",
    "flood": "Somebody said more at once than the link allows. Retry what should be read, drop the rest.",
    "late": "It came later than its link allows. Retry what should still be read, drop the rest.",
    "parent parked": "It speaks of a message that is parked itself. Decide about that one first.",
}


def about_account(state: State, error: str) -> str:
    """What to do about an account in this state; "" when nothing is to be done."""
    match state:
        case State.UP | State.STARTING:
            return ""
        case State.DOWN:
            return "Nothing, at first: it tries again by itself, and what is written waits."
        case State.STOPPED if "another copy of this store" in error:
            return "Two copies of one store must not run: stop one of them for good. `qantara claim` chooses this one."
        case State.STOPPED if "was another user before" in error:
            return "Restore the credentials of that user, or give this account another name, and reload."
        case State.STOPPED:
            return "Get new credentials, put them where the configuration says, and reload. What waits is kept."


def about_room(held: str | None, moved_to: str | None) -> str:
    """What to do about a room that is held for this reason; "" when it is open."""
    if held is None:
        return ""
    if moved_to is not None:
        return "Ask somebody you trust where the room is now, then say so, here or with `qantara follow`."
    if "is the same room as" in held:
        return "Two names lead to one room: take one of them out of the configuration and reload."
    return "Let the bridge in again, or let it write: it keeps trying by itself."


def about_parked(reason: str) -> str:
    """What to do about a delivery that is parked for this reason."""
    return _PARKED.get(reason, "Retry it, or drop it.")
