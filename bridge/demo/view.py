"""What the visitor's page shows: every room as a reader of it sees it."""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import Struct

from bridge.demo.daemon import State
from bridge.demo.stage import DESK, LINKS, Ability, Cast, Seat
from bridge.ids import MessageId
from bridge.testing.platform import Shown
from bridge.text.nodes import Rich, said
from bridge.text.walk import excerpt

_MOST_MESSAGES = 200
_EXCERPT_CHARACTERS = 60


class Answered(Struct, frozen=True):
    """The message a reply hangs on, or the thread it stands in."""

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
    """One column of the page. `person` is the only one who writes there, empty where many do."""

    account: str
    person: str
    title: str
    room: str
    can: Sequence[Ability]
    messages: Sequence[Message]


class Link(Struct, frozen=True):
    """Rooms that hear each other, or those of a desk."""

    name: str
    rooms: Sequence[Room]


class View(Struct, frozen=True):
    """The whole page."""

    bridge: State
    links: Sequence[Link]


async def view(cast: Cast, bridge: State) -> View:
    """Read every room."""
    links = [
        Link(name, await _rooms([(seat, seat.room(number)) for seat in cast.seats]))
        for number, name in enumerate(LINKS)
    ]
    return View(bridge, [*links, *await _desk(cast)])


async def _desk(cast: Cast) -> Sequence[Link]:
    """Those who write in private, and last the room from which they are answered."""
    if cast.office is None:
        return ()
    rooms = [(seat, seat.room(0)) for seat in cast.private]
    return (Link(DESK, await _rooms([*rooms, cast.office])),)


async def _rooms(places: Sequence[tuple[Seat, str]]) -> Sequence[Room]:
    return await asyncio.gather(*(_room(seat, room) for seat, room in places))


async def _room(seat: Seat, room: str) -> Room:
    there = (await seat.platform.shown(room))[-_MOST_MESSAGES:]
    by_id = {message.id: message for message in there}
    return Room(
        account=seat.account,
        person=seat.person,
        title=seat.platform.title,
        room=room,
        can=sorted(seat.can),
        messages=[_message(one, _typed(seat, room, one.id), by_id) for one in there],
    )


def _typed(seat: Seat, room: str, message: MessageId) -> str | None:
    written = seat.written.get((room, message))
    return None if written is None else written.typed


def _message(shown: Shown, own: str | None, by_id: Mapping[MessageId, Shown]) -> Message:
    on = shown.in_reply_to or (shown.thread if shown.thread != shown.id else None)
    answered = by_id.get(on) if on is not None else None
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
