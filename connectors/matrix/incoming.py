"""A homeserver's events into the bridge's. Pure: no I/O, no clock.

Everything is read from dictionaries: nio's classes refuse events that are well-formed (facts/matrix.md).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bridge.events import (
    AnyEvent,
    Attachment,
    Confirmation,
    Deleted,
    Edited,
    Joined,
    Left,
    Manner,
    Parting,
    Pinned,
    Posted,
    Reacted,
    RoomChanged,
    RoomKind,
    RoomMoved,
    User,
)
from bridge.ids import EventId, Key, MessageId, RoomId, UserId
from bridge.text.nodes import Rich
from connectors.matrix import content as carried
from connectors.matrix import polls
from connectors.matrix.content import part, words
from connectors.matrix.format import parsed
from connectors.matrix.mentions import mentioning

_LATEST = 253_402_300_799_000
_MANNERS = {"m.emote": Manner.EMOTE, "m.notice": Manner.NOTICE}
_IN_ROOM = "join"
_LONGEST_EMOJI = 100


class MalformedError(ValueError):
    """An event that breaks the specification: passed over, with its id in the log."""


class Where(Struct, frozen=True, kw_only=True):
    """Which room an event is in, who we are, and what people are called there."""

    room: RoomId
    me: UserId
    name_of: Callable[[RoomId, str], User]
    room_kind: RoomKind = RoomKind.GROUP


class _Seen(Struct, frozen=True, kw_only=True):
    """One event, its required fields checked."""

    where: Where
    id: str
    type: str
    sender: str
    at: datetime
    content: Mapping[str, Any]
    raw: Mapping[str, Any]
    echo_of: Key | None

    def fields(self) -> dict[str, Any]:
        """What every event of the bridge starts with."""
        return {
            "id": EventId(f"event {self.id}"),  # an event is no message, though Matrix has one id for both
            "room": self.where.room,
            "at": self.at,
            "room_kind": self.where.room_kind,
            "echo_of": self.echo_of,
        }

    def sent_by(self) -> User:
        return self.where.name_of(self.where.room, self.sender)

    def author(self) -> User:
        """The sender, or who the sender says is speaking (MSC4144)."""
        sender = self.sent_by()
        profile = part(self.content, carried.PROFILE)
        name, number = words(profile, "displayname").strip(), words(profile, "id")
        if not name:
            return sender
        return User(id=UserId(f"{self.sender}/{number}"), name=name, avatar=words(profile, "avatar_url") or None)


def event(raw: Mapping[str, Any], where: Where) -> AnyEvent | None:
    """What `raw` means to the bridge, None when nothing. Raises `MalformedError`.

    Our own events come back with `echo_of` where the homeserver gives our transaction id, otherwise they mean nothing.
    """
    seen = _checked(raw, where)
    if isinstance(raw.get("state_key"), str):
        return _state(seen, raw["state_key"])
    if seen.sender == where.me and seen.echo_of is None:
        return None
    return _said(seen)


def replaced(raw: Mapping[str, Any]) -> MessageId | None:
    """The message that `raw` edits, None when it edits none."""
    return carried.relations(part(raw, "content")).replaces if raw.get("type") == "m.room.message" else None


def is_sealed(raw: Mapping[str, Any]) -> bool:
    """Whether `raw` is encrypted, and not taken back."""
    is_message = raw.get("type") == "m.room.encrypted" and "state_key" not in raw
    return is_message and bool(part(raw, "content"))


def belated(event: AnyEvent) -> AnyEvent:
    """An event that was told before as one that cannot be read: the words take the place of that notice."""
    own = EventId(f"late {event.id}")
    if not isinstance(event, Posted):
        return replace(event, id=own)
    return Edited(
        id=own,
        room=event.room,
        at=event.at,
        room_kind=event.room_kind,
        replaces=event.message[0],
        author=event.author,
        text=event.text,
        manner=event.manner,
        attachments=event.attachments,
    )


def enters(raw: Mapping[str, Any], me: UserId) -> bool:
    """Whether `raw` is our own entry: what stands before it we were not there to hear."""
    return _is_member(raw, me) and _membership(part(raw, "content")) == _IN_ROOM and _before(raw) != _IN_ROOM


def exits(raw: Mapping[str, Any], me: UserId) -> bool:
    """Whether `raw` is our own leaving, or our being removed."""
    return _is_member(raw, me) and _membership(part(raw, "content")) in {"leave", "ban"}


def _is_member(raw: Mapping[str, Any], user: str) -> bool:
    return raw.get("type") == "m.room.member" and raw.get("state_key") == user


def _checked(raw: Mapping[str, Any], where: Where) -> _Seen:
    """The required fields, of the right types; a room id, where one is given, must be the room's (CVE-2020-26257)."""
    texts = [raw.get(name) for name in ("event_id", "type", "sender")]
    sent, content = raw.get("origin_server_ts"), raw.get("content")
    if not all(isinstance(text, str) and text for text in texts):
        raise MalformedError("an event without id, type or sender")
    if not isinstance(sent, int) or not isinstance(content, Mapping):
        raise MalformedError("an event without time or content")
    if raw.get("room_id", where.room) != where.room:
        raise MalformedError("an event that names another room")
    at = datetime.fromtimestamp(min(max(sent, 0), _LATEST) / 1000, UTC)
    return _Seen(
        where=where,
        id=raw["event_id"],
        type=raw["type"],
        sender=raw["sender"],
        at=at,
        content=content,
        raw=raw,
        echo_of=_echo(raw) if raw["sender"] == where.me else None,
    )


