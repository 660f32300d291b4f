"""What the configuration asks of whoever knows the connectors."""

from collections.abc import Sequence
from typing import Any, Protocol

from bridge.connector import Connector


class Connectors(Protocol):
    """The connectors there are: `bridge.registry.installed()`, or a registry of a test's own."""

    def names(self) -> Sequence[str]:
        """Every name; nothing is imported for it."""
        ...

    def get(self, name: str) -> type[Connector[Any]]:
        """The class; raises ImportError, with what to install, when it cannot be imported."""
        ...
