"""A room's name or topic as another room can have it. Pure: no I/O, no state."""

import unicodedata

from bridge.capabilities import Capabilities
from bridge.config.settings import Sync
from bridge.text.length import fitting
from bridge.text.nodes import Break


def fitted(words: str, what: Sync, can: Capabilities) -> str:
    """The words on as many lines as the room has, without what nobody sees, cut to what it takes."""
    lines = [_clean(line) for line in words.encode("utf-8", "replace").decode().splitlines()]
    several = what is Sync.TOPIC and Break in can.formatting
    text = ("\n" if several else " ").join(lines if several else filter(None, lines)).strip()
    most = can.max_name if what is Sync.NAME else can.max_topic
    return text if most is None else text[: fitting(text, most, can.unit)].rstrip()


def _clean(line: str) -> str:
    kept = "".join(" " if one.isspace() else one for one in line if one.isspace() or unicodedata.category(one) != "Cc")
    return " ".join(kept.split())
