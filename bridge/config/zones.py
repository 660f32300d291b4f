"""Time zones by their names in the time zone database, which the system keeps."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from pydantic_core import PydanticCustomError

from bridge.config.faults import FIXED_SENTENCE, did_you_mean, shown


def zone_of(name: str) -> tzinfo:
    """Whose time that is. `ValueError` where nobody knows."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError(f"no time zone {name}") from error


def known_zone(name: str) -> str:
    """The name, where the system knows it."""
    try:
        zone_of(name)
    except ValueError:
        known = available_timezones()
        hint = did_you_mean(name, known) if known else "; this system keeps none (its package is called tzdata)"
        raise PydanticCustomError(
            FIXED_SENTENCE, 'no time zone "{name}"{hint}', {"name": shown(name), "hint": hint}
        ) from None
    return name
