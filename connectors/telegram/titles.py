"""The titles and descriptions of chats (Bot API `setChatTitle`, `setChatDescription`): for administrators only."""

from contextlib import suppress

from telegram import Bot

from bridge.ids import RoomId
from connectors.telegram.addresses import chat_id
from connectors.telegram.errors import Unchanged, translated

MAX_TITLE = 128
MAX_DESCRIPTION = 255


async def rename(bot: Bot, room: RoomId, name: str) -> None:
    """A title that is there already is as good as set."""
    with suppress(Unchanged), translated():
        await bot.set_chat_title(chat_id(room), name)


async def describe(bot: Bot, room: RoomId, topic: str) -> None:
    """The same with the description; "" takes it away. Nobody in the chat is told."""
    with suppress(Unchanged), translated():
        await bot.set_chat_description(chat_id(room), topic)
