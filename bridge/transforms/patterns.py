"""Patterns that operators write: RE2, whose time grows with the text and with nothing else."""

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from bridge.text.mapped import mapped
from bridge.text.nodes import Rich
from bridge.text.normal import normal


class Match(Protocol):
    """Where a pattern was found."""

    def group(self) -> str: ...


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> Match | None: ...

    def sub(self, repl: Callable[[Match], str], text: str) -> str: ...


@lru_cache(maxsize=1000)
def compiled(pattern: str) -> Pattern:
    """A pattern that the configuration has checked."""
    import re2  # noqa: PLC0415 - only who writes patterns pays for it

    options = re2.Options()
    options.log_errors = False
    made: Pattern = re2.compile(pattern, options)
    return made


Rewrite = Callable[[Rich], Rich]


def rewriting(replacements: tuple[tuple[str, str], ...]) -> Rewrite:
    """What makes of a text the same text with each pattern's finds replaced, one after the other."""
    pairs = [(compiled(pattern), words) for pattern, words in replacements]

    def change(words: str) -> str:
        for pattern, instead in pairs:
            words = pattern.sub(lambda _, instead=instead: instead, words)  # type: ignore[misc]
        return words

    return lambda text: normal(mapped(text, change))
