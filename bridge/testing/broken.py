"""Connectors that break one promise each: they prove that the contract notices."""

from collections.abc import Callable
from typing import TypeVar

from bridge.testing.memory import MemoryConnector

BROKEN: dict[type[MemoryConnector], str] = {}
"""Each broken connector with the test that catches it, and no other."""

C = TypeVar("C", bound=type[MemoryConnector])


def breaks(promise: str) -> Callable[[C], C]:
    """Mark a connector with the one promise that it breaks."""

    def mark(connector: C) -> C:
        BROKEN[connector] = promise
        return connector

    return mark
