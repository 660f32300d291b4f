"""Files of people: Telegram's path of one, then its bytes as they come; facts/platform-apis.md 4.1 and 4.3."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from telegram import Bot

from bridge import Attachment, Kind, Rejected
from connectors.telegram.errors import translated
from connectors.telegram.wire import Wire

MIB: Final = 1024 * 1024
_SIDE: Final = 640
DAYS_OF_AN_ID: Final = 30
"""How long we trust a file's id; Telegram names no end, and an id that it does not know any more is uploaded anew."""


async def fetched(bot: Bot, wire: Wire, attachment: Attachment, most_mib: int) -> AsyncGenerator[bytes, None]:
    """The bytes of what somebody attached, in pieces; `Rejected` for what Telegram does not give to bots."""
    if attachment.size is not None and attachment.size > most_mib * MIB:
        raise Rejected(f"Telegram gives bots no file larger than {most_mib} MB")
    with translated():
        path = (await bot.get_file(attachment.source)).file_path or ""
    async with aclosing(wire.download(f"{bot.base_file_url}/{_below(path, bot)}")) as pieces:
        async for piece in pieces:
            yield piece


async def face(bot: Bot, wire: Wire, user: str, most_mib: int) -> AsyncGenerator[bytes, None]:
    """The newest picture of a person: of its sizes the largest that is not larger than 640 pixels."""
    with translated():
        found = (await bot.get_user_profile_photos(int(user), limit=1)).photos
    if not found or not found[0]:
        raise Rejected("they show no picture to bots")
    size = max(found[0], key=lambda one: (one.width <= _SIDE, one.width if one.width <= _SIDE else -one.width))
    async with aclosing(fetched(bot, wire, Attachment(kind=Kind.IMAGE, source=size.file_id), most_mib)) as pieces:
        async for piece in pieces:
            yield piece


def _below(path: str, bot: Bot) -> str:
    """The path below the token, however the server names it.

    The library puts the whole address in front; a Bot API server of one's own may give a path on its disk instead.
    """
    inside = path.removeprefix(f"{bot.base_file_url}/")
    return inside.rpartition(f"{bot.token}/")[2].lstrip("/")
