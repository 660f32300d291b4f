"""Times as WhatsApp writes them. Pure."""

from datetime import UTC, datetime
from typing import Final

from connectors.graph.wire import number

_LATEST: Final = 32_503_680_000
"""The year 3000: what is later is no time in seconds."""


def time_of(stamp: object) -> datetime | None:
    """Seconds since 1970, which come as text."""
    seconds = number(stamp)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 <= seconds < _LATEST else None
