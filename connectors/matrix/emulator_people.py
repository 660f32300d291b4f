"""What people's clients send: the content of messages, edits and reactions. Pure."""

from bridge.ids import MessageId
from bridge.testing.holdings import Ballot, Spot
from bridge.text.nodes import Rich
from connectors.matrix.emulator_rooms import Json
from connectors.matrix.format import rendered


def message(text: Rich, *, msgtype: str = "m.text", in_reply_to: MessageId | None = None) -> Json:
    """A message as a client of today writes it."""
    content: Json = {"msgtype": msgtype, **rendered(text), "m.mentions": {}}
    if in_reply_to is not None:
        content["m.relates_to"] = {"m.in_reply_to": {"event_id": in_reply_to}}
    return content


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


def edit(target: MessageId, text: Rich) -> Json:
    inside = message(text)
    return inside | {
        "body": f"* {inside['body']}",
        "m.new_content": inside,
        "m.relates_to": {"rel_type": "m.replace", "event_id": target},
    }


def reaction(target: MessageId, emoji: str) -> Json:
    return {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": emoji}}