def _echo(raw: Mapping[str, Any]) -> Key | None:
    key = words(part(raw, "unsigned"), "transaction_id")
    return Key(key) if key else None


def _said(seen: _Seen) -> AnyEvent | None:
    match seen.type:
        case "m.room.message":
            return _edited(seen) if carried.relations(seen.content).replaces else _posted(seen)
        case "m.reaction":
            return _reacted(seen)
        case "m.room.redaction":
            return _deleted(seen)
        case "m.sticker":
            return _shown(seen, (), carried.sticker(seen.content)) if seen.content else None
        case "m.room.encrypted":
            return _shown(seen, carried.placeholder("a message could not be decrypted")) if seen.content else None
        case kind if kind in polls.STARTS:
            return _shown(seen, (), polls.poll(seen.content)) if seen.content else None
        case _:
            return None


def _posted(seen: _Seen) -> Posted | None:
    if not seen.content:
        return None  # taken back before we saw it
    text, attachment = _body(seen.content, seen.author().name)
    return _shown(seen, _mentioning(seen, text, seen.content), attachment)


def _mentioning(seen: _Seen, text: Rich, content: Mapping[str, Any]) -> Rich:
    return mentioning(text, content, lambda user: seen.where.name_of(seen.where.room, user).name)


def _shown(seen: _Seen, text: Rich, attachment: Attachment | None = None) -> Posted:
    relations = carried.relations(seen.content)
    return Posted(
        **seen.fields(),
        message=(MessageId(seen.id),),
        author=seen.author(),
        text=text,
        manner=_MANNERS.get(words(seen.content, "msgtype"), Manner.SAY),
        attachments=(attachment,) if attachment else (),
        in_reply_to=relations.in_reply_to,
        thread=relations.thread,
    )


def _edited(seen: _Seen) -> Edited | None:
    content, replaces = part(seen.content, "m.new_content"), carried.relations(seen.content).replaces
    if not content or replaces is None:
        raise MalformedError("an edit without new content")
    text, attachment = _body(content, seen.author().name)
    return Edited(
        **seen.fields(),
        replaces=replaces,
        author=seen.author(),
        text=_mentioning(seen, text, content),
        manner=_MANNERS.get(words(content, "msgtype"), Manner.SAY),
        attachments=(attachment,) if attachment else (),
    )


def _body(content: Mapping[str, Any], profile_name: str) -> tuple[Rich, Attachment | None]:
    attachment = carried.attachment(content)
    if attachment is not None and not carried.has_caption(content):
        return (), attachment
    fallback = part(content, carried.PROFILE).get("has_fallback") is True
    text = parsed(content, profile_name=profile_name if fallback else "")
    if not text and attachment is None:
        raise MalformedError("a message without words")
    return text, attachment


