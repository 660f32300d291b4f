"""A homeserver's transactions into the bridge's events. Pure, but for what it remembers of names."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from bridge.events import AnyEvent, Posted, User
from bridge.ids import RoomId, UserId
from connectors.matrix import incoming
from connectors.matrix.batch import objects, without_edits_of_the_gone
from connectors.matrix.content import part, words
from connectors.matrix.incoming import MalformedError, Where
from connectors.matrix.outgoing import ORIGIN

_REMEMBERED = 32
_LONGEST = 255


class Transactions(Struct, frozen=True):
    """Which transactions were stored lately, oldest first: kept as the account's position.

    A number counts together with the events it stood for: a homeserver that was set back to a backup gives the numbers
    again, for other events.
    """

    done: tuple[str, ...] = ()

    @staticmethod
    def read(position: str | None) -> "Transactions":
        """What a position says."""
        try:
            value = json.loads(position or "[]")
        except ValueError:
            return Transactions()
        return Transactions(tuple(map(str, value)) if isinstance(value, list) else ())

    def knows(self, mark: str) -> bool:
        return mark in self.done

    def later(self, mark: str) -> "Transactions":
        """The same and one more."""
        return Transactions((*self.done, mark)[-_REMEMBERED:])

    def position(self) -> str:
        return json.dumps(self.done)


def mark(transaction: str, events: Sequence[Mapping[str, Any]]) -> str:
    """A transaction's number and its events."""
    ids = "\0".join(words(raw, "event_id") for raw in events)
    return f"{transaction[:_LONGEST]} {hashlib.sha256(ids.encode('utf-8', 'replace')).hexdigest()[:16]}"


def listed(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The events of a transaction, without edits of what it says was taken back."""
    return without_edits_of_the_gone(objects(body.get("events")))


def room_of(raw: Mapping[str, Any]) -> RoomId:
    """The room of an event, "" where it has none."""
    return RoomId(words(raw, "room_id"))


def event(raw: Mapping[str, Any], where: Where) -> AnyEvent | None:
    """What somebody else's event means. Raises `MalformedError`."""
    return incoming.event(raw, where)


def echo(raw: Mapping[str, Any], account: str) -> AnyEvent | None:
    """One of our own events, come home: a message that bears our key, None for any other."""
    origin = part(part(raw, "content"), ORIGIN)
    if raw.get("type") != "m.room.message" or words(origin, "account") != account or not words(origin, "key"):
        return None
    sender = UserId(words(raw, "sender"))
    told = {**raw, "unsigned": {"transaction_id": words(origin, "key")}}
    where = Where(room=room_of(raw), me=sender, name_of=lambda _, user: User(id=UserId(user), name=user))
    try:
        found = incoming.event(told, where)
    except MalformedError:  # nobody hears it
        return None
    return found if isinstance(found, Posted) else None


__all__ = ["Transactions", "echo", "event", "listed", "mark", "room_of"]
