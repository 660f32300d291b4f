"""What people's clients send: the content of messages, edits and reactions. Pure."""

from bridge.ids import MessageId
from bridge.text.nodes import Rich
from connectors.matrix.emulator_rooms import Json
from connectors.matrix.format import rendered


def message(text: Rich, *, msgtype: str = "m.text", in_reply_to: MessageId | None = None) -> Json:
    """A message as a client of today writes it."""
    content: Json = {"msgtype": msgtype, **rendered(text), "m.mentions": {}}
    if in_reply_to is not None:
        content["m.relates_to"] = {"m.in_reply_to": {"event_id": in_reply_to}}
    return content


def edit(target: MessageId, text: Rich) -> Json:
    inside = message(text)
    return inside | {
        "body": f"* {inside['body']}",
        "m.new_content": inside,
        "m.relates_to": {"rel_type": "m.replace", "event_id": target},
    }


def reaction(target: MessageId, emoji: str) -> Json:
    return {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": emoji}}
