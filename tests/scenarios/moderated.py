"""Bridges whose moderators are heeded, and what moderators do there."""

from pathlib import Path

from bridge.ids import MessageId
from bridge.testing.memory import MemoryPlatform
from bridge.testing.platform import texts
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from tests.scenarios.bridge_under_test import Bridge, configured


async def moderated(folder: Path, *platforms: MemoryPlatform, settings: str = "{}", more: str = "") -> Bridge:
    """A bridge on whose platforms Mo has power in the town."""
    for platform in platforms:
        await platform.promote("town", "Mo")
    return await Bridge(folder, configured(*platforms, link=f"moderation: {settings}, {more}")).start()


async def asks(platform: MemoryPlatform, words: str, to: MessageId | None = None, by: str = "Mo") -> str:
    """Say a command in the town and wait for the answer."""
    before = len(await texts(platform, "town"))
    await platform.say("town", by, said(words), in_reply_to=to)
    await eventually(lambda: _grown(platform, before + 1))
    return (await texts(platform, "town"))[-1]


async def _grown(platform: MemoryPlatform, before: int) -> bool:
    return len(await texts(platform, "town")) > before


async def copy_of(platform: MemoryPlatform, words: str) -> MessageId:
    """The message that shows these words in the town."""

    async def there() -> bool:
        return words in await texts(platform, "town")

    await eventually(there)
    return next(one.id for one in await platform.shown("town") if one.text == words)
