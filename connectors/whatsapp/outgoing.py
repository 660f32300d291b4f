"""What the bridge asks for → bodies of calls. Pure: no I/O, no state; facts/platform-apis.md 2.6."""

from typing import Any, Final

from bridge import (
    Attachment,
    Contact,
    Feature,
    File,
    Location,
    MessageId,
    Outgoing,
    Reaction,
    RoomId,
    Target,
    Template,
    Unsupported,
)
from connectors.graph.wire import Json
from connectors.whatsapp.addresses import address
from connectors.whatsapp.asking import interactive
from connectors.whatsapp.config import LinkPreviews
from connectors.whatsapp.format import render
from connectors.whatsapp.media import MAX_CAPTION, described, type_of

MAX_TEXT: Final = 4096
MAX_KEY: Final = 512
"""Characters that come back with the statuses of a message."""
_PRODUCT: Final = {"messaging_product": "whatsapp"}


def text(message: Outgoing, previews: LinkPreviews) -> Json:
    """A message of words."""
    said = {"body": render(message.text, MAX_TEXT), "preview_url": previews is LinkPreviews.SHOWN}
    return _message(message, "text", said)


def template(message: Outgoing, words: Template) -> Json:
    """Words that Meta approved beforehand; the only thing that goes outside of somebody's window."""
    said: Json = {"name": words.name, "language": {"code": words.language}}
    if words.parameters:
        gaps = [{"type": "text", "text": one} for one in words.parameters]
        said["components"] = [{"type": "body", "parameters": gaps}]
    return _message(message, "template", said)


def file(message: Outgoing, one: File, ident: str) -> Json:
    """A message with an uploaded file, and what stands under it."""
    return _message(message, type_of(one), described(one, ident, render(message.text, MAX_CAPTION)))


def shared(message: Outgoing, one: Attachment) -> Json:
    """A place, a card or a poll."""
    if one.location is not None:
        return _message(message, "location", _place(one.location))
    if one.contact is not None:
        return _message(message, "contacts", [_card(one.contact)])
    if one.poll is not None:
        return _message(message, "interactive", interactive(one.poll))
    raise Unsupported(Feature.ATTACHMENT, f"WhatsApp takes no {one.kind}")


def reaction(asked: Reaction) -> Json:
    """The one emoji that we have on a message; nothing takes it back."""
    newest = asked.emoji if asked.emoji in asked.wanted else next(iter(asked.wanted[-1:]), "")
    about = {"message_id": str(asked.target.parts[0]), "emoji": newest}
    return {**_PRODUCT, **address(asked.target.room), "type": "reaction", "reaction": about}


def read_mark(message: MessageId) -> Json:
    """That a message was read, and with it all before it."""
    return {**_PRODUCT, "status": "read", "message_id": str(message)}


def to_phone(body: Json, phone: str) -> Json:
    """The same message, to a phone number in place of a user id."""
    return {**{name: value for name, value in body.items() if name != "recipient"}, "to": phone}


def _message(message: Outgoing, kind: str, said: Any) -> Json:  # noqa: ANN401 - a list for cards, else an object
    return {
        **_PRODUCT,
        **address(RoomId(message.room)),
        "type": kind,
        kind: said,
        **_context(message.in_reply_to),
        "biz_opaque_callback_data": str(message.key)[:MAX_KEY],
    }


def _context(target: Target | None) -> Json:
    return {} if target is None else {"context": {"message_id": str(target.parts[0])}}


def _place(place: Location) -> Json:
    named = {"name": place.title, "address": place.address}
    point: Json = {"latitude": place.latitude, "longitude": place.longitude}
    return point | {name: value for name, value in named.items() if value}


def _card(card: Contact) -> Json:
    name = card.name or card.phone or "?"
    phones = {"phones": [{"phone": card.phone, "type": "CELL"}]} if card.phone else {}
    return {"name": {"formatted_name": name, "first_name": name}, **phones}
