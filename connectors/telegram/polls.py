"""How polls on Telegram stand: counts by the poll's own number, and which message that number belongs to. Pure.

A bot hears of votes in polls that it sent, and of others only how they ended; who voted it does not hear.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from telegram import Message, Poll

from bridge import EventId, MessageId, RoomId, Tallied
from bridge.events import AnyEvent
from connectors.telegram.incoming import UNREADABLE, Read, checked

LIFE: Final = timedelta(days=90)
"""How long a poll is followed."""


def name(poll: str) -> str:
    """Under which name it is remembered where a poll stands."""
    return f"poll {poll}"


def places(updates: Sequence[Read]) -> Iterator[tuple[str, str]]:
    """The polls in some updates, each with where it stands."""
    for one in updates:
        if one.post is not None and one.post.poll is not None:
            yield str(one.post.poll.id), place(one.post)


def place(message: Message) -> str:
    """Where a message stands, as it is remembered."""
    return f"{message.chat.id}/{message.message_id}"


def asked(updates: Sequence[Read]) -> Iterator[tuple[int, Poll]]:
    """The polls whose state is new, each with the number of its update."""
    for one in updates:
        if one.update is not None and one.update.poll is not None:
            yield one.number, one.update.poll


def tallied(number: int, poll: Poll, where: str, at: datetime) -> AnyEvent | None:
    """How a poll stands now; None where the update cannot be read: the library checks no types."""
    try:
        return checked(_tallied(number, poll, where, at))
    except UNREADABLE:
        return None


def _tallied(number: int, poll: Poll, where: str, at: datetime) -> Tallied:
    room, _, message = where.partition("/")
    return Tallied(
        id=EventId(f"poll:{poll.id}:{number}:{poll.total_voter_count}"),
        room=RoomId(room),
        at=at,
        message=MessageId(message),
        answers=tuple(option.text for option in poll.options),
        counts=tuple(option.voter_count for option in poll.options),
        closed=poll.is_closed,
    )
