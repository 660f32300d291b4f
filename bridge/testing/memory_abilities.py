"""What a platform in memory can show, and what it does with keys."""

from enum import StrEnum

from msgspec.structs import replace

from bridge.capabilities import Capabilities, MediaLimit, Relation, Thumbnail
from bridge.events import Kind
from bridge.text.nodes import ALL_NODES


class Repeats(StrEnum):
    """What the platform does with a key it has seen before."""

    DROPPED = "dropped"
    SHOWN = "shown"


EVERYTHING = Capabilities(
    formatting=ALL_NODES,
    relations=frozenset({Relation.REPLY}),
    max_text=4000,
    in_flight=4,
    media={Kind.LOCATION: MediaLimit(), Kind.CONTACT: MediaLimit(), Kind.POLL: MediaLimit()},
)
"""What a platform in memory can show unless told otherwise: no files."""
WITH_FILES = replace(
    EVERYTHING,
    max_caption=1000,
    max_album=3,
    albums=(frozenset({Kind.IMAGE, Kind.VIDEO}), frozenset({Kind.FILE})),
    media={
        **EVERYTHING.media,
        Kind.IMAGE: MediaLimit(mimes=frozenset({"image/png", "image/jpeg"}), max_bytes=1 << 20, max_side=5000),
        Kind.VIDEO: MediaLimit(mimes=frozenset({"video/mp4"}), max_bytes=64 << 20, thumbnail=Thumbnail(320, 200_000)),
        Kind.AUDIO: MediaLimit(mimes=frozenset({"audio/*"}), max_bytes=1 << 20),
        Kind.VOICE: MediaLimit(mimes=frozenset({"audio/ogg"}), max_bytes=1 << 20),
        Kind.STICKER: MediaLimit(mimes=frozenset({"image/webp"}), max_bytes=1 << 19),
        Kind.FILE: MediaLimit(max_bytes=64 << 20, thumbnail=Thumbnail(320, 200_000)),
    },
)
"""The same with files of every kind, which it keeps in memory."""
