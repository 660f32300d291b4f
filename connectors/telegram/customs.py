"""Custom emoji in reactions: the emoji that each stands for, asked of Telegram once (getCustomEmojiStickers)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from telegram import Bot, ReactionTypeCustomEmoji

from bridge.connector import Host
from bridge.errors import BridgeError, Unauthorized
from connectors.telegram.errors import translated
from connectors.telegram.incoming import Read
from connectors.telegram.reactions import shown

_KEPT: Final = timedelta(days=3650)
_UNKNOWN_FOR: Final = timedelta(days=1)
"""As long as this an emoji that Telegram did not tell of keeps its number for a name: what is put on under one name
has to be taken back under the same."""
_MOST_ASKED: Final = 200
_MOST: Final = 10_000


class Customs:
    """What one account knows of custom emoji, kept over restarts."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._names: dict[str, str] = {}

    async def named(self, bot: Bot | None, updates: Sequence[Read]) -> Mapping[str, str]:
        """The custom emoji that people put on or took back in some updates, by number; "" where nobody knows."""
        found = {number: await self._known(number) for number in dict.fromkeys(_numbers(updates))}
        new = [number for number, emoji in found.items() if emoji is None]
        told = await self._asked(bot, new) if new and bot is not None else {}
        return {number: told.get(number, "") if emoji is None else emoji for number, emoji in found.items()}

    async def _known(self, number: str) -> str | None:
        if number in self._names:
            return self._names[number]
        return await self._host.recall(f"custom:{number}")

    async def _asked(self, bot: Bot, numbers: Sequence[str]) -> Mapping[str, str]:
        told: dict[str, str] = {}
        try:
            for first in range(0, len(numbers), _MOST_ASKED):
                with translated():
                    stickers = await bot.get_custom_emoji_stickers(numbers[first : first + _MOST_ASKED])
                told |= {one.custom_emoji_id: shown(one.emoji) for one in stickers if one.custom_emoji_id and one.emoji}
        except Unauthorized:
            raise
        except BridgeError:
            pass  # a reaction with a number for a name is better than one that waits
        for number in numbers:
            await self._keep(number, told.get(number, ""))
        return told

    async def _keep(self, number: str, emoji: str) -> None:
        if len(self._names) >= _MOST:
            self._names.clear()
        if emoji:
            self._names[number] = emoji
        await self._host.remember(f"custom:{number}", emoji, _KEPT if emoji else _UNKNOWN_FOR)


def _numbers(updates: Sequence[Read]) -> Iterator[str]:
    for one in updates:
        change = one.update.message_reaction if one.update is not None else None
        for reaction in (*change.old_reaction, *change.new_reaction) if change is not None else ():
            if isinstance(reaction, ReactionTypeCustomEmoji):
                yield str(reaction.custom_emoji_id)
