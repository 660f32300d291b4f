"""What the bridge says → the body of one of Viber's messages. Pure; facts/platform-apis.md 1.5, 1.8."""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bridge import (
    Attachment,
    Feature,
    File,
    Key,
    Kind,
    Manner,
    MessageId,
    Outgoing,
    Person,
    Poll,
    RoomId,
    Unsupported,
)
from bridge.text.graphemes import border_before
from bridge.text.nodes import Italic, Link, Paragraph, Rich, Text
from bridge.text.walk import plain
from connectors.viber import asking
from connectors.viber.client import MAX_BODY
from connectors.viber.config import MAX_NAME, MAX_TEXT, ViberConfig
from connectors.viber.errors import Asked
from connectors.viber.format import render
from connectors.viber.wire import Json, dumps, token_of

MAX_PHONE: Final = 18
MAX_ADDRESS: Final = 2000
MAX_FILE_NAME: Final = 256
LONGEST_VIDEO_SECONDS: Final = 180
_ENVELOPE: Final = 1024
"""Bytes kept free for what stands around a text: the receiver, the sender's name, the keys."""
_FORBIDDEN: Final = frozenset({
    "action", "apk", "app", "bat", "bin", "cmd", "com", "command", "cpl", "csh", "exe", "gadget", "inf", "ins", "inx",
    "ipa", "isu", "job", "jse", "ksh", "lnk", "msc", "msi", "msp", "mst", "osx", "out", "paf", "pif", "prg", "ps1",
    "reg", "rgs", "run", "sct", "shb", "shs", "u3p", "vb", "vbe", "vbs", "vbscript", "workflow", "ws", "wsf",
})  # fmt: skip
"""Endings of programs, which Viber takes from nobody."""
_ADDRESS: Final = re.compile(r"https?://[^\s\u200b\u2060]+")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def asked(message: Outgoing) -> Asked:
    """What an answer to it speaks of."""
    return Asked.FILE if message.files or message.shared else Asked.WORDS


class Links(Struct, frozen=True):
    """Where a message's file can be fetched, and its thumbnail; None where nowhere."""

    whole: str | None = None
    thumbnail: str | None = None


def body(message: Outgoing, config: ViberConfig, links: Links) -> Json:
    """All of a message but its receiver and sender."""
    if message.shared:
        content = _shared(message.shared[0], message.key)
    elif message.files:
        content = _carrying(message.files[0], words(message), links)
    else:
        content = _said(message)
    return {"min_api_version": config.min_api_version, **content}


def sender(author: Person | None, config: ViberConfig, picture: str = "") -> Json:
    """Who is shown as the author: whoever said it, with the address of their picture, or the bot itself."""
    if author is None or not author.name:
        return {"name": config.name, **({"avatar": config.avatar} if config.avatar else {})}
    shown = picture.startswith("https://") and len(picture) <= MAX_ADDRESS // 4
    return {"name": shortened(author.name, MAX_NAME), **({"avatar": picture} if shown else {})}


def shortened(name: str, characters: int) -> str:
    """A name of at most so many characters, cut where nobody's letter is torn."""
    if len(name) <= characters:
        return name
    return name[: border_before(name, characters - 1)].rstrip() + "…"


def words(message: Outgoing) -> str:
    """The text with Viber's signs; as plain words where signs would make it longer than Viber takes."""
    rich = _acted(message.text) if message.manner is Manner.EMOTE else message.text
    written = _CONTROLS.sub(" ", render(rich))
    if len(written) <= MAX_TEXT and len(dumps({"": written})) <= MAX_BODY - _ENVELOPE:
        return written
    return _CONTROLS.sub(" ", plain(rich))


def natives(answer: Json) -> Sequence[MessageId]:
    """The token of what was sent: 19 digits, never a float; () when Viber gives none."""
    token = token_of(answer)
    return (MessageId(token),) if token else ()


def broadcast(content: Json, recipients: Sequence[RoomId]) -> Json:
    """The same to many."""
    return {**content, "broadcast_list": [str(one) for one in recipients]}


def _acted(rich: Rich) -> Rich:
    """What somebody does stands slanted, beside their name."""
    return tuple(Paragraph((Italic(one.inside),)) if isinstance(one, Paragraph) else one for one in rich)


def _said(message: Outgoing) -> Json:
    """Words; an address alone is a message of its own kind, with a preview."""
    match message.text:
        case (Paragraph((Link((Text(shown),), url),)),) if shown == url and len(url) <= MAX_ADDRESS:
            return {"type": "url", "media": url}
        case (Paragraph((Text(shown),)),) if _ADDRESS.fullmatch(shown) and len(shown) <= MAX_ADDRESS:
            return {"type": "url", "media": shown}
        case _:
            return {"type": "text", "text": words(message)}


def _carrying(file: File, caption: str, links: Links) -> Json:
    link, small = links.whole, {} if links.thumbnail is None else {"thumbnail": links.thumbnail}
    if link is None:
        raise Unsupported(Feature.ATTACHMENT, "Viber fetches files by itself: set http.public_url")
    match file.kind:
        case Kind.IMAGE:
            return {"type": "picture", "media": link, "text": caption, **small}
        case Kind.VIDEO:
            return {**_video(file, link), "text": caption, **small}
        case _:
            return _file(file, link)


def _video(file: File, link: str) -> Json:
    seconds = {"duration": max(1, round(file.duration))} if file.duration else {}
    if seconds.get("duration", 0) > LONGEST_VIDEO_SECONDS:
        raise Unsupported(Feature.ATTACHMENT, f"Viber shows no video longer than {LONGEST_VIDEO_SECONDS} seconds")
    return {"type": "video", "media": link, "size": file.size, **seconds}


def _file(file: File, link: str) -> Json:
    stem, _, ending = file.name.rpartition(".")
    if ending.lower() in _FORBIDDEN or not stem:
        raise Unsupported(Feature.ATTACHMENT, "Viber takes no programs and no files without an ending")
    name = f"{stem[: MAX_FILE_NAME - len(ending) - 1]}.{ending}"
    return {"type": "file", "media": link, "size": file.size, "file_name": name}


def _shared(one: Attachment, key: Key) -> Json:
    """A place, a card or a poll; what Viber would lose of it is a reason to tell it in words."""
    if one.poll is not None:
        return _asking(one.poll, key)
    if (place := one.location) is not None and not place.title and not place.address:
        return {"type": "location", "location": {"lat": place.latitude, "lon": place.longitude}}
    if (card := one.contact) is not None:
        phone = re.sub(r"[\s().-]", "", card.phone)
        if phone and len(phone) <= MAX_PHONE:
            return {
                "type": "contact", "contact": {"name": shortened(card.name, MAX_NAME), "phone_number": phone}
            }  # fmt: skip
    raise Unsupported(Feature.ATTACHMENT, f"Viber cannot show all of this {one.kind}")


def _asking(poll: Poll, key: Key) -> Json:
    content = asking.question(poll, key)
    if len(poll.question) > MAX_TEXT or len(dumps(content)) > MAX_BODY - _ENVELOPE:
        raise Unsupported(Feature.ATTACHMENT, "the poll is longer than a message of Viber's")
    return content
