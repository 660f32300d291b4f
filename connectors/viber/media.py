"""What Viber takes of each kind of attachment. Pure; facts/platform-apis.md 1.5."""

from collections.abc import Mapping
from typing import Final

from bridge import Kind, MediaLimit, Thumbnail
from connectors.viber.config import Account, ViberConfig

_MIB: Final = 1024 * 1024
FILE_MIB: Final = 50
_THUMBNAIL: Final = Thumbnail(max_side=400, max_bytes=100_000)
UNCAPTIONED: Final = frozenset({Kind.FILE, Kind.STICKER})
"""Under these no words stand."""


def limits(config: ViberConfig) -> Mapping[Kind, MediaLimit]:
    """Kinds and sizes; pictures that move would stand still, so they go as files. Channels have no buttons."""
    buttons = {Kind.POLL: MediaLimit()} if config.account is Account.BOT else {}
    return {
        Kind.IMAGE: MediaLimit(
            frozenset({"image/jpeg", "image/png"}), round(config.picture_mib * _MIB), thumbnail=_THUMBNAIL
        ),
        Kind.VIDEO: MediaLimit(frozenset({"video/mp4"}), round(config.video_mib * _MIB), thumbnail=_THUMBNAIL),
        Kind.FILE: MediaLimit(max_bytes=FILE_MIB * _MIB),
        Kind.LOCATION: MediaLimit(),
        Kind.CONTACT: MediaLimit(),
        **buttons,
    }
