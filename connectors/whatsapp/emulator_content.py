"""What messages of the emulated WhatsApp carry, as events have it and as a reader sees it."""

import base64
import hashlib
from functools import lru_cache
from typing import Final

from bridge.events import Kind
from bridge.ids import MessageId
from bridge.testing.holdings import Ballot, Card, Filed, Holding, Spot
from bridge.testing.platform import Shown
from bridge.text.nodes import Rich
from bridge.text.walk import plain
from connectors.whatsapp.asking import chosen
from connectors.whatsapp.emulator_interactive import options
from connectors.whatsapp.emulator_world import Json, Message, World
from connectors.whatsapp.format import parse
from connectors.whatsapp.media import MIMES

_TYPES: Final = {
    Kind.IMAGE: "image", Kind.VIDEO: "video", Kind.AUDIO: "audio", Kind.VOICE: "audio", Kind.STICKER: "sticker",
    Kind.FILE: "document",
}  # fmt: skip
_KINDS: Final = {"image": Kind.IMAGE, "video": Kind.VIDEO, "sticker": Kind.STICKER, "document": Kind.FILE}


def carried(world: World, one: Filed, caption: str) -> tuple[str, Json]:
    """What somebody sends: the type, and its content with an id that lives seven days."""
    if one.kind not in _TYPES:
        raise NotImplementedError(f"nobody sends a {one.kind} here")
    kind = _TYPES[one.kind]
    stored = world.keep(one.mime, one.data, world.limits.people_files_life)
    mark = base64.b64encode(hashlib.sha256(one.data).digest()).decode()
    content: Json = {"id": stored.id, "mime_type": one.mime, "sha256": mark}
    if one.kind is Kind.VOICE:
        content |= {"mime_type": "audio/ogg; codecs=opus", "voice": True}
    if kind == "document":
        content["filename"] = one.name
    if kind == "sticker":
        content["animated"] = False
    return kind, {**content, **({"caption": caption} if caption else {})}


def shown_message(world: World, message: Message) -> Shown:
    """A message as a reader has it."""
    counted: dict[str, int] = {}
    for emoji in message.reactions.values():
        counted[emoji] = counted.get(emoji, 0) + 1
    rich, text = _read(_words(message))
    return Shown(
        id=MessageId(message.id),
        author=message.author,
        text=text,
        rich=rich,
        edited=message.edited,
        in_reply_to=None if message.reply_to is None else MessageId(message.reply_to),
        reactions=counted,
        holds=_held(world, message),
    )


@lru_cache(maxsize=4096)
def _read(words: str) -> tuple[Rich, str]:
    """Words as they are read; who looks at a room looks at all of it, again and again."""
    rich = parse(words)
    return rich, plain(rich)


def _words(message: Message) -> str:
    if message.type == "text":
        return str(message.content["body"])
    if message.type == "template":
        gaps = [one["text"] for part in message.content.get("components", ()) for one in part["parameters"]]
        return " ".join((message.content["name"], *gaps))
    if message.type == "interactive":
        return chosen(message.content)
    return str(message.content.get("caption", "")) if message.type in MIMES else ""


def _held(world: World, message: Message) -> tuple[Holding, ...]:
    content = message.content
    match message.type:
        case "location":
            title = content.get("name", "")
            return (Spot(latitude=content["latitude"], longitude=content["longitude"], title=title),)
        case "contacts":
            return tuple(
                Card(name=one["name"]["formatted_name"], phone=one["phones"][0]["phone"] if one.get("phones") else "")
                for one in content
            )
        case "interactive" if "body" in content:
            return (Ballot(question=content["body"]["text"], options=tuple(options(content))),)
        case kind if kind in MIMES:
            stored = world.files[content["id"]]
            voice = Kind.VOICE if content.get("voice") else Kind.AUDIO
            name = content.get("filename", "")
            return (Filed(kind=_KINDS.get(kind, voice), data=stored.data, mime=stored.mime, name=name),)
        case _:
            return ()
