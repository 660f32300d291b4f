"""What the emulated Cloud API refuses of a message; facts/platform-apis.md 2.6 to 2.9 and 2.11."""

import math
import re
from typing import Any, Final

from msgspec import Struct

from connectors.whatsapp import emulator_interactive
from connectors.whatsapp.emulator_errors import GraphRefusal
from connectors.whatsapp.emulator_world import Chat, Json, Person, World
from connectors.whatsapp.media import MIMES

_BSUID: Final = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]+")
_TYPES: Final = frozenset({"text", "location", "contacts", "reaction", "template", "interactive", *MIMES})
_IN_GROUPS: Final = frozenset({"text", "template", *MIMES})
_HEAD: Final = frozenset(
    {"messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data"}
)
_MOST_CARDS: Final = 257
_CAPTIONED: Final = frozenset({"image", "video", "document"})


class Posting(Struct, frozen=True):
    """A message that may be sent, as far as its body tells."""

    chat: Chat
    person: Person | None
    type: str
    content: Any
    reply_to: str | None
    key: str


def posting(world: World, body: Json) -> Posting:
    """Check a body: the product, the type and what belongs to it, whom it is for, then the content."""
    if body.get("messaging_product") != "whatsapp":
        raise GraphRefusal(100, "The parameter messaging_product is required.")
    kind = body.get("type", "text")
    if kind not in _TYPES:
        raise GraphRefusal(131051, f"Message type {kind!r} is not supported.")
    if extra := set(body) - _HEAD - {kind}:
        raise GraphRefusal(100, f"Unexpected key {min(extra)!r} on param 'messages'.")
    if kind not in body:
        raise GraphRefusal(131008, f"Parameter {kind!r} is mandatory for type {kind!r}.")
    key = body.get("biz_opaque_callback_data", "")
    if not isinstance(key, str) or len(key) > 512:
        raise GraphRefusal(100, "biz_opaque_callback_data is too long.")
    chat, person = _recipient(world, body)
    if chat.is_group and kind not in _IN_GROUPS:
        raise GraphRefusal(131051, "Groups take text, media and templates.")
    _content(world, chat, kind, body[kind])
    return Posting(chat, person, kind, body[kind], _reply(chat, body), key)


def _recipient(world: World, body: Json) -> tuple[Chat, Person | None]:
    """`to` wins over `recipient`; a user id stands only in the latter."""
    to, recipient = body.get("to"), body.get("recipient")
    if body.get("recipient_type", "individual") == "group":
        return _group(world, to), None
    if to is not None and (not isinstance(to, str) or not to.removeprefix("+").isdecimal()):
        raise GraphRefusal(131009, "'to' is not a phone number.")
    if to is None and (not isinstance(recipient, str) or not _BSUID.fullmatch(recipient)):
        raise GraphRefusal(131008 if recipient is None else 131009, "'to' or 'recipient' is required.")
    person = world.by_id(str(to if to is not None else recipient))
    if person is None:
        raise GraphRefusal(131026, "Message Undeliverable.")
    return world.chats[person.bsuid], person


def _group(world: World, to: object) -> Chat:
    chat = world.chats.get(to) if isinstance(to, str) else None
    if chat is None or not chat.is_group:
        raise GraphRefusal(131041, "The group does not exist.")
    if chat.suspended:
        raise GraphRefusal(131207, "The group is suspended.")
    if not chat.members:
        raise GraphRefusal(131020, "Nobody but the business is in the group.")
    return chat


def _reply(chat: Chat, body: Json) -> str | None:
    if "context" not in body:
        return None
    about = body["context"].get("message_id") if isinstance(body["context"], dict) else None
    if about not in chat.messages:
        raise GraphRefusal(131009, "The message in context does not exist.")
    return str(about)


def _content(world: World, chat: Chat, kind: str, content: Any) -> None:  # noqa: ANN401 whatever stands there
    if kind == "contacts":
        return _cards(content)
    if not isinstance(content, dict):
        raise GraphRefusal(100, f"Param {kind} must be an object.")
    match kind:
        case "text":
            _text(world, content)
        case "location":
            _place(content)
        case "reaction":
            _reaction(world, chat, content)
        case "template":
            _template(world, content)
        case "interactive":
            emulator_interactive.check(content)
        case _ if kind in MIMES:
            _media(world, kind, content)
    return None


def _text(world: World, content: Json) -> None:
    body = content.get("body")
    if not isinstance(body, str) or not body.strip():
        raise GraphRefusal(131008, "text.body is required.")
    if len(body) > world.limits.text:
        raise GraphRefusal(100, f"Param text['body'] must be at most {world.limits.text} characters long.")
    if not isinstance(content.get("preview_url", False), bool):
        raise GraphRefusal(100, "Param text['preview_url'] must be a boolean.")


def _place(content: Json) -> None:
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = content.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise GraphRefusal(131008, f"location.{name} is required.")
        if abs(value) > most:
            raise GraphRefusal(131009, f"location.{name} is out of range.")


def _cards(content: object) -> None:
    if not isinstance(content, list) or not 1 <= len(content) <= _MOST_CARDS:
        raise GraphRefusal(100, "Param contacts must be a list of 1 to 257.")
    for one in content:
        name = one.get("name") if isinstance(one, dict) else None
        parts = {"first_name", "last_name", "middle_name", "suffix", "prefix"}
        if not isinstance(name, dict) or not name.get("formatted_name") or not parts & set(name):
            raise GraphRefusal(131008, "contacts[0].name needs formatted_name and one part.")


def _reaction(world: World, chat: Chat, content: Json) -> None:
    about = chat.messages.get(str(content.get("message_id")))
    if "emoji" not in content or not isinstance(content["emoji"], str):
        raise GraphRefusal(131008, "reaction.emoji is required.")
    if about is None or world.now() - about.at > world.limits.reaction_age:
        raise GraphRefusal(131009, "The message to react to is not in this chat, or too old.")


def _template(world: World, content: Json) -> None:
    language = content.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    wanted = world.templates.get((str(content.get("name")), str(code)))
    if wanted is None:
        raise GraphRefusal(132001, "template name does not exist in the translation")
    given = [
        one for part in content.get("components", ()) if part["type"].lower() == "body" for one in part["parameters"]
    ]
    if len(given) != wanted:
        raise GraphRefusal(
            132000, f"number of localizable_params ({len(given)}) does not match the expected ({wanted})"
        )


def _media(world: World, kind: str, content: Json) -> None:
    if ("id" in content) == ("link" in content):
        raise GraphRefusal(131008, f"{kind} needs either an id or a link.")
    if "caption" in content and (kind not in _CAPTIONED or len(str(content["caption"])) > world.limits.caption):
        raise GraphRefusal(100, f"Param {kind}['caption'] is not allowed, or too long.")
    if "filename" in content and kind != "document":
        raise GraphRefusal(100, f"Unexpected key 'filename' on param {kind}.")
    if "id" in content:
        found = world.files.get(str(content["id"]))
        if found is None or found.until <= world.now():
            raise GraphRefusal(131009, "Media ID does not exist.")
        if found.mime not in MIMES[kind]:
            raise GraphRefusal(131053, f"Media of type {found.mime} is not supported as {kind}.")
