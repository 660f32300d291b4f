"""What a message of WhatsApp says and carries. Pure: no I/O, no state; facts/platform-apis.md 2.3."""

import math
from typing import Final

from bridge import Attachment, Contact, Kind, Location
from bridge.text.nodes import Italic, Paragraph, Rich, Text, said
from connectors.graph.wire import Json, an_object, objects, text
from connectors.whatsapp.asking import chosen
from connectors.whatsapp.format import parse

_KINDS: Final = {
    "image": Kind.IMAGE,
    "video": Kind.VIDEO,
    "audio": Kind.AUDIO,
    "document": Kind.FILE,
    "sticker": Kind.STICKER,
}
MEDIA: Final = frozenset(_KINDS)
_NAMES: Final = {"poll": "a poll", "order": "an order", "list": "a list"}
UNSHOWN: Final = "a message of a kind that WhatsApp does not pass on"


def words(message: Json) -> Rich:
    """The text, the caption, or what was chosen; a placeholder for what does not cross."""
    kind = text(message.get("type"))
    match kind:
        case "text":
            return parse(text(an_object(message.get("text")).get("body")))
        case "interactive":
            return said(chosen(an_object(message.get("interactive"))) or f"[{UNSHOWN}]")
        case "button":
            return said(text(an_object(message.get("button")).get("text")))
        case "location" | "contacts":
            return ()
        case _ if kind in MEDIA:
            return parse(text(an_object(message.get(kind)).get("caption")))
        case "order":
            return (*said("[an order]"), *parse(text(an_object(message.get("order")).get("text"))))
        case _:
            return said(f"[{_unsupported(message)}]")


def is_known(message: Json) -> bool:
    """Whether more than a placeholder stands for it."""
    kinds = {"text", "interactive", "button", "location", "contacts", "order", "unsupported", *MEDIA}
    return text(message.get("type")) in kinds


def forwarded(message: Json) -> Rich:
    """A line that says so, where somebody passes on somebody else's words."""
    context = an_object(message.get("context"))
    if context.get("forwarded") is not True and context.get("frequently_forwarded") is not True:
        return ()
    return (Paragraph((Italic((Text("Forwarded"),)),)),)


def attachments(message: Json) -> tuple[Attachment, ...]:
    """The file, the place or the cards of a message."""
    kind = text(message.get("type"))
    match kind:
        case "location":
            place = _place(an_object(message.get("location")))
            return () if place is None else (place,)
        case "contacts":
            return tuple(map(_card, objects(message.get("contacts"))))
        case _ if kind in MEDIA:
            return _file(kind, an_object(message.get(kind)))
        case _:
            return ()


def _unsupported(message: Json) -> str:
    kind = text(an_object(message.get("unsupported")).get("type"))
    return f"{_NAMES[kind]} that WhatsApp does not pass on" if kind in _NAMES else UNSHOWN


def _file(kind: str, media: Json) -> tuple[Attachment, ...]:
    """The id stands for the bytes: an address given beside it lives five minutes, and so is not kept."""
    ident = text(media.get("id"))
    if not ident.isalnum():
        return ()
    voice = kind == "audio" and media.get("voice") is True
    return (
        Attachment(
            kind=Kind.VOICE if voice else _KINDS[kind],
            name=text(media.get("filename")),
            mime=text(media.get("mime_type")).partition(";")[0].strip(),
            animated=media.get("animated") is True,
            source=ident,
        ),
    )


def _place(location: Json) -> Attachment | None:
    latitude, longitude = _degrees(location.get("latitude")), _degrees(location.get("longitude"))
    if latitude is None or longitude is None:
        return None
    title, where = text(location.get("name")), text(location.get("address"))
    point = Location(latitude=latitude, longitude=longitude, title=title, address=where)
    return Attachment(kind=Kind.LOCATION, location=point)


def _degrees(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if abs(value) <= 180 else None  # noqa: PLR2004  there are no more degrees


def _card(contact: Json) -> Attachment:
    phones = [text(one.get("phone")) for one in objects(contact.get("phones"))]
    name = text(an_object(contact.get("name")).get("formatted_name"))
    return Attachment(kind=Kind.CONTACT, contact=Contact(name=name, phone=next(filter(None, phones), "")))
