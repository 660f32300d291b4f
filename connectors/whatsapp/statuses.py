"""What became of what we sent. Pure: no I/O, no state; facts/platform-apis.md 2.4."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from bridge import Delivered, EventId, Key, MessageId, Posted, RoomId, RoomKind, SendFailed, User, UserId
from bridge.events import AnyEvent
from connectors.graph.errors import told
from connectors.graph.wire import Json, objects, text
from connectors.whatsapp.addresses import person_of
from connectors.whatsapp.errors import failure
from connectors.whatsapp.times import time_of

_ARRIVED = frozenset({"delivered", "read", "played"})
_KNOWN = _ARRIVED | {"sent", "failed"}


class _Status(Struct, frozen=True):
    """One status as far as it can be read; `member` is whose it is in a group, "" elsewhere."""

    message: MessageId
    state: str
    at: datetime
    room: RoomId
    kind: RoomKind
    member: str

    @property
    def event(self) -> EventId:
        return EventId(f"status:{self.message}:{self.state}:{self.member or self.room}")

    @property
    def recipient(self) -> RoomId | None:
        return RoomId(self.member) if self.member else None


def status_events(raw: Json, contacts: list[Json], me: str) -> Iterator[AnyEvent | None]:
    """Our own message come home, by its key, and that it arrived or failed; None for what cannot be read.

    `sent` says only that WhatsApp took it, which the call had said already; where the call's answer was lost, the key
    in it settles what nobody knew.
    """
    status = _read(raw, contacts)
    if status is None:
        yield None
    elif status.state in _KNOWN:
        if key := text(raw.get("biz_opaque_callback_data")):
            yield _echo(status, Key(key), me)
        if status.state in _ARRIVED:
            yield _delivered(status)
        elif status.state == "failed":
            yield _failed(status, objects(raw.get("errors")))


def _read(raw: Json, contacts: list[Json]) -> _Status | None:
    ident, at, kind = text(raw.get("id")), time_of(raw.get("timestamp")), _kind(raw)
    room = _room(raw, kind, contacts)
    if not ident or at is None or room is None:
        return None
    return _Status(MessageId(ident), text(raw.get("status")), at, room, kind, _member(raw, kind))


def _echo(status: _Status, key: Key, me: str) -> Posted:
    return Posted(
        id=EventId(f"ours:{status.message}"), room=status.room, room_kind=status.kind, at=status.at, echo_of=key,
        message=(status.message,), author=User(id=UserId(me), name=""),
    )  # fmt: skip


def _delivered(status: _Status) -> Delivered:
    return Delivered(
        id=status.event, room=status.room, room_kind=status.kind, at=status.at, message=status.message,
        recipient=status.recipient,
    )  # fmt: skip


def _failed(status: _Status, errors: list[Json]) -> SendFailed:
    error = told(errors[0] if errors else {})
    return SendFailed(
        id=status.event, room=status.room, room_kind=status.kind, at=status.at, message=status.message,
        reason=f"{error.why} (code {error.code})", failure=failure(error), recipient=status.recipient,
    )  # fmt: skip


def _kind(raw: Json) -> RoomKind:
    return RoomKind.GROUP if text(raw.get("recipient_type")) == "group" else RoomKind.DIRECT


def _room(raw: Json, kind: RoomKind, contacts: list[Json]) -> RoomId | None:
    """Whom it went to; the phone number is left out of what went to a user id, or stands there alone."""
    if kind is RoomKind.GROUP:
        group = text(raw.get("recipient_id"))
        return RoomId(group) if group else None
    named = next((one.get("user_id") for one in contacts if one.get("wa_id") == raw.get("recipient_id")), None)
    person = person_of(raw.get("recipient_user_id"), named, raw.get("recipient_id"))
    return None if person is None else RoomId(person)


def _member(raw: Json, kind: RoomKind) -> str:
    """Which member of a group it is about."""
    if kind is not RoomKind.GROUP:
        return ""
    return person_of(raw.get("recipient_participant_user_id"), raw.get("recipient_participant_id")) or ""
