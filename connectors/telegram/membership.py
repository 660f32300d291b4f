"""Whether a bot may hear and speak in a room, in a sentence for the operator. Pure: no I/O, no state."""

from typing import Final

from telegram import (
    Chat,
    ChatFullInfo,
    ChatMember,
    ChatMemberAdministrator,
    ChatMemberBanned,
    ChatMemberLeft,
    ChatMemberMember,
    ChatMemberRestricted,
    User,
)
from telegram.constants import ChatType

from bridge import Rejected, RoomClosed, RoomInfo
from connectors.telegram.content import chat_name

PRIVACY: Final = (
    "privacy mode is on, so the bot sees only commands and replies to itself: turn it off in @BotFather (/setprivacy) "
    "and add the bot to the group again, or make the bot an administrator"
)


def split_name(name: str) -> tuple[int | str, int | None]:
    """`-100123/42` or `@name` as a chat and a topic; the General topic is the group itself."""
    chat, slash, topic = name.partition("/")
    if not (chat.startswith("@") or chat.removeprefix("-").isdecimal()) or (slash and not topic.isdecimal()):
        raise Rejected(f"{name!r} is no Telegram room: write a number such as -1001234567890, -100123/42 or @name")
    number: int | str = chat if chat.startswith("@") else int(chat)
    return number, int(topic) if slash and topic != "1" else None


def check_topic(chat: Chat | ChatFullInfo, topic: int | None) -> None:
    """A topic needs a group with topics."""
    if topic is not None and not chat.is_forum:
        raise Rejected(f"{chat_name(chat)} has no topics: turn them on in the group's settings, or leave /{topic} out")


def check_member(chat: Chat | ChatFullInfo, member: ChatMember) -> None:
    """Raise `RoomClosed` where we may not write."""
    title = chat_name(chat)
    match member:
        case ChatMemberLeft() | ChatMemberBanned():
            raise RoomClosed(f"the bot is not a member of {title}: add it there")
        case ChatMemberRestricted(is_member=False):
            raise RoomClosed(f"the bot is not a member of {title}: add it there")
        case ChatMemberRestricted(can_send_messages=False):
            raise RoomClosed(f"the bot may not write in {title}: lift its restriction")
        case ChatMemberMember() if chat.type == ChatType.CHANNEL:
            raise RoomClosed(f"the bot may not post in the channel {title}: make it an administrator")
        case ChatMemberAdministrator(can_post_messages=can) if chat.type == ChatType.CHANNEL and not can:
            raise RoomClosed(f"the bot may not post in the channel {title}: give it the right to post messages")
        case _:
            return


def note(chat: Chat | ChatFullInfo, me: User, member: ChatMember | None) -> str:
    """What the operator should know about a room we are in."""
    if chat.type not in {ChatType.GROUP, ChatType.SUPERGROUP} or not isinstance(member, ChatMemberMember):
        return ""
    if not me.can_read_all_group_messages:
        return PRIVACY
    return "the bot is not an administrator, so people's reactions are not seen"


def info(chat: Chat | ChatFullInfo, remark: str) -> RoomInfo:
    """A room as `qantara rooms` shows it."""
    return RoomInfo(name=str(chat.id), title=str(chat_name(chat)), kind=str(chat.type), note=remark)
