"""What a messenger in memory asks of files: as strict as a real one. No faults here."""

from fnmatch import fnmatchcase
from typing import Any

from bridge.capabilities import Capabilities, Thumbnail
from bridge.ids import MessageId, RoomId
from bridge.testing.holdings import Filed
from bridge.testing.memory_rooms import Gone, Post
from bridge.text.walk import length, plain


class Unfit(Exception):
    """The platform does not take these files as they are."""


def unfit(post: Post, can: Capabilities) -> str:
    """Why the platform does not take a message with files; "" when it does."""
    kinds = {one.kind for one in post.files}
    if len(post.files) > 1 and (len(post.files) > can.max_album or not any(kinds <= album for album in can.albums)):
        return f"{len(post.files)} files of {sorted(kinds)} are no album"
    if plain(post.rich) and length(post.rich, can.unit) > can.max_caption:
        return "the words under a file are too long"
    return next((why for one in post.files if (why := _refused(one, can))), "")


def found(platform: Any, handle: str) -> Filed:  # noqa: ANN401 - the platform knows this module
    """The file that a handle names; `Gone` when there is none."""
    room, message, index = (*handle.rsplit("/", 2), "", "")[:3]
    try:
        file: Filed = platform.written.find(RoomId(room), MessageId(message)).files[int(index)]
    except (KeyError, ValueError, IndexError):
        raise Gone from None
    if file.data in platform.lost_files:
        raise Gone
    return file


def _refused(one: Filed, can: Capabilities) -> str:
    limit = can.media.get(one.kind)
    if limit is None:
        return f"there are no files of kind {one.kind}"
    if not any(fnmatchcase(one.mime, pattern) for pattern in limit.mimes):
        return f"{one.mime} is no {one.kind}"
    if limit.max_bytes is not None and len(one.data) > limit.max_bytes:
        return "the file is too big"
    if limit.max_side is not None and max(one.width or 0, one.height or 0) > limit.max_side:
        return "the picture is too long or too wide"
    if one.thumbnail and (limit.thumbnail is None or not _is_small(one.thumbnail, limit.thumbnail)):
        return "the thumbnail is none"
    return ""


def _is_small(data: bytes, limit: Thumbnail) -> bool:
    return data[:2] == b"\xff\xd8" and (limit.max_bytes is None or len(data) <= limit.max_bytes)
