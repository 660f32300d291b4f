"""What a Matrix message carries besides its words: profile, relations, files, places, polls. Pure and forgiving.

People write these dictionaries, so a field of the wrong type counts as absent; a message is lost only when it has no
words at all.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bridge.events import Attachment, Kind
from bridge.ids import MessageId, ThreadId
from bridge.text.nodes import Rich, said
from connectors.matrix.content_fields import part, words
from connectors.matrix.places import place
from connectors.matrix.sealing import handle_of, packed

__all__ = [
    "PROFILE",
    "Relations",
    "attachment",
    "has_caption",
    "part",
    "placeholder",
    "relations",
    "sticker",
    "words",
]

PROFILE = "com.beeper.per_message_profile"
_MEDIA = {"m.image": Kind.IMAGE, "m.video": Kind.VIDEO, "m.audio": Kind.AUDIO, "m.file": Kind.FILE}
_VOICE = ("m.voice", "org.matrix.msc3245.voice")
_GIF = "image/gif"
_LONGEST_EMOJI = 16
_LONGEST_WAVEFORM = 1024


class Relations(Struct, frozen=True, kw_only=True):
    """How a message hangs on others; None where it does not."""

    thread: ThreadId | None = None
    in_reply_to: MessageId | None = None
    replaces: MessageId | None = None
    annotates: MessageId | None = None
    emoji: str = ""


def relations(content: Mapping[str, Any]) -> Relations:
    """What `m.relates_to` says. A reply that only stands in for a thread is none."""
    relation = part(content, "m.relates_to")
    kind, target = words(relation, "rel_type"), words(relation, "event_id")
    reply = words(part(relation, "m.in_reply_to"), "event_id")
    if kind == "m.thread" and target:
        falling_back = relation.get("is_falling_back") is True
        return Relations(thread=ThreadId(target), in_reply_to=MessageId(reply) if reply and not falling_back else None)
    if kind == "m.replace" and target:
        return Relations(replaces=MessageId(target))
    if kind == "m.annotation" and target:
        return Relations(annotates=MessageId(target), emoji=_emoji(content, words(relation, "key")))
    return Relations(in_reply_to=MessageId(reply) if reply else None)


def attachment(content: Mapping[str, Any]) -> Attachment | None:
    """The file, place or other thing a `m.room.message` is; None for words alone."""
    kind = words(content, "msgtype")
    if kind == "m.location":
        return place(content)
    if kind in _MEDIA:
        voice = kind == "m.audio" and any(name in content for name in _VOICE)
        return _file(content, Kind.VOICE if voice else _MEDIA[kind])
    return None


def sticker(content: Mapping[str, Any]) -> Attachment:
    """The picture of a `m.sticker`, whose body describes it: often by nothing but an emoji."""
    body = words(content, "body")
    is_emoji = len(body) <= _LONGEST_EMOJI and not any(letter.isascii() for letter in body)
    found = _file(content, Kind.STICKER)
    return replace(found, name="", alt="" if is_emoji else body, emoji=body if is_emoji else "")


def has_caption(content: Mapping[str, Any]) -> bool:
    """Whether a file's body is a caption: only beside a `filename` that differs from it (MSC2530)."""
    return bool(words(content, "filename")) and words(content, "filename") != words(content, "body")


def placeholder(text: str) -> Rich:
    """Words of ours where a message cannot be shown."""
    return said(f"[{text}]")


def _file(content: Mapping[str, Any], kind: Kind) -> Attachment:
    info, audio = part(content, "info"), part(content, "org.matrix.msc1767.audio")
    milliseconds = _count(info.get("duration")) or _count(audio.get("duration"))
    handle = handle_of(content)
    return Attachment(
        kind=kind,
        name=words(content, "filename") or words(content, "body"),
        mime=words(info, "mimetype"),
        size=_count(info.get("size")),
        duration=milliseconds / 1000 if milliseconds is not None else None,
        width=_count(info.get("w")),
        height=_count(info.get("h")),
        waveform=_waveform(audio.get("waveform")) if kind is Kind.VOICE else (),
        animated=info.get("is_animated") is True or info.get("fi.mau.gif") is True or words(info, "mimetype") == _GIF,
        source=packed(handle) if handle else "",
    )


def _waveform(value: object) -> tuple[int, ...]:
    samples = value[:_LONGEST_WAVEFORM] if isinstance(value, list) else []
    return tuple(min(max(one, 0), 1024) for one in samples if isinstance(one, int))


def _count(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and isinstance(value, int) and 0 <= value < 2**53 else None


def _emoji(content: Mapping[str, Any], key: str) -> str:
    """The emoji of a reaction; a picture (`mxc:`) by its short name."""
    if not key.startswith("mxc:"):
        return key
    name = words(content, "shortcode") or words(content, "com.beeper.reaction.shortcode")
    return f":{name.strip(':') or 'emoji'}:"
