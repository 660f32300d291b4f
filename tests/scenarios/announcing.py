"""A bridge with a room for drafts, in the scenarios about announcements."""

import re
from collections.abc import Sequence

from bridge.ids import MessageId
from bridge.testing.memory import MemoryPlatform
from bridge.testing.waiting import shown
from bridge.text.nodes import Rich, said
from tests.scenarios.bridge_under_test import configured

ROOM = "press"


def announcing(*platforms: MemoryPlatform, settings: str, more: str = "", **other: str) -> str:
    """A file whose announcements are drafted in the first platform's room `press`; other accounts by `configured`."""
    drafts = f"announcements:\n  office: {{room: {platforms[0].name}/{ROOM}, {settings}}}\n"
    return configured(*platforms, rooms=(), more=f"{drafts}{more}", **other).replace("links:\n", "")  # type: ignore[arg-type]


async def says(platform: MemoryPlatform, person: str, words: str | Rich) -> MessageId:
    """Somebody writes in the room for drafts."""
    return await platform.say(ROOM, person, said(words) if isinstance(words, str) else words)


async def told(platform: MemoryPlatform, pattern: str, *, seconds: float = 60.0) -> str:
    """What the bridge said there that matches, as soon as it is there."""

    def found(texts: Sequence[str]) -> Sequence[str]:
        return [one for one in texts if re.search(pattern, one)]

    seen = await shown(platform, ROOM, lambda seen: found([one.text for one in seen]), seconds=seconds)
    return found([one.text for one in seen])[0]
