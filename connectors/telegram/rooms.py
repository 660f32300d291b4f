"""What an update says about a room: who came and went, its name, where it moved. Pure: no I/O, no state."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Struct, structs
from telegram import Chat, ChatMember, ChatMemberRestricted, ChatMemberUpdated, Message
from telegram.constants import ChatMemberStatus, ChatType

from bridge.events import AnyEvent, Confirmation, Joined, Left, Parting, Pinned, RoomChanged, RoomKind, RoomMoved, User
from bridge.ids import EventId, MessageId, RoomId, ThreadId, UserId
from connectors.telegram.content import author_of, user_name

_KINDS: Final = {"private": RoomKind.DIRECT, "channel": RoomKind.CHANNEL}
_INSIDE: Final = {ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.MEMBER}


class Claim(Struct, frozen=True):
    """One end of a migration speaks: the group `old` became the supergroup `new`."""

    old: int
    new: int
    end: Literal["old", "new"]
    at: datetime


def claims(messages: Sequence[Message]) -> tuple[Claim, ...]:
    """What the messages say about groups that became supergroups."""
    return tuple(claim for message in messages for claim in _claims(message))


def _claims(message: Message) -> Iterator[Claim]:
    """The library checks no types: a message that is not where and when it should be claims nothing."""
    here, at = getattr(message.chat, "id", None), message.date
    if not isinstance(here, int) or not isinstance(at, datetime):
        return
    if isinstance(to := message.migrate_to_chat_id, int):
        yield Claim(here, to, "old", at)
    if isinstance(before := message.migrate_from_chat_id, int):
        yield Claim(before, here, "new", at)


def service(message: Message, me: UserId) -> Iterator[AnyEvent]:
    room, kind = place(message.chat)
    stamp = f"{room}:{message.message_id}:{stamp_of(message.date)}"
    if message.migrate_to_chat_id is not None:
        yield moved(message.chat.id, message.migrate_to_chat_id, message.date, Confirmation.OLD_END)
    elif message.new_chat_title or (message.forum_topic_edited and message.forum_topic_edited.name):
        topic = message.forum_topic_edited
        name = topic.name if topic else message.new_chat_title
        thread = topic_of(message)
        yield RoomChanged(
            id=EventId(f"name:{stamp}"),
            room=room,
            thread=thread,
            room_kind=kind,
            at=message.date,
            name=name,
            by=author_of(message),
        )
    if (pinned := message.pinned_message) is not None:
        by = author_of(message)
        number = MessageId(str(pinned.message_id))
        yield Pinned(id=EventId(f"pin:{stamp}"), room=room, thread=topic_of(message), room_kind=kind, at=message.date,
                     message=number, by=by)  # fmt: skip
    for user in message.new_chat_members or ():
        if (known := User(id=UserId(str(user.id)), name=user_name(user))).id != me:
            yield _joined(message.chat, known, message.date)
    if (gone := message.left_chat_member) is not None and str(gone.id) != me:
        yield _left(message.chat, User(id=UserId(str(gone.id)), name=user_name(gone)), message.date)


def moved(old: int, new: int, at: datetime, confirmed: Confirmation) -> RoomMoved:
    """The group `old` goes on as the supergroup `new`."""
    return RoomMoved(
        id=EventId(f"moved:{old}:{new}:{confirmed}"),
        room=RoomId(str(old)),
        at=at,
        to=RoomId(str(new)),
        confirmed=confirmed,
    )


def member_changed(change: ChatMemberUpdated) -> Iterator[AnyEvent]:
    """Somebody, perhaps ourselves, came or went; a change of rights is neither."""
    before, after = _inside(change.old_chat_member), _inside(change.new_chat_member)
    if before == after:
        return
    member = change.new_chat_member.user
    user = User(id=UserId(str(member.id)), name=user_name(member))
    if after:
        yield _joined(change.chat, user, change.date)
    else:
        yield structs.replace(_left(change.chat, user, change.date, _reason(change)), **_parting(change))


def _inside(member: ChatMember) -> bool:
    if isinstance(member, ChatMemberRestricted):
        return member.is_member
    return member.status in _INSIDE


def _parting(change: ChatMemberUpdated) -> dict[str, Any]:
    """How somebody came to be out, and who did it."""
    by, member = change.from_user, change.new_chat_member
    if change.chat.type == ChatType.PRIVATE or by.id == member.user.id:
        return {}
    how = Parting.BANNED if member.status == ChatMemberStatus.BANNED else Parting.REMOVED
    return {"how": how, "by": User(id=UserId(str(by.id)), name=user_name(by))}


def _reason(change: ChatMemberUpdated) -> str:
    if change.chat.type == ChatType.PRIVATE:
        return "blocked by the person"
    return "removed" if change.new_chat_member.status == ChatMemberStatus.BANNED else ""


def _joined(chat: Chat, user: User, at: datetime) -> Joined:
    room, kind = place(chat)
    return Joined(id=EventId(f"join:{room}:{user.id}:{stamp_of(at)}"), room=room, room_kind=kind, at=at, user=user)


def _left(chat: Chat, user: User, at: datetime, reason: str = "") -> Left:
    room, kind = place(chat)
    name = EventId(f"left:{room}:{user.id}:{stamp_of(at)}")
    return Left(id=name, room=room, room_kind=kind, at=at, user=user, reason=reason)


def place(chat: Chat) -> tuple[RoomId, RoomKind]:
    """A chat's canonical id and who hears it."""
    return RoomId(str(chat.id)), _KINDS.get(str(chat.type), RoomKind.GROUP)


def topic_of(message: Message) -> ThreadId | None:
    """The forum topic; in groups without topics Telegram numbers chains of replies in the same field."""
    if message.is_topic_message and message.message_thread_id is not None:
        return ThreadId(str(message.message_thread_id))
    return None


def stamp_of(at: datetime) -> int:
    return int(at.timestamp())
