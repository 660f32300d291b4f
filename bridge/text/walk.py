"""What is done with a text tree: read, tidied, reduced, measured, split. Pure: no I/O, no state."""

from bridge.text.graphemes import border_before
from bridge.text.keep import keep, lines
from bridge.text.length import Unit, measure
from bridge.text.nodes import Rich
from bridge.text.normal import normal
from bridge.text.plain import plain
from bridge.text.split import split
from bridge.text.url import safe_url

__all__ = ["Unit", "excerpt", "keep", "length", "lines", "normal", "plain", "safe_url", "split"]


def length(rich: Rich, unit: Unit) -> int:
    """How long the plain words are, in the unit a platform counts."""
    return measure(plain(rich), unit)


def excerpt(rich: Rich, characters: int = 80) -> str:
    """The words on one line of at most `characters` code points, cut at a grapheme with "…"."""
    words = " ".join(plain(rich).split())
    if len(words) <= characters:
        return words
    return words[: border_before(words, max(characters - 1, 0))].rstrip() + "…"
