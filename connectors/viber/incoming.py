"""Viber's callbacks → events. Pure: no I/O, no state; facts/platform-apis.md 1.4.

A person's id is their room's. Viber says the same thing again until it is answered: an event is known by its kind, its
token and the person.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bridge import (
    Attachment,
    Contact,
    Delivered,
    EventId,
    Failure,
    Joined,
    Kind,
    Left,
    Location,
    MessageId,
    Posted,
    RoomId,
    RoomKind,
    SendFailed,
    User,
    UserId,
)
from bridge.events import AnyEvent
from bridge.text.nodes import Rich, said
from connectors.viber.door import Callback
from connectors.viber.errors import clean
from connectors.viber.format import parse
from connectors.viber.wire import Json, number, part, text, token_of

_UNREADABLE: Final = "[a message that could not be read]"
_MOST_DEGREES: Final = (90.0, 180.0)


class Told(Struct, frozen=True):
    """What a callback says; `unreadable` is the kind of what could not be read, "" for nothing."""

    events: tuple[AnyEvent, ...] = ()
    unreadable: str = ""


def told(call: Callback) -> Told:
    """The events of one callback; kinds that we do not know say nothing."""
    read = _READERS.get(call.event)
    if read is None:
        return Told()
    token, person = token_of(call.raw), person_of(call.raw)
    if not token or not person:
        return Told(unreadable=call.event)
    return read(call, token, person)


def person_of(raw: Json) -> str:
    """Whom a callback is about: it stands in one of three places."""
    found = text(raw, "user_id") or text(part(raw, "user"), "id") or text(part(raw, "sender"), "id")
    return found if found.strip() == found else ""


def _name(kind: str, token: str, person: str) -> EventId:
    return EventId(f"{kind}:{token}:{person}")


def _user(raw: Json, person: str) -> User:
    """Somebody as Viber shows them; without the right to their name it says something general."""
    avatar = text(raw, "avatar")
    name = " ".join(text(raw, "name").split())
    return User(id=UserId(person), name=name or "Viber user", avatar=avatar if avatar.startswith("https://") else None)


def _message(call: Callback, token: str, person: str) -> Told:
    raw = part(call.raw, "message")
    reader = _TYPES.get(text(raw, "type"))
    words, carried = reader(raw) if reader is not None else ((), ())
    readable = bool(words or carried)
    event = Posted(
        id=_name("message", token, person),
        room=RoomId(person),
        room_kind=RoomKind.DIRECT,
        at=call.at,
        message=(MessageId(token),),
        author=_user(part(call.raw, "sender"), person),
        text=words if readable else said(_UNREADABLE),
        attachments=carried,
    )
    return Told((event,), "" if readable else "message")


_Content = tuple[Rich, tuple[Attachment, ...]]


def _text(raw: Json) -> _Content:
    return parse(text(raw, "text")), ()


def _address(raw: Json) -> _Content:
    address = " ".join(text(raw, "media").split())
    return (said(address) if address else ()), ()


def _file(kind: Kind, mime: str = "") -> Callable[[Json], _Content]:
    def read(raw: Json) -> _Content:
        address = text(raw, "media")
        if not address:
            return (), ()
        size, seconds = number(raw.get("size")), number(raw.get("duration"))
        attachment = Attachment(
            kind=kind,
            name=text(raw, "file_name"),
            mime=mime,
            size=int(size) if size is not None and size > 0 else None,
            duration=seconds if seconds is not None and seconds > 0 else None,
            source=address,
        )
        return parse(text(raw, "text")), (attachment,)

    return read


def _sticker(raw: Json) -> _Content:
    """Its picture, where Viber gives one."""
    words, carried = _file(Kind.STICKER, "image/png")(raw)
    return (words, carried) if carried else (said("[a sticker]"), ())


def _contact(raw: Json) -> _Content:
    contact = part(raw, "contact")
    name, phone = " ".join(text(contact, "name").split()), text(contact, "phone_number")
    if not name and not phone:
        return (), ()
    return (), (Attachment(kind=Kind.CONTACT, contact=Contact(name=name or "somebody", phone=phone)),)


def _location(raw: Json) -> _Content:
    spot = part(raw, "location")
    latitude, longitude = number(spot.get("lat")), number(spot.get("lon"))
    most, widest = _MOST_DEGREES
    if latitude is None or longitude is None or abs(latitude) > most or abs(longitude) > widest:
        return (), ()
    place = Location(latitude=latitude, longitude=longitude, title=text(spot, "address"))
    return (), (Attachment(kind=Kind.LOCATION, location=place),)


_TYPES: Final[Mapping[str, Callable[[Json], _Content]]] = {
    "text": _text,
    "url": _address,
    "picture": _file(Kind.IMAGE),
    "video": _file(Kind.VIDEO, "video/mp4"),
    "file": _file(Kind.FILE),
    "sticker": _sticker,
    "contact": _contact,
    "location": _location,
}


def _subscribed(call: Callback, token: str, person: str) -> Told:
    user = _user(part(call.raw, "user"), person)
    name = _name("subscribed", token, person)
    return Told((Joined(id=name, room=RoomId(person), room_kind=RoomKind.DIRECT, at=call.at, user=user),))


def _unsubscribed(call: Callback, token: str, person: str) -> Told:
    user = User(id=UserId(person), name="")
    name = _name("unsubscribed", token, person)
    return Told((Left(id=name, room=RoomId(person), room_kind=RoomKind.DIRECT, at=call.at, user=user),))


def _arrived(call: Callback, token: str, person: str) -> Told:
    """`delivered`, and `seen`, which says no less."""
    return Told((
        Delivered(
            id=_name(call.event, token, person), room=RoomId(person), room_kind=RoomKind.DIRECT, at=call.at,
            message=MessageId(token), recipient=RoomId(person),
        ),
    ))  # fmt: skip


def _failed(call: Callback, token: str, person: str) -> Told:
    reason = clean(text(call.raw, "desc")) or "Viber gave no reason"
    return Told((
        SendFailed(
            id=_name("failed", token, person), room=RoomId(person), room_kind=RoomKind.DIRECT, at=call.at,
            message=MessageId(token), reason=reason, failure=_failure(reason), recipient=RoomId(person),
        ),
    ))  # fmt: skip


def _failure(reason: str) -> Failure:
    """Its words are nowhere documented: only what surely names a person who left is told apart."""
    return Failure.CLOSED if "subscribed" in reason.casefold() else Failure.REFUSED


_READERS: Final[Mapping[str, Callable[[Callback, str, str], Told]]] = {
    "message": _message,
    "subscribed": _subscribed,
    "unsubscribed": _unsubscribed,
    "delivered": _arrived,
    "seen": _arrived,
    "failed": _failed,
}


def answering(event: AnyEvent, about: MessageId) -> AnyEvent:
    """What somebody wrote, as an answer to a message of ours."""
    return replace(event, in_reply_to=about) if isinstance(event, Posted) else event


def spoken(events: tuple[AnyEvent, ...]) -> Iterator[MessageId]:
    """The tokens of what people said: Viber confirms those to us as well."""
    for event in events:
        if isinstance(event, Posted):
            yield from event.message
