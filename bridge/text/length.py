"""How long a text is, in the units platforms count. Pure: no I/O, no state."""

from bisect import bisect_right
from enum import StrEnum


class Unit(StrEnum):
    """What a length limit counts."""

    CHARACTERS = "characters"
    UTF16 = "utf16"
    BYTES = "bytes"


def measure(text: str, unit: Unit) -> int:
    """The length of `text` in `unit`: code points, UTF-16 units or bytes of UTF-8."""
    match unit:
        case Unit.CHARACTERS:
            return len(text)
        case Unit.UTF16:
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        case Unit.BYTES:
            return len(text.encode("utf-8", "surrogatepass"))


def fitting(text: str, limit: int, unit: Unit) -> int:
    """How many code points from the start of `text` fit into `limit`."""
    if unit is Unit.CHARACTERS or text.isascii():
        return min(limit, len(text))
    return bisect_right(range(1, len(text) + 1), limit, key=lambda count: measure(text[:count], unit))
