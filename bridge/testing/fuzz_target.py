"""One parser to be fuzzed: what a package offers by the entry point group `qantara.fuzz`, as a mapping of names."""

from collections.abc import Callable

from msgspec import Struct


class Target(Struct, frozen=True):
    """One parser: `feed` raises only when the parser has a fault; `kind` says how to mutate its input."""

    feed: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    kind: str = "text"
    """`text`, `line` or `json`."""


def text_of(data: bytes) -> str:
    """Any text, halves of characters left out as the store demands."""
    return data.decode("utf-8", "replace")
