"""What the emulated Viber fetches: the addresses in a message, looked at before anybody is shown it."""

from typing import Final

import aiohttp
from msgspec import Struct

from connectors.viber.emulator_rules import Habits, bad, check_media, check_thumbnail
from connectors.viber.wire import Json

_FETCHED: Final = frozenset({"picture", "video", "file"})
_MOST_BYTES: Final = 64 * 1024 * 1024


class Fetched(Struct, frozen=True):
    """What the addresses of a message led to."""

    data: bytes | None = None
    mime: str = ""
    thumbnail: bytes = b""


async def fetched(body: Json, habits: Habits) -> Fetched:
    """What the addresses in a message lead to."""
    if body["type"] not in _FETCHED:
        return Fetched()
    data, mime = await _at(body["media"])
    check_media(body, data, mime, habits)
    if "thumbnail" not in body:
        return Fetched(data, mime)
    small, of = await _at(body["thumbnail"])
    check_thumbnail(small, of)
    return Fetched(data, mime, small)


async def _at(address: str) -> tuple[bytes, str]:
    try:
        async with aiohttp.ClientSession() as session, session.get(address) as answer:
            if answer.status != 200:
                raise bad("media cannot be fetched")
            data, mime = await answer.content.read(_MOST_BYTES), answer.content_type
    except aiohttp.ClientError:
        raise bad("media cannot be reached") from None
    while not answer.content.at_eof() and (more := await answer.content.read(_MOST_BYTES)):
        data += more
    return data, mime
