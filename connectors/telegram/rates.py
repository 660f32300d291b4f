"""How often the Bot API may be written to (facts/platform-apis.md 4.5), as the settings say it."""

from collections.abc import Iterator

from bridge import Rate, RoomId, Scope
from connectors.telegram.config import TelegramConfig


def rates(config: TelegramConfig, room: RoomId) -> Iterator[Rate]:
    """The rates of a room; a group has one more than a private chat."""
    if config.rate_per_second:
        yield _rate(Scope.ACCOUNT, config.rate_per_second, 1)
    if config.room_rate_per_second:
        yield _rate(Scope.ROOM, config.room_rate_per_second, 1)
    if config.group_rate_per_minute and room.startswith("-"):
        yield _rate(Scope.ROOM, config.group_rate_per_minute, 60)


def _rate(scope: Scope, count: float, seconds: float) -> Rate:
    """Rates count whole messages, so less than one in the span becomes one in a longer span."""
    return Rate(scope, int(count), seconds) if count >= 1 else Rate(scope, 1, seconds / count)
