"""What somebody may do in a chat, and who may read along."""

from telegram import Bot, ChatMember, ChatMemberAdministrator, ChatMemberOwner

from bridge import Access, Power, Rejected, RoomId, UserId
from connectors.telegram.errors import translated


async def power_of(bot: Bot, room: RoomId, user: UserId) -> Power:
    """Who administers the chat has power, and who writes in the chat's own name: only administrators can."""
    if not user.isdecimal():  # not a person, but a chat in whose name somebody writes
        return Power.MODERATOR if str(user) == str(room) else Power.NONE
    try:
        with translated():
            return power(await bot.get_chat_member(int(room), int(user)))
    except Rejected:  # nobody there has this number
        return Power.NONE


def power(member: ChatMember) -> Power:
    """Who may take back what others wrote, or throw them out (facts/platform-apis.md 4)."""
    match member:
        case ChatMemberOwner():
            return Power.MODERATOR
        case ChatMemberAdministrator(can_delete_messages=deletes, can_restrict_members=restricts):
            return Power.MODERATOR if deletes or restricts else Power.NONE
        case _:
            return Power.NONE


async def access_of(bot: Bot, room: RoomId) -> Access:
    """Who has a public name is found and read by anybody (facts/platform-apis.md 4)."""
    with translated():
        chat = await bot.get_chat(int(room))
    return Access.PUBLIC if chat.username or chat.active_usernames else Access.PRIVATE
