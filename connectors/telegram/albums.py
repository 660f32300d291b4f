"""Which updates of a batch are ready, and which wait for the rest of their album. Pure: no I/O, no state."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from connectors.telegram.incoming import Read

ALBUM_SECONDS: Final = 1.0
"""The pictures of an album arrive as updates of their own, within about a second; facts/platform-apis.md 4.6."""
_FULL: Final = 10


def open_albums(updates: Sequence[Read]) -> dict[str, int]:
    """Albums whose next picture may still be on its way, each with the index of its first update."""
    first: dict[str, int] = {}
    size: dict[str, int] = {}
    for index, one in enumerate(updates):
        if one.post is None:
            continue
        for other in [album for album in first if album != one.album and _chat(album) == str(one.post.chat.id)]:
            del first[other]  # the chat went on: nothing is missing
        if one.album is not None:
            size[one.album] = size.get(one.album, 0) + 1
            first.setdefault(one.album, index)
    return {album: index for album, index in first.items() if size[album] < _FULL}


def _chat(album: str) -> str:
    return album.partition("/")[0]


def ready(updates: Sequence[Read], waited: AbstractSet[str]) -> int:
    """How many updates can be published now: all before the first open album that was not waited for."""
    waiting = (index for album, index in open_albums(updates).items() if album not in waited)
    return min(waiting, default=len(updates))
