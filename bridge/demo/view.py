"""What the visitor's page shows: every room as a reader of it sees it."""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import Struct

from bridge.demo.daemon import State
from bridge.demo.stage import LINKS, Ability, Seat
from bridge.ids import MessageId
from bridge.testing.platform import Shown
from bridge.text.nodes import Rich, said
from bridge.text.walk import excerpt

_MOST_MESSAGES = 200
_EXCERPT_CHARACTERS = 60


class Answered(Struct, frozen=True):
    """The message a reply hangs on."""

    author: str
    excerpt: str


class Message(Struct, frozen=True, kw_only=True):
    """One message. `own` is what was typed when it was written on the page; None for what the bridge brought."""

    id: MessageId
    author: str
    own: str | None
    text: str
    rich: Rich
    edited: bool
    answers: Answered | None
    reactions: Mapping[str, int]


class Room(Struct, frozen=True, kw_only=True):
    """One column of the page."""

    account: str
    title: str
    room: str
    can: Sequence[Ability]
    messages: Sequence[Message]


class Link(Struct, frozen=True):
    """Rooms that hear each other."""

    name: str
    rooms: Sequence[Room]


class View(Struct, frozen=True):
    """The whole page."""

    bridge: State
    links: Sequence[Link]


async def view(seats: Sequence[Seat], bridge: State) -> View:
    """Read every room."""
    links = [Link(name, await _rooms(seats, number)) for number, name in enumerate(LINKS)]
    return View(bridge, links)


async def _rooms(seats: Sequence[Seat], link: int) -> Sequence[Room]:
    return await asyncio.gather(*(_room(seat, seat.room(link)) for seat in seats))


async def _room(seat: Seat, room: str) -> Room:
    there = (await seat.platform.shown(room))[-_MOST_MESSAGES:]
    by_id = {message.id: message for message in there}
    return Room(
        account=seat.account,
        title=seat.platform.title,
        room=room,
        can=sorted(seat.can),
        messages=[_message(one, _typed(seat, room, one.id), by_id) for one in there],
    )


def _typed(seat: Seat, room: str, message: MessageId) -> str | None:
    written = seat.written.get((room, message))
    return None if written is None else written.typed


def _message(shown: Shown, own: str | None, by_id: Mapping[MessageId, Shown]) -> Message:
    answered = by_id.get(shown.in_reply_to) if shown.in_reply_to is not None else None
    return Message(
        id=shown.id,
        author=shown.author,
        own=own,
        text=shown.text,
        rich=shown.rich or said(shown.text),
        edited=shown.edited,
        answers=None if answered is None else Answered(answered.author, _excerpt(answered)),
        reactions=shown.reactions,
    )


def _excerpt(shown: Shown) -> str:
    return excerpt(said(shown.text), _EXCERPT_CHARACTERS)
