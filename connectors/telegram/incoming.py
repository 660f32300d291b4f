"""Updates of the Bot API → events. Pure: no I/O, no state.

Event ids name chat, message and date, not only the update: its number may begin anew after a quiet week.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from telegram import Chat, Message, Update

from bridge.events import AnyEvent, Edited, Posted, RoomKind, User
from bridge.ids import EventId, MessageId, RoomId, UserId
from bridge.text.nodes import said
from connectors.telegram import errors
from connectors.telegram.content import attachments, author_of, forwarded, speaks, words
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
    "poll",
)
"""Named in full: reactions and memberships are not among Telegram's defaults."""

UNREADABLE: Final = (*errors.UNREADABLE, OSError)
"""What is raised for an update that cannot be read; OSError for times outside the calendar."""

_NONE: Final[Mapping[str, str]] = {}
_POSTS: Final = ("message", "channel_post")


_DECODER: Final[msgspec.msgpack.Decoder[AnyEvent]] = msgspec.msgpack.Decoder(AnyEvent)


class Read(Struct, frozen=True):
    """An update as it came and, where the library can read it, as the library reads it.

    `post` is the new message or channel post in it, `album` names the album (and chat) that belongs to.
    """

    raw: Mapping[str, Any]
    number: int
    update: Update | None = None
    post: Message | None = None
    chat: Chat | None = None
    album: str | None = None


class Happened(Struct, frozen=True):
    """What updates say; `unreadable` are the numbers of those that made a placeholder or nothing."""

    events: tuple[AnyEvent, ...]
    unreadable: tuple[int, ...]


def read(raw: Mapping[str, Any]) -> Read:
    """Parse one update; the one that cannot be parsed must not stop the others."""
    number = int(raw["update_id"])
    try:
        update = Update.de_json(dict(raw))
        post, chat = update.message or update.channel_post, update.effective_chat
        album = f"{post.chat.id}/{post.media_group_id}" if post and post.media_group_id else None
        if chat is not None:
            place(chat)
        return Read(raw, number, update, post, chat, album)
    except UNREADABLE:
        return Read(raw, number)


def happened(updates: Sequence[Read], me: UserId, customs: Mapping[str, str] = _NONE) -> Happened:
    """What happened, in order; the pictures of an album become one event where the first of them stands.

    `customs` are the emoji that custom ones stand for, by number.
    """
    events: list[AnyEvent] = []
    unreadable: list[int] = []
    for parts in _gathered(updates):
        events.extend(_events(parts, me, unreadable, customs))
    return Happened(tuple(events), tuple(unreadable))


def _gathered(updates: Sequence[Read]) -> list[list[Read]]:
    """One list an update, one list an album."""
    lists: list[list[Read]] = []
    albums: dict[str, list[Read]] = {}
    for one in updates:
        if one.album is not None and one.album in albums:
            albums[one.album].append(one)
            continue
        lists.append([one])
        if one.album is not None:
            albums[one.album] = lists[-1]
    return lists


def _events(parts: Sequence[Read], me: UserId, unreadable: list[int], customs: Mapping[str, str]) -> Iterator[AnyEvent]:
    """The events of one update or album, wholly or not at all: the library checks no types, so it is done here."""
    first, *others = parts
    try:
        if first.update is None:
            raise ValueError("the library cannot read it")
        if (change := first.update.message_reaction) is not None:
            yield from [checked(event) for event in reacted(change, first.number, customs)]
        yield from [checked(event) for event in _of(first.update, first.number, parts, me)]
    except UNREADABLE:
        if others:
            for part in parts:
                yield from _events([part], me, unreadable, customs)
        else:
            unreadable.append(first.number)
            yield from _placeholder(first.raw)


def checked(event: AnyEvent) -> AnyEvent:
    """The event, if each of its fields is what its type says."""
    return _DECODER.decode(msgspec.msgpack.encode(event))


def _of(update: Update, number: int, parts: Sequence[Read], me: UserId) -> Iterator[AnyEvent]:
    messages = [part.post for part in parts if part.post is not None]
    if messages:
        yield from _posted(messages, me)
    elif (edited := update.edited_message or update.edited_channel_post) is not None:
        yield from _edited(edited, number, me)
    elif (change := update.my_chat_member or update.chat_member) is not None:
        yield from member_changed(change)


# Messages.


def _posted(parts: Sequence[Message], me: UserId) -> Iterator[AnyEvent]:
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
        text=(*forwarded(first), *(block for part in parts for block in words(part))),
        attachments=tuple(one for part in parts for one in attachments(part)),
        in_reply_to=_reply(first),
        quoted=first.quote.text if first.quote is not None else "",
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
        text=(*forwarded(message), *words(message)),
        attachments=attachments(message),
    )


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
