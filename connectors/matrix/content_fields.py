"""Fields of dictionaries that people write: one of the wrong type counts as absent. Pure."""

from collections.abc import Mapping
from typing import Any


def words(fields: Mapping[str, Any], name: str) -> str:
    """A field's text; empty where it is none."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def part(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A field's object; empty where it is none."""
    value = fields.get(name)
    return value if isinstance(value, Mapping) else {}
