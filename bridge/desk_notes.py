"""The bridge's own words in the thread of a conversation: who it is, who waits, what was not delivered. Pure."""

import re
from datetime import datetime

from msgspec import structs

from bridge.config import Desk
from bridge.desk import Passage, Ruling, note, title
from bridge.events import Deleted, Failure, Left, Posted, SendFailed
from bridge.ids import EventId, MessageId, RoomId
from bridge.people import bare, label
from bridge.store.conversations import Conversation, Private, Turn


def who(talk: Conversation, desk: Desk, now: datetime) -> str:
    """What the agents may know of a conversation."""
    networks = ", ".join(dict.fromkeys(private.account for private in talk.rooms))
    lines = [f"{title(talk, desk)}, on {networks}", f"The conversation is {talk.state.name.lower()}."]
    if talk.claimed_by is not None:
        lines.append(f"{talk.claimant} answers it.")
    if talk.waits_since is not None:
        lines.append(f"The person has waited {_minutes(now, talk.waits_since)} for an answer.")
    until = [private.window_until for private in talk.rooms if private.window_until is not None]
    if until:
        ends = max(until) / 1000 - now.timestamp()
        lines.append(f"They can be written to for {_lasts(ends)}." if ends > 0 else "They have to write first.")
    return "\n".join(lines)


def _minutes(now: datetime, since: int) -> str:
    return _lasts(now.timestamp() - since / 1000)


def _lasts(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < 120:  # noqa: PLR2004 - two hours
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"{minutes // 60} hours"


def alarmed(talk: Conversation, desk: Desk, now: datetime) -> Ruling:
    """The person waits for an answer longer than the desk wants."""
    text = f"{bare(label(talk.title))} has waited {_minutes(now, talk.waits_since or 0)} for an answer."
    note = noted(talk, desk, text, f"alarm {talk.number} {talk.waits_since}", now)
    return Ruling((note,), (Turn(conversation=talk.number, alarmed=1),))


def closing(talk: Conversation, desk: Desk, now: datetime, before: int) -> Ruling:
    """The platform lets the person be written to only for a while; they wait for an answer."""
    at, passages, turns = int(now.timestamp() * 1000), [], []
    for private in talk.rooms:
        until = private.window_until
        if until is not None and at < until <= before:
            text = f"{bare(label(talk.title))} can be answered for {_lasts((until - at) / 1000)} more."
            passages.append(noted(talk, desk, text, f"closing {private.room} {until}", now))
            turns.append(Turn(conversation=talk.number, warned=private.room))
    return Ruling(tuple(passages), tuple(turns))


_DIGITS = re.compile(r"\d{7,}")


def failed(event: SendFailed, private: Private, talk: Conversation, desk: Desk) -> Ruling:
    """The platform took an answer and did not deliver it: the agents see that behind the answer."""
    why = _DIGITS.sub("…", event.reason.replace(private.native, "…"))
    turns: tuple[Turn, ...] = ()
    match event.failure:
        case Failure.CLOSED:
            text, turns = f"Not delivered: {why}. {_CLOSED}", (Turn(conversation=talk.number, closed=private.room),)
        case Failure.LOST:
            text = f"Not delivered: {why}. It may be sent again."
        case Failure.REFUSED:
            text = f"Not delivered: {why}."
    note = noted(talk, desk, text, f"{event.id}", event.at)
    words = structs.replace(note.event, in_reply_to=event.message) if isinstance(note.event, Posted) else note.event
    return Ruling((structs.replace(note, event=words, room=private.room),), turns)


_CLOSED = "The person has to write first."


def left(event: Left, talk: Conversation, desk: Desk) -> Ruling:
    """The person wants to hear nothing any more."""
    return Ruling((noted(talk, desk, "The person left, and hears nothing any more.", f"{event.id}", event.at),))


def noted(talk: Conversation, desk: Desk, text: str, cause: str, at: datetime) -> Passage:
    """Words of the bridge's own in the thread of a conversation; told once of their cause."""
    event = Deleted(id=EventId(cause), room=RoomId(""), at=at, message=MessageId(""))
    return note(event, talk, desk, text)
