"""What an event says to announcements: who wants to hear them, what is asked for. Pure: no I/O, no state."""

from bridge.events import (
    AnyEvent,
    Deleted,
    Delivered,
    Edited,
    Failure,
    Joined,
    Left,
    Posted,
    Reacted,
    Relayed,
    RoomKind,
    SendFailed,
    Tallied,
    Unreacted,
)  # fmt: skip
from bridge.ids import AccountName, UserId
from bridge.store.announced import Reach, Subscribe, Wish
from bridge.store.confirmed import Arrived, Failed, Said
from bridge.text.nodes import Paragraph, Text

_WISHES = {Posted: Wish.WROTE, Joined: Wish.JOINED, Left: Wish.LEFT}
_REACHES = {Failure.REFUSED: Reach.REFUSED, Failure.CLOSED: Reach.CLOSED, Failure.LOST: Reach.LOST}


def meant(account: AccountName, event: AnyEvent, me: UserId | None) -> Said | None:
    """Who wants to hear from us, who had enough, what arrived and what did not; None for all else."""
    if isinstance(event, SendFailed):
        reach = _REACHES[event.failure]
        room = event.recipient or event.room
        private = event.room_kind is RoomKind.DIRECT
        return Failed(
            account=account, room=room, message=event.message, reach=reach, why=event.reason, is_private=private
        )
    if isinstance(event, Delivered):
        until = 0 if event.until is None else int(event.until.timestamp() * 1000)
        return Arrived(account=account, room=event.room, message=event.message, until=until)
    if event.room_kind is not RoomKind.DIRECT or not isinstance(event, (Posted, Joined, Left)):
        return None
    who = event.author if isinstance(event, Posted) else event.user
    if who.id == me:
        return None
    wish = _WISHES[type(event)]
    at = int(event.at.timestamp() * 1000)
    return Subscribe(account=account, native=event.room, name=who.name, wish=wish, at=at)


def commands(event: Relayed) -> bool:
    """Whether what was written in a room for drafts may concern one: a command, or what became of its message."""
    match event:
        case Posted():
            first = event.text[0].inside[:1] if event.text and isinstance(event.text[0], Paragraph) else ()
            return bool(first) and isinstance(first[0], Text) and first[0].text.startswith("!")
        case Edited() | Deleted():
            return True
        case Reacted() | Unreacted() | Tallied():
            return False
