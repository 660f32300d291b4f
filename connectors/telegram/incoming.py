"""Updates of the Bot API → events. Pure: no I/O, no state.

Event ids name chat, message and date, not only the update: its number may begin anew after a quiet week.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct
from telegram import Message, Update

from bridge.events import AnyEvent, Edited, Posted, RoomKind, User
from bridge.ids import EventId, MessageId, RoomId, UserId
from bridge.text.nodes import said
from connectors.telegram.content import attachments, chat_name, speaks, user_name, words
from connectors.telegram.reactions import reacted
from connectors.telegram.rooms import member_changed, place, service, stamp_of, topic_of

ALLOWED_UPDATES: Final = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "message_reaction",
    "message_reaction_count",
    "my_chat_member",
    "chat_member",
)
"""Named in full: reactions and memberships are not among Telegram's defaults."""

UNREADABLE: Final = (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, OSError)
"""What the library's parser raises for an update it cannot read."""

_POSTS: Final = ("message", "channel_post")


class Read(Struct, frozen=True):
    """An update as it came and, where the library can read it, as the library reads it."""

    raw: Mapping[str, Any]
    update: Update | None

    @property
    def number(self) -> int:
        """The update's number."""
        return int(self.raw["update_id"])

    @property
    def album(self) -> str | None:
        """Which album of which chat its message belongs to."""
        message = self.post
        if message is None or message.media_group_id is None:
            return None
        return f"{message.chat.id}/{message.media_group_id}"

    @property
    def post(self) -> Message | None:
        """The new message or channel post in it."""
        return (self.update.message or self.update.channel_post) if self.update else None


def read(raw: Mapping[str, Any]) -> Read:
    """Parse one update; the one that cannot be parsed must not stop the others."""
    try:
        return Read(raw, Update.de_json(dict(raw)))
    except UNREADABLE:
        return Read(raw, None)


def events(updates: Sequence[Read], me: UserId) -> tuple[AnyEvent, ...]:
    """What happened, in order; the pictures of an album become one event where the first of them stands."""
    made: list[AnyEvent] = []
    albums: dict[str, list[Message]] = {}
    for one in updates:
        if one.album is not None and one.post is not None:
            albums.setdefault(one.album, []).append(one.post)
    for one in updates:
        parts = [one.post] if one.post else []
        if one.album is not None:
            parts = albums.pop(one.album, [])
        made.extend(_events(one, parts, me))
    return tuple(made)


def _events(one: Read, parts: Sequence[Message | None], me: UserId) -> Iterator[AnyEvent]:
    """The events of one update; half an update is none: it is read wholly before anything is given out."""
    update, messages = one.update, [part for part in parts if part is not None]
    if update is None:
        yield from _placeholder(one.raw)
    elif one.post is not None:
        yield from _posted(messages, me)
    elif (edited := update.edited_message or update.edited_channel_post) is not None:
        yield from _edited(edited, one.number, me)
    elif update.message_reaction is not None:
        yield from reacted(update.message_reaction, one.number)
    elif (change := update.my_chat_member or update.chat_member) is not None:
        yield from member_changed(change)


# Messages.


def _posted(parts: Sequence[Message], me: UserId) -> Iterator[AnyEvent]:
    if not parts:
        return
    first = parts[0]
    if speaks(first):
        if (author := author_of(first)).id != me:
            yield _post(parts, author)
        return
    yield from service(first, me)


def _post(parts: Sequence[Message], author: User) -> Posted:
    first = parts[0]
    room, kind = place(first.chat)
    return Posted(
        id=EventId(f"post:{room}:{first.message_id}:{stamp_of(first.date)}"),
        room=room,
        thread=topic_of(first),
        room_kind=kind,
        at=first.date,
        message=tuple(MessageId(str(part.message_id)) for part in parts),
        author=author,
        text=tuple(block for part in parts for block in words(part)),
        attachments=tuple(one for part in parts for one in attachments(part)),
        in_reply_to=_reply(first),
    )


def _edited(message: Message, number: int, me: UserId) -> Iterator[AnyEvent]:
    author = author_of(message)
    if author.id == me or not speaks(message):
        return
    room, kind = place(message.chat)
    at = message.edit_date or message.date
    yield Edited(
        id=EventId(f"edit:{room}:{message.message_id}:{stamp_of(at)}:{number}"),
        room=room,
        thread=topic_of(message),
        room_kind=kind,
        at=at,
        replaces=MessageId(str(message.message_id)),
        author=author,
        text=words(message),
        attachments=attachments(message),
    )


def author_of(message: Message) -> User:
    """Who is shown as the author: a person, or the group or channel in whose name somebody writes."""
    chat = message.sender_chat
    if chat is None and message.from_user is not None:
        return User(id=UserId(str(message.from_user.id)), name=user_name(message.from_user))
    chat = chat or message.chat
    return User(id=UserId(str(chat.id)), name=message.author_signature or chat_name(chat))


def _reply(message: Message) -> MessageId | None:
    """What it answers; in a topic every other message "answers" the one that opened the topic."""
    target = message.reply_to_message
    if target is None or (message.is_topic_message and target.message_id == message.message_thread_id):
        return None
    return MessageId(str(target.message_id))


def _placeholder(raw: Mapping[str, Any]) -> Iterator[AnyEvent]:
    """A visible stand-in for a message that cannot be read, as far as it says where and when it was written."""
    message: dict[str, Any] = next((raw[name] for name in _POSTS if isinstance(raw.get(name), dict)), {})
    try:
        room, number, date = int(message["chat"]["id"]), int(message["message_id"]), int(message["date"])
        at = datetime.fromtimestamp(date, UTC)
    except UNREADABLE:
        return
    sender = message.get("from")
    known = sender if isinstance(sender, dict) else {}
    yield Posted(
        id=EventId(f"post:{room}:{number}:{date}"),
        room=RoomId(str(room)),
        room_kind=RoomKind.DIRECT if room > 0 else RoomKind.GROUP,
        at=at,
        message=(MessageId(str(number)),),
        author=User(id=UserId(str(known.get("id", room))), name=str(known.get("first_name") or "somebody")),
        text=said("[a message that could not be read]"),
    )
