"""How polls stand after a batch of news: counted anew from all that the homeserver knows, so nothing has to be kept."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bridge.errors import Rejected, RoomClosed
from bridge.events import Tallied
from bridge.ids import EventId, MessageId, RoomId
from connectors.matrix import calls, polls
from connectors.matrix.batch import objects
from connectors.matrix.client import Client
from connectors.matrix.content_fields import words

_MOST = 20
"""So many polls of one batch are looked at: two questions each."""
_LATEST = 253_402_300_799_000


Raw = Mapping[str, Any]
Opened = Callable[[Raw], Raw]


def _as_it_is(raw: Raw) -> Raw:
    return raw


async def counted(client: Client, room: RoomId, timeline: Sequence[Raw], opened: Opened = _as_it_is) -> list[Tallied]:
    """One event for each poll of the room in which somebody voted, or which somebody ended; `opened` decrypts."""
    spoken = polls.spoken_of(opened(raw) for raw in timeline if polls.about(raw))
    return [
        one
        for poll, last in islice(spoken.items(), _MOST)
        if (one := await _counted(client, _unknown(room, MessageId(poll), last), opened)) is not None
    ]


async def _counted(client: Client, last: Tallied, opened: Opened) -> Tallied | None:
    """The counts of one poll; None where the homeserver does not show it."""
    try:
        start = await client.call(calls.event(last.room, last.message))
        answers = await client.call(calls.references(last.room, last.message))
    except (Rejected, RoomClosed):
        return None
    told = polls.tallied(opened(start), [opened(raw) for raw in objects(answers.get("chunk"))], last)
    return told if told.answers else None


def _unknown(room: RoomId, poll: MessageId, last: Mapping[str, Any]) -> Tallied:
    """A poll whose votes are not counted yet."""
    sent = last.get("origin_server_ts")
    at = datetime.fromtimestamp(min(max(sent if isinstance(sent, int) else 0, 0), _LATEST) / 1000, UTC)
    return Tallied(
        id=EventId(f"votes {words(last, 'event_id')}"), room=room, at=at, message=poll, answers=(), counts=()
    )
