"""What somebody may do in a room, by its power levels. Pure: no I/O, no state."""

from collections.abc import Mapping
from typing import Any

from bridge.asked import Access, Power
from connectors.matrix.content import part, words

_MAKERS_RULE = 12
"""From this version of rooms on their makers stand above all levels."""
_DEFAULT = 50
"""What throwing people out needs where the room does not say."""


def power(user: str, levels: Mapping[str, Any], creation: Mapping[str, Any]) -> Power:
    """A moderator may take back what others wrote, and ban them; `creation` is the whole event."""
    needed = max(level(levels.get(deed), _DEFAULT) for deed in ("redact", "ban"))
    return Power.MODERATOR if level_of(user, levels, creation) >= max(needed, 1) else Power.NONE


def level_of(user: str, levels: Mapping[str, Any], creation: Mapping[str, Any]) -> int:
    """Somebody's power; whoever made a room of version 12 or later has more than any number."""
    content = part(creation, "content")
    version, others = words(content, "room_version"), content.get("additional_creators")
    makers = [words(creation, "sender"), *(others if isinstance(others, list) else ())]
    if version.isdecimal() and int(version) >= _MAKERS_RULE and user in makers:
        return 1 << 53
    return level(part(levels, "users").get(user), level(levels.get("users_default"), 0))


def level(value: object, otherwise: int) -> int:
    """A level as rooms hold it: a number, in old rooms written as text."""
    if isinstance(value, str) and value.strip().removeprefix("-").isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def access(rules: Mapping[str, Any], history: Mapping[str, Any]) -> Access:
    """Whether anybody may join a room, or read it without; a room that says nothing lets in who is invited."""
    readable = words(history, "history_visibility") == "world_readable"
    return Access.PUBLIC if readable or words(rules, "join_rule") == "public" else Access.PRIVATE
