"""What the bridge asks for → bodies of the Send API. Pure: no I/O, no state; facts/platform-apis.md 3.4."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from bridge import Attachment, Key, Kind, Manner, MediaLimit, Outgoing, Reaction, RoomId
from bridge.errors import Feature, Unsupported
from bridge.events import File
from connectors.messenger.format import MAX_TEXT, render
from connectors.messenger.incoming import ECHO

TAG: Final = "HUMAN_AGENT"
MIB: Final = 1024 * 1024
MAX_ALBUM: Final = 30
"""Pictures in one message."""
MAX_CHOICES: Final = 13
"""Buttons under one message."""
MAX_CHOICE: Final = 20
"""Characters on a button."""
_IMAGE_MIB: Final = 8
_OTHER_MIB: Final = 25
_SOUNDS: Final = frozenset({"audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/aac", "audio/wav"})
_TYPES: Final = {Kind.IMAGE: "image", Kind.VIDEO: "video", Kind.AUDIO: "audio", Kind.VOICE: "audio", Kind.FILE: "file"}

LIMITS: Final[Mapping[Kind, MediaLimit]] = {
    Kind.IMAGE: MediaLimit(frozenset({"image/jpeg", "image/png", "image/gif"}), _IMAGE_MIB * MIB),
    Kind.VIDEO: MediaLimit(frozenset({"video/mp4"}), _OTHER_MIB * MIB),
    Kind.AUDIO: MediaLimit(_SOUNDS, _OTHER_MIB * MIB),
    Kind.FILE: MediaLimit(max_bytes=_OTHER_MIB * MIB),
    Kind.POLL: MediaLimit(),
}  # fmt: skip
"""What Messenger shows as what it is."""


class Speech(Struct, frozen=True):
    """What goes with one message besides what it says: the persona that says it, and the payloads of its files."""

    persona: str = ""
    payloads: Sequence[Mapping[str, Any]] = ()


def body(message: Outgoing, speech: Speech) -> dict[str, Any]:
    """One message inside of the window: words, files or a question, never two of them."""
    answered = message.in_reply_to
    return {
        "recipient": {"id": message.room},
        "messaging_type": "RESPONSE",
        "message": {**({"metadata": f"{ECHO}{message.key}"} if message.key else {}), **_said(message, speech)},
        **({"reply_to": {"mid": answered.parts[0]}} if answered is not None and answered.parts else {}),
        **({"persona_id": speech.persona} if speech.persona else {}),
    }


def _said(message: Outgoing, speech: Speech) -> dict[str, Any]:
    if message.shared:
        return _question(message.shared[0], message.key)
    files = [
        {"type": type_of(file), "payload": dict(payload)}
        for file, payload in zip(message.files, speech.payloads, strict=True)
    ]
    if len(files) > 1:
        return {"attachments": files}
    return {"attachment": files[0]} if files else {"text": words(message, speech)}


def _question(one: Attachment, key: Key) -> dict[str, Any]:
    """A poll, each answer a button that is gone once one was pressed; what would be cut there goes in words."""
    poll = one.poll
    if poll is None:
        raise Unsupported(Feature.ATTACHMENT, f"Messenger takes no {one.kind}")
    answers = [" ".join(answer.split()) for answer in poll.answers]
    if poll.most > 1 or len(answers) > MAX_CHOICES or len(poll.question) > MAX_TEXT or not poll.question.strip():
        raise Unsupported(Feature.ATTACHMENT, "the poll has more answers than Messenger has buttons, or no question")
    if not all(0 < len(answer) <= MAX_CHOICE for answer in answers) or len(set(answers)) < len(answers):
        raise Unsupported(Feature.ATTACHMENT, "an answer does not fit on a button of Messenger, or stands there twice")
    buttons = [
        {"content_type": "text", "title": answer, "payload": f"{ECHO}{key} {number}"}
        for number, answer in enumerate(answers)
    ]
    return {"text": poll.question, "quick_replies": buttons}


def tagged(inside: Mapping[str, Any]) -> dict[str, Any]:
    """The same message as a human agent's answer, which may go for seven days."""
    return {**inside, "messaging_type": "MESSAGE_TAG", "tag": TAG}


def words(message: Outgoing, speech: Speech) -> str:
    """The text; what a persona does instead of says has a star in front, as the name stands above it already."""
    shown = render(message.text)
    return f"* {shown}" if message.manner is Manner.EMOTE and speech.persona else shown


def type_of(file: File) -> str:
    """Meta's word for a kind of file."""
    if file.kind not in _TYPES:
        raise Unsupported(Feature.ATTACHMENT, f"Messenger takes no {file.kind}")
    return _TYPES[file.kind]


def holder(file: File) -> dict[str, Any]:
    """The message in which a file is uploaded, to be used again."""
    return {"attachment": {"type": type_of(file), "payload": {"is_reusable": True}}}


def reaction(asked: Reaction) -> dict[str, Any]:
    """The one reaction the page may have on a message: set, changed, or taken away."""
    newest = asked.emoji if asked.emoji in asked.wanted else next(iter(asked.wanted[-1:]), "")
    about = {"message_id": asked.target.parts[0]}
    if not newest:
        return action(asked.target.room, "unreact", about)
    return action(asked.target.room, "react", {**about, "reaction": newest})


def action(room: RoomId, name: str, payload: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A sender action, which stands alone in its call."""
    return {
        "recipient": {"id": room},
        "sender_action": name,
        **({"payload": dict(payload)} if payload is not None else {}),
    }
