"""How a link writes the names of people: words with fields in braces. Pure: no I/O, no state."""

import re
from collections.abc import Mapping

FIELDS = ("name", "network", "number")
"""The person's name, the account that hears them, and the store's number of them."""
PLAIN = "{name}"
MOST_CHARACTERS = 64
_FIELD = re.compile(r"\{([^{}]*)\}")


def wrong_fields(template: str) -> list[str]:
    """What a template names that there is not; also a brace without another."""
    found = [f"{{{field}}}" for field in _FIELD.findall(template) if field not in FIELDS]
    return found + [brace for brace in _FIELD.sub("", template) if brace in "{}"]


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its fields; what a value holds is never read as a field."""
    return " ".join(_FIELD.sub(lambda field: values[field[1]], template).split())
