"""What people's clients send: the content of messages, edits and reactions. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bridge.events import Kind
from bridge.ids import MessageId
from bridge.testing.holdings import Ballot, Filed, Spot
from bridge.text.nodes import Rich
from connectors.matrix.emulator_rooms import Json
from connectors.matrix.format import rendered

_TYPES = {
    Kind.IMAGE: "m.image", Kind.VIDEO: "m.video", Kind.AUDIO: "m.audio", Kind.VOICE: "m.audio", Kind.FILE: "m.file"
}  # fmt: skip


def message(text: Rich, *, msgtype: str = "m.text", in_reply_to: MessageId | None = None) -> Json:
    """A message as a client of today writes it."""
    content: Json = {"msgtype": msgtype, **rendered(text), "m.mentions": {}}
    if in_reply_to is not None:
        content["m.relates_to"] = {"m.in_reply_to": {"event_id": in_reply_to}}
    return content


def filed(files: Sequence[Filed], where: str | Json, caption: Rich = ()) -> Json:
    """One file as a client sends it; `where` is its address, or in an encrypted room all that opens it."""
    if len(files) != 1:
        raise NotImplementedError("a message on Matrix has one file")
    (one,) = files
    lies = {"url": where} if isinstance(where, str) else {"file": where}
    sizes = {"w": one.width, "h": one.height} if one.width else {}
    timed = {} if one.duration is None else {"duration": int(one.duration * 1000)}
    content: Json = {
        "body": one.name or one.emoji,
        **lies,
        "info": {"mimetype": one.mime, "size": len(one.data), **sizes, **timed},
    }
    if one.kind is Kind.STICKER:
        return content
    voice = {"org.matrix.msc3245.voice": {}, "org.matrix.msc1767.audio": {**timed, "waveform": [0, 512, 1024]}}
    content |= {"msgtype": _TYPES[one.kind], "filename": one.name, "m.mentions": {}}
    return content | (voice if one.kind is Kind.VOICE else {}) | (rendered(caption) if caption else {})


def kind_of(one: Filed) -> str:
    """The type of the event that carries it."""
    return "m.sticker" if one.kind is Kind.STICKER else "m.room.message"


def in_thread(root: MessageId, text: Rich) -> Json:
    """A message in the thread that hangs on another."""
    relation = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}}
    return message(text) | {"m.relates_to": relation}


def spot(where: Spot) -> Json:
    """A place as a client shares it."""
    uri = f"geo:{where.latitude},{where.longitude};u=35"
    described = {"description": where.title} if where.title else {}
    body = f"Location {where.title} was shared at {uri} as of a moment ago"
    return {
        "msgtype": "m.location", "body": body, "geo_uri": uri, "m.mentions": {}, "org.matrix.msc1767.text": body,
        "org.matrix.msc3488.location": {"uri": uri, **described}, "org.matrix.msc3488.asset": {"type": "m.self"},
    }  # fmt: skip


def ballot(asked: Ballot) -> Json:
    """A poll as a client opens it."""
    answers = [{"id": f"a{index}", "org.matrix.msc1767.text": text} for index, text in enumerate(asked.options)]
    return {
        "org.matrix.msc1767.text": asked.question,
        "org.matrix.msc3381.poll.start": {
            "question": {"org.matrix.msc1767.text": asked.question, "body": asked.question, "msgtype": "m.text"},
            "kind": "org.matrix.msc3381.poll.disclosed", "max_selections": 1, "answers": answers,
        },
    }  # fmt: skip


def vote(poll: MessageId, answer: str) -> Json:
    """A choice; the last of a person counts."""
    chosen = {"answers": [answer]}
    return {"m.relates_to": {"rel_type": "m.reference", "event_id": poll}, "org.matrix.msc3381.poll.response": chosen}


def edit(target: MessageId, text: Rich, events: Iterable[Mapping[str, Any]] = ()) -> Json:
    """An edit; of a message with a file, as it stands among `events`, it is one of the words under it."""
    old: Mapping[str, Any] = next((raw["content"] for raw in events if raw["event_id"] == target), {})
    file = {name: old[name] for name in ("msgtype", "filename", "url", "file", "info") if name in old}
    inside = message(text) | (file if "filename" in file else {})
    return inside | {
        "body": f"* {inside['body']}",
        "m.new_content": inside,
        "m.relates_to": {"rel_type": "m.replace", "event_id": target},
    }


def reaction(target: MessageId, emoji: str) -> Json:
    return {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": emoji}}