def _reacted(seen: _Seen) -> Reacted | None:
    if not seen.content:
        return None  # taken back before we saw it
    relations = carried.relations(seen.content)
    if relations.annotates is None or not 0 < len(relations.emoji) <= _LONGEST_EMOJI:
        raise MalformedError("a reaction without message or emoji")
    return Reacted(
        **seen.fields(),
        message=relations.annotates,
        emoji=relations.emoji,
        by=seen.author(),
        reaction=MessageId(seen.id),
    )


def _deleted(seen: _Seen) -> Deleted | None:
    if seen.echo_of is not None:
        return None  # one deletion has a transaction for each part: none of them is the key
    target = words(seen.raw, "redacts") or words(seen.content, "redacts")
    if not target:
        raise MalformedError("a redaction of nothing")
    return Deleted(**seen.fields(), message=MessageId(target), by=seen.author())


def _state(seen: _Seen, state_key: str) -> AnyEvent | None:
    match seen.type, state_key:
        case "m.room.member", _:
            return _membership_changed(seen, state_key)
        case "m.room.name", "":
            return RoomChanged(**seen.fields(), name=words(seen.content, "name"), by=seen.sent_by())
        case "m.room.topic", "":
            return RoomChanged(**seen.fields(), topic=words(seen.content, "topic"), by=seen.sent_by())
        case "m.room.tombstone", "":
            return _moved(seen)
        case "m.room.pinned_events", "":
            return _pinned(seen)
        case _:
            return None


def _pinned(seen: _Seen) -> Pinned | None:
    """The newest message of the list that did not stand in it before; a pin taken away says nothing."""
    before, after = (
        _listed(part(one, name)) for one, name in ((_unsigned(seen), "prev_content"), (seen.raw, "content"))
    )
    new = [message for message in after if message not in before]
    return Pinned(**seen.fields(), message=MessageId(new[-1]), by=seen.author()) if new else None


def _unsigned(seen: _Seen) -> Mapping[str, Any]:
    return part(seen.raw, "unsigned")


def _listed(content: Mapping[str, Any]) -> list[str]:
    listed = content.get("pinned")
    return [one for one in listed if isinstance(one, str) and one] if isinstance(listed, list) else []


def _moved(seen: _Seen) -> RoomMoved:
    """A tombstone is one end's word only: whoever has the power in the old room can point it anywhere."""
    to = words(seen.content, "replacement_room")
    if not to:
        raise MalformedError("a tombstone that names no room")
    return RoomMoved(**seen.fields(), to=RoomId(to), confirmed=Confirmation.OLD_END)


def _membership_changed(seen: _Seen, user: str) -> Joined | Left | None:
    before, after = _before(seen.raw), _membership(seen.content)
    if after == _IN_ROOM and before != _IN_ROOM:
        return Joined(**seen.fields(), user=seen.where.name_of(seen.where.room, user))
    if after in {"leave", "ban"} and before in {_IN_ROOM, ""}:
        return _left(seen, user, after)
    return None


def _left(seen: _Seen, user: str, after: str) -> Left:
    who, own = seen.where.name_of(seen.where.room, user), seen.sender == user
    how = Parting.BANNED if after == "ban" else Parting.LEFT if own else Parting.REMOVED
    by = None if own else seen.where.name_of(seen.where.room, seen.sender)
    return Left(**seen.fields(), user=who, reason=_reason(seen, user, after), how=how, by=by)


def _reason(seen: _Seen, user: str, after: str) -> str:
    if seen.sender == user:
        return "left the room"
    by = seen.where.name_of(seen.where.room, seen.sender).name
    why = words(seen.content, "reason")
    return f"{'banned' if after == 'ban' else 'removed'} by {by}{': ' if why else ''}{why}"


def _membership(content: Mapping[str, Any]) -> str:
    return words(content, "membership")


def _before(raw: Mapping[str, Any]) -> str:
    return _membership(part(part(raw, "unsigned"), "prev_content"))
